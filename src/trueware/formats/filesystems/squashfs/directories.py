"""Directory listings: the names in a folder, in runs that share a block of the inode table.

::

    header  u32 number of entries less one, u32 block of their inodes, u32 inode number to count from
    entry   u16 offset of its inode in the block, s16 number less the header's, u16 kind, u16 length of the name less one, name

Names are sorted, and Linux finds one by that: it stops where a name is greater. Extended folders have an index of some of the
headers, which Linux follows, so that a listing that is not sorted or an index that lies hides names from who asks for them
and shows them to who lists the folder.

Source: Linux fs/squashfs/dir.c, namei.c.
"""

from collections.abc import Iterator
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.filesystems.squashfs.inodes import OVERHEAD, Inode
from trueware.formats.filesystems.squashfs.metadata import BLOCK, Table
from trueware.formats.filesystems.squashfs.superblock import FORMAT

_HEADER = Struct("<3I")
_ENTRY = Struct("<HhHH")
_HEADER_SIZE, _ENTRY_SIZE = _HEADER.size, _ENTRY.size
_MAX_ENTRIES, _MAX_NAME = 256, 256

Name = tuple[bytes, int, int, int]
"""One entry of a listing: name, reference of its inode, number and kind of it as the listing has them."""


class Listing:
    """The names in one folder.

    Attributes:
        wrong: once all names were had: what two programs could read differently, empty for nothing.
    """

    def __init__(self, table: Table, folder: Inode) -> None:
        self._table, self._folder = table, folder
        self.wrong: list[tuple[str, str]] = []

    def names(self) -> Iterator[Name]:
        """Yield the names in their order on disk.

        Raises:
            MalformedInput: the listing contradicts itself.
        """
        folder, data = self._folder, self._table.data
        size = folder.size - OVERHEAD
        if size <= 0:
            if size or folder.indexes:
                raise MalformedInput(
                    FORMAT, self._table.start, f"folder of {folder.size} bytes, {len(folder.indexes)} indexes"
                )
            return
        start = at = self._table.find(folder.start, folder.offset)
        end = start + size
        self._table.take(start, end)
        heads: dict[int, bytes] = {}
        last = b""
        unsorted: bytes | None = None
        while at < end:
            if at + _HEADER_SIZE > end:
                raise MalformedInput(FORMAT, self._table.start, "listing that ends within a header")
            count, block, base = _HEADER.unpack_from(data, at)
            if count >= _MAX_ENTRIES:
                raise MalformedInput(FORMAT, self._table.start, f"listing with {count + 1} entries in one run")
            block <<= 16
            head, at = at - start, at + _HEADER_SIZE
            for number in range(count + 1):
                name_at = at + _ENTRY_SIZE
                if name_at > end:
                    raise MalformedInput(FORMAT, self._table.start, "listing that ends within an entry")
                offset, delta, kind, length = _ENTRY.unpack_from(data, at)
                at = name_at + length + 1
                if at > end or length >= _MAX_NAME:
                    raise MalformedInput(FORMAT, self._table.start, f"name of {length + 1} bytes")
                name = data[name_at:at]
                if not number:
                    heads[head] = name
                if name <= last:
                    if name == last:
                        self.wrong.append(("duplicate-path", f"{name!r} stands twice"))
                    unsorted = name
                last = name
                yield name, block | offset, base + delta & 0xFFFFFFFF, kind
        if unsorted is not None:
            self.wrong.append(("contradiction", f"{unsorted!r} is not in order: Linux may list it and not find it"))
        if folder.indexes and not self._indexes_fit(start, heads):
            self.wrong.append(("contradiction", "the index of the folder does not fit its listing"))

    def _indexes_fit(self, start: int, heads: dict[int, bytes]) -> bool:
        """Tell whether every index leads to the header of the name it gives."""
        for offset, block, name in self._folder.indexes:
            place = (self._folder.offset + offset) % BLOCK
            if heads.get(offset) != name or self._table.find(block, place) != start + offset:
                return False
        return True
