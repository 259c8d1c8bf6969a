"""usign: signatures of real feeds and of signify, and every way in which the file, the key or the signature may be another."""

import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.signatures.labels import labels

from trueware.formats.contract import Entry, Held, Reading
from trueware.measuring import measure_reading
from trueware.model.part import Kind
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context, Key, Keyring
from trueware.signatures.keys import read_keys

VECTOR = Path(__file__).resolve().parents[2] / "vectors/signatures/usign"
FILES = {path.name: path.read_bytes() for path in VECTOR.iterdir() if not path.name.endswith((".py", ".sec"))}
KEYS = read_keys(FILES["key.pub"])


def signatures(files: Mapping[str, bytes], keys: tuple[Key, ...] = KEYS) -> tuple[Signature, ...]:
    reading = Reading([Entry(name, Kind.FILE, Held(data), len(data)) for name, data in files.items()])
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context(Keyring(keys)))
        return measure_reading("feed", reading, size=1, pool=pool, clock=time.monotonic, verify=verifier).signatures


def outcomes(files: Mapping[str, bytes], keys: tuple[Key, ...] = KEYS) -> dict[str, Outcome]:
    return {each.part: each.outcome for each in signatures(files, keys)}


def test_lists_that_signify_signed() -> None:
    """An index and a list of checksums, each with the packages it names."""
    found = signatures(FILES)

    assert {each.part: each.outcome for each in found} == {
        "Packages.sig": Outcome.VALID,
        "sha256sums.sig": Outcome.VALID,
    }
    for each in found:
        assert each.signer is not None
        assert each.signer.ids[1] == KEYS[0].id
        assert each.coverage.paths == (each.part.removesuffix(".sig"),)
        assert each.coverage.digests == {sha256(FILES["package.ipk"]).digest()}


def test_another_file_another_key_no_key_no_file() -> None:
    """BROKEN where the bytes are others, UNCHECKABLE where something is missing; a key of the same id does not help."""
    other = Key("usign", KEYS[0].id, bytes(31) + b"\1")
    changed = {**FILES, "Packages": FILES["Packages"] + b"\n"}
    without = {name: data for name, data in FILES.items() if name != "Packages"}

    assert outcomes(changed)["Packages.sig"] is Outcome.BROKEN
    assert outcomes(FILES, (other,))["Packages.sig"] is Outcome.BROKEN
    assert outcomes(FILES, ())["Packages.sig"] is Outcome.UNCHECKABLE
    assert outcomes(without)["Packages.sig"] is Outcome.UNCHECKABLE


def test_no_flipped_byte_stays_valid() -> None:
    """In the file, every one; in the signature's file, every one that is not comment or a blank at the end."""
    for name in ("Packages", "Packages.sig"):
        data = FILES[name]
        for place in range(len(data)):
            changed = bytearray(data)
            changed[place] ^= 1
            found = outcomes({**FILES, name: bytes(changed)}).get("Packages.sig")
            comment = name.endswith(".sig") and len(b"untrusted comment:") <= place < data.index(b"\n")
            assert found is not Outcome.VALID or comment, (name, place)


@pytest.mark.parametrize(
    "data", [b"", b"-----BEGIN PGP SIGNATURE-----\n", b"untrusted comment: x\n====\n", b"untrusted comment: x\nRWQv\n"]
)
def test_what_is_no_usign(data: bytes) -> None:
    """Other programs' files are passed over, malformed ones of its form are not checkable."""
    assert outcomes({"Packages": b"", "Packages.sig": data}).get("Packages.sig") in (None, Outcome.UNCHECKABLE)


def _cases() -> Iterator[tuple[Path, str]]:
    corpus = os.environ.get("TRUEWARE_CORPUS")
    folder = Path(corpus or "/nowhere") / "mobile/usign-openwrt/open"
    for path, label in labels(folder):
        yield path, label["expected"]


CASES = tuple(_cases())


@pytest.mark.skipif(not CASES, reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize(("case", "expected"), CASES, ids=[case.name for case, _ in CASES])
def test_real_feeds(case: Path, expected: str) -> None:
    """Real indexes are accepted, those with a byte changed and those with another message's signature are refused."""
    files = {path.name: path.read_bytes() for path in case.iterdir()}
    found = outcomes(files, read_keys(files["key.pub"]))

    assert found == {"Packages.sig": Outcome.VALID if expected == "accept" else Outcome.BROKEN}
