"""The two headers of an erase block: how often it was erased, and which block of which volume it holds.

Erase counter header, at the start of every block:

======  ====  ==============================================================
offset  size  field (big-endian)
======  ====  ==============================================================
0       4     magic "UBI#"
4       1, 3  version, 1; unused
8       8     erase counter
16      4     offset of the other header
20      4     offset of the data
24      4     number of the image: the same in all its blocks
28      32    unused
60      4     CRC-32 (not inverted at the end) of all before it
======  ====  ==============================================================

Volume identifier header, of a block in use:

======  ====  ==============================================================
offset  size  field (big-endian)
======  ====  ==============================================================
0       4     magic "UBI!"
4       1     version, 1
5       1     type of the volume: 1 dynamic, 2 static
6       1     1: the block was copied from another one
7       1     for an internal volume, what who does not know it should do
8       4     volume
12      4     logical block
16      4     unused
20      4     size of the data: of a static volume or a copy
24      4     blocks of the volume: of a static one
28      4     bytes at the end that are not used, for an alignment
32      4     CRC-32 of the data: of a static volume or a copy
36      4     unused
40      8     sequence number
48      12    unused
60      4     CRC-32 of all before it
======  ====  ==============================================================

Source: Linux drivers/mtd/ubi/ubi-media.h, io.c.
"""

from struct import Struct
from typing import NamedTuple

from isal.isal_zlib import crc32

from trueware.formats.contract import Buffer

FORMAT = "ubi"
EC_MAGIC, VID_MAGIC = b"UBI#", b"UBI!"
SIZE = 64
VERSION = 1
DYNAMIC, STATIC = 1, 2
FIRST_INTERNAL = 0x7FFFEFFF
LAYOUT = FIRST_INTERNAL
FASTMAP = (LAYOUT + 1, LAYOUT + 2)

_EC = Struct(">4sB3sQ3I32sI")
_VID = Struct(">4s4B2I4s4I4sQ12sI")


def crc(data: Buffer) -> int:
    """Return the CRC-32 of some bytes, not inverted at the end."""
    return int(crc32(data)) ^ 0xFFFFFFFF


class Counter(NamedTuple):
    """An erase counter header."""

    version: int
    erased: int
    header_offset: int
    data_offset: int
    image: int
    unused: bool


class Identifier(NamedTuple):
    """A volume identifier header."""

    type: int
    copied: int
    compat: int
    volume: int
    block: int
    data_size: int
    blocks: int
    padding: int
    data_crc: int
    sequence: int
    unused: bool

    def fault(self, room: int) -> str:
        """Return what Linux objects to in a header of a block with `room` bytes for data, nothing where it takes it."""
        usable = room - self.padding
        if self.type not in (DYNAMIC, STATIC) or self.copied > 1:
            return f"a volume of type {self.type}, copied {self.copied}"
        if self.compat if self.volume < FIRST_INTERNAL else self.compat not in (1, 2, 4, 5):
            return f"volume {self.volume:#x} with compatibility {self.compat}"
        if self.padding * 2 >= room or self.data_size > usable:
            return f"{self.padding} bytes unused and {self.data_size} used of {room}"
        if self.type == STATIC:
            last = self.block == self.blocks - 1
            if self.block >= self.blocks or not self.data_size or not (last or self.data_size == usable):
                return f"{self.data_size} bytes in block {self.block} of {self.blocks} of a static volume"
        elif self.blocks or bool(self.data_size) != bool(self.copied) or (self.data_crc and not self.copied):
            return "a block of a dynamic volume that says how much data it has"
        return ""


def read_counter(view: memoryview, at: int) -> Counter | None:
    """Return the erase counter header at `at`, None if there is none or its CRC is wrong."""
    if view[at : at + 4] != EC_MAGIC or at + SIZE > len(view):
        return None
    _, version, one, erased, header, data, image, other, stated = _EC.unpack_from(view, at)
    if crc(view[at : at + SIZE - 4]) != stated:
        return None
    return Counter(version, erased, header, data, image, any(one + other))


def read_identifier(view: memoryview, at: int) -> Identifier | None:
    """Return the volume identifier header at `at`, None if there is none or its CRC is wrong."""
    if view[at : at + 4] != VID_MAGIC or at + SIZE > len(view):
        return None
    (
        _,
        version,
        kind,
        copied,
        compat,
        volume,
        block,
        one,
        size,
        blocks,
        padding,
        data_crc,
        two,
        sequence,
        three,
        stated,
    ) = _VID.unpack_from(view, at)
    if crc(view[at : at + SIZE - 4]) != stated or version != VERSION:
        return None
    unused = any(one + two + three)
    return Identifier(kind, copied, compat, volume, block, size, blocks, padding, data_crc, sequence, unused)
