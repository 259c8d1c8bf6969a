"""Folders: blocks of entries, each followed by the names.

======  ====  ==================================================================================
offset  size  field
======  ====  ==================================================================================
0       8     inode
8       2     where the name begins in the block; of the first entry it tells how many there are
10      1     kind: 1 file, 2 folder, 3 character, 4 block device, 5 FIFO, 6 socket, 7 link
11      1     reserved
======  ====  ==================================================================================

A name ends where the next one begins, the last one of a block at a NUL or with the block. Names are sorted over all blocks, and
Linux finds one by that, so that one out of order is listed and not found.

Source: Linux fs/erofs/erofs_fs.h, dir.c, namei.c.
"""

from collections.abc import Iterator
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.filesystems.erofs.superblock import FORMAT
from trueware.model.part import Kind

KINDS = {
    1: Kind.FILE, 2: Kind.DIRECTORY, 3: Kind.CHARACTER, 4: Kind.BLOCK, 5: Kind.FIFO, 6: Kind.SOCKET, 7: Kind.SYMLINK,
}  # fmt: skip
_ENTRY = Struct("<QH2B")
_LONGEST_NAME = 255

Name = tuple[bytes, int, int]
"""Name, inode, kind as in `KINDS`."""


class Listing:
    """The names in one folder.

    Attributes:
        wrong: once all names were had: rule and detail of what two programs could read differently.
    """

    def __init__(self, data: memoryview, block: int) -> None:
        self._data, self._block = data, block
        self.wrong: list[tuple[str, str]] = []

    def names(self) -> Iterator[Name]:
        """Yield the names in their order on disk, ``.`` and ``..`` among them.

        Raises:
            MalformedInput: the listing contradicts itself.
        """
        last = b""
        unsorted: bytes | None = None
        reserved = hidden = 0
        for start in range(0, len(self._data), self._block):
            block = bytes(self._data[start : start + self._block])
            names, rest, tail = _read_block(block, start)
            reserved |= rest
            hidden += tail
            for entry in names:
                name = entry[0]
                if name <= last:
                    if name == last:
                        self.wrong.append(("duplicate-path", f"{name!r} stands twice"))
                    unsorted = name
                last = name
                yield entry
        if unsorted is not None:
            self.wrong.append(("contradiction", f"{unsorted!r} is not in order: Linux may list it and not find it"))
        if reserved:
            self.wrong.append(("reserved-bits", f"{reserved:#x} in the entries of a folder"))
        if hidden:
            self.wrong.append(("hidden-content", f"{hidden} bytes behind the names of a folder"))


def _read_block(block: bytes, at: int) -> tuple[list[Name], int, int]:
    """Return the entries of one block, what their reserved bytes hold, and how many bytes behind the names are in use."""
    if len(block) < _ENTRY.size:
        raise MalformedInput(FORMAT, at, f"{len(block)} bytes of a folder, too few for an entry")
    first = int.from_bytes(block[8:10], "little")
    if not first or first % _ENTRY.size or first >= len(block):
        raise MalformedInput(FORMAT, at, f"names of a folder begin at {first:#x} of a block of {len(block)} bytes")
    entries = list(_ENTRY.iter_unpack(block[:first]))
    reserved = 0
    names: list[Name] = []
    end = len(block)
    stop = block.find(0, entries[-1][1])
    last_end = end if stop < 0 else stop
    ends = [*(entry[1] for entry in entries[1:]), last_end]
    place = first
    for (inode, start, kind, rest), finish in zip(entries, ends, strict=True):
        # each begins where the one before it ends: names that lie elsewhere would be read differently from the end
        if start != place or not start < finish <= end or finish - start > _LONGEST_NAME:
            raise MalformedInput(FORMAT, at, f"a name from {start:#x} to {finish:#x} of a block of {end} bytes")
        reserved |= rest
        names.append((block[start:finish], inode, kind))
        place = finish
    return names, reserved, len(block[place:].strip(b"\0"))
