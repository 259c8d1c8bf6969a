"""The blocks of a partition, put in their places; what no block fills reads as zeros."""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.codecs import unlz4
from trueware.formats.contract import Buffer, Entry, Produced, Reading
from trueware.formats.scattered import zeros
from trueware.model.part import Kind

_MAP, _PARTITION = Struct(">4sI"), Struct(">4sI16s")
_PLAIN, _PACKED = Struct(">4sIQQQI"), Struct(">4sIQQQQQI")
_RATIO, _LARGEST = 255, 1 << 28
"""How much longer than its packed form a block can be, and how long any is."""


class _Block(NamedTuple):
    start: int
    """In the image."""

    size: int
    place: int
    """In the partition."""

    unpacked: int | None
    """Length, None where it is not packed."""

    @property
    def length(self) -> int:
        return self.size if self.unpacked is None else self.unpacked


def partition_of(view: memoryview, start: int, reading: Reading) -> Entry | None:
    """Return the partition whose map begins at `start`, None where there is no map that makes sense.

    Accounts for map and blocks in `reading`.
    """
    if start + _MAP.size + _PARTITION.size > len(view) or bytes(view[start : start + 4]) != b"MMCF":
        return None
    _, length = _MAP.unpack_from(view, start)
    magic, own, identity = _PARTITION.unpack_from(view, start + _MAP.size)
    end = start + _MAP.size + length
    if magic != b"GPTP":
        return None
    if own != _PARTITION.size or end > len(view):
        reading.note_anomaly("unsupported", "a map of blocks in another form", start)
        return None
    try:
        blocks = list(_blocks(view[:end], start + _MAP.size + own, len(view)))
    except MalformedInput as error:
        reading.note_anomaly("unsupported", f"a map of blocks in another form: {error.reason}", error.offset)
        return None
    reading.facts["partition"] = identity.hex()
    reading.notes["blocks"] = str(len(blocks))
    reading.cover(start, end)
    for block in blocks:
        reading.cover(block.start, block.start + block.size)
    size = max((block.place + block.length for block in blocks), default=0)
    return Entry("partition", Kind.REGION, Produced(lambda: _unpack(view, blocks), size), size)


def _blocks(table: memoryview, at: int, size: int) -> Iterator[_Block]:
    """Yield the blocks of a map that ends with `table`, in an image of `size` bytes."""
    base, reach = len(table), 0
    while at < len(table):
        magic = bytes(table[at : at + 4])
        packed = magic == b"LZ4A"
        layout = _PACKED if packed else _PLAIN
        if at + layout.size > len(table) or magic not in (b"LZ4A", b"ADDR"):
            raise MalformedInput("sin", at, "no block")
        _, length, offset, *lengths, last, _ = layout.unpack_from(table, at)
        if packed:
            unpacked, stored, place = (*lengths, last)[:3]
            block = _Block(base + offset, stored, place, unpacked)
            if unpacked > min(_RATIO * stored, _LARGEST):
                raise MalformedInput("sin", at, f"{stored} bytes that unpack to {unpacked}")
        else:
            block = _Block(base + offset, lengths[0], last, None)
        if not layout.size <= length <= len(table) - at or block.start + block.size > size or block.place < reach:
            raise MalformedInput("sin", at, f"{block.size} bytes at {block.start:#x} for {block.place:#x}")
        yield block
        reach, at = block.place + block.length, at + length


def _unpack(view: memoryview, blocks: Sequence[_Block]) -> Iterator[Buffer]:
    at = 0
    for block in blocks:
        yield from zeros(block.place - at)
        data: Buffer = view[block.start : block.start + block.size]
        if block.unpacked is not None:
            data = unlz4(data, block.unpacked)
            if len(data) != block.unpacked:
                raise MalformedInput("sin", block.start, f"{len(data)} of {block.unpacked} bytes come out of a block")
        yield data
        at = block.place + block.length
