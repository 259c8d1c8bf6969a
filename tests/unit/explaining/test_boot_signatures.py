"""Signatures of FIT images and keys in device trees."""

import pytest
from tests.unit.explaining.cases import File, findings, rules
from tests.unit.explaining.cases import case as made_case

from trueware.explaining.detectors.boot_signatures import BootSignatures

SIGNED = (
    ("configurations/conf-1/signature-1/algo", "sha256,rsa2048"),
    ("configurations/conf-1/signature-1/value", "<1>"),
    ("x", "1"),
)


def test_a_fit_image_lost_its_signature() -> None:
    signed, unsigned = File(b"1", format="fit", facts=SIGNED), File(b"2", format="fit", facts=SIGNED[2:])
    (found,) = findings(BootSignatures, made_case({"a.itb": signed}, {"a.itb": unsigned}))
    assert (found.rule, found.evidence[0].where) == ("boot-image-unsigned", "configurations/conf-1")
    assert rules(BootSignatures, made_case({"a.itb": unsigned}, {"a.itb": signed})) == []
    other = File(b"3", format="fit", facts=(("configurations/conf-1/signature-1/value", "<2>"),))
    assert rules(BootSignatures, made_case({"a.itb": signed}, {"a.itb": other})) == [], "another signature is one"


def test_an_image_within_lost_its_signature() -> None:
    facts = (("signature-1/algo", "sha1,rsa2048"), ("type", "kernel"))
    before, after = File(b"1", facts=facts), File(b"1", facts=facts[1:])
    assert rules(BootSignatures, made_case({"a.itb!/kernel": before}, {"a.itb!/kernel": after})) == [
        "boot-image-unsigned"
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"conf\0", None, ["boot-signature-not-required"]),
        (b"conf\0", b"image\0", ["boot-signature-not-required"]),
        (b"image\0", b"conf\0", []),
        (None, b"conf\0", []),
    ],
)
def test_a_signature_is_not_required(before: bytes | None, after: bytes | None, expected: list[str]) -> None:
    path = "u-boot.dtb!/signature/key-dev/required"
    sides = [{"u-boot.dtb!/model": b"x"} | ({path: side} if side is not None else {}) for side in (before, after)]
    assert rules(BootSignatures, made_case(*sides)) == expected


def test_another_key_is_accepted() -> None:
    path = "u-boot.dtb!/signature/key-dev/rsa,modulus"
    assert rules(BootSignatures, made_case({path: b"1" * 256}, {path: b"2" * 256})) == ["boot-key-replaced"]
    tree = {"u-boot.dtb!/model": b"x"}
    assert rules(BootSignatures, made_case(tree, tree | {path: b"2" * 256})) == ["boot-key-replaced"]
    assert rules(BootSignatures, made_case(tree | {path: b"2" * 256}, tree)) == []
    assert rules(BootSignatures, made_case({"a/rsa,modulus": b"1"}, {"a/rsa,modulus": b"2"})) == []
