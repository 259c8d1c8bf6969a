"""Nodes: all that a ubifs consists of, but for its map of free space.

::

    header   u32 magic 06101831, u32 CRC of all behind it, u64 sequence, u32 length, u8 type, u8 group, u16 unused
    key      u32 inode, u32 three bits of a kind (0 inode, 1 data, 2 name, 3 attribute) and 29 of a block or of a hash;
             in the node of a thing in the first half of 16 bytes
    inode    key, u64 creation sequence, u64 size, u64 seconds of access, change, modification, u32 nanoseconds of each, u32 links,
             u32 uid, u32 gid, u32 mode, u32 flags, u32 length of the data, u32 attributes, u32 their size, u32 unused,
             u32 size of their names, u16 compressor, 26 unused; data (a link's target, a device's number, an attribute's value)
    data     key, u32 size, u16 compressor, u16 size before encryption; data
    name     key, u64 inode (0: the name is gone), u8 unused, u8 kind, u16 length, u32 cookie; name, 0
    index    u16 branches, u16 level; of each branch u32 block, u32 offset, u32 length, first key (8 bytes), hash if authenticated
    cut      u32 inode, 12 unused, u64 old size, u64 new size
    padding  u32 length of the padding behind it

Each begins at a multiple of eight within a logical erase block. CRCs are CRC-32, not inverted at the end.
Source: Linux fs/ubifs/ubifs-media.h, key.h.
"""

from enum import IntEnum
from operator import mul
from struct import Struct
from typing import Any

from isal.isal_zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Buffer

FORMAT = "ubifs"
MAGIC = b"\x31\x18\x10\x06"
MAGIC_WORD = 0x06101831
HEADER_SIZE, INODE_SIZE, DATA_SIZE, NAME_SIZE, INDEX_SIZE, PAD_SIZE = 24, 160, 48, 56, 28, 28
ROOT = 1
_MAX_NAME = 255
BLOCK = 4096
"""Bytes of a file that a node of data holds."""

HEADER = Struct("<2IQI4B")
INODE = Struct("<2I8xIB3x2I8x8xQ16xQ12x6I8xI4xH26s")
"""Behind the header: key, size, modification, links, uid, gid, mode, flags, length of the data, unused, compressor, unused."""

DATA = Struct("<2I8xIB3x2I8xI2H")
"""Key, size, compressor, size before encryption."""

NAME = Struct("<2I8xIB3x2I8xQxBH4x")
"""Key, inode, kind, length."""

INDEX = Struct("<2I8xIB3x2H")
"""Branches, level."""

CUT = Struct("<2I8xIB3xI12x2Q")
"""Inode, old size, new size."""

_PADDED = Struct("<24xI")

_PADDING = b"\xce" * 8
"""Stands where there is no room for a node of padding."""

KIND_SHIFT = 29
REST = (1 << KIND_SHIFT) - 1


class Type(IntEnum):
    """What a node is."""

    INODE = 0
    DATA = 1
    NAME = 2
    ATTRIBUTE = 3
    CUT = 4
    PADDING = 5
    SUPERBLOCK = 6
    MASTER = 7
    REFERENCE = 8
    INDEX = 9
    COMMIT = 10
    ORPHAN = 11
    AUTHENTICATION = 12
    SIGNATURE = 13


THINGS = (Type.INODE, Type.DATA, Type.NAME, Type.ATTRIBUTE)
"""What a file system is about; a node's key has their number as its kind."""


def crc(data: Buffer) -> int:
    """Return the CRC-32 of some bytes, not inverted at the end."""
    found: int = crc32(data)
    return found ^ 0xFFFFFFFF


def read(view: memoryview, at: int, size: int, kind: int, layout: Struct) -> tuple[Any, ...]:
    """Return the fields, header and all, of the node at `at`, which must have `size` bytes and be of a kind.

    Fields begin with magic, CRC, length and type.

    Raises:
        WrongSum: its CRC does not fit.
        MalformedInput: there is no such node.
    """
    if size < layout.size or at + size > len(view):
        raise MalformedInput(FORMAT, at, f"a node of {size} bytes")
    fields = layout.unpack_from(view, at)
    magic, stated, length, found, *_ = fields
    if magic != MAGIC_WORD or length != size or found != kind:
        raise MalformedInput(FORMAT, at, f"no node of type {kind} and {size} bytes")
    if crc(view[at + 8 : at + size]) != stated:
        raise WrongSum(FORMAT, at, "the CRC-32 of a node does not fit")
    return fields


class WrongSum(MalformedInput):
    """A node whose CRC does not fit."""


def fault(view: memoryview, at: int) -> str:
    """Return what is wrong with the node at `at`, nothing if it is sound."""
    if at + HEADER_SIZE > len(view):
        return "no room for a node"
    magic, stated, _, length, *_ = HEADER.unpack_from(view, at)
    if magic != MAGIC_WORD or length < HEADER_SIZE or at + length > len(view):
        return "no node"
    return "" if crc(view[at + 8 : at + length]) == stated else "the CRC-32 of a node does not fit"


def scan(view: memoryview, start: int, end: int) -> tuple[list[tuple[int, int]], int]:
    """Return where in ``[start, end)`` nodes follow each other and of which type they are, and where none begins any more.

    Padding is passed over.
    """
    found: list[tuple[int, int]] = []
    at, header = start, HEADER.unpack_from
    while at + HEADER_SIZE <= end:
        magic, _, _, length, kind, *_ = header(view, at)
        if magic != MAGIC_WORD:
            if view[at : at + 8] != _PADDING:
                break
            at += 8
            continue
        after = at + (length + 7 & ~7)
        if kind == Type.PADDING and at + PAD_SIZE <= end:
            after = at + (length + _PADDED.unpack_from(view, at)[0] + 7 & ~7)
        if length < HEADER_SIZE or after > end:
            break
        found.append((at, kind))
        at = after
    while view[at : min(at + 8, end)] == _PADDING:  # no node of padding fits
        at += 8
    return found, at


def hash_of(name: bytes, function: int) -> int:
    """Return the hash of a name as it stands in keys: by r5 (0) or the first four bytes (1)."""
    if function:
        value = int.from_bytes(name[:4].ljust(4, b"\0"), "little")
    else:  # to each step, the byte is added and all multiplied by 11
        value = sum(map(mul, map(_R5_BYTES.__getitem__, name), _R5_POWERS[-len(name) :]))
    value &= REST
    return value if value > 2 else value + 3


_R5_BYTES = tuple((byte << 4) + (byte >> 4) for byte in (*range(128), *range(-128, 0)))
_R5_POWERS = tuple(pow(11, power, 1 << 32) for power in range(_MAX_NAME, 0, -1))
