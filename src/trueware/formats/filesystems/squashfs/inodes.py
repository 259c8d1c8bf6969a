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

_COMMON = Struct("<4H2I")
_FOLDER = Struct("<2I2HI")
_FILE = Struct("<4I")
_LINK = Struct("<2I")
_DEVICE = Struct("<2I")
_OTHER = Struct("<I")
_BIG_FOLDER = Struct("<4I2HI")
_BIG_FILE = Struct("<3Q4I")
_INDEX = Struct("<3I")
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
        readers: tuple[Callable[[Inode, int], int], ...] = (
            self._folder, self._file, self._link, self._device, self._device, self._other, self._other,
            self._big_folder, self._big_file, self._link, self._device, self._device, self._other, self._other,
        )  # fmt: skip
        self._readers = dict(enumerate(readers, 1))

    def read(self, reference: int) -> Inode:
        """Return an inode; each may be read once.

        Raises:
            MalformedInput: there is none.
        """
        start = self._table.find(reference >> 16, reference & 0xFFFF)
        try:
            kind, mode, user, group, modified, number = _COMMON.unpack_from(self._data, start)
            reader = self._readers.get(kind)
            if reader is None:
                raise MalformedInput(FORMAT, self._table.start, f"inode of kind {kind}")
            extended = kind > len(BASIC)
            inode = Inode(BASIC[kind - len(BASIC) * extended], mode, user, group, modified, number)
            end = reader(inode, start + _COMMON.size)
            if extended and inode.kind not in (Kind.DIRECTORY, Kind.FILE):
                (inode.xattrs,) = _OTHER.unpack_from(self._data, end)
                end += _OTHER.size
        except StructError as error:
            raise MalformedInput(FORMAT, self._table.start, "inode that runs past the end of its table") from error
        self._table.take(start, end)
        return inode

    def _folder(self, inode: Inode, at: int) -> int:
        inode.start, inode.links, inode.size, inode.offset, inode.parent = _FOLDER.unpack_from(self._data, at)
        return at + _FOLDER.size

    def _big_folder(self, inode: Inode, at: int) -> int:
        fields = _BIG_FOLDER.unpack_from(self._data, at)
        inode.links, inode.size, inode.start, inode.parent, count, inode.offset, inode.xattrs = fields
        at += _BIG_FOLDER.size
        indexes = []
        for _ in range(count):
            offset, block, length = _INDEX.unpack_from(self._data, at)
            name_at = at + _INDEX.size
            at = name_at + length + 1
            if length >= _MAX_NAME or at > len(self._data):
                raise MalformedInput(FORMAT, self._table.start, f"name of {length + 1} bytes in the index of a folder")
            indexes.append((offset, block, self._data[name_at:at]))
        inode.indexes = tuple(indexes)
        return at

    def _file(self, inode: Inode, at: int) -> int:
        inode.start, inode.fragment, inode.offset, inode.size = _FILE.unpack_from(self._data, at)
        return self._blocks(inode, at + _FILE.size)

    def _big_file(self, inode: Inode, at: int) -> int:
        fields = _BIG_FILE.unpack_from(self._data, at)
        inode.start, inode.size, _, inode.links, inode.fragment, inode.offset, inode.xattrs = fields
        return self._blocks(inode, at + _BIG_FILE.size)

    def _blocks(self, inode: Inode, at: int) -> int:
        count, tail = divmod(inode.size, self._block_size)
        if tail and inode.fragment == NO_FRAGMENT:
            count += 1
        end = at + 4 * count
        if end > len(self._data):
            raise MalformedInput(FORMAT, self._table.start, f"file of {inode.size} bytes, and too few blocks for it")
        inode.blocks = self._data[at:end]
        return end

    def _link(self, inode: Inode, at: int) -> int:
        size: int
        inode.links, size = _LINK.unpack_from(self._data, at)
        at += _LINK.size
        if not 0 < size <= _MAX_TARGET or at + size > len(self._data):
            raise MalformedInput(FORMAT, self._table.start, f"link of {size} bytes")
        inode.target = self._data[at : at + size]
        return at + size

    def _device(self, inode: Inode, at: int) -> int:
        inode.links, number = _DEVICE.unpack_from(self._data, at)
        inode.device = number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00
        return at + _DEVICE.size

    def _other(self, inode: Inode, at: int) -> int:
        (inode.links,) = _OTHER.unpack_from(self._data, at)
        return at + _OTHER.size
