"""Manifests that mean harm: mutated, deep, large, contradicting. Read or refused, in bounded time; never anything else."""

import random
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest
from tests.unit.exchange.public import KINDS, examples
from tests.unit.exchange.samples import NOW, firmware, key
from tests.unit.exchange.test_from_release import ISSUER, learnt

from trueware.cose.foreign_cbor import Tagged, encode
from trueware.errors import InputError, LimitExceeded
from trueware.exchange.corim import coswid, manifest, signed
from trueware.exchange.corim.codec import Notes
from trueware.exchange.corim.common import Digest
from trueware.exchange.corim.from_release import from_release
from trueware.exchange.corim.selecting import select
from trueware.exchange.coserv import discovery, query
from trueware.importing.contract import Context, Document
from trueware.importing.corim import IMPORTER
from trueware.sources.mirrors import FolderMirror

SLOWEST = 30.0
"""Seconds of CPU time for one input, on a busy machine."""


def mutations(data: bytes, count: int, seed: int) -> list[bytes]:
    """Return bytes changed, cut, put in, doubled and swapped at random."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        at, other = chance.randrange(len(data)), chance.randrange(len(data))
        kind = chance.randrange(6)
        if kind == 0:
            made.append(data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :])
        elif kind == 1:
            made.append(data[:at])
        elif kind == 2:
            made.append(data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[at:])
        elif kind == 3:
            made.append(data[: min(at, other)] + data[max(at, other) :])
        elif kind == 4:
            made.append(data[:at] + data[other : other + 40] + data[at:])
        else:
            made.append(data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :])
    return made


def run(data: bytes, folder: Path) -> None:
    """Put bytes to everything that reads them."""
    before = process_time()
    for read, build in KINDS.values():
        try:
            value = read(data, Notes())
        except InputError:
            continue
        build(value)
        if isinstance(value, manifest.Corim):
            select([value], NOW, needs_cotl=True)
    for other in (query.parse, discovery.parse):
        try:
            other(data)
        except InputError:
            continue
    path = folder / "x.corim"
    path.write_bytes(data)
    with suppress(InputError):
        list(IMPORTER.read(Document("x.corim", data[:65536], FolderMirror(folder)), Context(NOW)))
    assert process_time() - before < SLOWEST


@pytest.mark.parametrize("seed", range(4))
def test_mutations_of_our_own(seed: int, tmp_path: Path) -> None:
    root = firmware()
    corim = from_release(learnt(root), root, ISSUER)
    for data in (manifest.build(corim), signed.sign(corim, key(), "Registry")):
        for each in mutations(data, 150, seed):
            run(each, tmp_path)


@pytest.mark.corpus
def test_mutations_of_the_public_examples(corpus: Path, tmp_path: Path) -> None:
    for number, path in enumerate(examples(corpus)):
        for each in mutations(path.read_bytes(), 12, number):
            run(each, tmp_path)


def nested(depth: int) -> coswid.DirectoryEntry:
    entry = coswid.DirectoryEntry("x" * 200)
    for _ in range(depth):
        entry = coswid.DirectoryEntry("x" * 200, coswid.PathElements(entry))
    return entry


DEEP = {
    "arrays": b"\xd9\x01\xf5" + b"\x81" * 100_000,
    "tags": b"\xd9\x01\xf5" * 30_000,
    "maps": b"\xd9\x01\xf5" + b"\xa1\x00" * 50_000,
    "folders": encode(
        Tagged(
            coswid.CBOR_TAG,
            {0: "t", 12: 0, 1: "x", 2: {31: "A", 33: 1}, 6: {16: coswid._DIRECTORY.encode(nested(60))}},
        )
    ),
    "a long array": b"\xd9\x01\xf5\xa2\x00\x61a\x01\x9a\xff\xff\xff\xff",
    "a long string": b"\xd9\x01\xf5\xa2\x00\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "many tags": b"\xd9\x01\xf5" + encode({0: "a", 1: tuple(Tagged(600 + n, n) for n in range(40_000))}),
    "many keys": b"\xd9\x01\xf5" + encode({0: "a", 1: (Tagged(1, 0),), **{-n: n for n in range(1, 40_000)}}),
}


@pytest.mark.parametrize("name", DEEP)
def test_large_and_deep(name: str, tmp_path: Path) -> None:
    run(DEEP[name], tmp_path)


def test_what_is_within_counts_with_what_is_around() -> None:
    """Many tags, each just below the ceiling: all of a document has one."""
    inner = coswid.ConciseSwidTag("t", 0, "x", coswid.SwEntity("A", 1), extensions=(("x", (0,) * 400_000),))
    tags = tuple(Tagged(505, coswid.build(inner)[5:]) for _ in range(8))
    before = process_time()
    with pytest.raises(LimitExceeded, match="values of CBOR"):
        manifest.parse(encode(Tagged(501, {0: "c", 1: tags})), Notes())
    assert process_time() - before < SLOWEST


def test_long_lists_are_read_in_time() -> None:
    """A fifth of what a phone has."""
    files = tuple(coswid.FileEntry(f"file-{n}", n, hash=Digest(1, n.to_bytes(32))) for n in range(20_000))
    tag = coswid.ConciseSwidTag("t", 0, "Phone", coswid.SwEntity("Acme", 2), payload=coswid.Payload(file=files))
    data = coswid.build(tag)
    before = process_time()
    assert coswid.parse(data, Notes()) == tag
    assert process_time() - before < SLOWEST
