"""Inodes: what a squashfs knows of a file, in as few bytes as its kind needs.

All begin with u16 kind, u16 mode, u16 user, u16 group (places in the id table), u32 modified, u32 number. Then:

===========  =====  =====================================================================================
what         kind   fields
===========  =====  =====================================================================================
folder       1      u32 block of its listing, u32 links, u16 size + 3, u16 offset of its listing, u32 parent
file         2      u32 start, u32 fragment, u32 offset in it, u32 size, blocks
link         3      u32 links, u32 size, target
device       4, 5   u32 links, u32 number
fifo, socket 6, 7   u32 links
folder       8      u32 links, u32 size + 3, u32 block, u32 parent, u16 indexes, u16 offset, u32 xattrs, indexes
file         9      u64 start, u64 size, u64 zeros, u32 links, u32 fragment, u32 offset, u32 xattrs, blocks
link         10     u32 links, u32 size, target, u32 xattrs
device       11, 12 u32 links, u32 number, u32 xattrs
fifo, socket 13, 14 u32 links, u32 xattrs
===========  =====  =====================================================================================

*Blocks* is a u32 for each block of the file: its length on disk, bit 24 if it is stored, 0 if it is all zero bytes.
An *index* is u32 offset in the listing, u32 block of it, u32 length of the name less one, name.

Source: Linux fs/squashfs/squashfs_fs.h, inode.c.
"""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 (a class)

from trueware.errors import MalformedInput
from trueware.formats.filesystems.squashfs.metadata import Table
from trueware.formats.filesystems.squashfs.superblock import FORMAT
from trueware.formats.filesystems.squashfs.xattrs import NO_LIST
from trueware.model.part import Kind

NO_FRAGMENT = 0xFFFFFFFF
UNSTATED = -1
"""Parent of a folder in the versions that do not say it."""

OVERHEAD = 3
"""What the size of a folder counts for ``.`` and ``..``, which are not stored."""

_KIND = Struct("<H")
_FOLDER = Struct("<2x3H2I2I2HI")
_FILE = Struct("<2x3H2I4I")
_LINK = Struct("<2x3H2I2I")
_DEVICE = Struct("<2x3H2I2I")
_OTHER = Struct("<2x3H2II")
_BIG_FOLDER = Struct("<2x3H2I4I2HI")
_BIG_FILE = Struct("<2x3H2I3Q4I")
_INDEX = Struct("<3I")
_XATTRS = Struct("<I")
_MAX_NAME = 256
_MAX_TARGET = 4096

BASIC = {
    1: Kind.DIRECTORY, 2: Kind.FILE, 3: Kind.SYMLINK, 4: Kind.BLOCK, 5: Kind.CHARACTER, 6: Kind.FIFO, 7: Kind.SOCKET,
}  # fmt: skip
"""Kinds of inode, as directories name them too; extended inodes count from 8."""


@dataclass(slots=True)
class Inode:
    """One inode. Fields that its kind does not have keep their defaults."""

    kind: Kind
    mode: int
    user: int
    group: int
    modified: int
    number: int
    links: int = 1
    size: int = 0
    """Of a file's content, or of a folder's listing with `OVERHEAD`."""

    xattrs: int = NO_LIST
    start: int = 0
    """Of a file's first block, or of the metadata block of a folder's listing."""

    offset: int = 0
    """Of a file's tail in its fragment, or of a folder's listing in its metadata block."""

    fragment: int = NO_FRAGMENT
    blocks: bytes = b""
    parent: int = 0
    """Number of the folder above a folder, or `UNSTATED`."""

    indexes: tuple[tuple[int, int, bytes], ...] = ()
    """Offset in the listing, metadata block of it, name."""

    target: bytes = b""
    device: tuple[int, int] | None = None


class InodeTable:
    """Reads inodes by reference."""

    def __init__(self, table: Table, block_size: int) -> None:
        self._table, self._data, self._block_size = table, table.data, block_size
        readers: tuple[Callable[[Kind, int], tuple[Inode, int]], ...] = (
            self._folder, self._file, self._link, self._device, self._device, self._other, self._other,
            self._big_folder, self._big_file, self._link, self._device, self._device, self._other, self._other,
        )  # fmt: skip
        self._readers = {
            number: (reader, BASIC[(number - 1) % len(BASIC) + 1]) for number, reader in enumerate(readers, 1)
        }

    def read(self, reference: int) -> Inode:
        """Return an inode; each may be read once.

        Raises:
            MalformedInput: there is none.
        """
        start = self._table.find(reference >> 16, reference & 0xFFFF)
        try:
            (number,) = _KIND.unpack_from(self._data, start)
            if number not in self._readers:
                raise MalformedInput(FORMAT, self._table.start, f"inode of kind {number}")
            reader, kind = self._readers[number]
            inode, end = reader(kind, start)
            if number > len(BASIC) and kind is not Kind.DIRECTORY and kind is not Kind.FILE:
                (inode.xattrs,) = _XATTRS.unpack_from(self._data, end)
                end += _XATTRS.size
        except StructError as error:
            raise MalformedInput(FORMAT, self._table.start, "inode that runs past the end of its table") from error
        self._table.take(start, end)
        return inode

    # Each of these reads an inode of one kind, and returns it with where it ends.

    def _folder(self, kind: Kind, at: int) -> tuple[Inode, int]:
        mode, uid, gid, time, number, start, links, size, offset, parent = _FOLDER.unpack_from(self._data, at)
        inode = Inode(kind, mode, uid, gid, time, number, links, size, NO_LIST, start, offset, parent=parent)
        return inode, at + _FOLDER.size

    def _big_folder(self, kind: Kind, at: int) -> tuple[Inode, int]:
        (
            mode, uid, gid, time, number, links, size, start, parent, count, offset, xattrs,
        ) = _BIG_FOLDER.unpack_from(self._data, at)  # fmt: skip
        inode = Inode(kind, mode, uid, gid, time, number, links, size, xattrs, start, offset, parent=parent)
        at += _BIG_FOLDER.size
        indexes = []
        for _ in range(count):
            place, block, length = _INDEX.unpack_from(self._data, at)
            name_at = at + _INDEX.size
            at = name_at + length + 1
            if length >= _MAX_NAME or at > len(self._data):
                raise MalformedInput(FORMAT, self._table.start, f"name of {length + 1} bytes in the index of a folder")
            indexes.append((place, block, self._data[name_at:at]))
        inode.indexes = tuple(indexes)
        return inode, at

    def _file(self, kind: Kind, at: int) -> tuple[Inode, int]:
        mode, uid, gid, time, number, start, fragment, offset, size = _FILE.unpack_from(self._data, at)
        blocks, end = self._blocks(at + _FILE.size, size, fragment)
        return Inode(kind, mode, uid, gid, time, number, 1, size, NO_LIST, start, offset, fragment, blocks), end

    def _big_file(self, kind: Kind, at: int) -> tuple[Inode, int]:
        (
            mode, uid, gid, time, number, start, size, _, links, fragment, offset, xattrs,
        ) = _BIG_FILE.unpack_from(self._data, at)  # fmt: skip
        blocks, end = self._blocks(at + _BIG_FILE.size, size, fragment)
        return Inode(kind, mode, uid, gid, time, number, links, size, xattrs, start, offset, fragment, blocks), end

    def _blocks(self, at: int, size: int, fragment: int) -> tuple[bytes, int]:
        """Return the words of a file's blocks, and where they end."""
        count = size // self._block_size if fragment != NO_FRAGMENT else -(-size // self._block_size)
        end = at + 4 * count
        if end > len(self._data):
            raise MalformedInput(FORMAT, self._table.start, f"file of {size} bytes, and too few blocks for it")
        return self._data[at:end], end

    def _link(self, kind: Kind, at: int) -> tuple[Inode, int]:
        mode, uid, gid, time, number, links, size = _LINK.unpack_from(self._data, at)
        at += _LINK.size
        if not 0 < size <= _MAX_TARGET or at + size > len(self._data):
            raise MalformedInput(FORMAT, self._table.start, f"link of {size} bytes")
        return Inode(kind, mode, uid, gid, time, number, links, target=self._data[at : at + size]), at + size

    def _device(self, kind: Kind, at: int) -> tuple[Inode, int]:
        mode, uid, gid, time, number, links, device = _DEVICE.unpack_from(self._data, at)
        pair = device >> 8 & 0xFFF, device & 0xFF | device >> 12 & 0xFFF00
        return Inode(kind, mode, uid, gid, time, number, links, device=pair), at + _DEVICE.size

    def _other(self, kind: Kind, at: int) -> tuple[Inode, int]:
        return Inode(kind, *_OTHER.unpack_from(self._data, at)), at + _OTHER.size
