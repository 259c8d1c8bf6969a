"""One tree of folders: walks it from the root record, by its plain names, by those of Rock Ridge or by those of Joliet.

======  ====  ====================================================================================
offset  size  record of a folder
======  ====  ====================================================================================
0       1     length; 0: the rest of the sector is empty
1       1     blocks of extended attributes in front of the content
2       16    first block, size, each little-endian and big-endian
18      7     when it was made: year since 1900 to second, quarters of an hour from UTC
25      1     1 hidden, 2 folder, 4 associated, 8 and 10 with extended attributes, 80 goes on in the next record
26      2     blocks at a time and between them, where files are interleaved
28      4     which volume
32      1     length of the name
33      ..    name, ``00`` the folder itself, ``01`` the one above; a byte to make it even; the system's part
======  ====  ====================================================================================

Source: ECMA-119 (4th edition) §10; Linux fs/isofs/.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from struct import Struct

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Content, Entry, Held, Reading
from trueware.formats.filesystems.optical.iso9660.descriptors import FORMAT, Descriptor
from trueware.formats.filesystems.optical.iso9660.rockridge import Attributes, Fields, moment, skipped
from trueware.formats.filesystems.optical.iso9660.zisofs import Packing, Unpacked
from trueware.formats.filesystems.optical.space import SECTOR, Space
from trueware.formats.filesystems.optical.trees import Placed
from trueware.formats.names import from_wide, is_hostile, readable
from trueware.formats.scattered import Run, gathered, refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_RECORD = Struct("<BBI4xI4x7s3BH2xB")
_BIG = Struct(">I")
_FIXED = 33
_HIDDEN, _FOLDER, _ASSOCIATED, _GOES_ON, _UNKNOWN = 1, 2, 4, 0x80, 0x60
_FOLDER_END = 1 << 28
_KINDS = {
    0o010000: Kind.FIFO, 0o020000: Kind.CHARACTER, 0o040000: Kind.DIRECTORY, 0o060000: Kind.BLOCK,
    0o100000: Kind.FILE, 0o120000: Kind.SYMLINK, 0o140000: Kind.SOCKET,
}  # fmt: skip
_FILE, _DIRECTORY, _SYMLINK = Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK
_NOTHING = Attributes()


class Names(Enum):
    """Which names a tree is walked by."""

    PLAIN = "ISO 9660"
    ROCK_RIDGE = "Rock Ridge"
    JOLIET = "Joliet"


@dataclass(slots=True)
class _Record:
    """One record, or several that go on in each other."""

    name: bytes
    stamp: bytes
    flags: int
    area: bytes
    runs: list[Run] = field(default_factory=list)
    size: int = 0
    fault: str = ""


class Tree:
    """One tree.

    Attributes:
        files: where its files lie, by path.
        special: paths of links and devices.
        folders: first blocks of its folders.
        plain: the plain name of each path.
        starts: contents that lie in one piece, with their sizes, by their first byte.
    """

    def __init__(
        self,
        view: memoryview,
        descriptor: Descriptor,
        names: Names,
        top: str,
        space: Space,
        reading: Reading,
        limits: Limits,
    ) -> None:
        """Take the tree of a descriptor, to be shown below the folder `top`."""
        self._view, self.descriptor, self.names, self._top, self._space = view, descriptor, names, top, space
        self._reading, self._limits = reading, limits
        self._block = descriptor.block
        self._fields: Fields | None = None
        self._contents: dict[tuple[Placed, Packing | None], tuple[Content, int | None]] = {}
        self.files: dict[str, Placed] = {}
        self.special: list[str] = []
        self.folders: set[int] = set()
        self.plain: dict[str, bytes] = {}
        self.starts: dict[int, tuple[Content, int]] = {}

    def has_rock_ridge(self) -> bool:
        """Tell whether the first record of the root announces fields of Rock Ridge."""
        root = self._read_root()
        return root is not None and skipped(root.area) is not None

    def _read_root(self) -> _Record | None:
        root = self._split(self.descriptor.root, self.descriptor.at + 156)
        data = b"".join([bytes(self._view[at : at + length]) for at, length in root.runs])
        return next(self._records(data[:SECTOR], "", root.runs[0][0] if root.runs else 0), None)

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them."""
        root = self._split(self.descriptor.root, self.descriptor.at + 156)
        first = self._read_root()
        if first is None or not root.flags & _FOLDER:
            raise MalformedInput(FORMAT, self.descriptor.at + 156, "no root folder")
        if self.names is Names.ROCK_RIDGE:
            self._fields = Fields(self._view, self._block, skipped(first.area) or 0, self._space)
            attributes = self._fields.read(first.area, first=True)
            if not self._top:
                self._reading.attributes = _entry("", _DIRECTORY, first, attributes)
        stack = [(root, self._top, 0)]
        self.folders.add(root.runs[0][0] // self._block if root.runs else 0)
        while stack:
            folder, path, depth = stack.pop()
            below: list[tuple[_Record, str, int]] = []
            for entry, record in self._list(folder, path):
                yield entry
                if entry.kind is not _DIRECTORY or not record.runs:
                    continue
                block = record.runs[0][0] // self._block
                if depth + 1 >= self._limits.max_path_depth:
                    self._note("limit-reached", "max_path_depth", entry.path)
                elif block in self.folders:
                    self._note("cycle", f"block {block:#x} is another folder as well", entry.path)
                else:
                    self.folders.add(block)
                    below.append((record, entry.path, depth + 1))
            stack.extend(reversed(below))

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, folder: _Record, path: str) -> Iterator[tuple[Entry, _Record]]:
        """Yield what is in a folder, and where that lies."""
        data = self._bytes_of(folder, path)
        prefix = f"{path}/" if path else ""
        start = folder.runs[0][0] if folder.runs else 0
        open_: _Record | None = None
        known: set[str] = set()
        own = 0
        for record in self._records(data, path, start):
            if record.name in (b"\0", b"\1") and own < 2:
                own += 1
                if record.name == b"\0" and record.runs[:1] != folder.runs[:1]:
                    self._note("contradiction", "the first record of the folder leads elsewhere", path)
                continue
            if open_ is not None:
                if record.name != open_.name:
                    self._note("malformed", f"{open_.name!r} does not go on", path)
                else:
                    record.runs, record.size = open_.runs + record.runs, open_.size + record.size
                    record.fault = record.fault or open_.fault
                open_ = None
            if record.flags & _GOES_ON:
                open_ = record
                continue
            if record.flags & _ASSOCIATED:
                self._note("hidden-content", f"{record.name!r} is associated with another file", path)
                continue
            attributes = self._fields.read(record.area) if self._fields is not None else _NOTHING
            if attributes.is_moved:
                continue
            name = self._name(record, attributes)
            place = prefix + readable(name)
            if is_hostile(name):
                self._note("hostile-name", f"{name!r}", path)
            if place in known:
                self._note("duplicate-path", f"{name!r} stands twice", place)
            known.add(place)
            self.plain[place] = record.name
            found = self._take(record, attributes, place)
            if found is not None:
                yield found, record
        if open_ is not None:
            self._note("malformed", f"{open_.name!r} does not go on", path)

    def _bytes_of(self, folder: _Record, path: str) -> bytes:
        if folder.size > _FOLDER_END:
            self._note("malformed", f"a folder of {folder.size} bytes", path)
            return b""
        for start, length in folder.runs:
            # what is behind the last record of the last sector belongs to the folder as well
            self._space.take(start, start + length)
        data = b"".join([bytes(self._view[start : start + length]) for start, length in folder.runs])
        if len(data) < folder.size:
            self._note("malformed", "the bytes end within a folder", path)
        return data

    def _records(self, data: bytes, path: str, start: int) -> Iterator[_Record]:
        """Yield the records of a folder."""
        at, end, left = 0, len(data), 0
        while at < end:
            length = data[at]
            if not length:
                following = (at // SECTOR + 1) * SECTOR
                left += len(data[at:following].strip(b"\0"))
                at = following
                continue
            sector_end = (at // SECTOR + 1) * SECTOR
            if length < _FIXED + 1 or at + length > min(sector_end, end) or _FIXED + data[at + 32] > length:
                self._note("malformed", f"a record of {length} bytes at {start + at:#x}", path)
                return
            yield self._split(data[at : at + length], start + at, path)
            at += length
        if left:
            self._note("hidden-content", f"{left} bytes between the records of a folder", path)

    def _split(self, raw: bytes, at: int, path: str = "") -> _Record:
        """Take a record apart."""
        _, before, block, size, stamp, flags, unit, gap, _, length = _RECORD.unpack_from(raw)
        if raw[6:10] != _BIG.pack(block) or raw[14:18] != _BIG.pack(size):
            self._note(
                "contradiction",
                f"a record has block {block:#x} and {raw[6:10].hex()}, size {size} and {raw[14:18].hex()}",
                path,
                at,
            )
        if flags & _UNKNOWN:
            self._note("reserved-bits", f"flags {flags:#x}", path, at)
        area = _FIXED + length + (1 - length % 2)
        record = _Record(raw[_FIXED : _FIXED + length], stamp, flags, raw[area:])
        start = (block + before) * self._block
        if size:
            record.runs.append((start, size))
            record.size = size
        if unit or gap:
            record.fault = "an interleaved file"
        return record

    def _name(self, record: _Record, attributes: Attributes) -> bytes:
        if attributes.name is not None:
            return attributes.name
        if self.names is Names.JOLIET:
            raw = record.name[: len(record.name) // 2 * 2]
            return from_wide(raw, "utf-16-be").removesuffix(b";1")
        return record.name.removesuffix(b";1").removesuffix(b".") if not record.flags & _FOLDER else record.name

    # --- entries ---------------------------------------------------------------------------------------------------------

    def _take(self, record: _Record, attributes: Attributes, path: str) -> Entry | None:
        """Return the entry that a record stands for."""
        kind = _DIRECTORY if record.flags & _FOLDER else _FILE
        if attributes.moved_to is not None:
            moved = self._follow(attributes.moved_to, path)
            if moved is None:
                return None
            kind, attributes = _DIRECTORY, moved[1]
            record.runs, record.size, record.stamp = moved[0].runs, moved[0].size, moved[0].stamp
        if attributes.mode is not None:
            stated = _KINDS.get(attributes.mode & 0o170000)
            if stated is None or (stated is _DIRECTORY) != (kind is _DIRECTORY):
                self._note("contradiction", f"a {kind.value} of mode {attributes.mode:#o}", path)
            else:
                kind = stated
        if attributes.wrong:
            self._note("malformed", attributes.wrong, path)
        if attributes.unknown:
            fields = b" ".join(sorted(set(attributes.unknown))).decode("latin-1")
            self._reading.notes["other-fields"] = fields
        entry = _entry(path, kind, record, attributes)
        if kind is _FILE:
            self._fill(entry, record, attributes)
        elif kind is not _DIRECTORY:
            self.special.append(path)
            if kind is _SYMLINK:
                target = attributes.target or b""
                if not target or b"\0" in target:
                    self._note("hostile-name", f"the target {target!r}", path)
                entry.link = target.decode("utf-8", "surrogateescape")
            elif kind in (Kind.CHARACTER, Kind.BLOCK):
                entry.rdev = attributes.rdev
            if record.size:
                self._note("contradiction", f"a {kind.value} with {record.size} bytes", path)
        if record.flags & _HIDDEN:
            entry.facts += (("attributes", "hidden"),)
        return entry

    def _follow(self, block: int, path: str) -> tuple[_Record, Attributes] | None:
        """Return the folder that was moved to a block, as its own first record describes it."""
        start = block * self._block
        data = bytes(self._view[start : start + SECTOR])
        own = next(self._records(data, path, start), None)
        if own is None or own.name != b"\0" or self._fields is None or own.runs[:1] == []:
            self._note("malformed", f"no folder at block {block:#x}, to where it was moved", path)
            return None
        return own, self._fields.read(own.area)

    def _fill(self, entry: Entry, record: _Record, attributes: Attributes) -> None:
        """Give a file its content."""
        view = self._view
        placed = tuple(record.runs), record.size
        self.files[entry.path] = placed
        entry.size = record.size
        if record.fault:
            entry.content = refused(
                UnsupportedInput(FORMAT, record.runs[0][0] if record.runs else 0, record.fault), record.size
            )
            return
        if record.runs and max([start + length for start, length in record.runs]) > len(view):
            entry.content = refused(MalformedInput(FORMAT, len(view), "the bytes end within this file"), record.size)
            return
        if attributes.packed:
            self._note("unsupported", f"content is packed ({attributes.packed}) and read as it is stored", entry.path)
        if not record.size:
            entry.content = Held(b"")
            return
        packing = attributes.packing
        if packing is not None:
            entry.size = packing.size
            entry.notes = (("packed", f"zisofs {packing.version}"),)
            if packing.size > self._limits.max_unpacked:
                limit = self._limits.max_unpacked
                entry.content = refused(
                    LimitExceeded("max_unpacked", limit, f"file of {packing.size} bytes"), packing.size
                )
                return
        known = self._contents.get((placed, packing))
        if known is None:
            known = gathered(view, record.runs) if packing is None else (Unpacked(view, record.runs, packing), None)
            self._contents[placed, packing] = known
            self._space.give(record.runs)
            if known[1] is not None:
                self.starts[known[1]] = known[0], record.size
        entry.content, entry.offset = known

    def _note(self, rule: str, detail: str, path: str = "", at: int | None = None) -> None:
        self._reading.note_anomaly(rule, f"{self.names.value}: {detail}", at, path)


def _entry(path: str, kind: Kind, record: _Record, attributes: Attributes) -> Entry:
    mode = None if attributes.mode is None else attributes.mode & 0o7777
    mtime = moment(record.stamp) if attributes.mtime is None else attributes.mtime
    return Entry(path, kind, None, 0, mode, attributes.uid, attributes.gid, mtime)
