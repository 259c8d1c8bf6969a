"""Files: laid together from nodes, of which a newer one covers what it shares with older ones.

Where no node says anything there are zeros, and behind the size that the newest node states there is nothing.
"""

from collections.abc import Iterator
from heapq import heappop, heappush

from trueware.errors import MalformedInput
from trueware.formats.contract import Buffer, Content
from trueware.formats.filesystems.jffs2 import packing
from trueware.formats.filesystems.jffs2.nodes import FORMAT, INODE_SIZE, Order
from trueware.formats.pieces import joined
from trueware.formats.scattered import zeros

Piece = tuple[int, int, int]
"""First byte in the file, first byte after, and where the node is."""

_KEPT = 64
"""Nodes of which other parts may show later and that are kept unpacked until then."""

_FREE, _FACTOR = 1 << 18, 16
"""Bytes that may be unpacked for a file, and how many more for each one of it: of nodes nearly covered little shows."""


def lay_out(extents: list[Piece], size: int) -> list[Piece]:
    """Return what shows of `extents`, oldest first, in a file of `size` bytes: in order of the file, without overlaps."""
    reached = 0
    for start, stop, _ in extents:
        if start < reached or start >= stop > size:
            return list(_uncovered(extents, size))
        reached = stop
    return extents if reached <= size else list(_uncovered(extents, size))


def _uncovered(extents: list[Piece], size: int) -> Iterator[Piece]:
    """Yield the same for extents in any order, by going through the file with the newest node at each place on top."""
    begins = sorted((start, -age, min(stop, size), at) for age, (start, stop, at) in enumerate(extents))
    open_nodes: list[tuple[int, int, int]] = []
    reached = 0
    for start, age, stop, at in (*begins, (size, 0, size, 0)):
        until = min(start, size)
        while open_nodes and reached < until:
            _, end, place = open_nodes[0]
            if end <= reached:
                heappop(open_nodes)
                continue
            yield reached, min(end, until), place
            reached = min(end, until)
        reached = until
        heappush(open_nodes, (age, stop, at))


class FileContent:
    """The content of one file."""

    __slots__ = ("_order", "_pieces", "_view", "group", "size")

    def __init__(self, view: memoryview, order: Order, pieces: list[Piece], size: int) -> None:
        self._view, self._order, self._pieces = view, order, pieces
        self.size: int | None = size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Unpack the nodes one after the other."""
        return joined(self._unpacked())

    def _unpacked(self) -> Iterator[Buffer]:
        view, data, size = self._view, self._order.data, self.size or 0
        kept: dict[int, Buffer] = {}
        reached, left = 0, _FREE + _FACTOR * size
        for start, stop, at in self._pieces:
            if start > reached:
                yield from zeros(start - reached)
            reached = stop
            offset, packed, length, compressor = data(view, at)
            if compressor == packing.ZERO:
                yield from zeros(stop - start)
                continue
            node = kept.get(at)
            if node is None:
                left -= length
                if left < 0:
                    raise MalformedInput(FORMAT, at, f"too much is packed for a file of {size} bytes")
                node = packing.unpack(view, at + INODE_SIZE, packed, length, compressor)
            if stop - start == length:
                yield node
                continue
            yield memoryview(node)[start - offset : stop - offset]
            if stop - offset < length:
                if len(kept) >= _KEPT:
                    del kept[next(iter(kept))]
                kept[at] = node
        if size > reached:
            yield from zeros(size - reached)


_: tuple[type[Content], ...] = (FileContent,)
