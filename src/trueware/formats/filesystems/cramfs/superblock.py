"""The superblock of cramfs, at byte 0 or, where there is room for a boot sector, at 512.

======  ====  ==============================================================
offset  size  field (in the byte order of the device)
======  ====  ==============================================================
0       4     magic, 28CD3D45
4       4     size of the file system
8       4     flags, see `Flag`
12      4     unused
16      16    "Compressed ROMFS"
32      4     CRC-32 of all of it, this field as 0 (version 2)
36      4     edition
40      4, 4  number of blocks, of files
48      16    name
64      12    inode of the root
======  ====  ==============================================================

An inode is a row of bit fields; on big-endian devices these begin with the highest bit of their word, on others with the lowest:

::

    mode 16, user 16 | size 24, group 8 | length of the name in words 6, where its content or folder is in words 26

Source: Linux include/uapi/linux/cramfs_fs.h, fs/cramfs/inode.c; util-linux disk-utils/mkfs.cramfs.c.
"""

from dataclasses import dataclass
from enum import IntFlag
from struct import Struct
from zlib import crc32

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.claims import Claims
from trueware.formats.contract import Reading

FORMAT = "cramfs"
MAGICS = (b"\x45\x3d\xcd\x28", b"\x28\xcd\x3d\x45")
SHIFTS = (0, 512)
"""Where a superblock may be."""

INODE = 12

_SIGNATURE = b"Compressed ROMFS"
_FIELDS = "4s3I16s4I16s3I"
_SIZE = 76
_CRC = 32
_DEFAULT_NAME = "Compressed"
_WITHOUT_SIZE = 1 << 28


class Flag(IntFlag):
    """Flags of the superblock; the lowest eight, Linux lets pass."""

    VERSION_2 = 0x001
    SORTED = 0x002
    HOLES = 0x100
    WRONG_SIGNATURE = 0x200
    SHIFTED_ROOT = 0x400
    BLOCK_POINTERS = 0x800


@dataclass(frozen=True, slots=True)
class Inode:
    """One inode."""

    mode: int
    uid: int
    gid: int
    size: int
    name_words: int
    at: int
    """First byte of what it holds."""


@dataclass(frozen=True, slots=True)
class Superblock:
    """What the rest of the reader needs to know."""

    start: int
    order: str
    """As `struct` writes it."""

    size: int
    flags: Flag
    root: Inode

    def inode(self, words: tuple[int, int, int]) -> Inode:
        """Return the inode in three words."""
        return _inode(self.order, words)


def find(view: memoryview) -> int | None:
    """Return where a superblock is, None for nowhere."""
    for shift in SHIFTS:
        signature = view[shift + 16 : shift + 32]
        if bytes(view[shift : shift + 4]) in MAGICS and signature == _SIGNATURE and len(view) >= shift + _SIZE:
            return shift
    return None


def read_superblock(view: memoryview, claims: Claims, reading: Reading) -> Superblock:
    """Return the superblock, and tell of it.

    Raises:
        UnsupportedInput: with flags that are not known.
        MalformedInput: there is none.
    """
    start = find(view)
    if start is None:
        raise MalformedInput(FORMAT, 0, "no superblock")
    order = "<" if bytes(view[start : start + 4]) == MAGICS[0] else ">"
    _, size, bits, unused, _, crc, edition, _, _, name, *words = Struct(order + _FIELDS).unpack_from(view, start)
    if bits & ~(0xFF | sum(Flag)):
        raise UnsupportedInput(FORMAT, start + 8, f"flags {bits:#x}")
    flags = Flag(bits & sum(Flag))
    if Flag.VERSION_2 not in flags and not start + _SIZE <= size <= len(view):
        size = min(len(view), _WITHOUT_SIZE)
    if size < start + _SIZE:
        raise MalformedInput(FORMAT, start + 4, f"{size} bytes, fewer than those of the superblock")
    root = _inode(order, (words[0], words[1], words[2]))
    sb = Superblock(start, order, size, flags, root)
    claims.take(start, start + _SIZE)
    text = name.rstrip(b"\0").decode("utf-8", "surrogateescape")
    if text != _DEFAULT_NAME:
        reading.facts["label"] = text
    reading.facts["byte-order"] = "little" if order == "<" else "big"
    reading.notes |= {"flags": f"{bits:#x}", "edition": str(edition)}
    if bits & (0xFC | Flag.WRONG_SIGNATURE) or unused or root.name_words:
        reading.note_anomaly("reserved-bits", f"flags {bits:#x}, {unused:#x} behind them", start + 8)
    if root.at not in (SHIFTS[0] + _SIZE, SHIFTS[1] + _SIZE, 0) and Flag.SHIFTED_ROOT not in flags:
        reading.note_anomaly("contradiction", f"the root is at {root.at:#x}: Linux would not mount it", start + 72)
    if size > len(view):
        reading.note_anomaly("truncated", f"{size - len(view)} of {size} bytes are missing", len(view))
    elif Flag.VERSION_2 in flags:
        place = start + _CRC
        found = crc32(view[place + 4 : size], crc32(bytes(4), crc32(view[start:place])))
        if found != crc:
            reading.note_anomaly("checksum-mismatch", f"CRC-32 is {found:08x}, the superblock says {crc:08x}", place)
    return sb


def _inode(order: str, words: tuple[int, int, int]) -> Inode:
    first, second, third = words
    if order == "<":
        return Inode(first & 0xFFFF, first >> 16, second >> 24, second & 0xFFFFFF, third & 0x3F, third >> 6 << 2)
    return Inode(first >> 16, first & 0xFFFF, second & 0xFF, second >> 8, third >> 26, (third & 0x3FFFFFF) << 2)
