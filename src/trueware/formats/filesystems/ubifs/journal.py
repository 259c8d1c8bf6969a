"""The journal: what was written since the last commit and is not in the index.

The log says where: from the block that the master node names, u64 number of the commit in a commit node at the start, then in
reference nodes u32 block, u32 offset and u32 head of each place that was written to. A device puts the nodes there into the
index, in the order of their sequence numbers, and so does this.
"""

from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ubifs import nodes
from trueware.formats.filesystems.ubifs.index import SIZE_BITS, Leaves, place_of, read_name
from trueware.formats.filesystems.ubifs.nodes import FORMAT, Type, fault, read, scan
from trueware.formats.filesystems.ubifs.superblock import LOG, Master, Superblock
from trueware.formats.filler import is_filler

_COMMIT, _COMMIT_SIZE = Struct("<24xQ"), 32
_REFERENCE, _REFERENCE_SIZE = Struct("<24x2I"), 64
_KEY = Struct("<24x2I")
_UNFINISHED = 1
"""Group of a node that others belong to, behind it."""

_MIN_SIZE, _MAX_SIZE = 32, (1 << SIZE_BITS) - 1
_MAX_STEPS = 10_000_000
"""Blocks of files that may be looked at for cutting files off."""


class _Written(NamedTuple):
    sequence: int
    node: int
    kind: int


class Journal:
    """The nodes of the journal."""

    def __init__(self, view: memoryview, sb: Superblock, reading: Reading) -> None:
        self._view, self._sb, self._reading = view, sb, reading
        self._steps = _MAX_STEPS

    def replay(self, master: Master, leaves: Leaves) -> None:
        """Put what was written since the last commit into the leaves."""
        written: list[_Written] = []
        seen: set[int] = set()
        for block, offset in self._places(master):
            node = leaves.locate(block, offset, nodes.HEADER_SIZE)
            if block * self._sb.block_size + offset >= len(self._view):
                continue  # a block that is not there is erased: nothing was written yet
            if node is None or block in seen:
                detail = f"the log names block {block}, offset {offset}" + " again" * (block in seen)
                self._reading.note_anomaly("malformed", detail)
                continue
            seen.add(block)
            written += self._written(place_of(node)[0], min((block + 1) * self._sb.block_size, len(self._view)))
        for each in sorted(written):
            try:
                self._apply(each, leaves)
            except MalformedInput as error:
                self._reading.note_anomaly("malformed", f"the journal: {error.reason}", error.offset)
        if written:
            self._reading.notes["journal"] = f"{len(written)} nodes"

    def _places(self, master: Master) -> list[tuple[int, int]]:
        """Return block and offset of each place that was written to, as the log has them."""
        sb, view, places = self._sb, self._view, []
        started = 0
        if not LOG <= master.log < sb.map_start:
            self._reading.note_anomaly("malformed", f"the log begins in block {master.log}")
            return []
        for step in range(sb.log_blocks):
            block = LOG + (master.log - LOG + step) % sb.log_blocks
            start = block * sb.block_size
            end = min(start + sb.block_size, len(view))
            found, stop = scan(view, start, end)
            if not found or (step and self._sequence(found[0][0]) < started):
                break  # not written yet, or an old one
            for at, kind in found:
                if kind == Type.PADDING:
                    continue
                if wrong := fault(view, at):
                    self._reading.note_anomaly("checksum-mismatch", f"the log: {wrong}", at)
                    self._reading.note_anomaly("malformed", "a node of the log is lost", at)
                elif kind == Type.COMMIT and at == start:
                    if not step:
                        started = self._sequence(at)
                        if _COMMIT.unpack_from(view, at) != (master.commit,):
                            self._reading.note_anomaly("contradiction", "the log is of another commit", at)
                elif kind == Type.REFERENCE and at + _REFERENCE_SIZE <= end:
                    places.append(_REFERENCE.unpack_from(view, at))
                elif kind != Type.AUTHENTICATION:
                    self._reading.note_anomaly("malformed", f"a node of type {kind} in the log", at)
            if not is_filler(view, stop, end):
                self._reading.note_anomaly("malformed", "bytes that are no node in the log", stop)
        if not started:
            self._reading.note_anomaly("malformed", "the log does not begin with a commit", master.log * sb.block_size)
        return places

    def _sequence(self, at: int) -> int:
        return int(nodes.HEADER.unpack_from(self._view, at)[2])

    def _written(self, start: int, end: int) -> list[_Written]:
        """Return the nodes from `start` to the end of their block."""
        view = self._view
        written: list[_Written] = []
        found, stop = scan(view, start, end)
        group = 0
        for at, kind in found:
            if wrong := fault(view, at):
                self._reading.note_anomaly("checksum-mismatch", f"the journal: {wrong}", at)
                self._reading.note_anomaly("malformed", "a node of the journal is lost", at)
                continue
            _, _, sequence, size, _, group, *_ = nodes.HEADER.unpack_from(view, at)
            if kind in (*nodes.THINGS, Type.CUT):
                if size > _MAX_SIZE or size < _MIN_SIZE:
                    self._reading.note_anomaly("malformed", f"a node of {size} bytes in the journal", at)
                else:
                    written.append(_Written(sequence, at << SIZE_BITS | size, kind))
        if group == _UNFINISHED or not is_filler(view, stop, end):
            self._reading.note_anomaly("malformed", "the journal ends in the middle of something", stop)
        return written

    def _apply(self, each: _Written, leaves: Leaves) -> None:
        """Do what one node says."""
        view, (at, size) = self._view, place_of(each.node)
        number, low = _KEY.unpack_from(view, at)
        if each.kind == Type.CUT:
            *_, number, old, new = read(view, at, size, Type.CUT, nodes.CUT)
            self._cut(leaves.data[number], old, new)
        elif low >> nodes.KIND_SHIFT != each.kind:
            raise MalformedInput(FORMAT, at, f"key {low:#x} of a node of type {each.kind}")
        elif each.kind == Type.DATA:
            leaves.data[number][low & nodes.REST] = each.node
        elif each.kind == Type.INODE:
            if read(view, at, size, Type.INODE, nodes.INODE)[8]:
                leaves.inodes[number] = each.node
            else:
                for table in (leaves.inodes, leaves.data, leaves.names, leaves.attributes):
                    table.pop(number, None)
        else:
            name, found = read_name(view, each.node, each.kind, number, low)
            names = (leaves.names if each.kind == Type.NAME else leaves.attributes)[number]
            if found.number:
                names[name] = found
            else:
                names.pop(name, None)

    def _cut(self, blocks: dict[int, int], old: int, new: int) -> None:
        """Drop the blocks of a file between its new end and its old one."""
        gone = range((new + nodes.BLOCK - 1) // nodes.BLOCK, (old - 1) // nodes.BLOCK + 1)
        self._steps -= min(len(blocks), len(gone))
        if self._steps < 0:
            raise MalformedInput(FORMAT, 0, "files are cut off again and again")
        for block in list(gone) if len(gone) < len(blocks) else [block for block in blocks if block in gone]:
            blocks.pop(block, None)
