r"""romfs: the smallest file system of Linux, in the images of routers and cameras without an MMU, and in those of eCos.

======  ====  =====================================================================================
offset  size  field (big-endian)
======  ====  =====================================================================================
0       8     magic, "-rom1fs-"
8       4     bytes in use
12      4     what makes the sum of the first 512 bytes, as words, zero
16      ..    volume name, NUL, up to a multiple of 16
======  ====  =====================================================================================

Then the header of the root, and those of files, each at a multiple of 16:

======  ====  =====================================================================================
offset  size  field
======  ====  =====================================================================================
0       4     next header of the folder, 0 for none; bit 3: may be executed; bits 0 to 2: kind
4       4     of a folder its first header, of a hard link its target, of a device major and minor
8       4     size of the content
12      4     what makes the sum of this header and the name, as words, zero
16      ..    name, NUL, up to a multiple of 16; then the content
======  ====  =====================================================================================

Kinds: 0 hard link, 1 folder, 2 file, 3 symbolic link, 4 block, 5 character device, 6 socket, 7 FIFO. ``.`` and ``..`` are hard links
but in the root. Owners and modes are not stored: everything is root's, and Linux makes the mode from the kind.

Source: Linux Documentation/filesystems/romfs.rst, fs/romfs/super.c.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from struct import Struct, unpack
from typing import ClassVar, NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.claims import Claims
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.names import is_hostile, readable
from trueware.formats.scattered import refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FORMAT, _MAGIC = "romfs", b"-rom1fs-"
_SUPERBLOCK, _HEADER = Struct(">8s2I"), Struct(">4I")
_ALIGNED, _SUMMED = 16, 512
_KIND, _EXECUTABLE, _PLACE = 0x07, 0x08, 0xFFFFFFF0
_LONGEST_NAME = 128
"""From here on Linux reads names, and where the content begins, in one way to list and in another to open."""

_HARD_LINK, _DIRECTORY = 0, 1
_KINDS = {
    1: (Kind.DIRECTORY, 0o644), 2: (Kind.FILE, 0o644), 3: (Kind.SYMLINK, 0o777), 4: (Kind.BLOCK, 0o600),
    5: (Kind.CHARACTER, 0o600), 6: (Kind.SOCKET, 0o644), 7: (Kind.FIFO, 0o644),
}  # fmt: skip
"""Kind and mode by the number of a kind."""

_DEFAULT_NAME = re.compile(r"rom [0-9a-f]{8}")
"""What genromfs calls a volume, by the time."""


class _File(NamedTuple):
    """One header."""

    at: int
    next: int
    kind: int
    executable: bool
    spec: int
    size: int
    name: bytes
    start: int
    """First byte of the content."""


class Romfs:
    """A romfs."""

    name: ClassVar[str] = _FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc("romfs file system", references=("Linux Documentation/filesystems/romfs.rst",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= 2 * _ALIGNED and bytes(view[:8]) == _MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Romfs.matches(view):
            raise MalformedInput(_FORMAT, 0, "no superblock")
        _, size, _ = _SUPERBLOCK.unpack_from(view)
        reading = Reading(end=min(size, len(view)))
        name, root = _name(view, 0)
        if not root <= size:
            raise MalformedInput(_FORMAT, 8, f"{size} bytes, which end before the root")
        text = name.decode("utf-8", "surrogateescape")
        (reading.notes if _DEFAULT_NAME.fullmatch(text) else reading.facts)["label"] = text
        if size > len(view):
            reading.note_anomaly("truncated", f"{size - len(view)} of {size} bytes are missing", len(view))
        if _sum(view[: min(size, _SUMMED)]):
            reading.note_anomaly("checksum-mismatch", "the sum of the beginning is not zero", 12)
        reading.entries = _Walk(view[: reading.end], root, limits, reading).entries()
        return reading


class _Walk:
    """The walk over the headers of one romfs, from the root."""

    def __init__(self, view: memoryview, root: int, limits: Limits, reading: Reading) -> None:
        self._view, self._root, self._limits, self._reading = view, root, limits, reading
        self._claims = Claims(view)
        self._claims.take(0, root)
        self._entries: dict[int, Entry] = {}
        self._links: list[tuple[str, int]] = []
        self._hops: dict[int, int] = {}
        self._seen: set[int] = set()

    def entries(self) -> Iterator[Entry]:
        """Yield the entries, and account for the image even where it cannot be read to its end."""
        try:
            yield from self._walk()
            yield from self._further_names()
        finally:
            self._claims.account(self._reading, _ALIGNED)

    def _walk(self) -> Iterator[Entry]:
        """Yield the entries but further names, folders before what is in them."""
        root = self._read(self._root)
        if root.kind != _DIRECTORY:
            raise MalformedInput(_FORMAT, self._root, "the root is no folder")
        self._entries[self._root] = self._describe(root, "")
        self._reading.attributes = self._entries[self._root]
        stack = [(root, "", 0, self._root)]
        while stack:
            folder, path, depth, parent = stack.pop()
            below: list[tuple[_File, str, int, int]] = []
            for file in self._list(folder, path, parent):
                place = f"{path}/{readable(file.name)}" if path else readable(file.name)
                if file.kind == _HARD_LINK:
                    self._hops[file.at] = file.spec & _PLACE
                    self._links.append((place, file.at))
                    continue
                entry = self._entries[file.at] = self._describe(file, place)
                yield entry
                if file.kind == _DIRECTORY:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((file, place, depth + 1, folder.at))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", file.at, place)
            stack.extend(reversed(below))

    def _list(self, folder: _File, path: str, parent: int) -> Iterator[_File]:
        """Yield the headers in a folder but those of its own two names, everything strange about them reported."""
        at, names = folder.spec & _PLACE, set[bytes]()
        own = {b".": folder.at, b"..": parent}
        while at:
            if at in self._seen:
                self._reading.note_anomaly("cycle", f"the header at {at:#x} is in a list already", at, path)
                return
            self._seen.add(at)
            try:
                file = folder if at == folder.at else self._read(at)
            except MalformedInput as error:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
                return
            at, name = file.next, file.name
            if name in names:
                self._reading.note_anomaly("duplicate-path", f"{name!r} stands twice", file.at, path)
            names.add(name)
            target = file.spec & _PLACE if file.kind == _HARD_LINK else file.at
            if own.get(name) == target:
                continue
            if is_hostile(name):
                self._reading.note_anomaly("hostile-name", f"{name!r}", file.at, path)
            yield file

    def _further_names(self) -> Iterator[Entry]:
        """Yield the entries of hard links; Linux follows one that leads to another, and one to a header of no folder."""
        for path, link in self._links:
            at, passed = link, set[int]()
            while at in self._hops and at not in passed:
                passed.add(at)
                at = self._hops[at]
            if at in self._hops:
                self._reading.note_anomaly("cycle", f"hard links that lead to {at:#x} again", link, path)
                continue
            try:
                known = self._entries.get(at) or self._hidden(at, path)
            except MalformedInput as error:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
                continue
            if known.kind is Kind.DIRECTORY:
                self._reading.note_anomaly("cycle", f"the folder is {known.path!r} as well", link, path)
            yield replace(known, path=path)

    def _hidden(self, at: int, path: str) -> Entry:
        """Return the entry of a header that is in no folder."""
        file = self._read(at)
        if file.kind in (_HARD_LINK, _DIRECTORY):
            raise MalformedInput(_FORMAT, at, "a folder that only hard links lead to")
        entry = self._entries[at] = self._describe(file, path)
        return entry

    def _describe(self, file: _File, path: str) -> Entry:
        """Return the entry of a header that is no hard link."""
        kind, mode = _KINDS[file.kind]
        if file.executable and kind in (Kind.FILE, Kind.DIRECTORY):
            mode |= 0o111
        entry = Entry(path, kind, None, 0, mode, 0, 0)
        content = self._view[file.start : file.start + file.size]
        if kind in (Kind.BLOCK, Kind.CHARACTER):
            entry.rdev = file.spec >> 16, file.spec & 0xFFFF
        elif kind is not Kind.DIRECTORY and file.spec:
            self._reading.note_anomaly(
                "reserved-bits", f"{file.spec:#x}, which a {kind.value} has no use for", file.at, path
            )
        if kind is Kind.FILE:
            entry.size = file.size
            if len(content) < file.size:
                error = MalformedInput(_FORMAT, file.start, f"{len(content)} bytes of a file of {file.size}")
                entry.content = refused(error, file.size)
                return entry
            entry.content, entry.offset = Held(content), file.start
        elif kind is Kind.SYMLINK:
            entry.link = bytes(content).decode("utf-8", "surrogateescape")
            if len(content) < file.size or not 0 < file.size <= self._limits.max_name:
                self._reading.note_anomaly("malformed", f"a link of {file.size} bytes", file.at, path)
            elif b"\0" in bytes(content):
                self._reading.note_anomaly("hostile-name", f"NUL in the target {entry.link!r}", file.at, path)
        elif file.size:
            self._reading.note_anomaly("reserved-bits", f"a {kind.value} of {file.size} bytes", file.at, path)
            return entry
        self._claims.take(file.start, file.start + len(content))
        return entry

    def _read(self, at: int) -> _File:
        """Return the header at `at`, its checksum verified."""
        view = self._view
        if at + 2 * _ALIGNED > len(view):
            raise MalformedInput(_FORMAT, at, "no room for a header")
        following, spec, size, _ = _HEADER.unpack_from(view, at)
        name, start = _name(view, at)
        if len(name) >= _LONGEST_NAME:
            self._reading.note_anomaly("contradiction", f"a name of {len(name)} bytes or more", at)
        if _sum(view[at:start]):
            self._reading.note_anomaly("checksum-mismatch", "the sum of a header is not zero", at + 12)
        self._claims.take(at, start)
        return _File(at, following & _PLACE, following & _KIND, bool(following & _EXECUTABLE), spec, size, name, start)


def _name(view: memoryview, at: int) -> tuple[bytes, int]:
    """Return the name in the header at `at`, and the first byte behind it."""
    text = bytes(view[at + _ALIGNED : at + _ALIGNED + _LONGEST_NAME])
    length = text.find(0)
    if length < 0 and len(text) < _LONGEST_NAME:
        raise MalformedInput(_FORMAT, at + _ALIGNED, "a name that does not end")
    name = text if length < 0 else text[:length]
    return name, at + _ALIGNED + (len(name) + 1 + _ALIGNED - 1) // _ALIGNED * _ALIGNED


def _sum(view: memoryview) -> int:
    """Return the sum of big-endian words."""
    count = len(view) // 4
    words: tuple[int, ...] = unpack(f">{count}I", view[: 4 * count])
    return sum(words) & 0xFFFFFFFF
