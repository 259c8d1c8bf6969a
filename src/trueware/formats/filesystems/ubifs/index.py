"""The index: a tree from keys to the nodes of inodes, names, attributes and data that count.

Its root is in the master node. Keys go up from the first to the last leaf, and only names whose hashes are equal share one:
a device searches for a key and would not find what stands elsewhere, though a list of all shows it.
"""

from collections import defaultdict
from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ubifs import nodes
from trueware.formats.filesystems.ubifs.nodes import FORMAT, Type, WrongSum, hash_of, read
from trueware.formats.filesystems.ubifs.superblock import Master, Superblock

_MAX_LEVEL = 512
_DATA = int(Type.DATA)
SIZE_BITS = 16
"""A node is kept as where it begins and, in this many bits, how long it is."""

_IN_SIZE = (1 << SIZE_BITS) - 1


def place_of(node: int) -> tuple[int, int]:
    """Return where a node begins and how long it is."""
    return node >> SIZE_BITS, node & _IN_SIZE


class Name(NamedTuple):
    """What a name in a folder, or of an attribute, stands for."""

    number: int
    kind: int
    node: int


class Leaves:
    """All nodes that count.

    Attributes:
        inodes: by number.
        data: by inode and block.
        names: by folder and name.
        attributes: by inode and name.
        index: the nodes of the index itself.
    """

    def __init__(self, view: memoryview, sb: Superblock, reading: Reading) -> None:
        self._view, self._sb, self._reading = view, sb, reading
        self.inodes: dict[int, int] = {}
        self.data: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self.names: defaultdict[int, dict[bytes, Name]] = defaultdict(dict)
        self.attributes: defaultdict[int, dict[bytes, Name]] = defaultdict(dict)
        self.index: set[int] = set()
        self._branch_size, self._unit = sb.branch_size, sb.block_size
        self._first, self._limit = sb.main_start * sb.block_size, min(sb.blocks * sb.block_size, len(view))
        self._last = self._leaf = -1
        self._disorder = self._nowhere = 0

    def read(self, master: Master) -> None:
        """Follow the index from its root.

        Raises:
            MalformedInput: there is no root.
        """
        root = self.locate(master.root_block, master.root_offset, master.root_size)
        if root is None:
            raise MalformedInput(FORMAT, 0, f"the index is in block {master.root_block}, which there is not")
        branch = Struct(f"<5I{self._branch_size - 20}x")
        stack = [(root, -1, -1)]
        while stack:
            node, level, key = stack.pop()
            try:
                self._in_order(key)
                branches, level = self._read_index(node, level)
            except MalformedInput as error:
                if key < 0:
                    raise
                if isinstance(error, WrongSum):
                    self._reading.note_anomaly("checksum-mismatch", error.reason, error.offset)
                self._reading.note_anomaly("malformed", error.reason, error.offset)
                continue
            if not level:
                self._take(branch, branches)
                continue
            below = []
            for block, offset, size, number, low in branch.iter_unpack(branches):
                child = self.locate(block, offset, size)
                if child is None:
                    self._nowhere += 1
                else:
                    below.append((child, level - 1, number << 32 | low))
            stack.extend(reversed(below))
        if self._disorder:
            detail = f"{self._disorder} keys of the index do not come after the one before"
            self._reading.note_anomaly("contradiction", detail)
        if self._nowhere:
            self._reading.note_anomaly("malformed", f"{self._nowhere} branches of the index lead nowhere")

    def locate(self, block: int, offset: int, size: int) -> int | None:
        """Return a node by its place, None where there can be none."""
        at = block * self._unit + offset
        fits = self._first <= at and at + size <= self._limit and offset + size <= self._unit
        return at << SIZE_BITS | size if fits and not offset & 7 and nodes.HEADER_SIZE <= size <= _IN_SIZE else None

    def _read_index(self, node: int, level: int) -> tuple[memoryview, int]:
        """Return the branches of a node of the index, and its level, which should be `level`, -1: any."""
        at, size = place_of(node)
        *_, count, found = read(self._view, at, size, Type.INDEX, nodes.INDEX)
        if not 0 < count <= self._sb.fanout or nodes.INDEX_SIZE + count * self._branch_size != size:
            raise MalformedInput(FORMAT, at, f"a node of the index with {count} branches in {size} bytes")
        if found > _MAX_LEVEL or level not in (-1, found):
            raise MalformedInput(FORMAT, at, f"a node of the index at level {found}")
        if node in self.index:
            raise MalformedInput(FORMAT, at, "a node of the index that two branches lead to")
        self.index.add(node)
        return self._view[at + nodes.INDEX_SIZE : at + size], found

    def _in_order(self, key: int) -> None:
        """Take note of the key of a branch."""
        self._disorder += key < self._last
        self._last = max(self._last, key)

    def _take(self, layout: Struct, branches: memoryview) -> None:
        """Take the leaves that a node of the index leads to."""
        unit, first, limit, data = self._unit, self._first, self._limit, self.data
        last, leaf, current = self._last, self._leaf, -1
        blocks: dict[int, int] = {}
        for block, offset, size, number, low in layout.iter_unpack(branches):
            key, kind, at = number << 32 | low, low >> nodes.KIND_SHIFT, block * unit + offset
            if key < last or (key == leaf and kind < Type.NAME):
                self._disorder += 1
            leaf = last = key
            if (
                at < first or at + size > limit or offset + size > unit or offset & 7
                or not nodes.HEADER_SIZE <= size <= _IN_SIZE
            ):  # fmt: skip
                self._nowhere += 1
            elif kind == _DATA:
                if number != current:
                    current, blocks = number, data[number]
                blocks[low & nodes.REST] = at << SIZE_BITS | size
            elif kind == Type.INODE:
                self.inodes[number] = at << SIZE_BITS | size
            elif kind in (Type.NAME, Type.ATTRIBUTE):
                self._take_name(at << SIZE_BITS | size, kind, number, low & nodes.REST)
            else:
                self._nowhere += 1
        self._last, self._leaf = last, leaf

    def _take_name(self, node: int, kind: int, folder: int, hashed: int) -> None:
        at = node >> SIZE_BITS
        try:
            name, found = read_name(self._view, node, kind, folder, kind << nodes.KIND_SHIFT | hashed)
        except MalformedInput as error:
            rule = "checksum-mismatch" if isinstance(error, WrongSum) else "contradiction"
            self._reading.note_anomaly(rule, f"a name: {error.reason}", at)
            self._reading.note_anomaly("malformed", f"a name in folder {folder} is lost", at)
            return
        if hash_of(name, self._sb.key_hash) != hashed:
            # a list of the folder shows it, and who asks for it is told that there is none
            self._reading.note_anomaly("contradiction", f"{name!r} is not where the index leads", at)
        names = (self.names if kind == Type.NAME else self.attributes)[folder]
        if name in names:
            self._reading.note_anomaly("duplicate-path", f"{name!r} stands twice in folder {folder}", at)
        names[name] = found


def read_name(view: memoryview, node: int, kind: int, folder: int, low: int) -> tuple[bytes, Name]:
    """Return the name in a node, which must have the key `folder`, `low`, and what it stands for.

    Raises:
        MalformedInput: there is no such node, or it contradicts itself.
    """
    at, size = place_of(node)
    _, _, _, _, number, found, inode, entry_kind, length = read(view, at, size, kind, nodes.NAME)
    end = at + nodes.NAME_SIZE + length
    if number != folder or found != low or end + 1 != at + size or not length:
        raise MalformedInput(FORMAT, at, f"a name of {length} bytes and key {found:#x} in {size} bytes of another key")
    return bytes(view[at + nodes.NAME_SIZE : end]), Name(inode, entry_kind, node)
