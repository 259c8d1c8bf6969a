"""Qualcomm's signed boot images: those of a modem, one signed by openssl, and what was changed after it was signed."""

import os
from pathlib import Path

import pytest
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.x509 import certificate_id, find_path, load

VECTOR = Path(__file__).resolve().parents[2] / "vectors/signatures/qualcomm/signed.mbn"
IMAGE = VECTOR.read_bytes()
CORPUS = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "corpus/open/quectel-eg25"
SIGNED = {"ENPRG9x07.mbn", "NPRG9x07.mbn", "appsboot.mbn", "rpm.mbn", "sbl1.mbn!/image", "tz.mbn"}


def found(data: bytes) -> list[Signature]:
    return [each for each in signatures_in({"a.mbn": data}) if each.scheme == "qualcomm"]


def test_a_signed_image() -> None:
    """All of it, by the first of three certificates that lead to the root, for one chip and one kind of software."""
    (signature,) = found(IMAGE)

    assert signature.outcome is Outcome.VALID, signature.detail
    assert signature.coverage.whole
    assert signature.signer is not None
    own, *_, root = signature.signer.certificates
    assert signature.signer.ids[1] == certificate_id(own)
    assert load(root) is not None
    assert find_path(signature.signer.certificates, (root,)) is not None
    assert dict(signature.statements) == {"sw-id": "0000000300000009", "hw-id": "000940e100420050", "oem-id": "0042"}


def test_no_flipped_byte_stays_covered() -> None:
    """In headers, hashes, segments and signature every one; in the chain those of the signer's own names and key."""
    table, hashes = 0x200, 40 + 4 * 32
    chain = table + hashes + 256
    covered = [*range(180), *range(table, chain), *range(0x1400, 0x1400 + 39), *range(0x1500, 0x1500 + 5)]
    for place in covered:
        changed = bytearray(IMAGE)
        changed[place] ^= 1
        assert not any(each.outcome is Outcome.VALID for each in found(bytes(changed))), hex(place)
    for place in range(chain, 0x1400, 7):
        changed = bytearray(IMAGE)
        changed[place] ^= 1
        for each in found(bytes(changed)):
            assert each.outcome is not Outcome.VALID or (each.signer and each.signer.certificates), hex(place)
    for end in range(0, len(IMAGE), 61):
        assert not any(each.coverage.whole for each in found(IMAGE[:end])), end


def test_more_behind_or_between_is_not_covered() -> None:
    """Bytes that no hash is of."""
    changed = bytearray(IMAGE)
    changed[0x1460] = 1
    assert not any(each.coverage.whole for each in found(bytes(changed)))


@pytest.mark.skipif(not CORPUS.exists(), reason="no corpus: set TRUEWARE_CORPUS")
def test_a_modem() -> None:
    """Every signed image is valid, under a root that says it is for tests; with a segment changed it is broken."""
    files = {path.name: path.read_bytes() for path in CORPUS.glob("*.mbn")}
    signatures = [each for each in signatures_in(files) if each.scheme == "qualcomm"]

    assert {each.part for each in signatures} == SIGNED
    assert all(each.outcome is Outcome.VALID and each.coverage.whole for each in signatures)
    assert all("Test Key" in each.detail for each in signatures)
    for name in SIGNED - {"sbl1.mbn!/image"}:
        changed = bytearray(files[name])
        changed[-100] ^= 1
        assert [each.outcome for each in found(bytes(changed))] == [Outcome.BROKEN], name
