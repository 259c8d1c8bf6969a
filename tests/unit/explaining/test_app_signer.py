"""What is said of an app that somebody else signed, and what is not. The signatures are those of the vectors of signed packages."""

import zipfile
from dataclasses import replace
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.axml import manifest
from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.errors import InputError
from trueware.explaining.detectors import app_signer
from trueware.explaining.detectors.app_signer import SignerOfApp
from trueware.explaining.reading.app_signers import read_block_signers, read_jar_signers, read_pairs
from trueware.model.claim import SIGNER, Claim
from trueware.model.part import Kind
from trueware.model.signature import ROTATED_FROM, Judged, Outcome, Signature, Signer, Standing

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/apk"
APP = {"AndroidManifest.xml": manifest()}


def jar(vector: str, name: str) -> bytes:
    with zipfile.ZipFile(VECTORS / vector / "input.bin") as package:
        return package.read(f"META-INF/{name}")


def block(vector: str) -> bytes:
    data = (VECTORS / vector / "input.bin").read_bytes()
    end = data.index(b"APK Sig Block 42") + 16
    return data[end - 8 - int.from_bytes(data[end - 24 : end - 16], "little") : end]


def region(content: bytes) -> File:
    return File(content, kind=Kind.REGION)


def with_pair(content: bytes, number: int, value: bytes) -> bytes:
    pairs = content[8:-24] + pack("<QI", len(value) + 4, number) + value
    return pack("<Q", len(pairs) + 24) + pairs + pack("<Q", len(pairs) + 24) + b"APK Sig Block 42"


ONE, TWO = jar("two-signers", "ONE.RSA"), jar("two-signers", "TWO.RSA")
BLOCK = block("v1v2v3")


def told(before: Tree, after: Tree) -> list[str]:
    return rules(SignerOfApp, case({**APP, **before}, {**APP, **after}))


def test_another_signer() -> None:
    """Whatever its file is called; the digests that go with it are told as what follows."""
    before = {"META-INF/CERT.RSA": ONE, "META-INF/CERT.SF": b"1", "META-INF/MANIFEST.MF": b"1"}
    after = {"META-INF/CERT.RSA": TWO, "META-INF/CERT.SF": b"2", "META-INF/MANIFEST.MF": b"2"}

    assert told(before, after) == ["android-signed-anew", "android-signed-anew", "android-signer-replaced"]
    replaced = next(
        each
        for each in findings(SignerOfApp, case({**APP, **before}, {**APP, **after}))
        if each.rule == "android-signer-replaced"
    )
    assert replaced.evidence[0].expected != replaced.evidence[0].found
    assert "CN=two" in (replaced.evidence[0].found or "")


def test_the_same_signer_signs_anew() -> None:
    """Under another name of the file, and with another scheme."""
    assert told({"META-INF/A.RSA": ONE}, {"META-INF/B.RSA": ONE}) == ["android-signed-anew"]
    assert told({"META-INF/A.RSA": ONE}, {"META-INF/A.RSA": jar("v1v2v3", "ONE.RSA")}) == ["android-signed-anew"]
    assert told({"META-INF/A.RSA": ONE}, {"META-INF/A.RSA": ONE, "apk-signing-block": region(BLOCK)}) == [
        "android-signed-anew"
    ]


def test_one_of_two_signers_is_still_there() -> None:
    assert told({"META-INF/A.RSA": ONE, "META-INF/B.RSA": TWO}, {"META-INF/A.RSA": ONE}) == ["android-signed-anew"]


def test_nobody_signs() -> None:
    assert told({"META-INF/A.RSA": ONE}, {}) == ["android-signature-removed"]
    assert told({}, {"META-INF/A.RSA": ONE}) == ["android-signed-anew"]


def test_a_newer_scheme_is_gone() -> None:
    """While the older one is as it was."""
    older = {"META-INF/A.RSA": ONE}

    assert told({**older, "apk-signing-block": region(BLOCK)}, older) == ["android-signature-scheme-removed"]
    assert told({**older, "apk-signing-block": region(block("v2"))}, {**older, "apk-signing-block": region(BLOCK)}) == [
        "android-signed-anew"
    ]


def test_something_beside_the_signature() -> None:
    """What the usual tools put there is nothing."""
    odd, usual = with_pair(BLOCK, 0x71777777, b"shop"), with_pair(BLOCK, 0x42726577, bytes(4))

    assert told({"apk-signing-block": region(BLOCK)}, {"apk-signing-block": region(odd)}) == [
        "android-signing-block-added-to"
    ]
    assert told({"apk-signing-block": region(BLOCK)}, {"apk-signing-block": region(usual)}) == ["android-signed-anew"]


def test_a_public_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told where it replaces another one, not where the genuine app is signed with it."""
    (two,) = read_jar_signers(TWO)
    monkeypatch.setattr(app_signer, "PUBLIC", {two.id.removeprefix("cert-sha256:"): "a key anybody has"})

    assert told({"META-INF/A.RSA": ONE}, {"META-INF/A.RSA": TWO}) == [
        "android-signer-public-key",
        "android-signer-replaced",
    ]
    assert told({"META-INF/A.RSA": TWO}, {"META-INF/B.RSA": TWO}) == ["android-signed-anew"]
    assert told({"META-INF/A.RSA": TWO}, {"META-INF/A.RSA": ONE}) == ["android-signer-replaced"]


def test_claims_come_before_files() -> None:
    """Verified names on both sides decide; a key that the former one vouches for is no other signer."""
    made = case({**APP, "META-INF/A.RSA": ONE}, {**APP, "META-INF/A.RSA": TWO})
    one, two = Claim(SIGNER, "cert-sha256:01", "apk-v3", ""), Claim(SIGNER, "cert-sha256:02", "apk-v3", "")
    signature = Signature(
        "apk-v3",
        "",
        Outcome.VALID,
        "",
        Signer(("cert-sha256:02",), "CN=New"),
        statements=((ROTATED_FROM, "cert-sha256:01"),),
    )
    shared = Claim(SIGNER, "subject:CN=Android Debug", "apk-v3", "")
    same = replace(made, genuine_claims=(one,), claims=(one,))
    other = replace(made, genuine_claims=(one, shared), claims=(two, shared))
    rotated = replace(other, signatures=(Judged(signature, Standing.ENTITLED, ""),))

    assert rules(SignerOfApp, same) == ["android-signed-anew"]
    assert rules(SignerOfApp, other) == ["android-signer-replaced"]
    assert rules(SignerOfApp, rotated) == ["android-signed-anew"]


def test_without_the_genuine_files_nothing_is_said_of_who() -> None:
    made = case({**APP, "META-INF/A.RSA": ONE}, {**APP, "META-INF/A.RSA": TWO}, at_hand=False)

    assert rules(SignerOfApp, made) == ["android-signed-anew"]


def test_outside_of_an_app_it_is_another_signature() -> None:
    assert rules(SignerOfApp, case({"META-INF/A.RSA": ONE}, {"META-INF/A.RSA": TWO})) == []


@given(data=st.data())
def test_damaged_signatures_are_read_or_refused(data: st.DataObject) -> None:
    for good in (ONE, BLOCK):
        content = bytearray(good)
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        damaged = bytes(content[: data.draw(st.integers(0, len(content)))])
        try:
            if good is ONE:
                read_jar_signers(damaged)
            else:
                read_block_signers(read_pairs(damaged))
        except InputError:
            continue


def test_debug_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told where one replaces a certificate of another kind; each developer's is another one."""
    kind = {"CN=one"}
    monkeypatch.setattr(app_signer, "_is_debug", lambda name: name.rpartition(", ")[2] in kind)

    assert told({"META-INF/A.RSA": TWO}, {"META-INF/A.RSA": ONE}) == [
        "android-signer-public-key",
        "android-signer-replaced",
    ]
    kind.add("CN=two")
    assert told({"META-INF/A.RSA": TWO}, {"META-INF/A.RSA": ONE}) == ["android-signer-replaced"]
