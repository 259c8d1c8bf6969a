"""The tree of a ubifs: walks the folders from the root, and turns names and inodes into entries."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import Content, Entry, Reading
from trueware.formats.filesystems.ubifs import nodes
from trueware.formats.filesystems.ubifs.files import FileContent
from trueware.formats.filesystems.ubifs.index import Leaves, Name, place_of
from trueware.formats.filesystems.ubifs.nodes import FORMAT, ROOT, Type, WrongSum, read
from trueware.formats.names import is_hostile, readable
from trueware.model.limits import Limits
from trueware.model.part import Kind

Attributes = tuple[tuple[str, bytes], ...]

_FILE, _DIRECTORY, _SYMLINK = Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK
_KINDS = {
    0o100000: _FILE, 0o040000: _DIRECTORY, 0o120000: _SYMLINK, 0o060000: Kind.BLOCK, 0o020000: Kind.CHARACTER,
    0o010000: Kind.FIFO, 0o140000: Kind.SOCKET,
}  # fmt: skip
_NAMED_AS = tuple(_KINDS.values())
"""By the kind that stands beside a name."""

_DEVICES = (Kind.BLOCK, Kind.CHARACTER)
_MODE, _KIND = 0o7777, 0o170000
_IS_ATTRIBUTE, _IS_ENCRYPTED = 0x20, 0x40
_TOLD = ((0x04, "immutable"), (0x08, "append-only"), (0x40, "encrypted"))
_TELLING = sum(flag for flag, _ in _TOLD)
_KNOWN = 0x7F
_ABSURD = 1 << 63
_UNUSED = bytes(26)


class Inode(NamedTuple):
    """What is used of an inode."""

    at: int
    kind: Kind | None
    size: int
    modified: int
    links: int
    uid: int
    gid: int
    mode: int
    flags: int
    data: memoryview


class Tree:
    """The folders and files of one file system."""

    def __init__(self, view: memoryview, leaves: Leaves, limits: Limits, reading: Reading) -> None:
        self._view, self._leaves, self._limits, self._reading = view, leaves, limits, reading
        self._entries: dict[int, Entry] = {}
        self._encrypted: set[int] = set()
        self._more_names: dict[int, int] = {}
        self._values: dict[int, bytes] = {}
        self._used: set[int] = set()
        """Inodes that stand for a name or for an attribute."""

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._take(ROOT, "")
        if root.kind is not _DIRECTORY:
            raise MalformedInput(FORMAT, 0, "the root is no folder")
        self._reading.attributes = root
        stack = [(ROOT, "", 0)]
        while stack:
            folder, path, depth = stack.pop()
            below: list[tuple[int, str, int]] = []
            prefix = f"{path}/" if path else ""
            for name, found in self._leaves.names.get(folder, {}).items():
                place = prefix + readable(name)
                if is_hostile(name) and folder not in self._encrypted:
                    self._reading.note_anomaly("hostile-name", f"{name!r}", None, path)
                entry = self._name(found, place)
                if entry is None:
                    continue
                yield entry
                if entry.kind is _DIRECTORY and self._entries[found.number] is entry:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((found.number, place, depth + 1))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", None, place)
            stack.extend(reversed(below))
        self._compare()

    def _name(self, name: Name, path: str) -> Entry | None:
        """Return the entry that a name stands for, None where no device could open it."""
        known = self._entries.get(name.number)
        if known is None:
            try:
                entry = self._take(name.number, path)
            except MalformedInput as error:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
                return None
        else:
            entry = replace(known, path=path)
            if known.kind is _DIRECTORY:
                self._reading.note_anomaly("cycle", f"the folder is {known.path!r} as well", None, path)
            else:
                self._more_names[name.number] -= 1
        if name.kind >= len(_NAMED_AS) or _NAMED_AS[name.kind] is not entry.kind:
            detail = f"{entry.kind.value} named as kind {name.kind}"
            self._reading.note_anomaly("contradiction", detail, None, path)
        return entry

    # --- inodes ----------------------------------------------------------------------------------------------------------

    def _take(self, number: int, path: str) -> Entry:
        """Return the entry of an inode under its first name.

        Raises:
            MalformedInput: there is nothing to be had of it.
        """
        inode = self._read(number, path)
        kind = inode.kind
        if kind is None or inode.flags & _IS_ATTRIBUTE or not inode.links:
            detail = f"inode {number} of mode {inode.mode:#o}, flags {inode.flags:#x}, with {inode.links} names"
            raise MalformedInput(FORMAT, inode.at, detail)
        entry = Entry(path, kind, None, 0, inode.mode & _MODE, inode.uid, inode.gid, inode.modified)
        self._entries[number] = entry
        if number in self._leaves.attributes:
            entry.xattrs = self._attributes(number, path)
        if inode.flags & _TELLING:
            entry.facts = (("flags", ",".join(word for flag, word in _TOLD if flag & inode.flags)),)
        if inode.flags & _IS_ENCRYPTED:
            self._encrypted.add(number)
            self._reading.note_anomaly("encrypted", "content and names are encrypted", inode.at, path)
        if inode.flags & ~_KNOWN or inode.mode >> 16:
            detail = f"mode {inode.mode:#o}, flags {inode.flags:#x}"
            self._reading.note_anomaly("reserved-bits", detail, inode.at, path)
        if kind is _FILE:
            entry.size, entry.content = inode.size, self._content(number, inode, path)
        elif kind is _SYMLINK:
            target = inode.data.tobytes()
            entry.link = target.decode("utf-8", "surrogateescape")
            if b"\0" in target and not inode.flags & _IS_ENCRYPTED:
                self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", inode.at, path)
        elif kind in _DEVICES:
            entry.rdev = self._device(inode, path)
        if kind is not _DIRECTORY:
            self._more_names[number] = inode.links - 1
        return entry

    def _read(self, number: int, path: str) -> Inode:
        """Return an inode.

        Raises:
            MalformedInput: it is not there, or contradicts itself.
        """
        node = self._leaves.inodes.get(number)
        if node is None:
            raise MalformedInput(FORMAT, 0, f"there is no inode {number}")
        at, size = place_of(node)
        try:
            fields = read(self._view, at, size, Type.INODE, nodes.INODE)
        except WrongSum as error:
            self._reading.note_anomaly("checksum-mismatch", f"inode {number}: {error.reason}", at, path)
            raise
        self._used.add(number)
        found, low, length, modified, links, uid, gid, mode, flags, data, unused, _, other = fields[4:]
        if found != number or low or nodes.INODE_SIZE + data != size or length >= _ABSURD:
            raise MalformedInput(FORMAT, at, f"inode {number}: key {found}, {low}, {data} bytes of data, size {length}")
        if unused or other != _UNUSED:
            self._reading.note_anomaly("reserved-bits", f"unused fields of inode {number}", at, path)
        held = self._view[at + nodes.INODE_SIZE : at + size]
        return Inode(at, _KINDS.get(mode & _KIND), length, modified, links, uid, gid, mode, flags, held)

    def _content(self, number: int, inode: Inode, path: str) -> Content:
        blocks = self._leaves.data.get(number, {})
        if blocks and max(blocks) * nodes.BLOCK >= inode.size:
            self._reading.note_anomaly("hidden-content", "data behind the end of the file", inode.at, path)
        encrypted = bool(inode.flags & _IS_ENCRYPTED)
        return FileContent(self._view, number, blocks, inode.size, path, self._reading, encrypted=encrypted)

    def _device(self, inode: Inode, path: str) -> tuple[int, int] | None:
        """Return major and minor number; the form in eight bytes has the same in its first four."""
        number = int.from_bytes(inode.data, "little")
        if len(inode.data) not in (4, 8) or number >> 32:
            detail = f"a device {number:#x} in {len(inode.data)} bytes"
            self._reading.note_anomaly("malformed", detail, inode.at, path)
            return None
        return number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00

    def _attributes(self, number: int, path: str) -> Attributes:
        """Return the extended attributes of an inode, each of which is an inode of its own."""
        found: dict[str, bytes] = {}
        size = 0
        for name, where in self._leaves.attributes[number].items():
            try:
                value = self._value(where.number, path)
                size += len(name) + len(value)
                if size > self._limits.max_xattrs or b"\0" in name:
                    raise MalformedInput(FORMAT, 0, f"attribute {name!r}, of {size} bytes in all")  # noqa: TRY301
            except MalformedInput as error:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
                continue
            found[name.decode("utf-8", "surrogateescape")] = value
        return tuple(sorted(found.items()))

    def _value(self, number: int, path: str) -> bytes:
        """Return what the inode of an attribute holds; several attributes that lead to one do not cost its size each."""
        known = self._values.get(number)
        if known is None:
            inode = self._read(number, path)
            if not inode.flags & _IS_ATTRIBUTE:
                raise MalformedInput(FORMAT, inode.at, f"inode {number} is no attribute")
            known = self._values[number] = inode.data.tobytes()
        return known

    # --- afterwards ------------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Compare what has a name with what there is."""
        note = self._reading.note_anomaly
        if wrong := sum(map(bool, self._more_names.values())):
            note("contradiction", f"{wrong} inodes have more or fewer names than they say")
        leaves = self._leaves
        unnamed = leaves.inodes.keys() - self._used
        loose = {*leaves.data, *leaves.names, *leaves.attributes} - leaves.inodes.keys()
        loose = {
            number
            for number in loose
            if leaves.data.get(number) or leaves.names.get(number) or leaves.attributes.get(number)
        }
        if unnamed or loose:
            note("hidden-content", f"{len(unnamed | loose)} inodes that no name leads to")
