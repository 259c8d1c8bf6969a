"""The tree of a squashfs: walks the folders from the root, and turns names and inodes into entries."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.squashfs.blocks import Contents
from trueware.formats.filesystems.squashfs.directories import Listing, Name
from trueware.formats.filesystems.squashfs.inodes import BASIC, UNSTATED, Inode, InodeTable
from trueware.formats.filesystems.squashfs.metadata import Table
from trueware.formats.filesystems.squashfs.superblock import FORMAT, Superblock
from trueware.formats.filesystems.squashfs.xattrs import NO_LIST, Attributes, AttributeTable
from trueware.formats.names import is_hostile, readable
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FILE, _DIRECTORY, _SYMLINK = Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK
_MODE = 0o7777


@dataclass(frozen=True, slots=True)
class Tables:
    """What stands behind the data of a squashfs."""

    inodes: Table
    directories: Table
    ids: tuple[int, ...]
    exports: tuple[int, ...] | None
    attributes: AttributeTable | None


class Inodes(Protocol):
    """Reads inodes of some version."""

    def read(self, reference: int) -> Inode:
        """Return an inode; each may be read once.

        Raises:
            MalformedInput: there is none.
        """
        ...


class Tree:
    """The folders and files of one file system."""

    def __init__(self, sb: Superblock, tables: Tables, contents: Contents, limits: Limits, reading: Reading) -> None:
        self._sb, self._tables, self._contents, self._limits, self._reading = sb, tables, contents, limits, reading
        self._inodes: Inodes = InodeTable(tables.inodes, sb.block_size)
        self._entries: dict[int, Entry] = {}
        self._numbers: dict[int, int] = {}
        self._more_names: dict[int, int] = {}

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._inodes.read(self._sb.root)
        if root.kind is not _DIRECTORY:
            raise MalformedInput(FORMAT, 32, "the root is no folder")
        self._tell_root(self._take(self._sb.root, root, ""))
        stack = [(root, "", 0)]
        while stack:
            folder, path, depth = stack.pop()
            below: list[tuple[Inode, str, int]] = []
            prefix = f"{path}/" if path else ""
            for name, reference, number, kind in self._list(folder, path):
                if is_hostile(name):
                    self._reading.note_anomaly("hostile-name", f"{name!r}", None, path)
                    place = prefix + readable(name)
                else:
                    place = prefix + name.decode("utf-8", "surrogateescape")
                if reference in self._entries:
                    yield self._name_again(reference, number, kind, place)
                    continue
                inode = self._find(reference, number, kind, place)
                if inode is None:
                    continue
                yield self._take(reference, inode, place)
                if inode.kind is _DIRECTORY:
                    if inode.parent not in (folder.number, UNSTATED):
                        detail = f"inode {inode.parent} as the folder above, which is {folder.number}"
                        self._reading.note_anomaly("contradiction", detail, None, place)
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((inode, place, depth + 1))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", None, place)
            stack.extend(reversed(below))
        self._compare()

    def _tell_root(self, root: Entry) -> None:
        """Make the mode, owner and attributes of the root a fact of the file system."""
        told = f"{root.mode:04o} {root.uid}:{root.gid}"
        self._reading.facts["root"] = told + "".join(f" {name}={value.hex()}" for name, value in root.xattrs)

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, folder: Inode, path: str) -> list[Name]:
        """Return the names in a folder, everything strange about them reported."""
        listing, names = self._open(folder), list[Name]()
        try:
            names.extend(listing.names())
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
        for rule, detail in listing.wrong:
            self._reading.note_anomaly(rule, detail, None, path)
        return names

    def _open(self, folder: Inode) -> Listing:
        return Listing(self._tables.directories, folder)

    def _find(self, reference: int, number: int, kind: int, path: str) -> Inode | None:
        """Return the inode that a name stands for, None where no device could open it."""
        try:
            inode = self._inodes.read(reference)
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return None
        if BASIC.get(kind) is not inode.kind or number != inode.number:
            detail = f"{inode.kind.value} {inode.number} named as kind {kind}, number {number}"
            self._reading.note_anomaly("contradiction", detail, None, path)
        return inode

    def _name_again(self, reference: int, number: int, kind: int, path: str) -> Entry:
        """Return the entry for one more name of an inode."""
        known, known_number = self._entries[reference], self._numbers[reference]
        if known.kind is _DIRECTORY:
            self._reading.note_anomaly("cycle", f"the folder is {known.path!r} as well", None, path)
        else:
            self._more_names[reference] = self._more_names.get(reference, 0) - 1
        if BASIC.get(kind) is not known.kind or number != known_number:
            detail = f"inode {known_number} named as kind {kind}, number {number}"
            self._reading.note_anomaly("contradiction", detail, None, path)
        return replace(known, path=path)

    # --- inodes ----------------------------------------------------------------------------------------------------------

    def _take(self, reference: int, inode: Inode, path: str) -> Entry:
        """Return the entry of an inode under its first name."""
        kind, ids = inode.kind, self._tables.ids
        user = group = None
        if inode.user < len(ids) and inode.group < len(ids):
            user, group = ids[inode.user], ids[inode.group]
        else:
            self._reading.note_anomaly("malformed", f"ids {inode.user}, {inode.group} of {len(ids)}", None, path)
        content, size = (self._contents.of(inode), inode.size) if kind is _FILE else (None, 0)
        entry = Entry(path, kind, content, size, inode.mode & _MODE, user, group, inode.modified)
        if inode.mode & ~_MODE:
            self._reading.note_anomaly("reserved-bits", f"mode {inode.mode:#o}", None, path)
        if inode.xattrs != NO_LIST and self._tables.attributes is not None:
            # without a table every program takes the field for unset, and vendors' images have it set
            entry.xattrs = self._read_attributes(self._tables.attributes, inode.xattrs, path)
        if kind is _SYMLINK:
            entry.link = inode.target.decode("utf-8", "surrogateescape")
            if b"\0" in inode.target:
                self._reading.note_anomaly("hostile-name", f"NUL in the target {inode.target!r}", None, path)
        entry.rdev = inode.device
        self._entries[reference] = entry
        self._numbers[reference] = inode.number
        if inode.links != 1 and kind is not _DIRECTORY:
            self._more_names[reference] = inode.links - 1
        return entry

    def _read_attributes(self, table: AttributeTable, number: int, path: str) -> Attributes:
        try:
            return table.read(number)
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return ()

    # --- afterwards ------------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Compare what has a name with what the tables say, and account for the tables."""
        sb, note = self._sb, self._reading.note_anomaly
        numbers = set(self._numbers.values())
        if len(numbers) < len(self._numbers) or not 0 < min(numbers) <= max(numbers) <= sb.inodes:
            # Linux keeps inodes by number: of two that share one, it shows the one it met first under both names
            note("contradiction", "inode numbers that stand twice or are out of range")
        elif len(numbers) != sb.inodes:
            note("contradiction", f"{len(numbers)} inodes have a name, the superblock says {sb.inodes}", 4)
        elif self._tables.exports is not None and self._moved(self._tables.exports):
            note("contradiction", "the export table says that inodes are elsewhere", sb.export_table)
        if wrong := sum(map(bool, self._more_names.values())):
            note("contradiction", f"{wrong} inodes have more or fewer names than they say")
        self._tables.inodes.account("inodes", self._reading)
        self._tables.directories.account("listings", self._reading)
        if self._tables.attributes is not None:
            self._tables.attributes.account()
        self._contents.account()

    def _moved(self, exports: tuple[int, ...]) -> bool:
        """Tell whether an inode is not where the export table, by inode number, says it is."""
        return any(exports[number - 1] != reference for reference, number in self._numbers.items())
