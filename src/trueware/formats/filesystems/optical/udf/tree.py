"""The tree of a UDF volume: file set, folders, files, and the partitions that need a file to be found.

======  ====  ====================================================================================
offset  size  name in a folder (kind 257, after the tag of 16 bytes)
======  ====  ====================================================================================
18      1     1 hidden, 2 folder, 4 deleted, 8 the folder above
19      1     bytes in the name
20      16    long address of its file entry
36      2     bytes for the system, which follow
38      ..    name; filled up to a multiple of four
======  ====  ====================================================================================

The file set (kind 256) has the long address of the root folder at 400, more sets at 448, streams at 464. The target of a link is
made of parts: u8 kind (1 and 2 the root, 3 ``..``, 4 ``.``, 5 a name), u8 length, u16 version, name.

Source: ECMA-167 (3rd edition) §4/14.1, §4/14.4, §4/14.16; OSTA UDF 2.60 §2.2.10, §2.2.13, §2.3.
"""

from collections.abc import Iterator
from dataclasses import replace
from struct import Struct

from trueware.errors import InputError, MalformedInput
from trueware.formats.contract import CHUNK, Entry, Held, Reading
from trueware.formats.filesystems.optical.space import Space
from trueware.formats.filesystems.optical.trees import Placed
from trueware.formats.filesystems.optical.udf import nodes
from trueware.formats.filesystems.optical.udf.nodes import Node, Nodes
from trueware.formats.filesystems.optical.udf.tags import FORMAT, field, kind_of, text, verify
from trueware.formats.filesystems.optical.udf.volume import Address, Volume
from trueware.formats.names import is_hostile, readable
from trueware.formats.scattered import HOLE, gathered, refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FILE_SET, _NAME = 256, 257
_LONG, _U32 = Struct("<IIH"), Struct("<I")
_HIDDEN, _FOLDER, _DELETED, _ABOVE = 1, 2, 4, 8
_FOLDER_END = 1 << 28
_LENGTH = 0x3FFF_FFFF
_KINDS = {
    nodes.FOLDER: Kind.DIRECTORY, nodes.FILE: Kind.FILE, nodes.BLOCK: Kind.BLOCK, nodes.CHARACTER: Kind.CHARACTER,
    nodes.FIFO: Kind.FIFO, nodes.SOCKET: Kind.SOCKET, nodes.LINK: Kind.SYMLINK, 249: Kind.FILE,
}  # fmt: skip
_PARTS = {1: b"", 2: b"", 3: b"..", 4: b"."}
_TABLE_SEARCH = 512
"""Blocks at the end of a disc among which the table of a virtual partition is looked for."""


class Tree:
    """The folders and files of one volume.

    Attributes:
        files: where its files lie, by path.
    """

    def __init__(self, view: memoryview, volume: Volume, space: Space, reading: Reading, limits: Limits) -> None:
        self._view, self._volume, self._space, self._reading, self._limits = view, volume, space, reading, limits
        self._nodes = Nodes(view, volume, space, reading)
        self._known: dict[int, Entry] = {}
        self._more_names: dict[int, int] = {}
        self._deleted = 0
        self.files: dict[str, Placed] = {}

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them."""
        for number, kind, raw in self._volume.special_maps():
            if kind == "metadata":
                self._find_metadata(number, raw)
            else:
                self._find_table(number)
        root = self._find_root()
        node = self._nodes.read(root)
        if node.kind != nodes.FOLDER:
            raise MalformedInput(FORMAT, 0, "the root is no folder")
        self._reading.attributes = Entry("", Kind.DIRECTORY, None, 0, node.mode, node.uid, node.gid, node.mtime)
        self._note_streams(node, "")
        visited = {self._nodes.place(root)}
        stack = [(node, "", 0)]
        while stack:
            folder, path, depth = stack.pop()
            below: list[tuple[Node, str, int]] = []
            for place, child, entry in self._list(folder, path):
                yield entry
                if entry.kind is not Kind.DIRECTORY:
                    continue
                if depth + 1 >= self._limits.max_path_depth:
                    self._note("limit-reached", "max_path_depth", entry.path)
                elif place in visited:
                    self._note("cycle", "the folder is another one as well", entry.path)
                else:
                    visited.add(place)
                    below.append((child, entry.path, depth + 1))
            stack.extend(reversed(below))
        if self._deleted:
            self._note("hidden-content", f"{self._deleted} names in folders are deleted")
        if wrong := sum(map(bool, self._more_names.values())):
            self._note("contradiction", f"{wrong} files have more or fewer names than they say")

    # --- the way to the root ---------------------------------------------------------------------------------------------

    def _find_root(self) -> Address:
        view, volume = self._view, self._volume
        at = self._nodes.place(volume.file_set)
        raw = bytes(view[at : at + volume.block])
        if kind_of(raw) != _FILE_SET:
            raise MalformedInput(FORMAT, at, "no file set")
        verify(raw, at, "file set", self._reading)
        self._space.take(at, at + volume.block)
        if name := field(raw[304:336]):
            self._reading.notes["file-set"] = name
        if any(raw[448:452]):
            self._note("unsupported", "more file sets")
        if any(raw[464:468]):
            self._reading.notes["system-streams"] = "present"
        # behind the file set stands an empty descriptor that ends the sequence
        end = at + volume.block
        if volume.file_set.length > volume.block and kind_of(bytes(view[end : end + 16])) == 8:
            self._space.take(end, end + volume.block)
        _, block, part = _LONG.unpack_from(raw, 400)
        return Address(part, block, volume.block)

    def _find_metadata(self, number: int, raw: bytes) -> None:
        """Find the file that a metadata partition lies in, and compare it with its mirror."""
        below = self._volume.below(number)
        main, mirror, bitmap = (_U32.unpack_from(raw, at)[0] for at in (40, 44, 48))
        node = self._nodes.read(Address(below, main, 0))
        if node.fault:
            raise MalformedInput(FORMAT, 0, f"the metadata file: {node.fault}")
        self._volume.set_runs(number, node.runs)
        copies = [(mirror, "mirror")] if mirror != 0xFFFF_FFFF else []
        copies += [(bitmap, "bitmap")] if bitmap != 0xFFFF_FFFF else []
        for block, what in copies:
            try:
                copy = self._nodes.read(Address(below, block, 0))
            except MalformedInput as error:
                self._note("malformed", f"the {what} of the metadata: {error.reason}")
                continue
            if what == "mirror" and copy.runs != node.runs and not self._is_equal(node, copy):
                self._note("contradiction", "the metadata and their mirror differ")
            for start, length in copy.runs:
                if start != HOLE and copy.runs != node.runs:
                    self._space.share(start, min(start + length, len(self._view)))

    def _is_equal(self, one: Node, other: Node) -> bool:
        return self._bytes_of(one) == self._bytes_of(other)

    def _bytes_of(self, node: Node) -> bytes:
        return b"".join([bytes(self._view[at : at + size]) if at != HOLE else bytes(size) for at, size in node.runs])

    def _find_table(self, number: int) -> None:
        """Find the table of a virtual partition: the file whose entry is last on the disc."""
        unit, view, below = self._volume.block, self._view, self._volume.below(number)
        last = _end_of_content(view) // unit
        for block in range(last, max(last - _TABLE_SEARCH, 256), -1):
            raw = bytes(view[block * unit : block * unit + 36])
            if kind_of(raw) not in (nodes.FILE_ENTRY, nodes.EXTENDED_ENTRY) or raw[27] not in (0, nodes.TABLE):
                continue
            node = self._nodes.read_at(block * unit, Address(below, int.from_bytes(raw[12:16], "little"), 0))
            data = self._bytes_of(node)
            data = data[int.from_bytes(data[:2], "little") :] if node.kind == nodes.TABLE else data[:-36]
            for start, length in node.runs:
                if start != HOLE and not block * unit <= start < (block + 1) * unit:
                    self._space.take(start, start + length)
            self._volume.set_table(number, tuple(each for (each,) in _U32.iter_unpack(data[: len(data) // 4 * 4])))
            return
        raise MalformedInput(FORMAT, len(view), "no table of the virtual partition")

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, folder: Node, path: str) -> Iterator[tuple[int, Node, Entry]]:
        """Yield place, file entry and entry of what is in a folder."""
        prefix = f"{path}/" if path else ""
        known: set[str] = set()
        for flags, raw, address in self._names(folder, path):
            if flags & _DELETED:
                self._deleted += 1
                continue
            if flags & _ABOVE:
                continue
            name = text(raw)
            place = prefix + readable(name)
            if is_hostile(name):
                self._note("hostile-name", f"{name!r}", path)
            if place in known:
                self._note("duplicate-path", f"{name!r} stands twice", place)
            known.add(place)
            try:
                at = self._nodes.place(address)
                if (first := self._known.get(at)) is not None and first.kind is not Kind.DIRECTORY:
                    self._more_names[at] = self._more_names.get(at, 0) - 1
                    if first.path in self.files:
                        self.files[place] = self.files[first.path]
                    yield at, _NOTHING, replace(first, path=place)
                    continue
                node = _NOTHING if first is not None else self._nodes.read_at(at, address, place)
            except InputError as error:
                self._note("malformed", str(error), place)
                continue
            if first is not None:
                yield at, node, replace(first, path=place)
                continue
            entry = self._entry(node, place, flags)
            if entry is None:
                continue
            self._known[at] = entry
            if entry.kind is not Kind.DIRECTORY and node.links > 1:
                self._more_names[at] = node.links - 1
            yield at, node, entry

    def _names(self, folder: Node, path: str) -> Iterator[tuple[int, bytes, Address]]:
        """Yield flags, name and address of each name in a folder."""
        if folder.fault or folder.size > _FOLDER_END or any(start == HOLE for start, _ in folder.runs):
            self._note("malformed", folder.fault or f"a folder of {folder.size} bytes, or with holes", path)
            return
        unit = self._volume.block
        for start, length in folder.runs:
            if length > 0 and not (start % unit and len(folder.runs) == 1):
                self._space.take(start, min(start + length, len(self._view)))
        data = self._bytes_of(folder)
        at = 0
        while at + 38 <= len(data):
            raw = data[at : at + 38]
            length = 38 + raw[19] + int.from_bytes(raw[36:38], "little")
            padded = -(-length // 4) * 4
            if kind_of(raw) != _NAME or at + length > len(data):
                self._note("malformed", f"no name at {at:#x} of the folder", path)
                return
            verify(data[at : at + padded], at, "name in a folder", self._reading, path)
            size, block, part = _LONG.unpack_from(raw, 20)
            yield raw[18], data[at + length - raw[19] : at + length], Address(part, block, size & _LENGTH)
            at += padded
        if data[at:].strip(b"\0"):
            self._note("hidden-content", f"{len(data) - at} bytes behind the names of the folder", path)

    # --- files -----------------------------------------------------------------------------------------------------------

    def _entry(self, node: Node, path: str, flags: int) -> Entry | None:
        kind = _KINDS.get(node.kind)
        if kind is None:
            self._note("unsupported", f"a file of kind {node.kind}", path)
            return None
        if (kind is Kind.DIRECTORY) != bool(flags & _FOLDER):
            self._note("contradiction", f"a {kind.value} whose name has flags {flags:#x}", path)
        self._note_streams(node, path)
        entry = Entry(path, kind, None, 0, node.mode, node.uid, node.gid, node.mtime)
        if flags & _HIDDEN:
            entry.facts = (("attributes", "hidden"),)
        if kind is Kind.FILE:
            self.files[path] = tuple(node.runs), node.size
            self._fill(entry, node)
        elif kind is Kind.SYMLINK:
            self._space.give([run for run in node.runs if not self._is_inside(run)])
            entry.link = self._target(node, path)
        elif kind in (Kind.CHARACTER, Kind.BLOCK):
            entry.rdev = node.rdev
        return entry

    def _is_inside(self, run: tuple[int, int]) -> bool:
        """Tell whether content stands within a file entry."""
        return run[0] % self._volume.block != 0

    def _fill(self, entry: Entry, node: Node) -> None:
        """Give a file its content."""
        entry.size = node.size
        if not node.size:
            entry.content = Held(b"")
        elif node.fault or max([at + size for at, size in node.runs]) > len(self._view):
            entry.content = refused(
                MalformedInput(FORMAT, 0, node.fault or "the bytes end within this file"), node.size
            )
        else:
            self._space.give([run for run in node.runs if not self._is_inside(run)])
            entry.content, entry.offset = gathered(self._view, node.runs)

    def _target(self, node: Node, path: str) -> str:
        """Return where a link leads."""
        data, at, parts = self._bytes_of(node)[: self._limits.max_name], 0, list[bytes]()
        while at + 4 <= len(data):
            kind, length = data[at], data[at + 1]
            name = data[at + 4 : at + 4 + length]
            parts.append(_PARTS[kind] if kind in _PARTS else text(name))
            at += 4 + length
        target = b"/".join(parts)
        if node.fault or not target or b"\0" in target:
            self._note("hostile-name", f"the target {target!r}", path)
        return target.decode("utf-8", "surrogateescape")

    def _note_streams(self, node: Node, path: str) -> None:
        if node.has_streams:
            self._note("unsupported", "streams beside the content", path)

    def _note(self, rule: str, detail: str, path: str = "") -> None:
        self._reading.note_anomaly(rule, f"UDF: {detail}", None, path)


def _end_of_content(view: memoryview) -> int:
    """Return the place of the last byte that is not zero: an image may be larger than what was written."""
    for start in range((len(view) - 1) // CHUNK * CHUNK, -1, -CHUNK):
        if piece := bytes(view[start : start + CHUNK]).rstrip(b"\0"):
            return start + len(piece) - 1
    return 0


_NOTHING = Node(0, 0, 0, None, None, 1, None, None, [], "", has_streams=False)


def read_files(view: memoryview, space: Space, reading: Reading, limits: Limits) -> dict[str, Placed]:
    """Return where the files of the UDF volume on a disc of another format lie; what is wrong with it is reported."""
    attributes = reading.attributes
    files: dict[str, Placed] = {}
    try:
        tree = Tree(view, Volume(view, space, reading), space, reading, limits)
        files = tree.files
        for _ in tree.walk():
            pass
    except MalformedInput as error:
        reading.note_anomaly("malformed", f"UDF: {error.reason}", error.offset)
    reading.attributes = attributes
    return files
