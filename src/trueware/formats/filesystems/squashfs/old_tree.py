"""Reads old and big-endian squashfs: the tables of each version, then the tree as that of 4.0 is walked.

=======  ==============================================================================================
version  what is different
=======  ==============================================================================================
1.x      no fragments; words of blocks have 16 bits; no inode numbers, no link counts; 48 users, 15 groups
2.x      no inode numbers, no link counts; the places of the fragment table's blocks have 32 bits
3.x      all but the widths of 4.0; users and groups as two lists that are not packed
4.0      big-endian, as patched kernels of vendors write it: the byte order
=======  ==============================================================================================
"""

from collections.abc import Iterator
from struct import iter_unpack, pack

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.squashfs.blocks import Blocks, Contents
from trueware.formats.filesystems.squashfs.directories import Listing, Name
from trueware.formats.filesystems.squashfs.inodes import OVERHEAD, Inode
from trueware.formats.filesystems.squashfs.lookup import LookupTable
from trueware.formats.filesystems.squashfs.metadata import Table
from trueware.formats.filesystems.squashfs.old_inodes import OldInodes
from trueware.formats.filesystems.squashfs.old_layouts import layouts_of
from trueware.formats.filesystems.squashfs.old_packing import OldPacking
from trueware.formats.filesystems.squashfs.old_superblock import OldSuperblock, read_old_superblock, tell_of_old
from trueware.formats.filesystems.squashfs.superblock import FORMAT, NONE, Version
from trueware.formats.filesystems.squashfs.tree import Tables, Tree
from trueware.model.limits import Limits

_ID_SIZE, _EXPORT_SIZE = 4, 8
_NUMBERED = 3
_MAX_ENTRIES, _MAX_NAME = 256, 256


def read_old(view: memoryview, version: Version, limits: Limits) -> Reading:
    """Read a file system of `version`, which is not 4.0 in little-endian order.

    Raises:
        MalformedInput: its superblock cannot be true.
    """
    old = read_old_superblock(view, version.major, version.order)
    used = old.fields.bytes_used
    reading = Reading(end=min(used, len(view)))
    tell_of_old(old, reading)
    if used > len(view):
        reading.note_anomaly("truncated", f"{used - len(view)} of {used} bytes are missing", len(view))
        return reading
    reading.entries = _walk(view[:used], old, limits, reading)
    return reading


def _walk(view: memoryview, old: OldSuperblock, limits: Limits, reading: Reading) -> Iterator[Entry]:
    sb, sign = old.fields, "<" if old.order == "little" else ">"
    packing = OldPacking(view, old, reading)
    starts = [sb.bytes_used]

    def look_up(places_at: int, count: int, size: int) -> bytes:
        if not sb.directory_table < places_at <= sb.bytes_used:
            raise MalformedInput(FORMAT, places_at, "a table that lies outside of the file system")
        if count * size > limits.max_held:
            raise LimitExceeded("max_held", limits.max_held, "lookup table of a squashfs")
        place = f"{sign}{'I' if sb.major == 2 else 'Q'}"
        table = LookupTable(packing, places_at, count * size, sb.bytes_used, limits, reading, place)
        starts.append(table.start)
        return table.data

    if sb.major == 4:
        ids = tuple(number for (number,) in iter_unpack(">I", look_up(sb.id_table, sb.ids, _ID_SIZE)))
        if sb.xattr_table != NONE:
            reading.note_anomaly("unsupported", "extended attributes in big-endian order", sb.xattr_table)
            starts.append(sb.xattr_table)
    else:
        ids = _list_ids(view, old, sign, reading)
        starts += (sb.id_table, old.groups_at) if old.groups else (sb.id_table,)
    exports = None
    if sb.export_table != NONE:
        listed = look_up(sb.export_table, sb.inodes, _EXPORT_SIZE)
        exports = tuple(reference for (reference,) in iter_unpack(f"{sign}Q", listed))
    fragments: list[bytes] = []
    if sb.fragments:
        record = layouts_of(sb.major, old.order)["fragment"]
        listed = look_up(sb.fragment_table, sb.fragments, record.size)
        for at in range(0, len(listed), record.size):
            fields = record.read(listed, at)
            fragments.append(pack("<Q2I", fields["start"], fields["word"], fields.get("unused", 0)))
    tables = Tables(
        Table(packing, sb.inode_table, sb.directory_table, limits),
        Table(packing, sb.directory_table, min(start for start in starts if start > sb.directory_table), limits),
        ids,
        exports,
        None,
    )
    contents = Contents(Blocks(packing, sb.block_size, reading), sb, old.size, b"".join(fragments), limits, reading)
    yield from OldTree(old, tables, contents, limits, reading).walk()


def _list_ids(view: memoryview, old: OldSuperblock, sign: str, reading: Reading) -> tuple[int, ...]:
    """Return the users and behind them the groups, two lists of u32.

    Raises:
        MalformedInput: they are not there.
    """
    ids: list[int] = []
    for at, count in ((old.fields.id_table, old.users), (old.groups_at, old.groups)):
        end = at + count * _ID_SIZE
        if count and not old.fields.directory_table < at < end <= len(view):
            raise MalformedInput(FORMAT, at, f"a list of {count} users or groups outside of the file system")
        ids += [number for (number,) in iter_unpack(f"{sign}I", view[at:end] if count else b"")]
        reading.cover(at, end)
    return tuple(ids)


class OldTree(Tree):
    """The folders and files of one old file system."""

    def __init__(
        self, old: OldSuperblock, tables: Tables, contents: Contents, limits: Limits, reading: Reading
    ) -> None:
        super().__init__(old.fields, tables, contents, limits, reading)
        self._old = old
        self._inodes = self._old_inodes = OldInodes(tables.inodes, old)

    def _open(self, folder: Inode) -> Listing:
        return OldListing(self._tables.directories, folder, self._old, self._old_inodes)

    def _compare(self) -> None:
        if self._old.fields.major < _NUMBERED:
            self._more_names.clear()
        super()._compare()


class OldListing(Listing):
    """The names in one folder of an old file system."""

    def __init__(self, table: Table, folder: Inode, old: OldSuperblock, inodes: OldInodes) -> None:
        super().__init__(table, folder)
        self._major, self._inodes, self._unsorted = old.fields.major, inodes, False
        layouts = layouts_of(old.fields.major, old.order)
        self._run, self._name = layouts["run"], layouts["name"]

    def names(self) -> Iterator[Name]:
        folder, data, table = self._folder, self._table.data, self._table
        if (size := folder.size - OVERHEAD) <= 0:
            if size or folder.indexes:
                raise MalformedInput(FORMAT, table.start, f"folder of {size} bytes, {len(folder.indexes)} indexes")
            return
        start = at = table.find(folder.start, folder.offset)
        end = start + size
        table.take(start, end)
        heads: dict[int, bytes] = {}
        last = b""
        while at < end:
            run = self._run.read(data, at)
            if run["count"] >= _MAX_ENTRIES:
                raise MalformedInput(FORMAT, table.start, f"listing with {run['count'] + 1} entries in one run")
            head, at = at - start, at + self._run.size
            for number in range(run["count"] + 1):
                fields = self._name.read(data, at)
                length = fields["length"]
                at += self._name.size + length + 1
                if at > end or length >= _MAX_NAME:
                    raise MalformedInput(FORMAT, table.start, f"name of {length + 1} bytes, or one that does not end")
                name = bytes(data[at - length - 1 : at])
                if not number:
                    heads[head] = name
                self._compare(name, last)
                last = name
                yield self._name_of(name, run, fields)
        if folder.indexes and not self._indexes_fit(start, heads):
            self.wrong.append(("contradiction", "the index of the folder does not fit its listing"))

    def _compare(self, name: bytes, last: bytes) -> None:
        if name == last:
            self.wrong.append(("duplicate-path", f"{name!r} stands twice"))
        if name <= last and not self._unsorted:
            self._unsorted = True
            self.wrong.append(("contradiction", f"{name!r} is not in order: Linux may list it and not find it"))

    def _name_of(self, name: bytes, run: dict[str, int], fields: dict[str, int]) -> Name:
        reference = run["block"] << 16 | fields["offset"]
        if self._major < _NUMBERED:
            return name, reference, self._inodes.number(reference), fields["kind"]
        delta = fields["delta"] - (fields["delta"] >> 15 << 16)
        return name, reference, run["number"] + delta & 0xFFFFFFFF, fields["kind"]
