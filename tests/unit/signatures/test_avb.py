"""Android Verified Boot 2: structures that openssl signed, real ones, and what is flipped, cut and hidden in them."""

import io
import json
import struct
import time
import zipfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import new, sha1, sha256
from pathlib import Path

import pytest
from tests.unit.signatures.labels import labels

from trueware.measuring import measure
from trueware.model.claim import BOOT_HASH
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context

VECTORS = Path(__file__).parents[2] / "vectors/signatures/avb"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))


def found(data: bytes) -> list[Signature]:
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context())
        taken = measure("artefact", memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures
    return [each for each in taken if each.scheme.startswith("avb")]


def named(signature: Signature) -> str | None:
    """Return the key as avbtool prints it."""
    ids = () if signature.signer is None else signature.signer.ids
    return next((each.removeprefix("avb-sha1:") for each in ids if each.startswith("avb-sha1:")), None)


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str) -> None:
    """Outcome, signer and coverage of each signature of a vector are those expected, and there are no others."""
    signatures = found((VECTORS / case / "input.bin").read_bytes())
    signatures.sort(key=lambda each: (each.part, each.outcome.value))
    expected = json.loads((VECTORS / case / "expected.json").read_text())
    expected.sort(key=lambda each: (each["part"], each["outcome"]))

    told = [(each.scheme, each.part, each.outcome.value) for each in signatures]
    assert told == [(each["scheme"], each["part"], each["outcome"]) for each in expected]
    for signature, wanted in zip(signatures, expected, strict=True):
        assert named(signature) == wanted["signer"]
        assert wanted.get("detail", "") in signature.detail
        if "whole" in wanted:
            assert signature.coverage.whole == wanted["whole"]
        if "paths" in wanted:
            assert sorted(signature.coverage.paths) == sorted(wanted["paths"])
        for told in wanted.get("excludes", ()):
            assert any(told in each for each in signature.coverage.excludes), signature.coverage.excludes
        for statement in wanted.get("statements", {}).items():
            assert statement in signature.statements


@pytest.mark.parametrize(
    ("case", "places"),
    [
        ("sha256-rsa2048", range(100_000)),
        ("footer", [*range(0, 5000, 53), *range(8192, 8192 + 1344, 3)]),
        ("gki-12", range(0, 100_000, 29)),
        ("gki-13", range(0, 100_000, 31)),
    ],
)
def test_no_flipped_bit_stays_covered(case: str, places: Iterable[int]) -> None:
    """A flipped byte is not called signed: the signature is not valid, or its part is not what is covered."""
    data = (VECTORS / case / "input.bin").read_bytes()
    whole = {path for each in found(data) for path in each.coverage.paths}
    for at in (place for place in places if place < len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        signatures = found(bytes(changed))
        valid = [each for each in signatures if each.outcome is Outcome.VALID]
        covered = {path for each in valid for path in each.coverage.paths}
        assert not (
            len(valid) == len(signatures) > 0 and all(each.coverage.whole for each in valid) and covered >= whole
        ), hex(at)


def test_cut_structures_are_never_valid() -> None:
    """A structure that ends early is none, whatever it is called."""
    data = (VECTORS / "sha256-rsa2048/input.bin").read_bytes()
    for size in range(0, len(data), 16):
        assert all(each.outcome is not Outcome.VALID for each in found(data[:size]))


def outcomes(folder: Path) -> Counter[str]:
    """Return how many labelled images of a folder were judged right, accepted or rejected falsely, or are no structure."""
    counted: Counter[str] = Counter()
    for path, label in labels(folder):
        if "avb" not in label:
            continue
        signatures = found(path.read_bytes())
        if label["avb"] is None:
            counted["right" if not signatures else "false accept"] += 1
            continue
        valid = [each.outcome is Outcome.VALID for each in signatures] == [True]
        wanted = label["avb"]["sig"] == "ok"
        counted["right" if valid == wanted else "false accept" if valid else "false reject"] += 1
    return counted


def test_real_images(corpus: Path) -> None:
    """Every real image is judged as avbtool judges it, its key named as avbtool names it, its flags told."""
    folder = corpus / "mobile/avb-wild/open"
    assert outcomes(folder) == {"right": 26}
    for path, label in labels(folder):
        if label["avb"] is None:
            continue
        (signature,) = found(path.read_bytes())
        key = label["avb"]["key"]
        if key.startswith("vendor:"):
            assert (named(signature) or "").startswith(key.removeprefix("vendor:"))
        if label["truth"].startswith("tampered"):
            assert "flags" in signature.detail
        elif signature.outcome is Outcome.VALID:
            assert (dict(signature.statements)["flags"] == "none") == (label["avb"]["flags"] == 0)
            assert dict(signature.statements)["rollback-index"] == str(label["avb"]["rollback"])
            assert sum(name.startswith("chain/") for name, _ in signature.statements) == len(label["avb"]["chain"])


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("vbmeta/lineage-oneplus-sdm845-vbmeta.img", [Outcome.BROKEN]),
        ("vbmeta/xiaomi-fleur-vbmeta.img", [Outcome.VALID]),
        ("vbmeta/blank-vbmeta.img", []),
        ("motorola-milan_g/vbmeta.img", [Outcome.VALID]),
        ("motorola-milan_g/vbmeta_system.img", [Outcome.VALID]),
    ],
)
def test_real_collections(corpus: Path, path: str, wanted: list[Outcome]) -> None:
    """The images of the other collections."""
    assert [each.outcome for each in found((corpus / "corpus/open" / path).read_bytes())] == wanted


def test_a_structure_that_no_device_loads() -> None:
    """More than 64 KiB is not loaded by libavb, whatever its signature."""
    data = (VECTORS / "sha256-rsa2048/input.bin").read_bytes()
    size = int.from_bytes(data[20:28], "big") + (1 << 16)
    (signature,) = found(data[:20] + size.to_bytes(8, "big") + data[28:] + bytes(1 << 16))
    assert signature.outcome is Outcome.UNCHECKABLE
    assert "65536" in signature.detail


def test_a_file_that_is_called_vbmeta_and_cannot_be_read() -> None:
    """What is called so and begins so, and is none, is told; what only is called so is not."""
    data = bytearray((VECTORS / "sha256-rsa2048/input.bin").read_bytes())
    data[12:20] = bytes([0xFF] * 8)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("vbmeta.img", bytes(data))
        archive.writestr("vbmeta_a", b"something else")
    (signature,) = found(out.getvalue())
    assert (signature.part, signature.outcome) == ("vbmeta.img", Outcome.UNCHECKABLE)


@pytest.mark.parametrize(("number", "size"), [(7, 3309), (8, 4627)])
def test_ml_dsa(number: int, size: int) -> None:
    """A signature by ML-DSA; made by the library that verifies it, as no other maker was at hand."""
    mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
    private = (mldsa.MLDSA65PrivateKey if number == 7 else mldsa.MLDSA87PrivateKey).generate()
    raw = private.public_key().public_bytes_raw()
    key = len(raw).to_bytes(4, "big") + raw
    auxiliary = key + bytes(-len(key) % 64)
    authentication = size + -size % 64
    head = struct.pack(">4sIIQQI", b"AVB0", 1, 4, authentication, len(auxiliary), number)
    head += struct.pack(">10QQII48s80x", 0, 0, 0, size, 0, len(key), 0, 0, 0, 0, 0, 0, 0, b"test")
    data = head + private.sign(head + auxiliary).ljust(authentication, b"\0") + auxiliary

    (signature,) = found(data)
    assert signature.outcome is Outcome.VALID
    assert named(signature) == sha1(key, usedforsecurity=False).hexdigest()
    for at in (8, 120, 300, len(data) - len(auxiliary) + 3, len(data) - len(auxiliary) + 100):
        changed = bytearray(data)
        changed[at] ^= 1
        assert all(each.outcome is not Outcome.VALID for each in found(bytes(changed))), at


def test_digest_of_a_slot(corpus: Path) -> None:
    """Of a structure without chained partitions: SHA-256 of header, authentication and auxiliary block; of one with, nothing."""
    told = 0
    folder = (
        corpus.parent / "mobile/avb-wild/open"
        if (corpus.parent / "mobile").is_dir()
        else corpus / "mobile/avb-wild/open"
    )
    for path in sorted(folder.glob("*.img")):
        data = path.read_bytes()
        if data[:4] != b"AVB0":
            continue
        size = 256 + int.from_bytes(data[12:20], "big") + int.from_bytes(data[20:28], "big")
        for signature in found(data):
            statements = dict(signature.statements)
            if signature.outcome is not Outcome.VALID or not statements:
                continue
            chained = any(name.startswith("chain/") for name in statements)
            disabled = "verification-disabled" in statements["flags"]
            expected = None if chained or disabled else sha256(data[:size]).hexdigest()
            assert statements.get(BOOT_HASH) == expected
            told += not chained
    assert told >= 1


def test_what_a_phone_attests_that_boots_by_it() -> None:
    """The digest is over each structure, padding left out; of a device that of all it chains to, in order."""
    for case, hash_ in (("sha256-rsa4096", "sha256"), ("sha512-rsa2048", "sha512")):
        data = (VECTORS / case / "input.bin").read_bytes()
        (alone,) = found(data + bytes(4096))
        assert dict(alone.statements)["verified-boot-hash"] == new(hash_, structure(data)).hexdigest()
    device = (VECTORS / "device/input.bin").read_bytes()
    with zipfile.ZipFile(io.BytesIO(device)) as archive:
        main, system = (archive.read(name) for name in ("vbmeta.img", "vbmeta_system.img"))
    told = {each.part: dict(each.statements).get("verified-boot-hash") for each in found(device)}
    assert told["vbmeta.img"] == sha256(structure(main) + structure(system)).hexdigest()
    assert told["vbmeta_system.img"] is None
    (disabled,) = found((VECTORS / "flags-of-the-publisher/input.bin").read_bytes())
    assert "verified-boot-hash" not in dict(disabled.statements)
    stripped = found((VECTORS / "device-chained-stripped/input.bin").read_bytes())
    assert not any("verified-boot-hash" in dict(each.statements) for each in stripped)


def structure(data: bytes) -> bytes:
    """Return header and blocks without what is behind them."""
    authentication, auxiliary = struct.unpack_from(">QQ", data, 12)
    return data[: 256 + authentication + auxiliary]
