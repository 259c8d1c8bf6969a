"""Folders of minixfs: rows of an inode number, u16 or in version 3 u32, and a name filled up with NUL; inode 0: not in use."""

from collections.abc import Iterator
from dataclasses import replace
from struct import Struct

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.minix.inodes import Inode, InodeTable
from trueware.formats.filesystems.minix.superblock import FORMAT, Superblock
from trueware.formats.names import is_hostile, readable
from trueware.formats.scattered import refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_ROOT = 1


class Tree:
    """The folders and files of one file system."""

    def __init__(self, sb: Superblock, inodes: InodeTable, limits: Limits, reading: Reading) -> None:
        self._inodes, self._limits, self._reading = inodes, limits, reading
        self._row = Struct(f"{sb.order}{'I' if sb.version == 3 else 'H'}{sb.name_length}s")
        self._entries: dict[int, Entry] = {}
        self._more_names: dict[int, int] = {}
        self._left = limits.max_held

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._inodes.read(_ROOT)
        if root.kind is not Kind.DIRECTORY:
            raise MalformedInput(FORMAT, root.at, "the root is no folder")
        self._reading.attributes = self._entries[_ROOT] = self._describe(root, "")
        stack = [(root, "", 0, _ROOT)]
        while stack:
            folder, path, depth, parent = stack.pop()
            below: list[tuple[Inode, str, int, int]] = []
            for number, name in self._list(folder, path, parent):
                place = f"{path}/{readable(name)}" if path else readable(name)
                if number in self._entries:
                    yield self._name_again(number, place)
                    continue
                try:
                    inode = self._inodes.read(number)
                except MalformedInput as error:
                    self._reading.note_anomaly("malformed", error.reason, error.offset, place)
                    continue
                entry = self._entries[number] = self._describe(inode, place)
                if inode.kind is Kind.DIRECTORY:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((inode, place, depth + 1, folder.number))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", inode.at, place)
                elif inode.links > 1:
                    self._more_names[number] = inode.links - 1
                yield entry
            stack.extend(reversed(below))
        if wrong := sum(map(bool, self._more_names.values())):
            self._reading.note_anomaly("contradiction", f"{wrong} inodes have more or fewer names than they say")

    def _list(self, folder: Inode, path: str, parent: int) -> Iterator[tuple[int, bytes]]:
        """Yield the inodes and names in a folder but its own two, everything strange about them reported."""
        note, found, names, hidden = self._reading.note_anomaly, dict[bytes, int](), set[bytes](), 0
        try:
            data = self._whole(folder)
        except MalformedInput as error:
            note("malformed", error.reason, error.offset, path)
            return
        if len(data) % self._row.size:
            note("malformed", f"a folder of {len(data)} bytes", folder.at, path)
        for number, field in self._row.iter_unpack(data[: len(data) // self._row.size * self._row.size]):
            if not number:
                continue
            name, _, rest = field.partition(b"\0")
            hidden += len(rest.strip(b"\0"))
            if name in (b".", b"..") and name not in found:
                found[name] = number
                continue
            if is_hostile(name):
                note("hostile-name", f"{name!r}", folder.at, path)
            if name in names:
                note("duplicate-path", f"{name!r} stands twice", folder.at, path)
            names.add(name)
            yield number, name
        if found != {b".": folder.number, b"..": parent}:
            detail = f"'.' and '..' are {found.get(b'.')} and {found.get(b'..')}, not {folder.number} and {parent}"
            note("contradiction", detail, folder.at, path)
        if hidden:
            note("hidden-content", f"{hidden} bytes behind the names of a folder", folder.at, path)

    def _name_again(self, number: int, path: str) -> Entry:
        """Return the entry for one more name of an inode."""
        known = self._entries[number]
        if known.kind is Kind.DIRECTORY:
            self._reading.note_anomaly("cycle", f"folder {number} is {known.path!r} as well", None, path)
        else:
            self._more_names[number] = self._more_names.get(number, 0) - 1
        return replace(known, path=path)

    def _describe(self, inode: Inode, path: str) -> Entry:
        """Return an entry for an inode."""
        kind = inode.kind
        entry = Entry(path, kind, None, 0, inode.mode, inode.uid, inode.gid, inode.mtime)
        if kind is Kind.FILE:
            entry.size = inode.size
            try:
                if inode.size > self._limits.max_unpacked:
                    raise LimitExceeded("max_unpacked", self._limits.max_unpacked, f"file of {inode.size} bytes")
                entry.content, entry.offset = self._inodes.content(inode)
            except InputError as error:
                entry.content = refused(error, inode.size)
        elif kind is Kind.SYMLINK:
            entry.link = self._target(inode, path)
        elif kind in (Kind.BLOCK, Kind.CHARACTER):
            entry.rdev = inode.zones[0] >> 8 & 0xFF, inode.zones[0] & 0xFF
            if inode.zones[0] >> 16 or any(inode.zones[1:]):
                self._reading.note_anomaly("reserved-bits", "zones of a device", inode.at, path)
        elif kind is not Kind.DIRECTORY and (inode.size or any(inode.zones)):
            self._reading.note_anomaly("reserved-bits", f"zones of a {kind.value}", inode.at, path)
        return entry

    def _target(self, inode: Inode, path: str) -> str | None:
        """Return where a symbolic link leads."""
        try:
            if not 0 < inode.size <= self._limits.max_name:
                raise MalformedInput(FORMAT, inode.at, f"a link of {inode.size} bytes")  # noqa: TRY301
            target = self._whole(inode)
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return None
        if b"\0" in target:
            self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", inode.at, path)
        return target.decode("utf-8", "surrogateescape")

    def _whole(self, inode: Inode) -> bytes:
        """Return what an inode holds that is needed at once: names of a folder, the target of a link.

        Raises:
            LimitExceeded: all of these together are too much.
        """
        self._left -= inode.size
        if self._left < 0:
            raise LimitExceeded("max_held", self._limits.max_held, "folders and links")
        return b"".join(map(bytes, self._inodes.content(inode)[0].chunks()))
