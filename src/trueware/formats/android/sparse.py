"""Android's sparse image: a partition as chunks of raw bytes, of one repeated word, and of blocks nobody cares about.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       4     magic ED26FF3A
4       4     version: major (1), minor
8       4     size of this header (28), size of a chunk's header (12)
12      4     block size, a multiple of four
16      4     blocks of the partition
20      4     number of chunks
24      4     CRC-32 of the partition, or 0
28      ..    chunks
======  ====  ==========================================================

Each chunk: u16 type, u16 reserved, u32 blocks, u32 size with header; then for CAC1 the bytes, for CAC2 the word, for CAC3
nothing, for CAC4 the CRC-32 of everything before. Source: AOSP ``system/core/libsparse/sparse_format.h``.

What nobody cares about is left on the device as it was. It reads as zeros here (and for the CRC), but which bytes it is
is a fact: an image that leaves old content in place is not the image that overwrites it.
"""

from collections.abc import Iterator
from hashlib import sha256
from struct import Struct, unpack_from
from typing import ClassVar
from zlib import crc32

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import CHUNK, Buffer, Entry, FormatDoc, Magic, Produced, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x3a\xff\x26\xed"
_HEADER = Struct("<4sHHHHIIII")
_CHUNK = Struct("<HHII")
_RAW, _FILL, _SKIP, _CRC = 0xCAC1, 0xCAC2, 0xCAC3, 0xCAC4
_LISTED = 8
"""Skipped ranges told one by one; of more, their digest."""


class Sparse:
    """A sparse image of a partition."""

    name: ClassVar[str] = "android-sparse"
    doc: ClassVar[FormatDoc] = FormatDoc("Android sparse image", "Google", ("AOSP libsparse/sparse_format.h",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= _HEADER.size and view[:4] == _MAGIC and unpack_from("<HH", view, 8) == (28, 12)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            raise MalformedInput("android-sparse", 0, "no header")
        _, major, minor, header, chunk_header, block, blocks, count, crc = _HEADER.unpack_from(view)
        if major != 1 or (header, chunk_header) != (_HEADER.size, _CHUNK.size):
            detail = f"version {major}.{minor}, headers of {header} and {chunk_header} bytes"
            raise UnsupportedInput("android-sparse", 4, detail)
        if not block or block % 4:
            raise MalformedInput("android-sparse", 12, f"block size {block}")
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, f"{count} chunks")
        reading = Reading(notes={"block-size": str(block), "chunks": str(count), "version": f"{major}.{minor}"})
        chunks, end = _chunks(view, block, count, reading)
        size = sum(length for _, _, length in chunks)
        if size != blocks * block:
            reading.note_anomaly("contradiction", f"the chunks make {size} bytes, the header says {blocks * block}", 16)
        reading.facts["skipped"] = _skipped(chunks)
        reading.end = end
        reading.cover(0, end)

        def produce() -> Iterator[Buffer]:
            checked = bool(crc) or any(kind == _CRC for kind, _, _ in chunks)
            return _checked(view, chunks, crc, reading) if checked else _expand(view, chunks)

        reading.entries = [Entry("data", Kind.REGION, Produced(produce, size), size)]
        return reading


def _chunks(view: memoryview, block: int, count: int, reading: Reading) -> tuple[list[tuple[int, int, int]], int]:
    """Return (type, offset of its bytes, length it expands to) of each chunk, and where the last one ends."""
    chunks = []
    at = _HEADER.size
    reserved = False
    for index in range(count):
        if at + _CHUNK.size > len(view):
            raise MalformedInput("android-sparse", at, f"chunk {index} of {count} is missing")
        kind, unused, blocks, total = _CHUNK.unpack_from(view, at)
        length = blocks * block
        expected = {_RAW: length, _FILL: 4, _SKIP: 0, _CRC: 4}.get(kind)
        if expected is None:
            raise UnsupportedInput("android-sparse", at, f"chunk of type {kind:#06x}")
        if total != expected + _CHUNK.size or (kind == _CRC and blocks):
            raise MalformedInput("android-sparse", at, f"chunk {index} of {blocks} blocks has {total} bytes")
        if total > len(view) - at:
            raise MalformedInput("android-sparse", at, f"chunk {index} has {total} bytes, {len(view) - at} are left")
        reserved |= bool(unused)
        chunks.append((kind, at + _CHUNK.size, length))
        at += total
    if reserved:
        reading.note_anomaly("reserved-bits", "a reserved field of a chunk is set", _HEADER.size + 2)
    return chunks, at


def _skipped(chunks: list[tuple[int, int, int]]) -> str:
    """Return which bytes of the partition are left as they are, neighbours as one, as ``start+size`` each."""
    ranges: list[list[int]] = []
    at = 0
    for kind, _, length in chunks:
        if kind == _SKIP and length:
            if ranges and sum(ranges[-1]) == at:
                ranges[-1][1] += length
            else:
                ranges.append([at, length])
        at += length
    told = " ".join(f"{start:#x}+{size:#x}" for start, size in ranges)
    if len(ranges) <= _LISTED:
        return told or "nothing"
    return f"{len(ranges)} ranges, sha256 {sha256(told.encode()).hexdigest()}"


def _expand(view: memoryview, chunks: list[tuple[int, int, int]]) -> Iterator[Buffer]:
    zeros = bytes(CHUNK)
    for kind, offset, length in chunks:
        if kind == _RAW:
            yield view[offset : offset + length]
            continue
        word = bytes(view[offset : offset + 4])
        filler = zeros if kind != _FILL or word == b"\0\0\0\0" else word * (min(CHUNK, length) // 4)
        for _ in range(length // CHUNK):
            yield filler
        if rest := length % CHUNK:
            yield filler[:rest]


def _checked(view: memoryview, chunks: list[tuple[int, int, int]], stated: int, reading: Reading) -> Iterator[Buffer]:
    """Expand, and compare the CRC-32 in chunks and header with that of what was expanded."""
    found = 0
    for chunk in chunks:
        kind, offset, _ = chunk
        if kind == _CRC:
            (expected,) = unpack_from("<I", view, offset)
            if expected != found:
                detail = f"the CRC-32 up to here is {found:08x}, stated {expected:08x}"
                reading.note_anomaly("checksum-mismatch", detail, offset)
        for piece in _expand(view, [chunk]):
            found = crc32(piece, found)
            yield piece
    if stated and stated != found:
        reading.note_anomaly("checksum-mismatch", f"the CRC-32 is {found:08x}, stated {stated:08x}", 24)
