"""The tree of a cramfs: folders are rows of inodes, each followed by its name, which is filled up to whole words with NUL."""

from collections.abc import Iterator
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.archived import KINDS
from trueware.formats.claims import Claims
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.cramfs.blocks import Files
from trueware.formats.filesystems.cramfs.superblock import FORMAT, INODE, Flag, Inode, Superblock
from trueware.formats.names import is_hostile, readable
from trueware.model.limits import Limits
from trueware.model.part import Kind


class Tree:
    """The folders and files of one file system."""

    def __init__(
        self, view: memoryview, sb: Superblock, files: Files, claims: Claims, limits: Limits, reading: Reading
    ) -> None:
        self._view, self._sb, self._files, self._claims = view, sb, files, claims
        self._limits, self._reading = limits, reading
        self._words = Struct(sb.order + "3I")
        self._folders: dict[int, str] = {}

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._sb.root
        if KINDS.get(root.mode & 0o170000) is not Kind.DIRECTORY:
            raise MalformedInput(FORMAT, self._sb.start + 64, "the root is no folder")
        self._reading.attributes = self._describe(root, Kind.DIRECTORY, "")
        stack = [(root, "", 0)]
        while stack:
            folder, path, depth = stack.pop()
            below: list[tuple[Inode, str, int]] = []
            for inode, name in self._list(folder, path):
                place = f"{path}/{readable(name)}" if path else readable(name)
                kind = KINDS.get(inode.mode & 0o170000)
                if kind is None:
                    self._reading.note_anomaly("malformed", f"mode {inode.mode:#o}", None, place)
                    continue
                yield self._describe(inode, kind, place)
                if kind is Kind.DIRECTORY and inode.size:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((inode, place, depth + 1))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", inode.at, place)
            stack.extend(reversed(below))

    def _list(self, folder: Inode, path: str) -> Iterator[tuple[Inode, bytes]]:
        """Yield the inodes in a folder and their names, everything strange about them reported."""
        at, end, note = folder.at, folder.at + folder.size, self._reading.note_anomaly
        if at in self._folders:
            note("cycle", f"the folder is {self._folders[at]!r} as well", at, path)
            return
        self._folders[at] = path
        names: set[bytes] = set()
        last = b""
        ordered = True
        while at < end:
            if at + INODE > min(end, len(self._view)):
                note("malformed", "no room for an inode", at, path)
                break
            inode = self._sb.inode(self._words.unpack_from(self._view, at))
            start, at = at + INODE, at + INODE + 4 * inode.name_words
            if not inode.name_words or at > min(end, len(self._view)):
                note("malformed", f"a name of {4 * inode.name_words} bytes", start, path)
                break
            name = bytes(self._view[start:at]).rstrip(b"\0")
            if is_hostile(name):
                note("hostile-name", f"{name!r}", start, path)
            if name in names:
                note("duplicate-path", f"{name!r} stands twice", start, path)
            ordered = ordered and last <= name
            last = name
            names.add(name)
            yield inode, name
        if not ordered and Flag.SORTED in self._sb.flags:
            note("contradiction", "names that are not in order: Linux may list one and not find it", folder.at, path)
        self._claims.take(folder.at, min(at, len(self._view)))

    def _describe(self, inode: Inode, kind: Kind, path: str) -> Entry:
        """Return an entry for an inode."""
        entry = Entry(path, kind, None, 0, inode.mode & 0o7777, inode.uid, inode.gid)
        if kind is Kind.FILE:
            entry.size, entry.content = inode.size, self._files.of(inode)
        elif kind is Kind.SYMLINK:
            entry.link = self._target(inode, path)
        elif kind in (Kind.BLOCK, Kind.CHARACTER):
            entry.rdev = inode.size >> 8 & 0xFF, inode.size & 0xFF
            if inode.size >> 16:
                self._reading.note_anomaly("reserved-bits", f"device {inode.size:#x}", None, path)
        elif kind is not Kind.DIRECTORY and inode.size:
            self._reading.note_anomaly("reserved-bits", f"a {kind.value} of {inode.size} bytes", None, path)
        return entry

    def _target(self, inode: Inode, path: str) -> str | None:
        """Return where a symbolic link leads: its content, packed like that of a file."""
        try:
            if not 0 < inode.size <= self._limits.max_name:
                raise MalformedInput(FORMAT, inode.at, f"a link of {inode.size} bytes")  # noqa: TRY301
            target = b"".join(map(bytes, self._files.of(inode).chunks()))
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return None
        if b"\0" in target:
            self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", inode.at, path)
        return target.decode("utf-8", "surrogateescape")
