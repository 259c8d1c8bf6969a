"""The tree of an f2fs: walks the folders from the root, and turns names and inodes into entries."""

from collections.abc import Iterator
from dataclasses import replace
from struct import unpack_from

from trueware.errors import InputError, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.f2fs import nodes as ino
from trueware.formats.filesystems.f2fs.checkpoint import Checkpoint, NodeTable
from trueware.formats.filesystems.f2fs.contents import Contents
from trueware.formats.filesystems.f2fs.directories import KINDS, Name, lost_names, names_of_block, names_of_inode
from trueware.formats.filesystems.f2fs.nodes import Inode, Nodes
from trueware.formats.filesystems.f2fs.segments import compare_segments
from trueware.formats.filesystems.f2fs.superblock import BLOCK, FORMAT, Superblock
from trueware.formats.filesystems.f2fs.xattrs import Attributes, read_attributes
from trueware.formats.names import is_hostile, readable
from trueware.formats.scattered import refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_KINDS = {
    0o010000: Kind.FIFO, 0o020000: Kind.CHARACTER, 0o040000: Kind.DIRECTORY, 0o060000: Kind.BLOCK,
    0o100000: Kind.FILE, 0o120000: Kind.SYMLINK, 0o140000: Kind.SOCKET,
}  # fmt: skip
_MODE, _KIND = 0o7777, 0o170000
_MAX_TARGET = BLOCK
_FLAGS = ((ino.FLAG_IMMUTABLE, "immutable"), (ino.FLAG_APPEND, "append-only"), (ino.FLAG_CASEFOLD, "casefold"))
_ATTRIBUTES_IN_NODE = 4072


class Tree:
    """The folders and files of one file system."""

    def __init__(
        self,
        view: memoryview,
        sb: Superblock,
        table: NodeTable,
        checkpoint: Checkpoint,
        limits: Limits,
        reading: Reading,
    ) -> None:
        self._view, self._sb, self._checkpoint, self._limits, self._reading = view, sb, checkpoint, limits, reading
        self._nodes = Nodes(view, sb, table)
        self._contents = Contents(view, sb, self._nodes, limits, reading)
        self._entries: dict[int, Entry] = {}
        self._links: dict[int, int] = {}

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._nodes.inode(self._sb.root)
        if _KINDS.get(root.mode & _KIND) is not Kind.DIRECTORY:
            raise MalformedInput(FORMAT, root.at, "the root is no folder")
        self._reading.attributes = self._take(root, "")
        stack = [(root, root.number, "", 0)]
        while stack:
            folder, above, path, depth = stack.pop()
            below: list[tuple[Inode, int, str, int]] = []
            prefix = f"{path}/" if path else ""
            seen: set[bytes] = set()
            for name in self._list(folder, above, path):
                place = prefix + readable(name.name)
                if is_hostile(name.name):
                    self._reading.note_anomaly("hostile-name", f"{name.name!r}", None, path)
                if name.name in seen:
                    self._reading.note_anomaly("duplicate-path", f"{name.name!r} stands twice", None, path)
                seen.add(name.name)
                known = self._entries.get(name.inode)
                if known is not None:
                    yield self._name_again(known, name, place)
                    continue
                inode = self._find(name, place)
                if inode is None:
                    continue
                entry = self._take(inode, place)
                yield entry
                if entry.kind is Kind.DIRECTORY:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((inode, folder.number, place, depth + 1))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", None, place)
            stack.extend(reversed(below))
        self._compare()

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, folder: Inode, above: int, path: str) -> Iterator[Name]:
        """Yield the names in a folder but for the two it has for itself and the one above, which are checked."""
        dots = {b".": folder.number, b"..": above}
        names: list[Name] = []
        try:
            for name in self._names(folder):
                names.append(name)
                if name.name not in dots:
                    yield name
                elif dots[name.name] != name.inode:
                    detail = f"{name.name!r} is inode {name.inode}, not {dots[name.name]}"
                    self._reading.note_anomaly("contradiction", detail, folder.at, path)
        except InputError as error:
            self._reading.note_anomaly("malformed", str(error), folder.at, path)
        self._look_up(names, folder, path)

    def _look_up(self, names: list[Name], folder: Inode, path: str) -> None:
        """Report names that a device would not find where a list of the folder shows them."""
        ignores_case = bool(folder.flags & ino.FLAG_CASEFOLD)
        if ignores_case and folder.hints & ino.HINT_ENCRYPTED:
            return  # a key is needed for these hashes
        lost, unknown = lost_names(names, folder.level, folder.depth, ignores_case=ignores_case)
        if lost:
            detail = f"{len(lost)} names are not where their hash leads, {lost[0]!r} is one"
            self._reading.note_anomaly("contradiction", detail, folder.at, path)
        if unknown:
            detail = f"{unknown} names, not ASCII, in a folder that ignores case"
            self._reading.note_anomaly("unsupported", detail, folder.at, path)

    def _names(self, folder: Inode) -> Iterator[Name]:
        if folder.inline & ino.INLINE_LISTING:
            yield from names_of_inode(folder.held_inline, folder.at)
            return
        for number, block in self._contents.listing(folder):
            yield from names_of_block(block, folder.at, number)

    def _find(self, name: Name, path: str) -> Inode | None:
        """Return the inode that a name stands for, None where no device could open it."""
        try:
            inode = self._nodes.inode(name.inode)
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return None
        kind = _KINDS.get(inode.mode & _KIND)
        if kind is None:
            self._reading.note_anomaly("malformed", f"mode {inode.mode:#o}", inode.at, path)
            return None
        self._check_kind(name, kind, path)
        return inode

    def _check_kind(self, name: Name, kind: Kind, path: str) -> None:
        if KINDS.get(name.kind) is not kind:
            self._reading.note_anomaly("contradiction", f"{kind.value} named as kind {name.kind}", None, path)

    def _name_again(self, known: Entry, name: Name, path: str) -> Entry:
        """Return the entry for one more name of an inode."""
        if known.kind is Kind.DIRECTORY:
            self._reading.note_anomaly("cycle", f"the folder is {known.path!r} as well", None, path)
        else:
            self._links[name.inode] -= 1
        self._check_kind(name, known.kind, path)
        return replace(known, path=path)

    # --- inodes ----------------------------------------------------------------------------------------------------------

    def _take(self, inode: Inode, path: str) -> Entry:
        """Return the entry of an inode under its first name."""
        note = self._reading.note_anomaly
        kind = _KINDS[inode.mode & _KIND]
        entry = Entry(path, kind, None, 0, inode.mode & _MODE, inode.uid, inode.gid, inode.modified)
        self._contents.claim(inode.at // BLOCK)
        if not inode.sound:
            note("checksum-mismatch", "CRC of an inode", inode.at, path)
        if inode.hints & ino.HINT_ENCRYPTED:
            note("encrypted", "content or names are encrypted", inode.at, path)
        if told := [word for flag, word in _FLAGS if inode.flags & flag]:
            entry.facts = (("flags", ",".join(told)),)
        entry.xattrs = self._read_attributes(inode, path)
        if kind is Kind.FILE:
            entry.size = inode.size
            try:
                entry.content, entry.offset = self._contents.of(inode)
            except InputError as error:
                entry.content = refused(error, inode.size)
        elif kind is Kind.SYMLINK:
            entry.link = self._target(inode, path)
        elif kind in (Kind.CHARACTER, Kind.BLOCK):
            old, new = unpack_from("<2I", inode.raw, inode.first)
            entry.rdev = (old >> 8 & 0xFF, old & 0xFF) if old else (new >> 8 & 0xFFF, new & 0xFF | new >> 12 & 0xFFF00)
        self._entries[inode.number] = entry
        if kind is not Kind.DIRECTORY:
            self._links[inode.number] = inode.links - 1
        return entry

    def _target(self, inode: Inode, path: str) -> str | None:
        try:
            if inode.size > _MAX_TARGET:
                raise MalformedInput(FORMAT, inode.at, f"link of {inode.size} bytes")
            content, _ = self._contents.of(inode)
            target = b"".join(map(bytes, content.chunks()))
        except InputError as error:
            self._reading.note_anomaly("malformed", str(error), inode.at, path)
            return None
        if b"\0" in target:
            self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", inode.at, path)
        return target.decode("utf-8", "surrogateescape")

    def _read_attributes(self, inode: Inode, path: str) -> Attributes:
        raw = bytes(inode.inline_attributes)
        try:
            if inode.xattr_node:
                block = self._nodes.block_of(inode.xattr_node, inode.number)
                self._contents.claim(block)
                raw += self._view[block * BLOCK : block * BLOCK + _ATTRIBUTES_IN_NODE]
            return read_attributes(raw, inode.at, self._limits.max_xattrs)
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return ()

    # --- afterwards ------------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Compare what has a name with what is counted, and account for the blocks."""
        note = self._reading.note_anomaly
        unnamed = 0
        for number in self._sb.quotas:
            if number and number not in self._entries:
                try:
                    self._contents.claim(self._nodes.inode(number).at // BLOCK)
                    self._contents.of(self._nodes.inode(number))
                    unnamed += 1
                except InputError as error:
                    note("malformed", f"quotas: {error}")
        if (found := len(self._entries) + unnamed) != self._checkpoint.inodes:
            detail = f"{found} inodes have a name, the checkpoint says {self._checkpoint.inodes}"
            note("contradiction", detail, self._checkpoint.block * BLOCK)
        if wrong := sum(map(bool, self._links.values())):
            note("contradiction", f"{wrong} inodes have more or fewer names than they say")
        compare_segments(self._view, self._sb, self._checkpoint, self._contents.claims, self._reading)
        self._contents.account()
