"""Gluon: manifests that ecdsautils and Freifunk signed, and every way in which text, signatures and keys may be others."""

import os
from pathlib import Path

import pytest
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.ec25519 import is_key, signing_keys, verifies
from trueware.signatures.keys import read_keys

VECTOR = Path(__file__).resolve().parents[2] / "vectors/signatures/gluon"
FILES = {name: (VECTOR / name).read_bytes() for name in ("both.bin", "long.bin", "stable.manifest")}
MANIFEST = FILES["stable.manifest"]
KEYS = tuple(key for number in (1, 2) for key in read_keys((VECTOR / f"{number}.pub").read_bytes(), str(number)))
CORPUS = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere"))
NORD = CORPUS / "corpus/open/ffnord-gluon"
AACHEN = CORPUS / "corpus/reference/hash-lists/freifunk-aachen"


def found(manifest: bytes = MANIFEST, keys: tuple[Key, ...] = KEYS) -> tuple[Signature, ...]:
    files = {**FILES, "stable.manifest": manifest}
    return tuple(each for each in signatures_in(files, keys) if each.scheme == "gluon")


def valid(manifest: bytes, keys: tuple[Key, ...] = KEYS) -> list[str]:
    """Return by whom it is signed."""
    return [each.signer.ids[0] for each in found(manifest, keys) if each.outcome is Outcome.VALID and each.signer]


def test_each_signer_is_told_with_what_is_listed() -> None:
    """Images listed by SHA-256 by their digest, those by SHA-512 alone where they lie beside."""
    signatures = found()

    assert {each.outcome for each in signatures} == {Outcome.VALID}
    assert {each.signer.ids[0] for each in signatures if each.signer} == {key.id for key in KEYS}
    for each in signatures:
        assert len(each.coverage.digests) == 1
        assert each.coverage.paths == ("stable.manifest", "long.bin")
    assert {each.signer.ids[0] for each in found(keys=KEYS[:1]) if each.signer} == {KEYS[0].id}
    assert [each.outcome for each in found(keys=())] == [Outcome.UNCHECKABLE]


def test_a_key_counts_once_and_what_stands_behind_the_line_is_not_listed() -> None:
    """Neither a signature repeated nor a line among the signatures says more."""
    last = MANIFEST.rstrip(b"\n").rpartition(b"\n")[2]
    more = b"model-3 1.0 " + b"ab" * 32 + b" other.bin\n"

    assert len(valid(MANIFEST + last + b"\n")) == 2
    for each in found(MANIFEST + more):
        assert len(each.coverage.digests) == 1
        assert "stable.manifest" not in each.coverage.paths
        assert each.coverage.excludes == ("1 lines among the signatures that are none",)


@pytest.mark.parametrize("name", ["both.bin", "long.bin"])
def test_another_image_of_a_listed_name(name: str) -> None:
    """It is broken, by whichever digest it is listed; without a key that signed the list nothing is said of it."""
    files = {**FILES, name: b"changed"}
    signatures = signatures_in(files, KEYS)

    assert {each.part for each in signatures if each.outcome is Outcome.BROKEN} == {name}
    assert all(name not in each.coverage.paths for each in signatures)
    assert {each.outcome for each in signatures_in(files, ())} == {Outcome.UNCHECKABLE}


def test_zeros_sign_nothing() -> None:
    """CVE-2022-24884: a signature of zeros, or of multiples of the order, is none."""
    body = MANIFEST.partition(b"---\n")[0]
    order = ((1 << 252) + 27742317777372353535851937790883648493).to_bytes(32, "little")
    digest = bytes(32)
    for r in (bytes(32), order):
        for s in (bytes(32), order):
            assert not any(verifies(key.data, r + s, digest) for key in KEYS)
            assert not list(signing_keys(r + s, digest))
            assert valid(body + b"---\n" + (r + s).hex().encode() + b"\n") == []


def test_points_that_are_no_keys() -> None:
    """The neutral element, points of small order, and what is no point."""
    for packed in (bytes(32), bytes(31) + b"\x80", b"\xff" * 32, b"", KEYS[0].data[:-1] + b"\xff"):
        assert not is_key(packed)
    other = Key("ecdsautils", KEYS[0].id, KEYS[1].data)
    assert valid(MANIFEST, (other,)) == []


def test_no_flipped_byte_stays_signed_by_both() -> None:
    """Of the text none keeps a signer, of the signatures only the other one."""
    border = MANIFEST.index(b"\n---\n")
    for place in range(0, len(MANIFEST) - 1, 11):
        changed = bytearray(MANIFEST)
        changed[place] ^= 1
        signers = valid(bytes(changed))
        assert len(signers) < 2, place
        assert not signers or place > border, place


@pytest.mark.parametrize(
    "manifest", [b"", b"BRANCH=x\n---\n", b"BRANCH=x\n---\nzz\n", b"---\n", b"BRANCH=x\0\n---\n" + b"0" * 128]
)
def test_what_is_no_manifest(manifest: bytes) -> None:
    """Others' manifests are passed over, malformed ones not checkable."""
    assert {each.outcome for each in found(manifest)} <= {Outcome.UNCHECKABLE}


@pytest.mark.skipif(not NORD.exists(), reason="no corpus: set TRUEWARE_CORPUS")
def test_freifunk() -> None:
    """Nord: three of five keys signed, and list the image beside; Aachen's are by none of these."""
    keys = read_keys((NORD / "ffnord-autoupdater-pubkeys.txt").read_bytes())
    manifest = (NORD / "stable.manifest").read_bytes()

    assert len(keys) == 5
    signatures = signatures_in({"stable.manifest": manifest}, keys)
    assert [each.outcome for each in signatures] == [Outcome.VALID] * 3
    assert {each.signer.name for each in signatures if each.signer} == {"Tarnatos", "rubo77", "sven (FF-FL)"}
    assert all(len(each.coverage.digests) == 112 for each in signatures)
    files = {path.name: path.read_bytes() for path in AACHEN.iterdir()}
    assert {each.outcome for each in signatures_in(files, keys)} == {Outcome.UNCHECKABLE}
