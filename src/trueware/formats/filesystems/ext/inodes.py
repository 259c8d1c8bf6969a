"""Inodes: what the file system keeps about each file besides its name.

======  ====  ==================================================================================
offset  size  field
======  ====  ==================================================================================
0x00    2     mode; 0x02 uid, 0x18 gid (high halves at 0x78, 0x7A)
0x04    4     size (high half at 0x6C)
0x10    4     mtime; 0x08 atime, 0x0C ctime, 0x14 dtime
0x1A    2     links; 0x1C sectors in use (high part at 0x74)
0x20    4     flags
0x28    60    block numbers, extents, target of a short link, device number or the content itself
0x64    4     generation; 0x68 block of extended attributes (high part at 0x76)
0x7C    2     checksum (high half at 0x82)
0x80    2     bytes of further fields; 0x88 more of mtime: two bits of epoch, nanoseconds
======  ====  ==================================================================================

Extended attributes follow the further fields. Source: Linux Documentation/filesystems/ext4/inodes.rst, fs/ext4/inode.c.
"""

from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ext.checksums import crc32c
from trueware.formats.filesystems.ext.groups import Group
from trueware.formats.filesystems.ext.superblock import Incompat, Superblock
from trueware.model.part import Kind

FLAG_COMPRESSED = 0x4
FLAG_IMMUTABLE = 0x10
FLAG_APPEND = 0x20
FLAG_ENCRYPTED = 0x800
FLAG_INDEX = 0x1000
FLAG_HUGE = 0x40000
FLAG_EXTENTS = 0x80000
FLAG_VERITY = 0x100000
FLAG_EA_INODE = 0x200000
FLAG_INLINE = 0x10000000
FLAG_CASEFOLD = 0x40000000

_CORE = Struct("<2H I 8x i 4x 2H 2I 4x 60s 3I 4x 4H H 2x")
_WHOLE = Struct(_CORE.format + "2H 4x B")
_IDENTITY = Struct("<2I")
_CORE_SIZE, _CHECKSUM_HIGH_END, _MTIME_EXTRA_END = 128, 0x84 - 0x80, 0x8C - 0x80
_KINDS = {
    0x1: Kind.FIFO,
    0x2: Kind.CHARACTER,
    0x4: Kind.DIRECTORY,
    0x6: Kind.BLOCK,
    0x8: Kind.FILE,
    0xA: Kind.SYMLINK,
    0xC: Kind.SOCKET,
}


class Inode(NamedTuple):
    """One inode, its numbers put together from their halves."""

    number: int
    offset: int
    """Where it lies in the image."""
    kind: Kind | None
    """None where the mode names no kind."""
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    links: int
    sectors: int
    """Space in use, in units of 512 bytes, or of blocks with `FLAG_HUGE`."""
    flags: int
    block: bytes
    attributes_block: int
    tail: bytes
    """What follows the fields: extended attributes, with their magic."""
    generation: int


def block_seed(inode: Inode, sb: Superblock) -> int:
    """Return what the checksums of blocks that belong to an inode start from."""
    return crc32c(sb.seed, _IDENTITY.pack(inode.number, inode.generation))


class InodeTable:
    """Reads inodes by their number."""

    def __init__(self, view: memoryview, sb: Superblock, groups: list[Group], reading: Reading) -> None:
        self._view, self._sb, self._groups, self._reading = view, sb, groups, reading
        self._large_folders = Incompat.LARGEDIR in sb.incompat

    def read(self, number: int) -> Inode:
        """Return an inode; a checksum that does not fit is reported.

        Raises:
            MalformedInput: there is no such inode.
        """
        sb = self._sb
        group, place = divmod(number - 1, sb.inodes_per_group)
        if not 0 <= group < len(self._groups):
            raise MalformedInput("ext", len(self._view), f"there is no inode {number}")
        at = self._groups[group].inode_table * sb.block_size + place * sb.inode_size
        raw = bytes(self._view[at : at + sb.inode_size])
        if len(raw) < sb.inode_size:
            raise MalformedInput("ext", at, f"inode {number} is behind the end of the image")
        extra, checksum_high, epoch, tail = 0, 0, 0, b""
        if len(raw) == _CORE_SIZE:
            (
                mode, uid, size, mtime, gid, links, sectors, flags, block, generation, attributes, size_high,
                sectors_high, attributes_high, uid_high, gid_high, checksum,
            ) = _CORE.unpack(raw)  # fmt: skip
        else:
            (
                mode, uid, size, mtime, gid, links, sectors, flags, block, generation, attributes, size_high,
                sectors_high, attributes_high, uid_high, gid_high, checksum, extra, checksum_high, epoch,
            ) = _WHOLE.unpack_from(raw)  # fmt: skip
            if extra & 3 or _CORE_SIZE + extra > len(raw):
                raise MalformedInput("ext", at + _CORE_SIZE, f"inode {number} has {extra} bytes of further fields")
            tail = raw[_CORE_SIZE + extra :]
            if extra >= _MTIME_EXTRA_END:
                mtime += (epoch & 3) << 32
        kind = _KINDS.get(mode >> 12)
        if size_high and (self._large_folders or kind is Kind.FILE):
            size |= size_high << 32
        if sb.wide:
            attributes |= attributes_high << 32
        if sb.checksummed:
            identity = _IDENTITY.pack(number, generation)
            if extra >= _CHECKSUM_HIGH_END:
                checksum |= checksum_high << 16
                found = crc32c(sb.seed, identity + raw[:0x7C] + b"\0\0" + raw[0x7E:0x82] + b"\0\0" + raw[0x84:])
            else:
                found = crc32c(sb.seed, identity + raw[:0x7C] + b"\0\0" + raw[0x7E:]) & 0xFFFF
            if found != checksum:
                detail = f"CRC-32C of inode {number} is {found:08x}, it says {checksum:08x}"
                self._reading.note_anomaly("checksum-mismatch", detail, at + 0x7C)
        return Inode(
            number, at, kind, mode & 0o7777, uid | uid_high << 16, gid | gid_high << 16, size, mtime, links,
            sectors | sectors_high << 32, flags, block, attributes, tail, generation,
        )  # fmt: skip
