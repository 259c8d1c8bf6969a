"""Sites: the parts of an artefact, their bytes still at hand, for those who verify signatures once all has been read."""

from collections.abc import Iterable, Iterator

from trueware.errors import LimitExceeded, UnsupportedInput
from trueware.formats.contract import Buffer, Held, Passing
from trueware.measuring.budget import Budget
from trueware.measuring.node import Node
from trueware.model.limits import MIB, Limits
from trueware.model.part import Kind
from trueware.signatures.contract import Site

_HELD = 64 * MIB
"""Bytes of containers that do not lie in the artefact as they are, held until all has been read."""

_CHUNK = 1 << 20


class Views:
    """The bytes of the parts that were read, as far as they can be had again without unpacking anew."""

    def __init__(self, artefact: memoryview | None, limits: Limits, budget: Budget) -> None:
        self._artefact, self._limits, self._budget = artefact, limits, budget
        self._views: dict[Node, memoryview] = {}
        self._held = 0

    def keep(self, node: Node, view: memoryview) -> None:
        """Remember the bytes of `node`, where they lie in the artefact or are not too many."""
        if self._artefact is None or view.obj is not self._artefact.obj:
            if self._held + len(view) > _HELD:
                return
            self._held += len(view)
        self._views[node] = view

    def view(self, node: Node) -> memoryview:
        """Return the bytes of `node` in one piece.

        Raises:
            InputError: they cannot be had, or are too many: by themselves, or with all that were asked for before.
        """
        view = self._view(node)
        self._budget.see_again(len(view))
        return view

    def _view(self, node: Node) -> memoryview:
        node = node.same_as or node
        if (view := self._views.get(node)) is not None:
            return view
        if node.parent is None and self._artefact is not None:
            return self._artefact
        content = node.entry.content
        if isinstance(content, Held):
            return content.view
        if content is None and node.parent is not None and node.entry.offset is not None:
            start = node.entry.offset
            return self._view(node.parent)[start : start + node.size]
        held = bytearray()
        for chunk in self.chunks(node):
            held += chunk
            if len(held) > self._limits.max_held:
                raise LimitExceeded(
                    "max_held", self._limits.max_held, "a signature over it needs all its bytes at once"
                )
        return memoryview(held)

    def chunks(self, node: Node) -> Iterator[Buffer]:
        """Yield the bytes of `node` in order.

        Raises:
            InputError: they cannot be had.
        """
        node = node.same_as or node
        content = node.entry.content
        if node in self._views or isinstance(content, Held) or (content is None and _lies_in_another(node)):
            view = self._view(node)
            pieces: Iterable[Buffer] = (view[at : at + _CHUNK] for at in range(0, len(view), _CHUNK))
        elif content is None or isinstance(content, Passing):
            raise UnsupportedInput(
                node.format or "file", 0, "its bytes passed by in a stream and are not at hand any more"
            )
        else:
            pieces = content.chunks()
        for piece in pieces:
            self._budget.spend(len(piece))
            yield piece


def _lies_in_another(node: Node) -> bool:
    return node.parent is None or node.entry.offset is not None


class NodeSite:
    """A node of the tree, as those who verify signatures see it."""

    __slots__ = ("_node", "_views")

    def __init__(self, node: Node, views: Views) -> None:
        self._node, self._views = node, views

    @property
    def name(self) -> str:
        """See `Site`."""
        return self._node.name

    @property
    def path(self) -> str:
        """See `Site`."""
        return self._node.path()

    @property
    def format(self) -> str | None:
        """See `Site`."""
        return self._node.format

    @property
    def is_folder(self) -> bool:
        """See `Site`."""
        return self._node.entry.kind is Kind.DIRECTORY

    @property
    def size(self) -> int:
        """See `Site`."""
        return (self._node.same_as or self._node).size

    @property
    def sha256(self) -> bytes | None:
        """See `Site`."""
        return (self._node.same_as or self._node).sha256

    def view(self) -> memoryview:
        """See `Site`."""
        return self._views.view(self._node)

    def chunks(self) -> Iterator[Buffer]:
        """See `Site`."""
        return self._views.chunks(self._node)

    def child(self, path: str) -> Site | None:
        """See `Site`."""
        node: Node | None = self._node
        for name in path.split("/"):
            node = node.children.get(name) if node is not None else None
        return None if node is None else NodeSite(node, self._views)

    def children(self) -> Iterable[Site]:
        """See `Site`."""
        return [NodeSite(child, self._views) for child in self._node.below()]

    def beside(self, path: str) -> Site | None:
        """See `Site`."""
        parent = self._node.parent
        return None if parent is None else NodeSite(parent, self._views).child(path)

    def above(self) -> Site | None:
        """See `Site`."""
        parent = self._node.parent
        return None if parent is None else NodeSite(parent, self._views)


_: type[Site] = NodeSite
