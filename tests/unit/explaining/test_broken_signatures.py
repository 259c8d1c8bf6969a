"""Signatures that do not hold: what is told of them beside what other detectors tell."""

from dataclasses import replace

import pytest
from tests.unit.explaining.cases import File, case, findings

from trueware.explaining.contract import Case
from trueware.explaining.detectors.broken_signatures import BrokenSignatures
from trueware.model.part import Kind
from trueware.model.signature import Judged, Outcome, Signature, Standing


def _signed(outcome: Outcome, **more: tuple[str, ...]) -> Case:
    signature = Signature("apk-v2", "", outcome, "a detail", **more)  # type: ignore[arg-type]
    return replace(case({}, {}), signatures=(Judged(signature, Standing.NONE, ""),))


def _rules(made: Case) -> list[str]:
    return [finding.rule for finding in findings(BrokenSignatures, made)]


def test_a_signature_taken_off_is_told() -> None:
    assert _rules(_signed(Outcome.STRIPPED)) == ["signature-taken-off"]


def test_a_change_that_cannot_be_placed_is_told() -> None:
    assert _rules(_signed(Outcome.BROKEN)) == ["signed-content-changed"]


@pytest.mark.parametrize("more", [{"altered": ("a",)}, {"added": ("b",)}], ids=["altered", "added"])
def test_one_that_can_be_is_told_by_others(more: dict[str, tuple[str, ...]]) -> None:
    assert _rules(_signed(Outcome.BROKEN, **more)) == []


@pytest.mark.parametrize("outcome", [Outcome.VALID, Outcome.UNCHECKABLE])
def test_what_holds_or_cannot_be_checked_is_none(outcome: Outcome) -> None:
    assert _rules(_signed(outcome)) == []


@pytest.mark.parametrize(
    ("content", "expected"), [(b"dex\n035\0" + bytes(104), ["code-before-archive"]), (b"#!/bin/sh\n", [])]
)
def test_code_before_an_archive_is_told(content: bytes, expected: list[str]) -> None:
    gap = File(content, kind=Kind.GAP)
    made = case({"app.apk/a": b""}, {"app.apk/a": b"", "app.apk/gap-0": gap})
    (altered,) = made.altered
    found = altered.change.found
    assert found is not None
    altered.change = replace(altered.change, found=found._replace(offset=0))
    assert _rules(made) == expected
