"""Signed tables of dm-verity: a file system of mke2fs, a tree of veritysetup, a signature of openssl, a key in a ramdisk of cpio."""

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
from trueware.signatures.x509 import spki_id

VECTORS = Path(__file__).parents[2] / "vectors/signatures/verity_table"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))


def found(data: bytes, keys: Iterable[Key] = ()) -> list[Signature]:
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context(Keyring(keys)))
        taken = measure("artefact", memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures
    return [each for each in taken if each.scheme == "verity-table"]


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str) -> None:
    """Outcome, signer, coverage and statements are those expected."""
    signatures = found((VECTORS / case / "input.bin").read_bytes())
    expected = json.loads((VECTORS / case / "expected.json").read_text())

    assert sorted(each.outcome.value for each in signatures) == [each["outcome"] for each in expected]
    for signature, wanted in zip(sorted(signatures, key=lambda each: each.outcome.value), expected, strict=True):
        assert signature.part.startswith(wanted["part"])
        signer = None if signature.signer is None else signature.signer.ids[0].removeprefix("spki-sha256:")
        assert signer == wanted["signer"]
        if "paths" in wanted:
            assert list(signature.coverage.paths) == wanted["paths"]
        for word in wanted.get("excludes", ()):
            assert any(word in each for each in signature.coverage.excludes)
        for statement in wanted.get("statements", {}).items():
            assert statement in signature.statements


def test_an_image_alone_is_checked_with_a_key_at_hand() -> None:
    """Without a boot image the key is one that somebody trusts; no flipped byte of it is covered then."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    private = load_pem_private_key((VECTORS / "keys/verity.pem").read_bytes(), None)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    keys = [Key("spki", spki_id(spki), spki, "the maker")]
    data = (VECTORS / "alone/input.bin").read_bytes()

    (signature,) = found(data, keys)
    assert signature.outcome is Outcome.VALID
    assert signature.coverage.paths == ("",)
    for at in [*range(0, 65536, 1021), *range(65536 + 4, 65536 + 500, 7), *range(65536 + 32768, len(data), 211)]:
        changed = bytearray(data)
        changed[at] ^= 1
        assert all("" not in each.coverage.paths for each in found(bytes(changed), keys)), hex(at)
