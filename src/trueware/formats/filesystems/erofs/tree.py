"""The tree of an EROFS: walks the folders from the root, and turns names and inodes into entries."""

from collections.abc import Iterator
from dataclasses import replace

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.erofs.contents import Contents
from trueware.formats.filesystems.erofs.directories import KINDS, Listing, Name
from trueware.formats.filesystems.erofs.inodes import Inode, InodeTable
from trueware.formats.filesystems.erofs.superblock import FORMAT, Incompat, Superblock
from trueware.formats.filesystems.erofs.xattrs import AttributeReader
from trueware.formats.names import is_hostile, readable
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FILE, _DIRECTORY, _SYMLINK = Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK
_DEVICES = (Kind.CHARACTER, Kind.BLOCK)


class Tree:
    """The folders and files of one file system."""

    def __init__(
        self,
        sb: Superblock,
        inodes: InodeTable,
        contents: Contents,
        attributes: AttributeReader,
        limits: Limits,
        reading: Reading,
    ) -> None:
        self._sb, self._inodes, self._contents, self._attributes = sb, inodes, contents, attributes
        self._limits, self._reading = limits, reading
        self._entries: dict[int, Entry] = {}
        self._more_names: dict[int, int] = {}

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._inodes.read(self._sb.root)
        if root.kind is not _DIRECTORY:
            raise MalformedInput(FORMAT, root.at, "the root is no folder")
        self._reading.attributes = self._entries[root.number] = self._describe(root, "")
        stack = [(root, "", 0, root.number)]
        while stack:
            folder, path, depth, parent = stack.pop()
            below: list[tuple[Inode, str, int, int]] = []
            prefix = f"{path}/" if path else ""
            for name in self._list(folder, path, parent):
                text, number, kind = name
                place = prefix + readable(text)
                if number in self._entries:
                    yield self._name_again(number, kind, place)
                    continue
                inode = self._find(number, kind, place)
                if inode is None:
                    continue
                entry = self._entries[number] = self._describe(inode, place)
                if inode.kind is _DIRECTORY:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((inode, place, depth + 1, folder.number))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", inode.at, place)
                elif inode.links != 1:
                    self._more_names[number] = inode.links - 1
                yield entry
            stack.extend(reversed(below))
        if wrong := sum(map(bool, self._more_names.values())):
            self._reading.note_anomaly("contradiction", f"{wrong} inodes have more or fewer names than they say")

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, folder: Inode, path: str, parent: int) -> Iterator[Name]:
        """Yield the names in a folder but its own two, everything strange about them reported."""
        found: dict[bytes, int] = {}
        try:
            listing = Listing(self._contents.whole(folder), self._sb.block)
            for entry in listing.names():
                name, number, _ = entry
                if is_hostile(name):
                    if name in (b".", b"..") and name not in found:
                        found[name] = number
                        continue
                    self._reading.note_anomaly("hostile-name", f"{name!r}", folder.at, path)
                yield entry
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return
        for rule, detail in listing.wrong:
            self._reading.note_anomaly(rule, detail, folder.at, path)
        expected = {b".": folder.number, b"..": parent} if folder.lists_itself else {b"..": parent}
        if found != expected:
            detail = f"'.' and '..' are {found.get(b'.')} and {found.get(b'..')}, not {folder.number} and {parent}"
            self._reading.note_anomaly("contradiction", detail, folder.at, path)

    def _find(self, number: int, kind: int, path: str) -> Inode | None:
        """Return the inode that a name stands for, None where no device could open it."""
        try:
            inode = self._inodes.read(number)
        except MalformedInput as error:
            rule = "unsupported" if isinstance(error, UnsupportedInput) else "malformed"
            self._reading.note_anomaly(rule, error.reason, error.offset, path)
            return None
        if KINDS.get(kind) is not inode.kind:
            self._reading.note_anomaly("contradiction", f"{inode.kind.value} named as kind {kind}", inode.at, path)
        return inode

    def _name_again(self, number: int, kind: int, path: str) -> Entry:
        """Return the entry for one more name of an inode."""
        known = self._entries[number]
        if KINDS.get(kind) is not known.kind:
            self._reading.note_anomaly("contradiction", f"{known.kind.value} named as kind {kind}", None, path)
        if known.kind is _DIRECTORY:
            self._reading.note_anomaly("cycle", f"folder {number} is {known.path!r} as well", None, path)
        else:
            self._more_names[number] = self._more_names.get(number, 0) - 1
        return replace(known, path=path)

    # --- inodes ----------------------------------------------------------------------------------------------------------

    def _describe(self, inode: Inode, path: str) -> Entry:
        """Return an entry for an inode."""
        kind = inode.kind
        entry = Entry(path, kind, None, 0, inode.mode, inode.uid, inode.gid, inode.mtime)
        if inode.has_reserved or (inode.high and inode.is_wide and Incompat.WIDE not in self._sb.incompat):
            self._reading.note_anomaly("reserved-bits", "reserved bytes of an inode", inode.at, path)
        try:
            if inode.end > inode.attributes:
                entry.xattrs, unseen = self._attributes.read(inode)
                entry.notes = tuple((f"attribute {name}", value.hex()) for name, value in unseen)
            if kind is _FILE:
                entry.size = inode.size
                entry.content, entry.offset = self._contents.of(inode)
            elif kind is _SYMLINK:
                entry.link = self._target(inode, path)
            elif kind in _DEVICES:
                entry.rdev = inode.device
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
        return entry

    def _target(self, inode: Inode, path: str) -> str:
        """Return where a symbolic link leads."""
        if not 0 < inode.size <= self._limits.max_name:
            raise MalformedInput(FORMAT, inode.at, f"a link of {inode.size} bytes")
        target = bytes(self._contents.whole(inode))
        if b"\0" in target:
            self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", inode.at, path)
        return target.decode("utf-8", "surrogateescape")
