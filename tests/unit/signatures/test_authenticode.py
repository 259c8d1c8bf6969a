"""Authenticode: programs that osslsigncode and sbsign signed, those of the corpus, and another reader's word on them."""

import hashlib
import json
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from struct import unpack_from

import pytest
from tests.unit.signatures.sites import signatures_in

from trueware.measuring import measure
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context
from trueware.signatures.keys import read_keys

VECTORS = Path(__file__).parents[2] / "vectors/signatures/authenticode"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))
CORPUS = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere"))
SIGNED = sorted(CORPUS.glob("mobile/authenticode/open/*.[edc][xla][elt]")) + sorted(
    CORPUS.glob("corpus/open/uefi-signed/*.signed")
)
OUTCOMES = {
    "115fe8649854ad531fb7ecd1318fbee6b33c9cbd78f02ed582092a96d5eb5899.cat": [Outcome.VALID],
    "7z1900-x64_signed.exe": [Outcome.VALID],  # by a certificate that pretends to be under Microsoft's (CVE-2020-0601)
    "DXCore.dll": [Outcome.VALID],
    "SoftwareUpdate.exe": [Outcome.UNCHECKABLE],  # MD5
    "catfiletest.cat": [Outcome.UNCHECKABLE],  # no signer
    "fwupdx64.efi.signed": [Outcome.VALID],
    "shimx64.efi.signed": [Outcome.VALID, Outcome.VALID],
    "unsigned.exe": [],
    "whois.exe": [Outcome.VALID],
}


def found(data: bytes, name: str = "program") -> list[Signature]:
    with ThreadPoolExecutor(1) as pool:
        taken = measure(
            name, memoryview(data), pool=pool, clock=time.monotonic, verify=Signatures(Context())
        ).signatures
    return [each for each in taken if each.scheme in ("authenticode", "catalogue")]


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str) -> None:
    """Outcome, signer, time and what is not covered are those expected."""
    signatures = found((VECTORS / case / "input.bin").read_bytes())
    expected = json.loads((VECTORS / case / "expected.json").read_text())

    assert [each.outcome.value for each in signatures] == [each["outcome"] for each in expected]
    for signature, stated in zip(signatures, expected, strict=True):
        signer = None if signature.signer is None else signature.signer.ids[1].removeprefix("cert-sha256:")
        assert signer == stated["signer"]
        assert dict(signature.statements).get("time stamped") == stated.get("stamped")
        assert signature.signed_at is None  # nobody vouches for who stamped it
        assert signature.coverage.whole == (stated["outcome"] == "valid")
        assert len(signature.coverage.excludes) == stated.get("excludes", 0)
        if "sha256" in stated:
            assert signature.subjects == (f"authenticode-sha256:{stated['sha256']}",)


def test_a_time_counts_where_its_authority_does() -> None:
    """A certificate at hand that issued the one of whoever stamped it makes the stamp the time of signing."""
    data = (VECTORS / "stamped/input.bin").read_bytes()
    for name, expected in (("authority", 1_796_000_000), ("stamper", 1_796_000_000), ("signer", None)):
        keys = read_keys((VECTORS / f"keys/{name}.pem").read_bytes())
        (signature,) = signatures_in({"program": data}, keys)
        assert signature.signed_at == expected, name


@pytest.mark.parametrize("case", ["rsa", "ecdsa", "nested", "stamped"])
def test_no_flipped_bit_stays_covered(case: str) -> None:
    """What is signed cannot be changed: VALID stays only where checksum or signature themselves were."""
    data = (VECTORS / case / "input.bin").read_bytes()
    header = 64
    (table,) = unpack_from("<I", data, header + 24 + 144)
    unsigned = {*range(header + 24 + 64, header + 24 + 68), *range(table, len(data))}
    step = 5 if case == "rsa" else 17
    for at in [*range(0, 512, 2), *range(512, len(data), step), *range(table, table + 8)]:
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        outcomes = {each.outcome for each in found(bytes(changed))}
        assert Outcome.VALID not in outcomes or at in unsigned, hex(at)


def test_a_flipped_bit_in_what_the_signature_states_does_not_hold() -> None:
    """Content, attributes and value of the signature are compared, whatever bit is changed."""
    data = (VECTORS / "rsa/input.bin").read_bytes()
    (good,) = found(data)
    assert good.outcome is Outcome.VALID
    start = data.index(bytes.fromhex("2b060104018237020104")) + 14
    end = data.rindex(bytes.fromhex("04820100")) + 4 + 256
    signed = [*range(start, start + 70), *range(end - 256, end)]
    for at in signed:
        changed = bytearray(data)
        changed[at] ^= 1
        assert all(each.outcome is not Outcome.VALID for each in found(bytes(changed))), hex(at)


def test_whatever_the_bytes_nothing_escapes() -> None:
    """Cut and overwritten programs are answered."""
    data = (VECTORS / "stamped/input.bin").read_bytes()
    chance = random.Random(1)
    for _ in range(200):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 8)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        found(bytes(changed))
        found(bytes(data[: chance.randrange(len(data))]))


@pytest.mark.skipif(not SIGNED, reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize("path", SIGNED, ids=lambda path: path.name)
def test_corpus(path: Path) -> None:
    """Programs and catalogues in use."""
    assert [each.outcome for each in found(path.read_bytes(), path.name)] == OUTCOMES[path.name]


@pytest.mark.skipif(not SIGNED, reason="no corpus: set TRUEWARE_CORPUS")
def test_a_catalogue_covers_what_lies_beside_it() -> None:
    """DXCore.dll is listed by the digest of its image, another program is not."""
    folder = CORPUS / "mobile/authenticode/open"
    names = ("115fe8649854ad531fb7ecd1318fbee6b33c9cbd78f02ed582092a96d5eb5899.cat", "DXCore.dll", "whois.exe")
    signatures = signatures_in({name: (folder / name).read_bytes() for name in names})

    (catalogue,) = (each for each in signatures if each.scheme == "catalogue")
    assert catalogue.coverage.paths == (names[0], "DXCore.dll")


@pytest.mark.skipif(not SIGNED, reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize("path", [path for path in SIGNED if path.suffix != ".cat"], ids=lambda path: path.name)
def test_signify_agrees(path: Path) -> None:
    """The digest is the one that signify finds, and so is whether it is the one signed."""
    try:
        signify = import_module("signify.authenticode")
    except Exception as error:  # noqa: BLE001 (its libraries find no OpenSSL in some places, and say so in their own way)
        pytest.skip(f"no signify: {error}")
    with path.open("rb") as file:
        image = signify.AuthenticodeFile.from_stream(file)
        theirs = image.get_fingerprints(hashlib.sha256)["sha256"].hex()
        signed = list(image.iter_signatures())
    ours = found(path.read_bytes(), path.name)
    assert len(signed) == len(ours)
    assert all(each.subjects == (f"authenticode-sha256:{theirs}",) for each in ours)
