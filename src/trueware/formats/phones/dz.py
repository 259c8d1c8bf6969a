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

Source: kdztools ``dz.py`` (Elliott Mitchell). The vectors were built from that layout; no file of LG confirmed the reading. Pieces
are parts of their own, not put together to partitions. The last 300 bytes of the header are told in hexadecimal.
"""

from collections.abc import Iterator
from hashlib import md5
from struct import Struct
from typing import ClassVar
from zlib import crc32, decompressobj, error

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import CHUNK, Buffer, Entry, FormatDoc, Magic, Produced, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC, _PIECE_MAGIC = b"\x32\x96\x18\x74", b"\x30\x12\x95\x78"
_HEADER, _PIECE = Struct("<4sIII32s144sI16s300s"), Struct("<4s32s64sII16sIIII372s")
_PACKED = 1 << 16


class Dz:
    """Pieces of partitions."""

    name: ClassVar[str] = "dz"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "DZ firmware", "LG", ("kdztools dz.py",), ("pieces are not put together to partitions",)
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
        reading, entries, at = Reading(facts={"format": f"{major}.{minor}.{level}"}), list[Entry](), _HEADER.size
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
            entry, at = _piece(view, at, number, reading)
            entries.append(entry)
        else:
            if headers.digest() != stated:
                reading.note_anomaly("checksum-mismatch", f"the MD5 of the headers is {headers.hexdigest()}", 196)
        reading.entries, reading.end = entries, at
        return reading


def _piece(view: memoryview, at: int, number: int, reading: Reading) -> tuple[Entry, int]:
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

    return Entry(path, Kind.REGION, Produced(produce, size), size, facts=tuple(sorted(facts.items()))), start + len(
        data
    )


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
