"""Measured components beside releases: of one, of several, of two versions, of none, and of nothing."""

from hashlib import sha256

import pytest

from trueware.appraisal.live.boot import Judged
from trueware.appraisal.live.components import match_components
from trueware.model.check import Outcome
from trueware.model.measured import MeasuredValue
from trueware.model.release import Release
from trueware.model.verdict import Authority


def digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


def release(version: str, product: str = "Meter", withdrawn: str | None = None) -> Release:
    return Release(product + version, "Acme", product, version, Authority.PUBLISHER, bytes(32), withdrawn=withdrawn)


def measured(*names: str) -> tuple[MeasuredValue, ...]:
    return tuple(MeasuredValue(name, (("sha256", digest(name)),)) for name in names)


def judged(names: tuple[str, ...], known: dict[str, tuple[Release, ...]]) -> Judged:
    return match_components(measured(*names), {digest(name): releases for name, releases in known.items()})


def against(found: Judged) -> list[str]:
    return [each.rule for each in found.checks if each.outcome is Outcome.CONTRADICTS]


ONE, TWO, GONE = release("1"), release("2"), release("3", withdrawn="a hole")


@pytest.mark.parametrize(
    ("names", "known", "runs", "rules"),
    [
        (("BL", "PRoT"), {"BL": (ONE,), "PRoT": (ONE,)}, ["1: BL, PRoT"], []),
        (("BL", "PRoT"), {"BL": (ONE, TWO), "PRoT": (TWO,)}, ["2: BL, PRoT"], []),
        (("BL", "PRoT"), {"BL": (ONE,), "PRoT": (TWO,)}, ["1: BL", "2: PRoT"], ["component-mixed"]),
        (("BL",), {"BL": (GONE, TWO)}, ["2: BL"], []),
        (("BL",), {"BL": (GONE,)}, ["3: BL"], ["component-withdrawn"]),
        (("BL", "PRoT"), {"BL": (ONE,)}, ["1: BL"], ["component-release"]),
        (("BL", "radio"), {"BL": (ONE,), "radio": (release("7", "Radio"),)}, ["1: BL", "7: radio"], []),
        ((), {}, [], []),
    ],
)
def test_which_releases_run(
    names: tuple[str, ...], known: dict[str, tuple[Release, ...]], runs: list[str], rules: list[str]
) -> None:
    found = judged(names, known)
    assert [f"{each.release.version}: {each.shown_by}" for each in found.matches] == runs
    assert against(found) == rules
    assert all(each.complete is ("component-release" not in rules) for each in found.matches)


def test_a_component_of_no_bytes_is_no_file_that_is_empty() -> None:
    nothing = MeasuredValue("BL", (("sha256", sha256().digest()),))
    found = match_components([nothing], {sha256().digest(): (ONE,)})
    assert (against(found), found.matches) == (["component-release"], ())


def test_another_hash_shows_nothing() -> None:
    found = match_components([MeasuredValue("BL", (("sha384", bytes(48)),)), MeasuredValue("X", ())], {})
    assert [each.outcome for each in found.checks] == [Outcome.NOT_SHOWN] * 2
    assert "by sha384;" in found.checks[0].detail
