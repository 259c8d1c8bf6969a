"""LZ4's legacy frame, the first of its framings, in which Linux kernels and their initial file systems are packed.

======  ====  ==================================================================
offset  size  field (little-endian)
======  ====  ==================================================================
0       4     magic 184C2102
4       4     packed size of the block
8       ..    block: packs 8 MiB of data, the last one less; more blocks
======  ====  ==================================================================

Source: LZ4 Frame Format Description 1.6.4, "Legacy frame". There is no checksum and no end: the frame ends with the input, or
where no block can follow, as at the length of the data that a kernel's build appends (scripts/Makefile.lib, size_append).
Frames may follow each other.
"""

from collections.abc import Generator
from struct import Struct
from typing import ClassVar

import lz4.block

from trueware.errors import MalformedInput
from trueware.formats.compressed import Pass, SmallBlocks, data_entry
from trueware.formats.contract import CHUNK, Buffer, FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_MAGIC = b"\x02\x21\x4c\x18"
_U32 = Struct("<I")
_BLOCK = 8 << 20
_PACKED = _BLOCK + _BLOCK // 255 + 16
"""Bytes a block packs to at most (LZ4_COMPRESSBOUND)."""


class Lz4Legacy:
    """Compressed data in LZ4's legacy framing."""

    name: ClassVar[str] = "lz4-legacy"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "LZ4 compressed data (legacy frame)", references=("LZ4 Frame Format Description 1.6.4, Legacy frame",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return bytes(view[:4]) == _MAGIC and len(view) >= 8 and 0 < _U32.unpack_from(view, 4)[0] <= _PACKED

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Lz4Legacy.matches(view):
            raise MalformedInput("lz4-legacy", 0, "no frame with a block")
        reading = Reading()
        reading.entries = [data_entry(reading, view, limits, lambda this: _frames(view, this))]
        return reading


def _frames(view: memoryview, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of all frames and return where the last one ends."""
    at, size, small = 4, 0, SmallBlocks(this.limits)
    while at + 4 <= len(view):
        if bytes(view[at : at + 4]) == _MAGIC:
            this.end_stream(size, at)
            at, size = at + 4, 0
            continue
        (packed,) = _U32.unpack_from(view, at)
        if not 0 < packed <= _PACKED or packed == size:
            break
        start, end = at + 4, at + 4 + packed
        if end > len(view):
            this.note_truncated(size, at)
            at = len(view)
            break
        this.end = end
        try:
            data = memoryview(lz4.block.decompress(view[start:end], uncompressed_size=_BLOCK))
        except lz4.block.LZ4BlockError as error:
            raise MalformedInput("lz4-legacy", start, f"the block cannot be unpacked ({error})") from error
        if not data:
            raise MalformedInput("lz4-legacy", start, "an empty block")
        small.add(len(data))
        for piece in range(0, len(data), CHUNK):
            yield data[piece : piece + CHUNK]
        size += len(data)
        at = end
    this.end_stream(size, at)
    return at
