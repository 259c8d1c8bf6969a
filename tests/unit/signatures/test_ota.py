"""Updates of Android: packages that signapk signed, payloads that openssl signed, and what is changed in them."""

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trueware.measuring import measure
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context, Key, Keyring
from trueware.signatures.keys import read_keys

VECTORS = Path(__file__).parents[2] / "vectors/signatures/ota"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))


def found(data: bytes, keys: Iterable[Key] = ()) -> list[Signature]:
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context(Keyring(keys)))
        taken = measure("artefact", memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures
    return [each for each in taken if each.scheme.startswith("ota")]


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str) -> None:
    """Outcome, signer and coverage of each signature of a vector are those expected, and there are no others."""
    signatures = found((VECTORS / case / "input.bin").read_bytes())
    signatures.sort(key=lambda each: (each.part, each.scheme))
    expected = json.loads((VECTORS / case / "expected.json").read_text())
    expected.sort(key=lambda each: (each["part"], each["scheme"]))

    told = [(each.scheme, each.part, each.outcome.value) for each in signatures]
    assert told == [(each["scheme"], each["part"], each["outcome"]) for each in expected]
    for signature, wanted in zip(signatures, expected, strict=True):
        signer = None if signature.signer is None else signature.signer.ids[0].removeprefix("spki-sha256:")
        assert signer == wanted["signer"]
        assert wanted.get("detail", "") in signature.detail
        if "whole" in wanted:
            assert signature.coverage.whole == wanted["whole"]
        if "paths" in wanted:
            assert sorted(signature.coverage.paths) == wanted["paths"]
        for word in wanted.get("excludes", ()):
            assert any(word in each for each in signature.coverage.excludes)


def test_a_payload_alone_is_checked_with_a_key_at_hand() -> None:
    """Without its package a payload is verified by a key or a certificate that somebody trusts."""
    data = (VECTORS / "payload-alone/input.bin").read_bytes()
    keys = read_keys((VECTORS / "keys/other.x509.pem").read_bytes()) + read_keys(
        (VECTORS / "keys/ota.x509.pem").read_bytes()
    )

    assert [each.outcome for each in found(data, keys)] == [Outcome.VALID, Outcome.VALID]
    assert [each.outcome for each in found(data, keys[:1])] == [Outcome.UNCHECKABLE, Outcome.UNCHECKABLE]


@pytest.mark.parametrize("case", ["package", "payload-alone"])
def test_no_flipped_bit_stays_covered(case: str) -> None:
    """A flipped byte outside the signatures is never called signed as a whole."""
    data = (VECTORS / case / "input.bin").read_bytes()
    keys = read_keys((VECTORS / "keys/ota.x509.pem").read_bytes())
    end = len(data) - int.from_bytes(data[-2:], "little") - 2 if case == "package" else data.index(b"CrAU") + 24
    for at in range(0, end if case == "package" else len(data) - 280, 3):
        changed = bytearray(data)
        changed[at] ^= 1
        valid = [each for each in found(bytes(changed), keys) if each.outcome is Outcome.VALID]
        metadata_signature = range(end + int.from_bytes(data[12:20]), end + int.from_bytes(data[12:20]) + 268)
        if case == "package" or at not in metadata_signature:
            assert not any(each.coverage.whole for each in valid), hex(at)


def test_real_unsigned_payloads(corpus: Path) -> None:
    """The payloads of update_engine's own tests are not signed, and nothing is said of them."""
    for path in sorted((corpus / "mobile/ota-payload/open").glob("*.bin")):
        assert found(path.read_bytes()) == []
