"""Signed files of Cisco's phones: not checkable without the key, and with one only what fits is valid."""

import os
from pathlib import Path

import pytest
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/cisco_phone"
CASES = {path.name: path.read_bytes() for path in VECTORS.glob("*.loads")}
KEYS = read_keys((VECTORS / "phone.crt").read_bytes())
CORPUS = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "corpus/open"


def found(data: bytes, keys: tuple[Key, ...] = KEYS) -> list[Signature]:
    return [each for each in signatures_in({"a.loads": data}, keys) if each.scheme == "cisco-phone"]


@pytest.mark.parametrize("name", CASES)
def test_with_and_without_the_key(name: str) -> None:
    """What fitted is what is covered."""
    (signature,) = found(CASES[name])

    assert signature.outcome is Outcome.VALID
    assert signature.coverage.whole == (name != "file.loads")
    assert signature.signer is not None
    assert KEYS[0].id in signature.signer.ids
    (without,) = found(CASES[name], ())
    assert without.outcome is Outcome.UNCHECKABLE
    assert "CN=Test (serial number 0102030405060708" in without.detail


@pytest.mark.parametrize("name", CASES)
def test_no_flipped_byte_stays_covered(name: str) -> None:
    """None of what is covered, and nothing is called broken."""
    data = CASES[name]
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        for each in found(bytes(changed)):
            assert each.outcome in (Outcome.VALID, Outcome.UNCHECKABLE)
            if each.outcome is Outcome.VALID:
                header = name == "file.loads" and place < len(data) - 16
                assert header or (name == "all.loads" and 64 <= place < 67), place


@pytest.mark.skipif(not CORPUS.exists(), reason="no corpus: set TRUEWARE_CORPUS")
def test_firmware() -> None:
    """Of two phones: the signer is named, and nothing is said to be valid; the stripped file has no signature."""
    files = {path.name: path.read_bytes() for folder in CORPUS.glob("cisco-phone-7*") for path in folder.iterdir()}
    signatures = [each for each in signatures_in(files, KEYS) if each.scheme == "cisco-phone"]

    assert len(signatures) == 6
    assert {each.outcome for each in signatures} == {Outcome.UNCHECKABLE}
    assert all("CN=someSigner" in each.detail for each in signatures)
