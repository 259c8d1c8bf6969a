"""The tree of a yaffs: every object knows the folder it is in, the root is where they end."""

from collections.abc import Iterator
from dataclasses import replace

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.yaffs2.geometry import FORMAT, Geometry
from trueware.formats.filesystems.yaffs2.headers import (
    FILE,
    FOLDER,
    HARD_LINK,
    LINK,
    SIZE,
    SPECIAL,
    Header,
    read_attributes,
)
from trueware.formats.filesystems.yaffs2.log import ROOT, Log, Object
from trueware.formats.filler import is_filler
from trueware.formats.names import is_hostile, readable
from trueware.formats.scattered import HOLE, Run, gathered, refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_KINDS = {
    0o010000: Kind.FIFO, 0o020000: Kind.CHARACTER, 0o040000: Kind.DIRECTORY, 0o060000: Kind.BLOCK,
    0o100000: Kind.FILE, 0o120000: Kind.SYMLINK, 0o140000: Kind.SOCKET,
}  # fmt: skip
_TYPES = {
    FILE: (Kind.FILE,), LINK: (Kind.SYMLINK,), FOLDER: (Kind.DIRECTORY,),
    SPECIAL: (Kind.FIFO, Kind.CHARACTER, Kind.BLOCK, Kind.SOCKET),
}  # fmt: skip
_MODE, _KIND = 0o7777, 0o170000


class Tree:
    """The folders and files of one file system."""

    def __init__(self, view: memoryview, geometry: Geometry, log: Log, limits: Limits, reading: Reading) -> None:
        self._view, self._geometry, self._log, self._limits, self._reading = view, geometry, log, limits, reading
        self._entries: dict[int, Entry] = {}
        self._used: set[int] = set()
        self._below: dict[int, list[tuple[bytes, int]]] = {}
        for number, known in log.objects.items():
            if number != ROOT and known.header is not None:
                # Linux makes up the same name where there is none
                name = known.header.name or b"obj%d" % number
                self._below.setdefault(known.header.folder, []).append((name, number))

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: the root is no folder.
        """
        root = self._take(ROOT, "")
        if root is None or root.kind is not Kind.DIRECTORY:
            raise MalformedInput(FORMAT, 0, "the root is no folder")
        self._reading.attributes = root
        yield from self._walk(ROOT, "")
        for folder in list(self._below):
            if folder not in self._log.objects:
                self._reading.note_anomaly("contradiction", f"object {folder}, which is no folder, has something in it")
                yield from self._walk(folder, "lost+found")
        if self._below:
            self._reading.note_anomaly("cycle", f"{len(self._below)} folders that the root does not lead to")
        self._tell_history()

    def _walk(self, top: int, place: str) -> Iterator[Entry]:
        stack = [(top, place, 0)]
        while stack:
            folder, path, depth = stack.pop()
            below: list[tuple[int, str, int]] = []
            prefix = f"{path}/" if path else ""
            last = b""
            for name, number in sorted(self._below.pop(folder, ())):
                place = prefix + readable(name)
                if is_hostile(name):
                    self._reading.note_anomaly("hostile-name", f"{name!r}", None, path)
                if name == last:
                    self._reading.note_anomaly("duplicate-path", f"{name!r} stands twice", None, path)
                last = name
                entry = self._take(number, place)
                if entry is None:
                    continue
                yield entry
                if entry.kind is Kind.DIRECTORY:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((number, place, depth + 1))
                    else:
                        self._below.pop(number, None)
                        self._reading.note_anomaly("limit-reached", "max_path_depth", None, place)
                elif number in self._below:
                    self._reading.note_anomaly("contradiction", "something is in what is no folder", None, place)
                    del self._below[number]
            stack.extend(reversed(below))

    # --- objects ---------------------------------------------------------------------------------------------------------

    def _take(self, number: int, path: str) -> Entry | None:
        """Return the entry of an object under its name, None where no device could open it."""
        known = self._log.objects[number]
        header = known.header
        assert header is not None  # noqa: S101 (what has none is not in the log)
        if header.type == HARD_LINK:
            self._account(known, header)
            other = self._log.objects.get(header.stands_for)
            if other is None or other.header is None or other.header.type in (HARD_LINK, FOLDER):
                detail = f"hard link to object {header.stands_for}, which is nothing to link to"
                self._reading.note_anomaly("malformed", detail, header.at, path)
                return None
            return self._renamed(self._of(header.stands_for, other, path), path)
        return self._renamed(self._of(number, known, path), path)

    def _renamed(self, entry: Entry | None, path: str) -> Entry | None:
        """Return the entry under a name, which is a new one where a hard link was met before what it stands for."""
        return entry if entry is None or entry.path == path else replace(entry, path=path)

    def _of(self, number: int, known: Object, path: str) -> Entry | None:
        """Return the entry of an object that is no hard link; it is made once."""
        if number in self._entries:
            return self._entries[number]
        header = known.header
        assert header is not None  # noqa: S101 (what has none is not in the log)
        kind = _KINDS.get(header.mode & _KIND)
        if header.type not in _TYPES or kind is None:
            detail = f"object of type {header.type}, mode {header.mode:#o}"
            self._reading.note_anomaly("malformed", detail, header.at, path)
            return None
        if kind not in _TYPES[header.type]:
            detail = f"object of type {header.type}, mode {header.mode:#o}"
            self._reading.note_anomaly("contradiction", detail, header.at, path)
        if header.mode >> 16:
            self._reading.note_anomaly("reserved-bits", f"mode {header.mode:#o}", header.at, path)
        entry = Entry(path, kind, None, 0, header.mode & _MODE, header.uid, header.gid, header.modified)
        entry.xattrs = self._account(known, header, path)
        if header.type == FILE:
            self._fill(entry, known)
        elif header.type == LINK:
            entry.link = header.target.decode("utf-8", "surrogateescape")
        elif kind in (Kind.CHARACTER, Kind.BLOCK):
            entry.rdev = header.device >> 8 & 0xFF, header.device & 0xFF
            if header.device >> 16:
                detail = f"a device with the number {header.device:#x}, of which devices read 16 bits"
                self._reading.note_anomaly("contradiction", detail, header.at, path)
        self._entries[number] = entry
        return entry

    def _fill(self, entry: Entry, known: Object) -> None:
        """Give a file its content."""
        held, view = self._geometry.held, self._view
        pages, size = self._log.data_of(known)
        entry.size = size
        if size > self._limits.max_unpacked:
            error = LimitExceeded("max_unpacked", self._limits.max_unpacked, f"file of {size} bytes")
            entry.content = refused(error, size)
            return
        runs: list[Run] = []
        reached = 0
        for chunk, (used, at) in sorted(pages.items()):
            begins = (chunk - 1) * held
            length = min(held, size - begins)
            if length <= 0:
                continue
            if begins > reached:
                runs.append((HOLE, begins - reached))
            runs.append((at, length))
            reached = begins + length
            if used < length and any(view[at + used : at + length]):
                detail = f"page {chunk} of a file has {used} bytes, {length} are read"
                self._reading.note_anomaly("contradiction", detail, at, entry.path)
            if is_filler(view, at + length, at + held):
                length = held
            self._cover(at, length)
        if size > reached:
            runs.append((HOLE, size - reached))
        entry.content, entry.offset = gathered(view, runs)

    # --- accounting ------------------------------------------------------------------------------------------------------

    def _account(self, known: Object, header: Header, path: str = "") -> tuple[tuple[str, bytes], ...]:
        """Account for the page of a header, and return the extended attributes in it."""
        attributes: tuple[tuple[str, bytes], ...] = ()
        if not known.pages:
            return attributes
        end = header.at + SIZE
        if not self._geometry.small:
            try:
                attributes, end = read_attributes(self._view, header.at, self._geometry, self._limits.max_xattrs)
            except MalformedInput as error:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
        rest = header.at + self._geometry.held
        self._cover(header.at, (rest if is_filler(self._view, end, rest) else end) - header.at)
        return attributes

    def _cover(self, at: int, length: int) -> None:
        """Account for the first bytes of a page, its tags and its spare bytes."""
        held, stride = self._geometry.held, self._geometry.stride
        self._used.add(at)
        if length == held:
            self._reading.cover(at, at + stride)
        else:
            self._reading.cover(at, at + length)
            self._reading.cover(at + held, at + stride)

    def _tell_history(self) -> None:
        """Account for pages of earlier states, and tell how many there are."""
        earlier = [at for at in self._log.places if at not in self._used]
        for at in earlier:
            self._reading.cover(at, at + self._geometry.stride)
        if earlier:
            detail = f"{len(earlier)} pages of earlier states: deleted or overwritten"
            self._reading.note_anomaly("hidden-content", detail)
            self._reading.notes["earlier-pages"] = str(len(earlier))
