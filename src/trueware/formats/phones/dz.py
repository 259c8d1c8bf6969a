"""LG's DZ, the partitions of a KDZ: pieces of them in a row, each behind a header and packed with zlib.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       4     magic 32 96 18 74
4       12    version: major, minor, unused
16      32    device
48      144   version of the software
192     4     number of pieces
196     16    MD5 of the headers of the pieces
212     300   what differs between models: kind of build, dates, digests
512     ..    pieces, each:
======  ====  ==========================================================

======  ====  ==========================================================
0       4     magic 30 12 95 78
4       32    partition
36      64    name of the piece
100     4     length of what it unpacks to
104     4     length packed
108     16    MD5 of what it unpacks to
124     16    first block, blocks to discard, device, CRC-32 of it (4 each)
140     372   unused
======  ====  ==========================================================

Several pieces of one partition in a row are put in their places, counted from the first of them; what none fills reads as zeros.
Blocks have 512 bytes, or 4096 where the pieces would overlap otherwise; where they would in either case they stay parts of their own.

Source: kdztools ``dz.py``, ``undz.py`` (Elliott Mitchell). The vectors were built from that layout; no file of LG confirmed the
reading. The last 300 bytes of the header are told in hexadecimal.
"""

from collections.abc import Iterator, Sequence
from hashlib import md5
from itertools import groupby, pairwise
from struct import Struct
from typing import ClassVar, NamedTuple
from zlib import crc32, decompressobj, error

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import CHUNK, Buffer, Entry, FormatDoc, Magic, Produced, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text
from trueware.formats.scattered import zeros
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC, _PIECE_MAGIC = b"\x32\x96\x18\x74", b"\x30\x12\x95\x78"
_HEADER, _PIECE = Struct("<4sIII32s144sI16s300s"), Struct("<4s32s64sII16sIIII372s")
_PACKED = 1 << 16


_BLOCKS = (512, 4096)


class _Piece(NamedTuple):
    partition: bytes
    first: int
    """Block."""

    entry: Entry
    """The piece as it is."""


class Dz:
    """Pieces of partitions."""

    name: ClassVar[str] = "dz"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "DZ firmware", "LG", ("kdztools dz.py",), ("what a partition has before its first piece is not known",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        _, major, _, _, device, version, count, _, _ = _HEADER.unpack_from(view)
        return major < 1 << 8 and count > 0 and device[0] > 0 and is_text(device) and is_text(version)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Dz.matches(view):
            raise MalformedInput("dz", 0, "no header")
        _, major, minor, level, device, version, count, stated, rest = _HEADER.unpack_from(view)
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "pieces of a dz")
        reading, pieces, at = Reading(facts={"format": f"{major}.{minor}.{level}"}), list[_Piece](), _HEADER.size
        tell(reading.facts, "device", device)
        tell(reading.facts, "version", version)
        reading.facts["rest"] = rest.rstrip(b"\0").hex()
        reading.cover(0, at)
        headers = md5(usedforsecurity=False)
        for number in range(count):
            if at + _PIECE.size > len(view) or view[at : at + 4] != _PIECE_MAGIC:
                reading.note_anomaly("truncated", f"no header of piece {number} of {count}", at)
                break
            headers.update(view[at : at + _PIECE.size])
            piece, at = _piece(view, at, number, reading)
            pieces.append(piece)
        else:
            if headers.digest() != stated:
                reading.note_anomaly("checksum-mismatch", f"the MD5 of the headers is {headers.hexdigest()}", 196)
        reading.entries, reading.end = list(_partitions(pieces)), at
        return reading


def _partitions(pieces: Sequence[_Piece]) -> Iterator[Entry]:
    """Yield partitions of several pieces as one, other pieces as they are."""
    block = next((each for each in _BLOCKS if all(_fit(*pair, each) for pair in pairwise(pieces))), None)
    number = 0
    for partition, run in groupby(pieces, lambda piece: piece.partition):
        row = list(run)
        if len(row) == 1 or block is None:
            yield from (piece.entry for piece in row)
        else:
            yield _joined(f"{number}-{readable(partition or b'unnamed')}", row, block)
        number += len(row)


def _fit(one: _Piece, other: _Piece, block: int) -> bool:
    """Tell whether two pieces in a row, if they are of one partition, are apart by the length of the first with such blocks."""
    return one.partition != other.partition or (other.first - one.first) * block >= one.entry.size


def _joined(path: str, row: Sequence[_Piece], block: int) -> Entry:
    start = row[0].first
    facts = {name: value for name, value in row[0].entry.facts if name in ("device", "first", "partition")}
    for piece in row:
        told = dict(piece.entry.facts)
        facts[f"piece/{piece.entry.path}"] = " ".join(f"{name}={told[name]}" for name in sorted(told))

    def produce() -> Iterator[Buffer]:
        at = 0
        for piece in row:
            place = (piece.first - start) * block
            yield from zeros(place - at)
            if piece.entry.content is not None:
                yield from piece.entry.content.chunks()
            at = place + piece.entry.size

    size = (row[-1].first - start) * block + row[-1].entry.size
    return Entry(path, Kind.REGION, Produced(produce, size), size, facts=tuple(sorted(facts.items())))


def _piece(view: memoryview, at: int, number: int, reading: Reading) -> tuple[_Piece, int]:
    """Return the piece whose header is at `at`, and where it ends."""
    _, partition, name, size, packed, digest, first, discarded, device, crc, unused = _PIECE.unpack_from(view, at)
    facts = {"first": str(first), "discarded": str(discarded), "device": str(device)}
    tell(facts, "partition", partition)
    tell(facts, "name", name)
    if unused := unused.rstrip(b"\0"):
        facts["unused"] = unused.hex()
    start = at + _PIECE.size
    data = view[start : start + packed]
    reading.cover(at, start + len(data))
    path = f"{number}-{readable(name.partition(bytes(1))[0] or b'unnamed')}"
    if len(data) < packed:
        reading.note_anomaly("truncated", f"{len(data)} of {packed} bytes are there", start, path)

    def produce() -> Iterator[Buffer]:
        return _unpacked(data, size, start, crc, digest)

    entry = Entry(path, Kind.REGION, Produced(produce, size), size, facts=tuple(sorted(facts.items())))
    return _Piece(partition.partition(b"\0")[0], first, entry), start + len(data)


def _unpacked(data: memoryview, size: int, start: int, crc: int, digest: bytes) -> Iterator[Buffer]:
    """Yield what a piece unpacks to; raises where that is not `size` bytes with these checksums."""
    unpacker, have, found, hashed = decompressobj(), 0, 0, md5(usedforsecurity=False)
    packed = iter([data[at : at + _PACKED] for at in range(0, len(data), _PACKED)])
    more: Buffer = b""
    try:
        while have <= size and not unpacker.eof:
            more = unpacker.unconsumed_tail or next(packed, b"")
            piece = unpacker.decompress(more, CHUNK)
            if not piece and not len(more):
                break
            have, found = have + len(piece), crc32(piece, found)
            hashed.update(piece)
            if have <= size:
                yield piece
    except error as problem:
        raise MalformedInput("dz", start, f"zlib: {problem}") from problem
    if have != size or not unpacker.eof or unpacker.unused_data or next(packed, None) is not None:
        raise MalformedInput("dz", start, f"unpacks to {have} bytes, not to {size} and nothing else")
    if hashed.digest() != digest or found != crc:
        raise MalformedInput("dz", start, f"the MD5 is {hashed.hexdigest()}, the CRC-32 {found:08x}")
