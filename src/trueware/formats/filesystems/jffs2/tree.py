"""The tree of a jffs2: walks the folders from the root, and turns names and inodes into entries.

What no name leads to, names that were taken away and nodes that newer ones cover are earlier states: the device does not show
them, so they are counted and no more.
"""

from collections.abc import Iterator
from dataclasses import replace

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.jffs2 import nodes, packing
from trueware.formats.filesystems.jffs2.attributes import AttributeTable
from trueware.formats.filesystems.jffs2.files import FileContent, lay_out
from trueware.formats.filesystems.jffs2.log import PLACE, Log, Name
from trueware.formats.filesystems.jffs2.nodes import FORMAT, Order
from trueware.formats.names import is_hostile, readable
from trueware.model.limits import Limits
from trueware.model.part import Kind

_KINDS = {
    0o010000: Kind.FIFO, 0o020000: Kind.CHARACTER, 0o040000: Kind.DIRECTORY, 0o060000: Kind.BLOCK,
    0o100000: Kind.FILE, 0o120000: Kind.SYMLINK, 0o140000: Kind.SOCKET,
}  # fmt: skip
_FILE, _DIRECTORY, _SYMLINK = Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK
_DEVICES = (Kind.CHARACTER, Kind.BLOCK)
_ROOT, _ROOT_MODE = 1, 0o755
_IN_PLACE = (1 << PLACE) - 1
_MODE, _KIND = 0o7777, 0o170000


class Tree:
    """The folders and files of one file system."""

    def __init__(self, view: memoryview, order: Order, log: Log, limits: Limits, reading: Reading) -> None:
        self._view, self._order, self._log, self._limits, self._reading = view, order, log, limits, reading
        self._attributes = AttributeTable(view, order, log, limits.max_xattrs, reading)
        self._entries: dict[int, Entry] = {}
        self._used = 0
        self._compressors: set[str] = set()

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them."""
        root = self._read(_ROOT, "")
        if root is None or root.kind is not _DIRECTORY:
            raise MalformedInput(FORMAT, 0, "the root is no folder")
        self._reading.attributes = self._entries[_ROOT] = root
        stack = [(_ROOT, "", 0)]
        while stack:
            folder, path, depth = stack.pop()
            below: list[tuple[int, str, int]] = []
            prefix = f"{path}/" if path else ""
            for name, node in sorted(self._log.folders.get(folder, {}).items()):
                if not node.number:
                    continue
                place = prefix + readable(name)
                if is_hostile(name):
                    self._reading.note_anomaly("hostile-name", f"{name!r}", None, path)
                entry = self._name(node, place)
                if entry is None:
                    continue
                self._used += 1
                yield entry
                if entry.kind is _DIRECTORY and self._entries[node.number] is entry:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((node.number, place, depth + 1))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", None, place)
            stack.extend(reversed(below))
        self._tell_history()

    def _name(self, node: Name, path: str) -> Entry | None:
        """Return the entry that a name stands for, None where no device could open it."""
        known = self._entries.get(node.number)
        if known is not None:
            if known.kind is _DIRECTORY:
                self._reading.note_anomaly("cycle", f"the folder is {known.path!r} as well", None, path)
            entry = replace(known, path=path)
        else:
            made = self._read(node.number, path)
            if made is None:
                return None
            entry = self._entries[node.number] = made
        if _KINDS.get(node.kind << 12) is not entry.kind:
            detail = f"{entry.kind.value} named as kind {node.kind}"
            self._reading.note_anomaly("contradiction", detail, None, path)
        return entry

    # --- inodes ----------------------------------------------------------------------------------------------------------

    def _read(self, number: int, path: str) -> Entry | None:
        """Return the entry of an inode, None if there is nothing to be had of it."""
        if damaged := self._log.damaged.get(number):
            detail = f"CRC of data ({len(damaged)} nodes)"
            self._reading.note_anomaly("checksum-mismatch", detail, damaged[0], path)
        history = self._log.inodes.get(number)
        if history is None:
            return self._read_without_inode(number, path)
        history = self._in_order(history, path)
        newest = history[-1] & _IN_PLACE
        _, _, mode, uid, gid, size, _, mtime, _, _, packed, length, compressor, *_ = self._order.inode(
            self._view, newest
        )
        kind = _KINDS.get(mode & _KIND)
        if kind is None:
            self._reading.note_anomaly("malformed", f"mode {mode:#o}", newest, path)
            return None
        entry = Entry(path, kind, None, 0, mode & _MODE, uid, gid, mtime, xattrs=self._attributes.of(number, path))
        if mode >> 16:
            self._reading.note_anomaly("reserved-bits", f"mode {mode:#o}", newest, path)
        self._used += 1
        self._compressors.add(packing.name_of(compressor))
        if kind is _FILE:
            self._fill(entry, history, size)
        elif kind is _SYMLINK:
            target = self._view[newest + nodes.INODE_SIZE : newest + nodes.INODE_SIZE + packed].tobytes()
            if compressor != packing.NONE or length != packed:
                # a device takes the bytes as they stand
                self._reading.note_anomaly("contradiction", "the target of a link is packed", newest, path)
            if b"\0" in target:
                self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", newest, path)
            entry.link = target.decode("utf-8", "surrogateescape")
        elif kind in _DEVICES:
            entry.rdev = self._device(newest, packed, path)
        return entry

    def _read_without_inode(self, number: int, path: str) -> Entry | None:
        """Return what Linux makes up for a folder that has lost its inode; that of the root is often left out."""
        if number != _ROOT:
            self._reading.note_anomaly("malformed", f"there is no inode {number}", None, path)
            if number not in self._log.folders:
                return None
        return Entry(path, _DIRECTORY, mode=_ROOT_MODE, uid=0, gid=0, xattrs=self._attributes.of(number, path))

    def _in_order(self, history: list[int], path: str) -> list[int]:
        """Return the nodes of an inode from the oldest to the newest; one that stands twice was being moved, and counts once."""
        history.sort()
        version = -1
        kept: list[int] = []
        for key in history:
            if key >> PLACE == version:
                one, other = (self._bytes_of(place & _IN_PLACE) for place in (key, kept[-1]))
                if one == other:
                    continue
                detail = f"two nodes of version {version}"
                self._reading.note_anomaly("contradiction", detail, key & _IN_PLACE, path)
            version = key >> PLACE
            kept.append(key)
        return kept

    def _bytes_of(self, at: int) -> memoryview:
        return self._view[at : at + self._order.header(self._view, at)[2]]

    def _fill(self, entry: Entry, history: list[int], size: int) -> None:
        """Give a file its content."""
        view, extent = self._view, self._order.extent
        extents = []
        for key in history:
            at = key & _IN_PLACE
            start, length = extent(view, at)
            if length:
                extents.append((start, start + length, at))
        pieces = lay_out(extents, size)
        self._used += len({at for _, _, at in pieces} - {history[-1] & _IN_PLACE})
        entry.size = size
        entry.content = FileContent(view, self._order, pieces, size)

    def _device(self, at: int, size: int, path: str) -> tuple[int, int] | None:
        """Return major and minor number, which stand in two bytes, or in four in a later form."""
        start = at + nodes.INODE_SIZE
        number = int.from_bytes(self._view[start : start + size], self._order.name)
        if size == 2:
            return number >> 8, number & 0xFF
        if size == 4:
            return number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00
        self._reading.note_anomaly("malformed", f"the number of a device in {size} bytes", at, path)
        return None

    # --- afterwards ------------------------------------------------------------------------------------------------------

    def _tell_history(self) -> None:
        """Tell how much there is of earlier states."""
        self._reading.notes["compressors"] = ",".join(sorted(self._compressors))
        earlier = self._log.counted - self._used - self._attributes.used
        if earlier:
            detail = f"{earlier} nodes of earlier states: what was deleted, overwritten or renamed"
            self._reading.note_anomaly("hidden-content", detail)
            self._reading.notes["earlier-nodes"] = str(earlier)
