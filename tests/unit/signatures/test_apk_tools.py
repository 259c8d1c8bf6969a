"""Signatures of apk-tools 2 and 3: packages and indexes that openssl signed, laid out as the sources of apk-tools say."""

import json
import random
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.unit.signatures.sites import signatures_in

from trueware.measuring import measure
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context, Keyring
from trueware.signatures.keys import read_keys

VECTORS = Path(__file__).parents[2] / "vectors/signatures/apk_tools"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))
KEYS = Keyring(
    key for path in sorted((VECTORS / "keys").glob("*.pub")) for key in read_keys(path.read_bytes(), path.name)
)


def data_of(case: str) -> bytes:
    (path,) = (each for each in (VECTORS / case).iterdir() if each.suffix not in (".json", ".md"))
    return path.read_bytes()


def found(data: bytes, keys: Keyring = KEYS) -> list[Signature]:
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context(keys))
        taken = measure("artefact", memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures
    return [each for each in taken if each.scheme.startswith("apk-tools")]


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str) -> None:
    """Outcome, signer and coverage are those expected."""
    (signature,) = found(data_of(case))
    (expected,) = json.loads((VECTORS / case / "expected.json").read_text())

    assert signature.outcome.value == expected["outcome"], signature.detail
    signer = signature.signer.ids[0] if signature.signer is not None else ""
    assert (signer if signer.startswith("spki") else None) == (
        f"spki-sha256:{expected['signer']}" if expected["signer"] else None
    )
    assert signature.coverage.whole == expected.get("whole", False)
    assert sorted(each.hex() for each in signature.coverage.digests) == expected.get("digests", [])


def test_an_index_covers_the_packages_beside_it() -> None:
    """What an index lists is covered, packed or not; listed packages with other data are broken, and others are not mentioned."""
    names = {"good.apk": "package", "packed.apk": "deflate", "changed.apk": "changed", "other.apk": "renamed"}
    files = {name: data_of(case) for name, case in names.items()}
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"ADBd" + packer.compress(data_of("index")) + packer.flush()
    for index in (data_of("index"), packed):
        signatures = signatures_in({"packages.adb": index, **files}, tuple(KEYS.keys))
        (signature,) = (each for each in signatures if each.part.startswith("packages.adb"))
        assert signature.outcome is Outcome.VALID
        assert sorted(signature.coverage.paths) == ["good.apk", "packed.apk"]
        broken = {each.part for each in signatures if "listed in packages.adb" in each.detail}
        assert broken == {"changed.apk"}


@pytest.mark.parametrize("case", ["package", "v2"])
def test_without_the_key_it_cannot_be_told(case: str) -> None:
    """Which key is asked for is told."""
    (signature,) = found(data_of(case), Keyring())
    assert signature.outcome is Outcome.UNCHECKABLE
    assert "is not at hand" in signature.detail


@pytest.mark.parametrize("case", ["package", "ecdsa", "index", "v2", "v2-index"])
def test_no_flipped_bit_stays_covered(case: str) -> None:
    """Every byte of a file with a valid signature over all of it counts, but those of the signature itself."""
    data = data_of(case)
    unsigned = set[int]()
    if case.startswith("v2"):  # the stream of signatures; how it is packed does not matter
        unsigned = set(range(data.index(b"\x1f\x8b", 10)))
    for at in range(0, len(data), 3):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        taken = found(bytes(changed))
        assert all(each.outcome is not Outcome.VALID or not each.coverage.whole for each in taken) or at in unsigned, at


def test_whatever_the_bytes_nothing_escapes() -> None:
    """Cut and overwritten packages are answered."""
    chance = random.Random(1)
    for data in (data_of("package"), data_of("v2")):
        for _ in range(150):
            changed = bytearray(data)
            for _ in range(chance.randrange(1, 8)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            found(bytes(changed))
            found(data[: chance.randrange(len(data))])
