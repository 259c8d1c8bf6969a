"""Signatures of packages: what Debian's apksigner signed, what was altered afterwards, and what is flipped and cut in them."""

import io
import json
import random
import tarfile
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path

import pytest
from tests.unit.signatures.apk_corpus import holds, signatures_of

from trueware.errors import MalformedInput
from trueware.model.signature import Outcome, Signature
from trueware.signatures.apk.digests import hash_tree
from trueware.signatures.apk.lineage import read_lineage
from trueware.signatures.apk.manifest import read_sections
from trueware.signatures.refusal import Refusal

VECTORS = Path(__file__).parents[2] / "vectors/signatures/apk"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))
AGREED = [
    case
    for case in CASES
    if case != "janus" and json.loads((VECTORS / case / "expected.json").read_text())["apksigner"]
]
"""Where apksigner was asked, but for the attack that it does not see."""


def vector(case: str) -> bytes:
    return (VECTORS / case / "input.bin").read_bytes()


def levels(signature: Signature) -> str:
    if signature.platforms is None:
        return ""
    first, last = signature.platforms
    return f"{first}-" if last is None else f"{first}-{last}"


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str, pool: Executor) -> None:
    """Schemes, outcomes, levels and signers are those expected, and there are no others."""
    signatures = signatures_of(vector(case), pool)
    expected = json.loads((VECTORS / case / "expected.json").read_text())
    told = [
        {
            "scheme": each.scheme,
            "outcome": each.outcome.value,
            "levels": levels(each),
            "signer": each.signer.name if each.signer is not None else "",
        }
        for each in signatures
    ]

    assert sorted(told, key=str) == sorted(expected["signatures"], key=str), [each.detail for each in signatures]
    assert all(each.signer is None for each in signatures if each.outcome is not Outcome.VALID)
    if expected["excludes"]:
        assert any(expected["excludes"] in what for each in signatures for what in each.coverage.excludes)


@pytest.mark.parametrize("case", AGREED)
def test_we_say_what_apksigner_says(case: str, pool: Executor) -> None:
    """Android takes the package from the least level that it is made for on, or does not."""
    signatures = [each for each in signatures_of(vector(case), pool) if each.platforms is not None]
    expected = json.loads((VECTORS / case / "expected.json").read_text())
    first = min(int(each["levels"].split("-")[0]) for each in expected["signatures"] if each["levels"])

    assert holds(signatures, first, None) is (expected["apksigner"] == "verifies")


def test_a_whole_package_is_covered_by_the_newer_schemes(pool: Executor) -> None:
    old, newer, newest = signatures_of(vector("v1v2v3"), pool)

    assert not old.coverage.whole
    assert {"AndroidManifest.xml", "classes.dex", "META-INF/ONE.RSA"} <= set(old.coverage.paths)
    assert newer.coverage.whole
    assert newest.coverage.whole
    assert ("package", "org.example.vector") in newest.statements
    assert not newest.dated


def test_former_keys_are_stated_where_they_are_proved(pool: Executor) -> None:
    older, newer = signatures_of(vector("rotated"), pool)
    assert older.signer is not None

    assert [("rotated-from", id_) for id_ in older.signer.ids] == [
        each for each in newer.statements if each[0] == "rotated-from"
    ]


# --- attacks -----------------------------------------------------------------------------------------------------------


def valid(signatures: Iterable[Signature], *, whole: bool) -> set[tuple[object, ...]]:
    """Return what is said of signatures that are valid, so that anything told besides counts as a difference."""
    return {
        (each.scheme, each.platforms, each.signer, each.coverage)
        for each in signatures
        if each.outcome is Outcome.VALID and each.coverage.whole is whole
    }


@pytest.mark.parametrize("case", ["v2", "tree", "two-signers"])
def test_no_byte_can_be_changed_under_a_scheme_over_all_bytes(case: str, pool: Executor) -> None:
    """A flipped bit ends the validity, wherever it is, but where only signatures for other Androids are.

    All bits of all bytes were flipped once; here it is some of them, others in each place.
    """
    data = vector(case)
    genuine = valid(signatures_of(data, pool), whole=True)
    assert genuine
    for at in range(0, len(data), 61):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        assert not genuine & valid(signatures_of(bytes(flipped), pool), whole=True), hex(at)


def test_no_signed_byte_can_be_changed_under_a_jar_signature(pool: Executor) -> None:
    """Contents of members, manifest, signature file and CMS: a flipped bit ends the validity."""
    data = vector("v1")
    genuine = valid(signatures_of(data, pool), whole=False)
    assert genuine
    start = 0
    while data[start : start + 4] == b"PK\3\4":
        header = data[start : start + 30]
        size = int.from_bytes(header[18:22], "little")
        content = start + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        for at in range(content, content + size - 4, 13):  # bits after the end of a deflate stream say nothing
            flipped = bytearray(data)
            flipped[at] ^= 1 << at % 8
            assert not genuine & valid(signatures_of(bytes(flipped), pool), whole=False), hex(at)
        start = content + size
    assert start > 1000


@pytest.mark.parametrize("case", ["v1", "v2", "two-signers", "stamped"])
def test_cut_packages_are_not_valid(case: str, pool: Executor) -> None:
    data = vector(case)
    for size in range(0, len(data), 211):
        assert all(each.outcome is not Outcome.VALID for each in signatures_of(data[:size], pool))


@pytest.mark.parametrize("case", CASES)
def test_hostile_bytes_are_answered(case: str, pool: Executor) -> None:
    """Whatever stands in the structures, there is an answer: numbers made large, bytes made random, parts cut out or doubled."""
    data, dice = vector(case), random.Random(case)
    for _ in range(25):
        changed = bytearray(data)
        at, size = dice.randrange(len(data)), dice.randrange(1, 64)
        match dice.randrange(4):
            case 0:
                changed[at : at + 4] = b"\xff\xff\xff\xff"
            case 1:
                changed[at : at + size] = dice.randbytes(size)
            case 2:
                del changed[at : at + size]
            case _:
                changed[at:at] = changed[at : at + size]
        signatures_of(bytes(changed), pool)


def test_a_file_of_scheme_v4_is_bound_in_every_byte(pool: Executor) -> None:
    data = vector("v4")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        place = archive.getmember("x.apk.idsig")
    assert any(each.scheme == "apk-v4" for each in signatures_of(data, pool) if each.outcome is Outcome.VALID)
    for at in range(place.offset_data, place.offset_data + place.size, 7):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        found = [each for each in signatures_of(bytes(flipped), pool) if each.scheme == "apk-v4"]
        assert found
        assert all(each.outcome is not Outcome.VALID for each in found), hex(at)


# --- parts -------------------------------------------------------------------------------------------------------------


def test_sections_of_manifests() -> None:
    """Lines go on after a break and a space, and digests are over sections as they stand, with the empty line."""
    text = b"Manifest-Version: 1.0\r\nCreated-By: us\r\n\r\nName: a/very/long\r\n /name\r\nSHA1-Digest: AAAA\r\n\r\n\r\nName: b\n\n"
    main, named = read_sections(text)

    assert main.attributes == {"manifest-version": "1.0", "created-by": "us"}
    assert list(named) == ["a/very/long/name", "b"]
    assert named["b"].raw == b"Name: b\n\n"
    assert named["a/very/long/name"].raw.endswith(b"AAAA\r\n\r\n")


@pytest.mark.parametrize(
    "text",
    [
        b"A: 1\n\nB: 2\n\n",
        b"A: 1\n\nName: x\n\nName: x\n\n",
        b"A: 1\nA: 2\n",
        b"no attribute\n",
        b"A: 1\n\nName: x\0\n\n",
    ],
)
def test_manifests_in_doubt(text: bytes) -> None:
    with pytest.raises(Refusal):
        read_sections(text)


def test_hash_tree_does_not_depend_on_sections() -> None:
    data = memoryview(random.Random(1).randbytes(700_001))
    for cut in (0, 1, 4095, 4096, 5000, 700_000):
        assert hash_tree((data[:cut], data[cut:]), b"salt") == hash_tree((data,), b"salt")


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name", ["ec-p256-lineage-2-signers", "rsa-1024-lineage-2-signers", "rsa-2048-lineage-2-signers-2-3"]
)
def test_lineages_of_aosp(corpus: Path, name: str) -> None:
    """Files of lineages hold, after a magic and a version, what the attribute of v3 holds."""
    value = (corpus / "mobile/apksig-extra/open" / name).read_bytes()[12:]

    assert len(read_lineage(value)) == 2
    for at in range(4, len(value), 5):
        flipped = bytearray(value)
        flipped[at] ^= 1
        try:
            found = read_lineage(bytes(flipped))
        except (Refusal, MalformedInput):
            continue
        # the first certificate is vouched for by nobody, and flags and what it signs with next by v3 itself
        assert found[-1].encoded == read_lineage(value)[-1].encoded


@pytest.mark.corpus
def test_the_file_of_scheme_v4_of_aosp(corpus: Path, pool: Executor) -> None:
    """A file with a further block, for the signer of v3.1, beside its package."""
    mobile = corpus / "mobile"
    files = {
        "x.apk": mobile / "apksig/open/e25f3eff32ed936f.apk",
        "x.apk.idsig": mobile / "apksig-extra/open/v31-rsa-2048_2-tgt-10000-dev-release.apk.idsig",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, path in files.items():
            archive.add(path, name)
    found = [each for each in signatures_of(out.getvalue(), pool) if each.scheme == "apk-v4"]

    assert [(each.outcome, levels(each), each.signer and each.signer.name) for each in found] == [
        (Outcome.VALID, "30-10000", "CN=rsa-2048"),
        (Outcome.VALID, "10001-", "CN=rsa-2048_2"),
    ]
    assert all(each.coverage.paths == ("x.apk",) for each in found)


@pytest.mark.corpus
def test_stamps_of_aosp(corpus: Path, pool: Executor) -> None:
    """A stamp holds where AOSP's verifier says so, and nowhere else."""
    home = corpus / "mobile/apksig/open"
    rows = [json.loads(line) for line in (home / "labels.jsonl").read_text().splitlines()]
    stamped = [row for row in rows if row["original"].startswith("stamp-")]
    assert len(stamped) > 5
    for row in stamped:
        found = [
            each for each in signatures_of((home / row["file"]).read_bytes(), pool) if each.scheme == "apk-source-stamp"
        ]
        assert [each.outcome is Outcome.VALID for each in found] == [row["stamp"] == "stamp"], row["original"]
