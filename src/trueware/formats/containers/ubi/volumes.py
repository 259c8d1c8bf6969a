"""Volumes: the table that names them, and their content, put together from the blocks that hold it.

The table stands in both blocks of a volume of its own, as many records as fit and at most 128:

======  ====  ==============================================================
offset  size  field (big-endian)
======  ====  ==============================================================
0       4     blocks that are reserved for the volume, 0: there is none
4       4     alignment
8       4     bytes at the end of each block that are not used for that
12      1     type: 1 dynamic, 2 static
13      1     1: an update has begun and not ended
14      2     length of the name
16      128   name
144     1     flags: 1 grows to what is free at first use, 2 its CRCs are not checked on opening
145     23    unused
168     4     CRC-32 (not inverted at the end) of all before it
======  ====  ==============================================================

Source: Linux drivers/mtd/ubi/ubi-media.h, vtbl.c.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.containers.ubi.headers import FORMAT, crc
from trueware.formats.contract import CHUNK, Buffer, Content, Reading

RECORD_SIZE, MAX_VOLUMES = 172, 128
_AUTORESIZE = 1

_RECORD = Struct(">3I2BH128sB23s")
_EMPTY = bytes(RECORD_SIZE - 4)
_ERASED = memoryview(b"\xff" * CHUNK)


class Record(NamedTuple):
    """What the table says of a volume."""

    number: int
    reserved: int
    alignment: int
    padding: int
    type: int
    updating: int
    name: bytes
    flags: int

    @property
    def autoresize(self) -> bool:
        """Whether a device makes it larger at first use; it takes the flag away then."""
        return bool(self.flags & _AUTORESIZE)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what means something to a device; how much is reserved it decides itself, where it may grow."""
        told = [("alignment", str(self.alignment)), ("id", str(self.number))]
        if self.flags & ~_AUTORESIZE:
            told.append(("flags", f"{self.flags & ~_AUTORESIZE:#x}"))
        told.append(("type", {1: "dynamic", 2: "static"}.get(self.type, str(self.type))))
        return tuple(told)


def read_table(view: memoryview, at: int, room: int) -> list[Record] | None:
    """Return the records of the table at `at`, None if a CRC does not fit."""
    records = []
    for number in range(min(MAX_VOLUMES, room // RECORD_SIZE)):
        start = at + number * RECORD_SIZE
        raw = view[start : start + RECORD_SIZE - 4]
        if view[start + len(raw) : start + RECORD_SIZE] != crc(raw).to_bytes(4, "big"):
            return None
        if raw == _EMPTY:
            continue
        reserved, alignment, padding, kind, updating, length, name, flags, unused = _RECORD.unpack(raw)
        fits = length < len(name) and b"\0" not in name[:length] and not any(name[length:])
        if not reserved or not length or not fits or any(unused) or updating > 1:
            return None
        records.append(Record(number, reserved, alignment, padding, kind, updating, name[:length], flags))
    return records


class Block(NamedTuple):
    """Where a block of a volume lies, and the CRC-32 of its data where that must fit."""

    start: int
    size: int
    crc: int | None


class VolumeContent:
    """The content of a volume: its blocks one after the other, of a dynamic one erased flash where there is none."""

    __slots__ = ("_blocks", "_path", "_reading", "_unit", "_view", "group", "size")

    def __init__(
        self, view: memoryview, blocks: dict[int, Block], count: int, unit: int, path: str, reading: Reading
    ) -> None:
        """Take `count` blocks, those that are there by number; `unit` is the length of one that is not, 0: it must be."""
        self._view, self._unit, self._path, self._reading = view, unit, path, reading
        self._blocks = [*sorted(blocks.items()), (count, Block(0, 0, None))]
        self.size: int | None = sum([block.size for block in blocks.values()]) + (count - len(blocks)) * unit
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Yield the blocks as they lie in the image."""
        expected = 0
        for number, block in self._blocks:
            if number > expected:
                if not self._unit:
                    raise MalformedInput(FORMAT, 0, f"block {expected} of {self._path} is not there")
                yield from _erased((number - expected) * self._unit)
            expected = number + 1
            data = self._view[block.start : block.start + block.size]
            if len(data) < block.size:
                raise MalformedInput(FORMAT, block.start, f"block {number} of {self._path} is cut off")
            if block.crc is not None and crc(data) != block.crc:
                self._reading.note_anomaly("checksum-mismatch", f"CRC-32 of block {number}", block.start, self._path)
            if block.size:
                yield data


def _erased(size: int) -> Iterator[Buffer]:
    while size > 0:
        yield _ERASED[:size]
        size -= CHUNK


_: tuple[type[Content], ...] = (VolumeContent,)
