"""Writes squashfs 1.x, 2.x, 3.x in either byte order, and 4.0 in big-endian order: no tool of today does.

The layouts are those of squashfs-tools' squashfs_compat.h; that they were followed is what unsquashfs 4.5, which reads the old
versions, is asked in the tests.
"""

import os
import stat
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

METADATA, NOTHING = 8_192, 0xFFFFFFFF
_KINDS = {
    stat.S_IFDIR: 1, stat.S_IFREG: 2, stat.S_IFLNK: 3, stat.S_IFBLK: 4, stat.S_IFCHR: 5, stat.S_IFIFO: 6, stat.S_IFSOCK: 7,
}  # fmt: skip


@dataclass
class Metadata:
    """A table cut into packed blocks of 8 KiB."""

    writer: "OldSquashfs"
    out: bytearray = field(default_factory=bytearray)
    waiting: bytearray = field(default_factory=bytearray)

    def here(self) -> tuple[int, int]:
        return len(self.out), len(self.waiting)

    def add(self, data: bytes) -> None:
        self.waiting += data
        while len(self.waiting) >= METADATA:
            self.flush(METADATA)

    def flush(self, size: int) -> None:
        data, self.waiting = bytes(self.waiting[:size]), self.waiting[size:]
        if data:
            packed = self.writer.pack(data) if self.writer.packed else data
            header = len(packed) if len(packed) < len(data) else len(data) | 0x8000
            self.out += self.writer.bits((header, 16)) + (b"\xff" if self.writer.checked else b"")
            self.out += packed if len(packed) < len(data) else data


@dataclass
class OldSquashfs:
    """One image in the making.

    Attributes:
        users: ids to begin the list of users with; those of the tree follow.
        packed: whether metadata are packed.
    """

    major: int
    minor: int
    order: Literal["little", "big"]
    block_log: int = 12
    pack: Callable[[bytes], bytes] = zlib.compress
    magic: bytes | None = None
    users: tuple[int, ...] = ()
    packed: bool = True
    checked: bool = False
    made: int = 1_700_000_000

    def bits(self, *fields: tuple[int, int]) -> bytes:
        """Return fields, each a value and its width, as a compiler for this byte order lays them out."""
        number = at = 0
        for value, width in fields:
            low = value & (1 << width) - 1
            number = number | low << at if self.order == "little" else number << width | low
            at += width
        return number.to_bytes(at // 8, self.order)

    def write(self, root: Path) -> bytes:
        """Return an image of the tree at `root`."""
        self.data = bytearray(b"\0" * {1: 51, 2: 63, 3: 119, 4: 96}[self.major])
        self.inodes, self.listings = Metadata(self), Metadata(self)
        self.fragments: list[tuple[int, int]] = []
        self.tail = bytearray()
        self.references: dict[tuple[int, int], tuple[int, int, int]] = {}
        self.exports: dict[int, int] = {}
        self.uids, self.gids = list(self.users), list[int]()
        self.numbers = 0
        self.above: dict[Path, int] = {}
        top = self._folder(root, self._number(root))
        self._end_fragment()
        return self._finish(top)

    def _number(self, path: Path) -> int:
        self.numbers += 1
        self.above[path] = self.numbers
        return self.numbers

    def _id(self, ids: list[int], number: int) -> int:
        if number not in ids:
            ids.append(number)
        return ids.index(number)

    def _base(self, about: os.stat_result, kind: int, number: int) -> bytes:
        mode, small = stat.S_IMODE(about.st_mode), _KINDS[stat.S_IFMT(about.st_mode)]
        user = self._id(self.uids, about.st_uid)
        if self.major == 4:
            group = self._id(self.uids, about.st_gid)
            time = int(about.st_mtime)
            return self.bits((kind, 16), (mode, 16), (user, 16), (group, 16), (time, 32), (number, 32))
        same = about.st_uid == about.st_gid
        if self.major == 1:
            group = 15 if same else self._id(self.gids, about.st_gid)
            bank = user // 16
            base = self.bits((bank * 5 + kind if small < 6 else 0, 4), (mode, 12), (user % 16, 4), (group, 4))
            return base if small < 6 else base + self.bits((small, 4), (bank, 4))
        group = 255 if same else self._id(self.gids, about.st_gid)
        base = self.bits((kind, 4), (mode, 12), (user, 8), (group, 8))
        return base if self.major == 2 else base + self.bits((int(about.st_mtime), 32), (number, 32))

    def _add(self, inode: bytes, number: int) -> tuple[int, int, int]:
        block, offset = self.inodes.here()
        self.inodes.add(inode)
        self.exports[number] = block << 16 | offset
        return block, offset, number

    def _entry(self, path: Path) -> tuple[int, int, int]:
        """Write the inode of a path, and return block and offset of it, and its number."""
        about = path.lstat()
        known = self.references.get((about.st_dev, about.st_ino))
        if known is not None:
            return known
        number = self._number(path)
        kind = _KINDS[stat.S_IFMT(about.st_mode)]
        links = () if self.major < 3 else ((about.st_nlink, 32),)
        if kind == 1:
            return self._folder(path, number)
        if kind == 2:
            inode = self._file(path, about, number)
        elif kind == 3:
            target = os.fsencode(path.readlink())
            inode = (
                self._base(about, 3, number) + self.bits(*links, (len(target), 32 if self.major == 4 else 16)) + target
            )
        elif kind in (4, 5):
            device = os.major(about.st_rdev) << 8 | os.minor(about.st_rdev)
            inode = self._base(about, kind, number) + self.bits(*links, (device, 32 if self.major == 4 else 16))
        else:
            inode = self._base(about, kind, number) + (self.bits(*links) if links else b"")
        added = self._add(inode, number)
        self.references[about.st_dev, about.st_ino] = added
        return added

    # --- files -----------------------------------------------------------------------------------------------------------

    def _block(self, data: bytes) -> int:
        """Write a block, and return its length with bit 24 where it is stored."""
        packed = self.pack(data)
        if len(packed) >= len(data):
            self.data += data
            return len(data) | 1 << 24
        self.data += packed
        return len(packed)

    def _end_fragment(self) -> None:
        if self.tail:
            start = len(self.data)
            self.fragments.append((start, self._block(bytes(self.tail))))
            self.tail = bytearray()

    def _file(self, path: Path, about: os.stat_result, number: int) -> bytes:
        data, unit = path.read_bytes(), 1 << self.block_log
        fragment, offset, whole = NOTHING, 0, len(data)
        if self.major > 1 and len(data) % unit:
            whole = len(data) // unit * unit
            if len(self.tail) + len(data) - whole > unit:
                self._end_fragment()
            fragment, offset = len(self.fragments), len(self.tail)
            self.tail += data[whole:]
        start, words = len(self.data), []
        for at in range(0, whole, unit):
            block = data[at : min(at + unit, whole)]
            words.append(0 if self.major > 2 and not any(block) else self._block(block))
        if self.major == 1:
            listed = b"".join(self.bits((word & 0x7FFF | word >> 24 << 15, 16)) for word in words)
        else:
            listed = b"".join(self.bits((word, 32)) for word in words)
        time, tail = (int(about.st_mtime), 32), ((fragment, 32), (offset, 32))
        size = len(data)
        if self.major == 1:
            return self._base(about, 2, number) + self.bits(time, (start, 32), (size, 32)) + listed
        if self.major == 2:
            return self._base(about, 2, number) + self.bits(time, (start, 32), *tail, (size, 32)) + listed
        if about.st_nlink > 1 and self.major == 3:
            rest = self.bits((about.st_nlink, 32), (start, 64), *tail, (size, 64))
            return self._base(about, 9, number) + rest + listed
        if about.st_nlink > 1:
            rest = self.bits((start, 64), (size, 64), (0, 64), (about.st_nlink, 32), *tail, (NOTHING, 32))
            return self._base(about, 9, number) + rest + listed
        width = 64 if self.major == 3 else 32
        return self._base(about, 2, number) + self.bits((start, width), *tail, (size, 32)) + listed

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _folder(self, path: Path, number: int) -> tuple[int, int, int]:
        about = path.lstat()
        below = []
        for child in sorted(path.iterdir(), key=lambda child: os.fsencode(child.name)):
            name = os.fsencode(child.name)
            below.append((name, _KINDS[stat.S_IFMT(child.lstat().st_mode)], *self._entry(child)))
        start, offset = self.listings.here()
        size, indexes, seen = 0, [], start
        while below:
            first = below[0]
            run = [entry for entry in below[:256] if entry[2] == first[2] and abs(entry[4] - first[4]) < 0x7FFF]
            run = run[: next((n for n, entry in enumerate(below[: len(run)]) if entry not in run), len(run))][:20]
            if self.listings.here()[0] != seen:
                seen = self.listings.here()[0]
                indexes.append((size, seen, first[0]))
            piece = self._run(run)
            self.listings.add(piece)
            size += len(piece)
            below = below[len(run) :]
        stated = size if self.major < 3 else size + 3
        links = (about.st_nlink, 32)
        parent = (self.above.get(path.parent, 0) or self.numbers + 1, 32)
        time = (int(about.st_mtime), 32)
        big = bool(indexes) and self.major > 1
        if self.major < 3:
            count = ((len(indexes), 16),) if big else ()
            rest = self.bits((stated, 27 if big else 19), (offset, 13), time, (start, 24), *count)
        elif self.major == 3:
            count = ((len(indexes), 16),) if big else ()
            rest = self.bits(links, (stated, 27 if big else 19), (offset, 13), (start, 32), *count, parent)
        elif big:
            rest = self.bits(links, (stated, 32), (start, 32), parent, (len(indexes), 16), (offset, 16), (NOTHING, 32))
        else:
            rest = self.bits((start, 32), links, (stated, 16), (offset, 16), parent)
        for place, block, name in indexes if big else ():
            widths = {2: (27, 29, 8), 3: (32, 32, 8), 4: (32, 32, 32)}[self.major]
            rest += self.bits(*zip((place, block, len(name) - 1), widths, strict=True)) + name
        return self._add(self._base(about, 8 if big else 1, number) + rest, number)

    def _run(self, run: list[tuple[bytes, int, int, int, int]]) -> bytes:
        count, block, base = len(run) - 1, run[0][2], run[0][4]
        if self.major == 4:
            out = self.bits((count, 32), (block, 32), (base, 32))
        elif self.major == 3:
            out = self.bits((count, 8), (block, 32), (base, 32))
        else:
            out = self.bits((count, 8), (block, 24))
        for name, kind, _, offset, number in run:
            delta, length = (number - base, 16), len(name) - 1
            if self.major == 4:
                out += self.bits((offset, 16), delta, (kind, 16), (length, 16)) + name
            else:
                numbered = (delta,) if self.major == 3 else ()
                out += self.bits((offset, 13), (kind, 3), (length, 8), *numbered) + name
        return out

    # --- tables ----------------------------------------------------------------------------------------------------------

    def _lookup(self, data: bytes, width: int) -> int:
        """Write a table, and return where the places of its blocks are."""
        table = Metadata(self)
        start, places = len(self.data), []
        for at in range(0, len(data), METADATA):
            places.append(start + len(table.out))
            table.add(data[at : at + METADATA])
            table.flush(METADATA)
        self.data += table.out
        at = len(self.data)
        self.data += b"".join(self.bits((place, width)) for place in places)
        return at

    def _finish(self, top: tuple[int, int, int]) -> bytes:
        self.inodes.flush(METADATA)
        self.listings.flush(METADATA)
        inode_table = len(self.data)
        self.data += self.inodes.out
        directory_table = len(self.data)
        self.data += self.listings.out
        none = (1 << 64) - 1
        fragment_table = export_table = none
        if self.major > 1:
            width, unused = (32, ()) if self.major == 2 else (64, ((0, 32),))
            records = b"".join(self.bits((start, width), (word, 32), *unused) for start, word in self.fragments)
            fragment_table = self._lookup(records, width)
        if (self.major, self.minor) == (3, 1) or self.major == 4:
            listed = b"".join(self.bits((self.exports[number], 64)) for number in sorted(self.exports))
            export_table = self._lookup(listed, 64)
        root = top[0] << 16 | top[1]
        ids = b"".join(self.bits((number, 32)) for number in self.uids)
        if self.major == 4:
            users = self._lookup(ids, 64)
            head = self.magic or b"sqsh"
            head += (
                self.bits((len(self.exports), 32)) + self.bits((self.made, 32)) + self.bits((1 << self.block_log, 32))
            )
            head += self.bits((len(self.fragments), 32))
            head += b"".join(self.bits((each, 16)) for each in (1, self.block_log, 0x80, len(self.uids), 4, 0))
            whole = (root, len(self.data), users, none, inode_table, directory_table, fragment_table, export_table)
            head += b"".join(self.bits((place, 64)) for place in whole)
        else:
            users = len(self.data)
            self.data += ids
            groups = len(self.data) if self.gids else 0
            self.data += b"".join(self.bits((number, 32)) for number in self.gids)
            used = len(self.data)
            old = (used, users, groups, inode_table, directory_table) if self.major < 3 else (0,) * 5
            head = self.magic or (b"hsqs" if self.order == "little" else b"sqsh")
            head += b"".join(self.bits((each, 32)) for each in (len(self.exports), *old))
            small = 1 << self.block_log & 0xFFFF if self.major == 1 else 0
            head += b"".join(self.bits((each, 16)) for each in (self.major, self.minor, small, self.block_log))
            flags = 4 if self.checked else 0
            head += bytes((flags, len(self.uids), len(self.gids)))
            head += self.bits((self.made, 32)) + self.bits((root, 64))
            head += self.bits((1 << self.block_log, 32)) + self.bits((len(self.fragments), 32))
            head += self.bits((fragment_table, 32))
            places = (used, users, groups, inode_table, directory_table, fragment_table, export_table)
            head += b"".join(self.bits((place, 64)) for place in places)
            head = head[: {1: 51, 2: 63, 3: 119}[self.major]]
        return head + bytes(self.data[len(head) :])
