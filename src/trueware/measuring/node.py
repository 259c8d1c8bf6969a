"""Nodes: the tree while it grows. Once everything is hashed, `freeze` turns it into `Part`s with their Merkle digests."""

from collections.abc import Iterable
from itertools import chain
from operator import attrgetter

from trueware.formats.contract import Entry
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part, join

_ATTRIBUTELESS = Entry("", Kind.DIRECTORY)
_UNCLAIMED = frozenset({Kind.PADDING, Kind.GAP})
_NO_CHILDREN: "dict[str, Node]" = {}
_NO_TWINS: "list[Node]" = []
"""What all leaves share: most nodes are leaves, and containers of their own would double what one takes. Never changed."""


class Node:
    """One part in the making.

    Attributes:
        entry: what its container says of it.
        children: by name, in the order of the container.
        twins: children whose name another one already has, in order.
        same_as: the node it shares content and children with (a hard link).
        part: what it became, once frozen.
        known: a part of the same bytes, which was measured before: what is below it is below this node too.
        broken: its reading leaves a doubt, see `Rule.uncertain`.
    """

    __slots__ = (
        "broken",
        "children",
        "entry",
        "facts",
        "format",
        "known",
        "name",
        "notes",
        "parent",
        "part",
        "same_as",
        "sha256",
        "size",
        "twins",
    )

    def __init__(self, name: str, entry: Entry, parent: "Node | None") -> None:
        self.name, self.entry, self.parent = name, entry, parent
        self.size = entry.size
        self.sha256: bytes | None = None
        self.format: str | None = None
        self.facts = entry.facts
        self.notes = entry.notes
        self.broken = False
        self.children = _NO_CHILDREN
        self.twins = _NO_TWINS
        self.same_as: Node | None = None
        self.known: Part | None = None
        self.part: Part | None = None

    @classmethod
    def folder(cls, name: str, parent: "Node | None") -> "Node":
        """Return a folder that no entry describes (yet)."""
        return cls(name, _ATTRIBUTELESS, parent)

    @property
    def implied(self) -> bool:
        """Whether no entry has described this folder."""
        return self.entry is _ATTRIBUTELESS

    @property
    def is_leaf(self) -> bool:
        """Whether its bytes stand for it: no format read it, or not with certainty, or there is nothing in it."""
        return self.broken or self.format is None or all(child.entry.kind in _UNCLAIMED for child in self.below())

    def add(self, child: "Node") -> bool:
        """Take in a child; returns False where its name was taken already."""
        if self.children is _NO_CHILDREN:
            self.children = {child.name: child}
        elif child.name in self.children:
            if self.twins is _NO_TWINS:
                self.twins = []
            self.twins.append(child)
            return False
        else:
            self.children[child.name] = child
        return True

    def below(self) -> Iterable["Node"]:
        """Return all children, twins last."""
        return chain(self.children.values(), self.twins) if self.twins else self.children.values()

    def path(self) -> str:
        """Return the path within the artefact, as `Part.walk` gives it."""
        steps = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            steps.append(node)
            node = node.parent
        path = ""
        for step in reversed(steps):
            parent = step.parent
            path = join_node(path, parent, step.name)
        return path


def container_of(node: Node) -> Node:
    """Return the container whose entry `node` is, or the artefact where no format read it."""
    above = node.parent or node
    while above.format is None and above.parent is not None:
        above = above.parent
    return above


def join_node(path: str, parent: Node | None, name: str) -> str:
    """Return the path of a child of `parent`; the one definition is `trueware.model.part.join`."""
    return join(path, _CONTAINER if parent is not None and parent.format is not None else _FOLDER, name)


_FOLDER = Part("", Kind.DIRECTORY, b"")
_CONTAINER = Part("", Kind.FILE, b"", format="any")


def freeze(root: Node) -> Part:
    """Return the part of `root` with all below: children and the targets of hard links before what needs them.

    Nodes give up their children as they become parts: of a large tree there is never all of both.
    """
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node.part is not None:
            continue
        if ready:
            node.part = _part(node)
            continue
        stack.append((node, True))
        for child in node.below():
            if child.children or child.same_as is not None:
                stack.append((child, False))
            elif child.part is None:  # most are leaves and wait for nothing
                child.part = _part(child)
        if node.same_as is not None:
            stack.append((node.same_as, False))
    assert root.part is not None  # noqa: S101 (made above)
    return root.part


_part_of = attrgetter("part")


def _part(node: Node) -> Part:
    entry = node.entry
    children: tuple[Part, ...] = ()
    if node.same_as is not None:
        # its bytes stand for it: were a container's parts shared too, links within links would make a tree without end
        source: Part = _part_of(node.same_as)
        sha, size, format_, certain = source.sha256, source.size, None, source.sha256 is not None
        facts, notes = entry.facts, entry.notes
    else:
        if node.children:
            children = tuple(map(_part_of, node.below()))
            node.children, node.twins = _NO_CHILDREN, _NO_TWINS
        sha, size, format_, facts, notes = node.sha256, node.size, node.format, node.facts, node.notes
        certain = not node.broken
        if (known := node.known) is not None:
            children, format_, facts, notes = known.children, known.format, known.facts, known.notes
    kind, mode, uid, gid, link, rdev, xattrs = (
        entry.kind, entry.mode, entry.uid, entry.gid, entry.link, entry.rdev, entry.xattrs,
    )  # fmt: skip
    tree = part_digest(kind, children, sha, mode, uid, gid, link, rdev, xattrs, format_, facts, certain=certain)
    return Part(
        node.name, kind, tree, size, sha, mode, uid, gid, entry.mtime, link, rdev, xattrs,
        format_, facts, notes, entry.offset, certain, children,
    )  # fmt: skip
