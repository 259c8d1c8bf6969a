"""The boot signature of the first Verified Boot: images of mkbootimg that openssl signed."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trueware.measuring import measure
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context

VECTORS = Path(__file__).parents[2] / "vectors/signatures/verified_boot"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))


def found(data: bytes) -> list[Signature]:
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context())
        taken = measure("artefact", memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures
    return [each for each in taken if each.scheme == "verified-boot-1"]


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str) -> None:
    """Outcome, signer and coverage are those expected."""
    (signature,) = found((VECTORS / case / "input.bin").read_bytes())
    (expected,) = json.loads((VECTORS / case / "expected.json").read_text())

    assert signature.outcome.value == expected["outcome"]
    signer = None if signature.signer is None else signature.signer.ids[0].removeprefix("spki-sha256:")
    assert signer == expected["signer"]
    assert signature.coverage.whole == expected.get("whole", False)


def test_no_flipped_bit_stays_covered() -> None:
    """A flipped byte of the image, of what is stated about it or of the signature is never called signed."""
    data = (VECTORS / "recovery/input.bin").read_bytes()
    stated = data.index(b"/recovery") - 4
    for at in [*range(0, 8192, 3), *range(stated, len(data))]:
        changed = bytearray(data)
        changed[at] ^= 1
        assert all(each.outcome is not Outcome.VALID for each in found(bytes(changed))), hex(at)
