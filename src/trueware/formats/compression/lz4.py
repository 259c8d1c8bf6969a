"""LZ4 frames, one or several, with skippable frames among them.

======  ====  ==================================================================
offset  size  field (little-endian)
======  ====  ==================================================================
0       4     magic 184D2204
4       1     flags: bits 6-7 version 1, 5 blocks independent, 4 block checksums, 3 content size,
              2 content checksum, 0 dictionary id
5       1     bits 4-6 block size: 4 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB
6       0-12  content size (8), dictionary id (4)
…       1     second byte of XXH32 of the header
…       4     size of the block, top bit set: stored; 0: no more
…       ..    block, then XXH32 of it if flagged; more blocks
…       0/4   XXH32 of the data if flagged
======  ====  ==================================================================

Source: LZ4 Frame Format Description 1.6.4 (lz4, doc/lz4_Frame_format.md). liblz4 verifies all of it; what this reader finds in
the headers of blocks is where a frame ends.
"""

from collections.abc import Generator
from struct import Struct
from typing import ClassVar

import lz4.frame

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.compressed import Pass, SmallBlocks, data_entry, drain
from trueware.formats.contract import Buffer, FormatDoc, Magic, Reading
from trueware.formats.framed import SKIPPABLE_MAGICS, Frame, Walk, begins, walk
from trueware.model.limits import Limits

_MAGIC = b"\x04\x22\x4d\x18"
_U32 = Struct("<I")
_SHORTEST_HEADER = 7
_BLOCK_CHECKSUM, _CONTENT_SIZE, _CONTENT_CHECKSUM, _DICTIONARY = 0x10, 0x08, 0x04, 0x01
_STORED = 1 << 31


class Lz4:
    """Compressed data in LZ4's framing."""

    name: ClassVar[str] = "lz4"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "LZ4 compressed data",
        references=("LZ4 Frame Format Description 1.6.4",),
        limitations=("frames that need a dictionary",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC), *SKIPPABLE_MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return begins(view, _MAGIC)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        found = walk(view, Lz4.name, _MAGIC, _frame, limits)
        reading = Reading()
        reading.entries = [data_entry(reading, view, limits, lambda this: _frames(view, found, this)), *found.skippable]
        return reading


def _frame(view: memoryview, at: int, small: SmallBlocks) -> Frame:
    """Read the header of the frame at `at` and find its end by the sizes of its blocks."""
    if len(view) - at < _SHORTEST_HEADER:
        raise MalformedInput("lz4", at, "shorter than a frame header")
    flags = view[at + 4]
    if flags & _DICTIONARY:
        raise UnsupportedInput("lz4", at + 4, "needs a dictionary")
    blocks = at + _SHORTEST_HEADER + (8 if flags & _CONTENT_SIZE else 0)
    behind = 4 if flags & _BLOCK_CHECKSUM else 0
    end, complete = blocks, False
    while not complete and end + 4 <= len(view):
        (stated,) = _U32.unpack_from(view, end)
        end += 4
        if stated:
            size = stated & ~_STORED
            small.add(size, packed=not stated & _STORED)
            end += size + behind
        else:
            complete = True
    checksum = bool(flags & _CONTENT_CHECKSUM)
    end += 4 * checksum
    complete = complete and end <= len(view)
    return Frame(at, blocks, end if complete else len(view), complete, checksum)


def _frames(view: memoryview, found: Walk, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of all frames and return where the last frame of any kind ends."""
    for frame in found.frames:
        this.end = frame.end
        # the checksum of the data is held back: liblz4 would not tell a wrong one from damage
        checked = frame.end - 4 if frame.complete and frame.checksum else frame.end
        decompressor = lz4.frame.LZ4FrameDecompressor()
        _, size, _ = yield from drain(decompressor, view[:checked], frame.start, Lz4.name, RuntimeError)
        this.end_stream(size, frame.end)
        if not frame.complete:
            this.note_truncated(size, frame.end)
        elif frame.checksum:
            try:
                decompressor.decompress(view[checked : frame.end], 0)
            except RuntimeError:
                this.note_anomaly("checksum-mismatch", "the XXH32 of the data does not fit", checked)
    return found.finish(this)
