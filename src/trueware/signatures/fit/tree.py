"""The tree of a FIT as signatures see it: tokens with their places, nodes by path, and the regions that a list of nodes stands for.

The tree has to be one about which no two programs disagree: one root, each name once below a node and once in it, no unit addresses,
by which U-Boot found other nodes than it had hashed (CVE-2021-27097, CVE-2021-27138), nothing behind its end, and as long as it says
(CVE-2018-1000205).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from
from typing import NamedTuple

from trueware.formats.devicetree import MAX_PATH, Header
from trueware.signatures.refusal import uncheckable

_BEGIN, _END, _PROP, _NOP, _LAST = 1, 2, 3, 4, 9
_MOST_TOKENS, _MOST_NODES = 1 << 16, 1 << 12
_DEEPEST = 32
"""Levels, as U-Boot has it."""

_UNSIGNED = frozenset((b"data", b"data-size", b"data-position", b"data-offset"))
"""Properties that no region holds: where the data is and how long; the digest in the node next to it tells which it is."""

_NAME = "fit"


class _Token(NamedTuple):
    kind: int
    start: int
    end: int
    path: str
    """Of the node that begins; of others that of the node they are in."""

    name: bytes = b""
    """Of a property."""

    named: int = 0
    """Where that stands among the strings."""


@dataclass(slots=True)
class Node:
    """A node: places of its properties' values, and its children's paths in order."""

    path: str
    properties: dict[str, tuple[int, int]] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition("/")[2]


class Flat:
    """A whole tree."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.header = Header.of(view, _NAME)
        if self.header.total > len(view):
            uncheckable("the tree is cut")
        self.nodes: dict[str, Node] = {}
        self._tokens: list[_Token] = []
        self._read()

    def value(self, path: str, name: str) -> bytes | None:
        """Return the value of a property; None where it is not there."""
        node = self.nodes.get(path)
        place = None if node is None else node.properties.get(name)
        return None if place is None else bytes(self.view[place[0] : place[1]])

    def text(self, path: str, name: str) -> str:
        """Return a property that is one string, empty where there is none."""
        value = self.value(path, name) or b""
        return value[:-1].decode("utf-8", "replace") if value.endswith(b"\0") and value.count(b"\0") == 1 else ""

    def texts(self, path: str, name: str) -> list[str]:
        """Return a property that is a list of strings, empty where there is none or it is no such list."""
        value = self.value(path, name) or b""
        return value[:-1].decode("utf-8", "replace").split("\0") if value.endswith(b"\0") else []

    def regions(self, listed: frozenset[str]) -> Iterator[memoryview]:
        """Yield the bytes that a signature over the nodes `listed` is over, in order; the names of properties are not among them.

        As libfdt's ``fdt_find_regions`` has it: of a node in the list all, but of its children that are not only where they begin and
        end; where nothing is wanted any more, the token that ends a node is still taken if another was before it.
        """
        wants: list[int] = []
        want, start = 0, -1
        for token in self._tokens:
            stop = token.end
            if token.kind == _BEGIN:
                wants.append(want)
                if want == 1 or (not want and token.path not in listed):
                    stop = token.start
                want = 2 if token.path in listed else max(want - 1, 0)
                include = want > 0
            elif token.kind == _END:
                include, want = want > 0, wants.pop()
            elif token.kind == _LAST:
                include = True
            else:
                include, stop = want > 1 and token.name not in _UNSIGNED, token.start
            if include and start < 0:
                start = token.start
            if not include and start >= 0:
                yield self.view[start:stop]
                start = -1
        if start >= 0:
            yield self.view[start : self._tokens[-1].end]

    def names_end(self, listed: frozenset[str]) -> int:
        """Return how much of the strings block the names of the properties in the regions need."""
        signed = (each for each in self._tokens if each.path in listed and each.name and each.name not in _UNSIGNED)
        return max((each.named + len(each.name) + 1 for each in signed), default=0)

    def _read(self) -> None:
        at, end = self.header.structure, self.header.structure_end
        way: list[Node] = []
        while at + 4 <= end:
            (kind,) = unpack_from(">I", self.view, at)
            if len(self._tokens) >= _MOST_TOKENS or len(self.nodes) > _MOST_NODES:
                uncheckable("a tree of too many nodes and properties")
            if kind == _BEGIN:
                token = self._begin(at, way)
            elif not way and kind not in (_LAST, _NOP):
                uncheckable(f"the tree is malformed at {at:#x}")
            elif kind == _END:
                token = _Token(kind, at, at + 4, way.pop().path)
            elif kind == _PROP:
                token = self._property(at, way[-1])
            elif kind == _NOP:
                token = _Token(kind, at, at + 4, way[-1].path if way else "")
            elif kind == _LAST and not way and self.nodes:
                self._tokens.append(_Token(kind, at, at + 4, ""))
                if at + 4 != end:
                    uncheckable(f"{end - at - 4} bytes behind the end of the tree")
                return
            else:
                uncheckable(f"the tree is malformed at {at:#x}")
            self._tokens.append(token)
            at = token.end
        uncheckable("the tree has no end")

    def _begin(self, at: int, way: list[Node]) -> _Token:
        raw = bytes(self.view[at + 4 : min(at + 4 + MAX_PATH, self.header.structure_end)])
        name, found, _ = raw.partition(b"\0")
        text = name.decode("utf-8", "surrogateescape")
        if not found or (not way and (name or self.nodes)) or (way and not name) or b"@" in name or b"/" in name:
            uncheckable(f"a node {text!r} at {at:#x} by which programs find different things")
        path = "/" if not way else f"{way[-1].path.rstrip('/')}/{text}"
        if path in self.nodes or len(way) >= _DEEPEST or len(path) > MAX_PATH:
            uncheckable(f"the node {path} stands twice, or too deep")
        if way:
            way[-1].children.append(path)
        way.append(self.nodes.setdefault(path, Node(path)))
        return _Token(_BEGIN, at, at + 4 + (len(name) + 4 & ~3), path)

    def _property(self, at: int, node: Node) -> _Token:
        if at + 12 > self.header.structure_end:
            uncheckable("the tree is cut")
        length, offset = unpack_from(">2I", self.view, at + 4)
        start = at + 12
        end = start + (length + 3 & ~3)
        if end > self.header.structure_end or node.children:
            uncheckable(f"a property at {at:#x} that is too long, or stands behind nodes")
        first = self.header.strings + offset
        raw = bytes(self.view[first : min(first + MAX_PATH, self.header.strings_end)]) if offset < 1 << 31 else b""
        name, found, _ = raw.partition(b"\0")
        text = name.decode("utf-8", "surrogateescape")
        if not found or not name or text in node.properties:
            uncheckable(f"a property {text!r} of {node.path} without a name, or that stands twice")
        node.properties[text] = start, start + length
        return _Token(_PROP, at, end, node.path, name, offset)
