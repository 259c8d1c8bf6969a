"""The flattened device tree: its header, and one walk over its nodes and properties.

======  ====  =================================================
offset  size  field (big-endian)
======  ====  =================================================
0       4     magic D0 0D FE ED
4       4     total size
8       4     offset of the structure block
12      4     offset of the strings block
16      4     offset of the memory reservations
20      4     version
24      4     last compatible version, at most 17
28      4     physical id of the boot CPU
32      4     size of the strings block
36      4     size of the structure block (from version 17)
======  ====  =================================================

The structure block is a row of tokens, each aligned to four bytes: 1 begins a node (its name follows), 2 ends one, 3 is
a property (length, offset of its name in the strings block, value), 4 is nothing, 9 ends the tree.
Source: Devicetree Specification v0.4, chapter 5. FIT images are such trees, and so is every ``.dtb``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from struct import Struct

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading

MAGIC = b"\xd0\x0d\xfe\xed"
MAX_NAME = 255
"""The specification says 31; dtc and libfdt take longer ones."""

MAX_PATH, MAX_NODES, MAX_PROPERTIES = 1024, 1 << 16, 1 << 17
"""Some ten times what the largest trees of real boards need; they bound memory, since every node repeats its path."""

_HEADER = Struct(">10I")
_WORD = Struct(">I")
_PROPERTY = Struct(">II")
_RESERVATION = Struct(">QQ")
_BEGIN, _END, _PROP, _NOP, _LAST = 1, 2, 3, 4, 9
_NOPS = _WORD.pack(_NOP) * 1024
"""A run of them is passed at once: millions fit in a small file, and are told apart from nothing by no one."""

_GLANCE = 1 << 13
"""Tokens among which a node is looked for: a question that is asked of everything with the magic must be cheap."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the blocks of a tree lie, each checked to be within ``[0, total)``."""

    total: int
    structure: int
    structure_end: int
    strings: int
    strings_end: int
    reservations: int
    boot_cpu: int
    version: int

    @classmethod
    def of(cls, view: memoryview, format: str) -> "Header":  # noqa: A002 (the domain's noun)
        """Read the header of the tree at the start of `view`; the tree may be longer than `view`.

        Raises:
            MalformedInput: there is none.
        """
        if len(view) < _HEADER.size or view[:4] != MAGIC:
            raise MalformedInput(format, 0, "no device tree header")
        fields = _HEADER.unpack_from(view)
        _, total, structure, strings, reservations, version, compatible, boot_cpu, strings_size, structure_size = fields
        if version < 16 or compatible > 17:
            raise UnsupportedInput(format, 20, f"device tree version {version}, compatible with {compatible}")
        if version == 16:
            structure_size = max(total - structure, 0)
        ends = structure + structure_size, strings + strings_size
        if min(structure, strings, reservations) < 36 or max(*ends, reservations + 16) > total or structure % 4:
            raise MalformedInput(format, 4, "a block of the device tree is not within its total size")
        return cls(total, structure, ends[0], strings, ends[1], reservations, boot_cpu, version)


@dataclass(slots=True)
class Node:
    """A node: its properties by name as ranges of the tree's bytes, and the paths of its children, in order."""

    path: str
    properties: dict[str, tuple[int, int]] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tree:
    """A whole tree: nodes by path without a leading slash (the root's is empty), in order."""

    view: memoryview
    header: Header
    nodes: dict[str, Node]

    def value(self, path: str, name: str) -> memoryview | None:
        """Return the value of a property, None if it or its node is not there."""
        node = self.nodes.get(path)
        if node is None or name not in node.properties:
            return None
        start, end = node.properties[name]
        return self.view[start:end]

    def order(self) -> str:
        """Return a digest of the order of all nodes, which decides what a device meets first."""
        return sha256("\n".join(self.nodes).encode("utf-8", "surrogateescape")).hexdigest()


def has_node(view: memoryview, name: str) -> bool:
    """Tell whether the root has a child of this name, as far as `view` and `_GLANCE` go; never raises."""
    wanted, depth = name.encode(), 0
    try:
        for token, start, end in islice(_tokens(view, Header.of(view, "dtb"), "dtb"), _GLANCE):
            if token == _BEGIN:
                depth += 1
                if depth == 2 and view[start:end] == wanted:
                    return True
            elif token == _END:
                depth -= 1
    except MalformedInput:
        return False
    return False


def read_tree(view: memoryview, reading: Reading, format: str) -> Tree:  # noqa: A002 (the domain's noun)
    """Read the tree at the start of `view`; account for its bytes, boot CPU and reservations in `reading`.

    Raises:
        MalformedInput: it is not a device tree, or its blocks are cut or broken.
    """
    header = Header.of(view, format)
    if header.total > len(view):
        raise MalformedInput(format, len(view), f"{len(view)} of {header.total} bytes of the device tree are there")
    reading.cover(0, 40 if header.version > 16 else 36)
    _read_reservations(view, header, reading, format)
    reading.facts["boot-cpu"] = str(header.boot_cpu)
    reading.notes["devicetree-version"] = str(header.version)
    return Tree(view, header, _Walk(view, header, reading, format).nodes)


class _Walk:
    """One pass over the structure block that collects the nodes."""

    def __init__(self, view: memoryview, header: Header, reading: Reading, format: str) -> None:  # noqa: A002
        self.nodes: dict[str, Node] = {}
        self._view, self._header, self._reading, self._format = view, header, reading, format
        self._above: list[Node] = []
        self._names: dict[int, str] = {}
        self._properties = 0
        last = header.structure
        for token, start, last in _tokens(view, header, format):
            if token == _BEGIN:
                self._begin(start, last)
            elif token == _PROP:
                self._property(start, last)
            elif token == _END:
                if not self._above:
                    raise self._malformed(start, "a node ends that did not begin")
                self._above.pop()
            if last % 4 and any(view[last : last + -last % 4]):
                reading.note_anomaly("hidden-content", "bytes in the padding of the device tree", last)
        if self._above or not self.nodes:
            raise self._malformed(last, "the device tree has no root or a node that does not end")
        reading.cover(header.structure, last)

    def _malformed(self, offset: int, reason: str) -> MalformedInput:
        return MalformedInput(self._format, offset, reason)

    def _begin(self, start: int, end: int) -> None:
        name = bytes(self._view[start:end]).decode("utf-8", "surrogateescape")
        if not self._above:
            if self.nodes:
                raise self._malformed(start, "a second root")
            if name:
                self._reading.facts["root-name"] = name
            path = ""
        elif not name or "/" in name:
            raise self._malformed(start, f"a node called {name!r}")
        else:
            parent = self._above[-1]
            path = f"{parent.path}/{name}" if parent.path else name
            if path in self.nodes:
                self._reading.note_anomaly("duplicate-path", f"node {path!r} stands twice", start)
            else:
                parent.children.append(path)
        if len(self.nodes) == MAX_NODES or len(path) > MAX_PATH:
            raise self._malformed(start, f"more than {MAX_NODES} nodes or a path of more than {MAX_PATH} characters")
        self._above.append(self.nodes.setdefault(path, Node(path)))

    def _property(self, start: int, end: int) -> None:
        if not self._above:
            raise self._malformed(start, "a property outside the root")
        self._properties += 1
        if self._properties > MAX_PROPERTIES:
            raise self._malformed(start, f"more than {MAX_PROPERTIES} properties")
        (at,) = _WORD.unpack_from(self._view, start - 4)
        name = self._names.get(at)
        if name is None:
            name = self._names[at] = self._string(at)
        node = self._above[-1]
        if name in node.properties:
            self._reading.note_anomaly("duplicate-path", f"property {name!r} of {node.path!r} stands twice", start)
        else:
            node.properties[name] = start, end

    def _string(self, at: int) -> str:
        start = self._header.strings + at
        raw = bytes(self._view[start : min(start + MAX_NAME + 1, self._header.strings_end)])
        length = raw.find(0)
        if length <= 0:
            raise self._malformed(start, "the name of a property is empty or does not end")
        self._reading.cover(start, start + length + 1)
        return raw[:length].decode("utf-8", "surrogateescape")


def _tokens(
    view: memoryview,
    header: Header,
    format: str,  # noqa: A002 (the domain's noun)
) -> Iterator[tuple[int, int, int]]:
    """Yield (token, start, end) with the range of a node's name or a property's value."""
    at, stop = header.structure, min(header.structure_end, len(view))
    word = _WORD.unpack_from
    while at + 4 <= stop:
        (token,) = word(view, at)
        at += 4
        if token == _PROP:
            if at + 8 > stop:
                break
            size, _ = _PROPERTY.unpack_from(view, at)
            at += 8
            if size > stop - at:
                raise MalformedInput(format, at, f"a property of {size} bytes, {stop - at} are left")
            yield _PROP, at, at + size
            at += size + -size % 4
        elif token == _BEGIN:
            length = bytes(view[at : min(at + MAX_NAME + 1, stop)]).find(0)
            if length < 0:
                raise MalformedInput(format, at, "the name of a node does not end")
            yield _BEGIN, at, at + length
            at += length + 4 & ~3
        elif token in (_END, _LAST):
            yield token, at, at
            if token == _LAST:
                return
        elif token == _NOP:
            while at + len(_NOPS) <= stop and view[at : at + len(_NOPS)] == _NOPS:
                at += len(_NOPS)
        else:
            raise MalformedInput(format, at - 4, f"unknown token {token}")
    raise MalformedInput(format, at, "the structure block does not end")


def _read_reservations(view: memoryview, header: Header, reading: Reading, format: str) -> None:  # noqa: A002
    at, index = header.reservations, 0
    while True:
        if at + _RESERVATION.size > header.total:
            raise MalformedInput(format, at, "the memory reservations do not end")
        address, size = _RESERVATION.unpack_from(view, at)
        at += _RESERVATION.size
        if not address and not size:
            break
        if index == 1024:
            raise MalformedInput(format, at, "more than 1024 memory reservations")
        reading.facts[f"reserved-{index}"] = f"{address:#x}+{size:#x}"
        index += 1
    reading.cover(header.reservations, at)


def spell(value: memoryview) -> str:
    """Write a value as text, differently for different bytes: as a string, else ``"…", "…"``, ``<…>`` or ``[…]``."""
    data = bytes(value)
    if data[-1:] == b"\0" and data[:-1].replace(b"\0", b"").isascii():
        strings = data[:-1].decode().split("\0")
        if len(strings) == 1 and strings[0].isprintable() and strings[0][:1] not in {'"', "<", "["}:
            return strings[0]
        if all(text and text.isprintable() and '"' not in text for text in strings):
            return ", ".join(f'"{text}"' for text in strings)
    if data and len(data) % 4 == 0:
        return "<" + " ".join(f"{cell:#x}" for (cell,) in _WORD.iter_unpack(data)) + ">"
    return "[" + data.hex() + "]"
