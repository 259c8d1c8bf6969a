"""The blocks: whether every byte is part of a node, and which nodes do not count any more."""

from itertools import pairwise

from trueware.formats.contract import Reading
from trueware.formats.filesystems.ubifs import nodes
from trueware.formats.filesystems.ubifs.index import SIZE_BITS, Leaves
from trueware.formats.filesystems.ubifs.nodes import Type, fault, scan
from trueware.formats.filesystems.ubifs.superblock import Superblock
from trueware.formats.filler import is_filler

_FILLS = {fill * count for fill in (b"\0", b"\xce", b"\xff") for count in range(1, 8)}
"""What may stand behind a node, up to the next multiple of eight."""

_IN_SIZE = (1 << SIZE_BITS) - 1


class Space:
    """The blocks of one file system."""

    def __init__(self, view: memoryview, sb: Superblock, reading: Reading) -> None:
        self._view, self._sb, self._reading = view, sb, reading
        self._earlier = self._odd = self._covered = 0

    def account(self, leaves: Leaves) -> None:
        """Account for every block; nodes that do not count are earlier states, of which is told how many there are."""
        view, reading = self._view, self._reading
        overlaps = reached = 0
        for node in _counting(leaves):
            at = node >> SIZE_BITS
            if at > reached:
                self._between(reached, at)
            elif at < reached:
                overlaps += 1
            end = at + (node & _IN_SIZE)
            reached = end + 7 & ~7
            if end != reached and bytes(view[end:reached]) not in _FILLS:
                self._odd += 1
        self._between(reached, len(view))
        reading.cover(self._covered, len(view))
        if overlaps:
            reading.note_anomaly("overlap", f"{overlaps} nodes begin within others")
        if self._odd:
            reading.note_anomaly("hidden-content", f"data in the bytes behind {self._odd} nodes")
        if self._earlier:
            detail = f"{self._earlier} nodes of earlier states: what was deleted, overwritten or renamed"
            reading.note_anomaly("hidden-content", detail)
            reading.notes["earlier-nodes"] = str(self._earlier)

    def _between(self, start: int, stop: int) -> None:
        """Look at what lies between nodes that count, block by block."""
        unit = self._sb.block_size
        while start < stop:
            end = min(stop, (start // unit + 1) * unit)
            if not self._sb.map_start <= start // unit < self._sb.orphan_start:
                self._look(start, end)
            start = end

    def _look(self, start: int, end: int) -> None:
        """Look at the part of a block that holds nothing that counts."""
        found, stop = scan(self._view, start, end)
        block = start // self._sb.block_size
        in_main = block >= self._sb.main_start
        for (at, kind), (after, _) in pairwise((*found, (stop, 0))):
            self._earlier += in_main and kind in nodes.THINGS
            # who looks for the master node and the log has looked at theirs
            looked_at = in_main or 0 < block < self._sb.orphan_start
            if (kind == Type.PADDING or not looked_at) and (wrong := fault(self._view, at)):
                self._reading.note_anomaly("checksum-mismatch", wrong, at)
            rest = at + nodes.HEADER.unpack_from(self._view, at)[3]
            self._odd += not _is_padding(self._view[rest:after])
        if not is_filler(self._view, stop, end):
            self._reading.note_anomaly("malformed", "bytes that are no node", stop)
            self._leave(stop, end)
        elif end - start == self._sb.block_size and stop == start:
            self._leave(start, end)

    def _leave(self, start: int, end: int) -> None:
        """Leave some bytes for whoever looks at what is not accounted for."""
        self._reading.cover(self._covered, start)
        self._covered = end


def _counting(leaves: Leaves) -> list[int]:
    """Return all nodes that count, in their order on flash."""
    counting = [*leaves.index, *leaves.inodes.values()]
    for blocks in leaves.data.values():
        counting += blocks.values()
    for names in (*leaves.names.values(), *leaves.attributes.values()):
        counting += [name.node for name in names.values()]
    counting.sort()
    return counting


def _is_padding(data: memoryview) -> bool:
    """Tell whether all of some bytes are of one kind of filler, those up to the next multiple of eight perhaps of another."""
    rest = bytes(data)
    first = len(rest) % 8
    return (not first or rest[:first] in _FILLS) and rest[first:].strip(rest[first : first + 1]) == b""
