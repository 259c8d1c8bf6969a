"""What files hold: blocks, or clusters of blocks that are packed together; and which blocks belong to something.

The first address of a packed cluster is a mark, the next ones are of its blocks, which hold::

    u32 length of the packed data, u32 CRC-32 of them, 16 bytes unused, data

Source: Linux fs/f2fs/compress.c, f2fs.h (struct compress_data).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.codecs import Codec, unlz4, unlzo, unzstd
from trueware.formats.contract import Buffer, Content, Held, Reading
from trueware.formats.filesystems.f2fs.nodes import FLAG_PACKED, HINT_VERITY, INLINE_DATA, NEW, PACKED, Inode, Nodes
from trueware.formats.filesystems.f2fs.superblock import BLOCK, FORMAT, Superblock, checksum
from trueware.formats.hidden import Hidden
from trueware.formats.lzo import unlzo_rle
from trueware.formats.pieces import joined
from trueware.formats.scattered import HOLE, Run, gathered, zeros
from trueware.model.limits import Limits

_CODECS: dict[int, Codec] = {0: unlzo, 1: unlz4, 2: unzstd, 3: unlzo_rle}
_CLUSTERS = range(2, 9)
_HEADER = 24
_SUMMED = 1
_FREE = re.compile(rb"\0+")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Blocks that are packed together."""

    blocks: tuple[int, ...]
    size: int
    """Bytes of the file in it."""


class PackedContent:
    """The content of a file with packed clusters."""

    __slots__ = ("_inode", "_pieces", "_reading", "_view", "group", "size")

    def __init__(self, view: memoryview, inode: Inode, pieces: list[Run | Cluster], reading: Reading) -> None:
        self._view, self._inode, self._pieces, self._reading = view, inode, pieces, reading
        self.size: int | None = inode.size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        return joined(self._unpacked())

    def _unpacked(self) -> Iterator[Buffer]:
        for piece in self._pieces:
            if isinstance(piece, Cluster):
                yield memoryview(self._unpack(piece))[: piece.size]
            elif piece[0] == HOLE:
                yield from zeros(piece[1])
            else:
                yield self._view[piece[0] : piece[0] + piece[1]]

    def _unpack(self, cluster: Cluster) -> Buffer:
        inode, whole = self._inode, BLOCK << self._inode.cluster
        at = cluster.blocks[0] * BLOCK
        raw = b"".join([self._view[block * BLOCK : (block + 1) * BLOCK] for block in cluster.blocks])
        length, stated = unpack_from("<2I", raw)
        packed = raw[_HEADER : _HEADER + length]
        if len(packed) < length:
            raise MalformedInput(FORMAT, at, f"{length} packed bytes in {len(cluster.blocks)} blocks")
        if inode.packing_flags & _SUMMED and checksum(packed) != stated:
            self._reading.note_anomaly("checksum-mismatch", "packed data of a file", at)
        try:
            data = _CODECS[inode.packing](packed, whole)
        except MalformedInput as error:
            raise type(error)(FORMAT, at, f"{error.format}: {error.reason}") from error
        if len(data) != whole:
            raise MalformedInput(FORMAT, at, f"a cluster of {len(data)} bytes, not {whole}")
        return data


class Contents:
    """Gives inodes their contents, and knows whose the blocks are.

    Attributes:
        claims: a byte for each block, 1 where it has an owner.
    """

    def __init__(self, view: memoryview, sb: Superblock, nodes: Nodes, limits: Limits, reading: Reading) -> None:
        self._view, self._sb, self._nodes, self._limits, self._reading = view, sb, nodes, limits, reading
        self._end = min(sb.blocks, len(view) // BLOCK)
        self.claims = bytearray(self._end)

    def claim(self, start: int, count: int = 1) -> None:
        """Write down that blocks have an owner; a second one is told."""
        if any(self.claims[start : start + count]):
            self._reading.note_anomaly("overlap", "blocks that belong to something else as well", start * BLOCK)
        self.claims[start : start + count] = b"\1" * count

    def of(self, inode: Inode) -> tuple[Content, int | None]:
        """Return the content of a file, and its offset where it lies in one piece.

        Raises:
            InputError: it cannot be had.
        """
        if inode.inline & INLINE_DATA:
            held = inode.held_inline
            if inode.size > len(held):
                raise MalformedInput(FORMAT, inode.at, f"{inode.size} bytes in an inode that holds {len(held)}")
            return Held(held[: inode.size]), inode.at + inode.first + 4 if inode.size else None
        if inode.size > self._limits.max_unpacked:
            raise LimitExceeded("max_unpacked", self._limits.max_unpacked, f"file of {inode.size} bytes")
        if inode.flags & FLAG_PACKED:
            if inode.cluster not in _CLUSTERS:
                raise MalformedInput(FORMAT, inode.at, f"clusters of 2^{inode.cluster} blocks")
            if inode.packing not in _CODECS:
                raise UnsupportedInput(FORMAT, inode.at, f"packed by {inode.packing}")
            return PackedContent(self._view, inode, self._lay_out(inode, 1 << inode.cluster), self._reading), None
        return gathered(self._view, [piece for piece in self._lay_out(inode, 0) if not isinstance(piece, Cluster)])

    def _lay_out(self, inode: Inode, unit: int) -> list[Run | Cluster]:
        """Return what a file consists of, and claim it; `unit` is how many blocks are packed together, 0: none."""
        pieces: list[Run | Cluster] = []
        needed = -(-inode.size // BLOCK)
        reached = 0
        nodes: list[int] = []
        for index, words in self._nodes.addresses(inode, nodes):
            for node in nodes:
                self.claim(node)
            nodes.clear()
            if index > reached and reached < needed:
                _add(pieces, HOLE, min(index, needed) - reached)
            reached = max(reached, index)
            for at in range(0, len(words), unit or len(words)):
                group = words[at : at + unit] if unit else words
                left = max(needed - index - at, 0)
                if unit and group[0] == PACKED:
                    blocks = tuple(self._checked(each) for each in group[1:] if each not in (0, NEW))
                    for block in blocks:
                        self.claim(block)
                    if left and not blocks:
                        raise MalformedInput(FORMAT, inode.at, "a packed cluster without blocks")
                    if left:
                        pieces.append(Cluster(blocks, min(unit * BLOCK, inode.size - (index + at) * BLOCK)))
                    continue
                for address in group[:left]:
                    _add(pieces, HOLE if address in (0, NEW) else self._checked(address) * BLOCK, 1)
                self._claim_rest(inode, group[left:])
            reached = max(reached, min(index + len(words), needed))
        if reached < needed:
            _add(pieces, HOLE, needed - reached)
        for piece in pieces:
            if not isinstance(piece, Cluster) and piece[0] != HOLE:
                self.claim(piece[0] // BLOCK, piece[1] // BLOCK)
        if pieces and not isinstance(last := pieces[-1], Cluster) and inode.size % BLOCK:
            pieces[-1] = last[0], last[1] - BLOCK + inode.size % BLOCK
        return pieces

    def _claim_rest(self, inode: Inode, words: tuple[int, ...]) -> None:
        """Claim the blocks behind the end of a file: of its tree of hashes, or set aside for it."""
        used = [self._checked(each) for each in words if each not in (0, NEW)]
        for block in used:
            self.claim(block)
        if used and not inode.hints & HINT_VERITY:
            hidden = Hidden(self._view, "blocks behind the end of a file")
            for block in used:
                hidden.look(block * BLOCK, (block + 1) * BLOCK, BLOCK)
            hidden.tell(self._reading)

    def _checked(self, block: int) -> int:
        if not self._sb.main <= block < self._end:
            raise MalformedInput(FORMAT, block * BLOCK, f"block {block:#x} is none of the main area")
        return block

    def listing(self, inode: Inode) -> Iterator[tuple[int, memoryview]]:
        """Yield the blocks of a listing that are there, each with its number.

        Raises:
            InputError: they cannot be had.
        """
        if inode.size > len(self._view):
            raise MalformedInput(FORMAT, inode.at, f"a listing of {inode.size} bytes")
        number = 0
        for piece in self._lay_out(inode, 0):
            if isinstance(piece, Cluster):
                raise MalformedInput(FORMAT, inode.at, "a listing that is packed")
            start, length = piece
            for at in range(0, length, BLOCK):
                if start != HOLE:
                    yield number, self._view[start + at : start + at + BLOCK]
                number += 1

    def account(self) -> None:
        """Account for the main area, and tell of what is in blocks that nothing leads to."""
        hidden = Hidden(self._view, "blocks that nothing leads to")
        for free in _FREE.finditer(self.claims, self._sb.main):
            hidden.look(free.start() * BLOCK, free.end() * BLOCK, BLOCK)
        hidden.tell(self._reading)
        self._reading.cover(self._sb.main * BLOCK, self._end * BLOCK)


def _add(pieces: list[Run | Cluster], start: int, blocks: int) -> None:
    """Add a run of blocks, to the last one where it goes on with it."""
    size = blocks * BLOCK
    last = pieces[-1] if pieces else None
    if isinstance(last, tuple) and (last[0] == start == HOLE or (last[0] != HOLE and start == sum(last))):
        pieces[-1] = last[0], last[1] + size
    else:
        pieces.append((start, size))
