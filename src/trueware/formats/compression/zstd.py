"""Zstandard, one or several frames with skippable frames among them, as RFC 8878 describes it.

======  ====  ==================================================================
offset  size  field (little-endian)
======  ====  ==================================================================
0       4     magic FD2FB528
4       1     descriptor: size of content size, single segment, checksum, size of dictionary id
5       0-13  window descriptor, dictionary id, content size
…       3     block header: bit 0 last, bits 1-2 type (0 raw, 1 one byte repeated, 2 compressed), 21 bits size
…       ..    block (type 1: one byte); more blocks
…       0/4   low half of XXH64 of the data
======  ====  ==================================================================

Source: RFC 8878 §3.1. Blocks are handed to libzstd one by one: none unpacks to more than 128 KiB (§3.1.1.2.4), which bounds
the output, and their headers say where a frame ends before any of it is unpacked.
"""

from collections.abc import Generator, Iterator
from typing import ClassVar

import zstandard

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.compressed import MAX_WINDOW, Pass, SmallBlocks, data_entry
from trueware.formats.contract import Buffer, FormatDoc, Magic, Reading
from trueware.formats.framed import SKIPPABLE_MAGICS, Frame, Walk, begins, walk
from trueware.model.limits import Limits

_MAGIC = b"\x28\xb5\x2f\xfd"
_LONGEST_HEADER = 18
_REPEATED, _COMPRESSED, _RESERVED = 1, 2, 3


class Zstd:
    """Compressed data in Zstandard's framing."""

    name: ClassVar[str] = "zstd"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Zstandard compressed data",
        references=("RFC 8878",),
        limitations=(
            "frames that need a dictionary",
            f"windows over {MAX_WINDOW >> 20} MiB",
            "formats before version 0.8",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC), *SKIPPABLE_MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return begins(view, _MAGIC)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        found = walk(view, Zstd.name, _MAGIC, _frame, limits)
        reading = Reading()
        reading.entries = [data_entry(reading, view, limits, lambda this: _frames(view, found, this)), *found.skippable]
        return reading


def _frame(view: memoryview, at: int, small: SmallBlocks) -> Frame:
    """Read the header of the frame at `at` and find its end."""
    head = bytes(view[at : at + _LONGEST_HEADER])
    try:
        parameters = zstandard.get_frame_parameters(head)
        blocks = at + zstandard.frame_header_size(head)
    except zstandard.ZstdError as error:
        raise MalformedInput("zstd", at, f"bad frame header ({error})") from error
    if parameters.dict_id:
        raise UnsupportedInput("zstd", at, f"needs the dictionary {parameters.dict_id}")
    if parameters.window_size > MAX_WINDOW:
        raise UnsupportedInput("zstd", at, f"a window of {parameters.window_size} bytes, at most {MAX_WINDOW} are kept")
    end, complete = blocks, False
    for start, end, complete in _blocks(view, blocks):  # noqa: B007 (the last one counts)
        header = int.from_bytes(view[start : start + 3], "little")
        small.add(header >> 3, packed=header >> 1 & 3 == _COMPRESSED)
    end += 4 * parameters.has_checksum
    complete = complete and end <= len(view)
    return Frame(at, blocks, end if complete else len(view), complete, bool(parameters.has_checksum))


def _blocks(view: memoryview, at: int) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and whether it is the last for each block that is there in full."""
    last = False
    while not last and at + 3 <= len(view):
        header = int.from_bytes(view[at : at + 3], "little")
        last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        if kind == _RESERVED:
            raise MalformedInput("zstd", at, "a block of the reserved type")
        end = at + 3 + (1 if kind == _REPEATED else size)
        if end > len(view):
            return
        yield at, end, last
        at = end


def _frames(view: memoryview, found: Walk, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of all frames and return where the last frame of any kind ends."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)  # making one costs more than a small frame
    for frame in found.frames:
        this.end = frame.end
        size = yield from _data(view, frame, unpacker, this)
        this.end_stream(size, frame.end)
        if not frame.complete:
            this.note_truncated(size, frame.end)
    return found.finish(this)


def _data(
    view: memoryview, frame: Frame, unpacker: zstandard.ZstdDecompressor, this: Pass
) -> Generator[bytes, None, int]:
    """Yield the data of one frame and return its length."""
    decompressor = unpacker.decompressobj()
    size, at = 0, frame.start
    for _, end, _ in _blocks(view, frame.blocks):
        try:
            data = decompressor.decompress(view[at:end])
        except zstandard.ZstdError as error:
            raise MalformedInput("zstd", at, f"the block cannot be unpacked ({error})") from error
        at = end
        size += len(data)
        yield data  # even if there is none: blocks may be tiny and many, and time is only looked at between chunks
    if frame.complete and frame.checksum:
        try:
            decompressor.decompress(view[at : frame.end])
        except zstandard.ZstdError:
            this.note_anomaly("checksum-mismatch", "the low half of XXH64 of the data does not fit", at)
    return size
