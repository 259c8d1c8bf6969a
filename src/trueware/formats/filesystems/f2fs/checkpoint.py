"""Checkpoints, and the node address table as the newer one has it.

======  ====  =================================================================================
offset  size  field of a checkpoint
======  ====  =================================================================================
0       8     version: the newer one counts
132     4     flags: 1 unmounted, 4 summaries are compact, 400 the bitmap of nodes is large
136     4     blocks in it, the last one being the first again
140     4     which of its blocks is the first with summaries
148     4     valid inodes
156     4, 4  bytes in the bitmaps of the segment table and of the node table
164     4     where the checksum is
192     ..    the bitmaps, a bit for each block, highest first: which copy of it is meant
======  ====  =================================================================================

A block of the table has 455 entries: u8 version, u32 inode, u32 block. Its two copies lie a segment apart. The last changes stand
in a journal, in the summary of the segment for new listings; that of the segment table stands in the summary for cold data::

    u16 number of entries, then for each u32 node, u8 version, u32 inode, u32 block
    u16 number of entries, then for each u32 segment, u16 blocks in use, 64 bytes that say which, u64 time

Source: Linux include/linux/f2fs_fs.h, fs/f2fs/checkpoint.c, node.c, segment.c.
"""

from dataclasses import dataclass
from struct import Struct, unpack_from

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.f2fs.superblock import BLOCK, FORMAT, READ_ONLY, Superblock, checksum

_FIELDS = Struct("<132x3I4xI4x3I")
_UNMOUNTED, _COMPACT, _LARGE_BITMAP = 0x1, 0x4, 0x400
_DAMAGED = 0x8 | 0x10 | 0x1000 | 0x4000
"""An error was met, it wants to be checked, it is switched off, it was being resized."""

_ORPHANS = 0x2
_BITMAPS = 192
_ENTRIES = 455
_ENTRY = Struct("<xII")
_JOURNAL_ENTRY = Struct("<IxII")
_SEGMENT_ENTRY = Struct("<IH64s8x")
_JOURNAL, _MAX_JOURNAL, _JOURNAL_SIZE, _MAX_SEGMENT_JOURNAL = 3584, 38, 507, 6
_COLD_DATA = 2
_SUMMARIES, _DATA_SUMMARIES = 7, 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The checkpoint that counts."""

    block: int
    version: int
    flags: int
    inodes: int
    bitmap: bytes
    """Of the node table."""

    journal: dict[int, tuple[int, int]]
    segment_bitmap: bytes
    """Of the segment table."""

    segment_journal: dict[int, tuple[int, bytes]] | None
    """Blocks in use, and which, by segment."""


def find_checkpoint(view: memoryview, sb: Superblock, reading: Reading) -> Checkpoint:
    """Return the newer sound checkpoint.

    Raises:
        MalformedInput: neither is sound.
    """
    found = []
    for block in (sb.checkpoints, sb.checkpoints + sb.segment):
        each = _read(view, sb, block)
        if each is None:
            if any(view[block * BLOCK : (block + 1) * BLOCK]):
                reading.note_anomaly("checksum-mismatch", "a checkpoint that is not sound", block * BLOCK)
        else:
            found.append(each)
    if not found:
        raise MalformedInput(FORMAT, sb.checkpoints * BLOCK, "no sound checkpoint")
    # of two of one version, as sload.f2fs leaves them, every program takes the first
    newest = max(found, key=lambda each: each.version)
    at = newest.block * BLOCK
    if not newest.flags & _UNMOUNTED and not sb.features & READ_ONLY:
        reading.note_anomaly("unsupported", "not unmounted: a device looks for what was written since", at)
    if newest.flags & _ORPHANS:
        reading.note_anomaly("unsupported", "files that a device deletes when it mounts this", at)
    if newest.flags & _DAMAGED:
        reading.note_anomaly(
            "contradiction", f"flags {newest.flags:#x}: it says to be damaged or in the middle of work", at
        )
    reading.notes["checkpoint"] = str(newest.version)
    # the areas before the main one belong to the file system whatever is in them
    reading.cover(2 * BLOCK, min(sb.main * BLOCK, len(view)))
    return newest


def _read(view: memoryview, sb: Superblock, block: int) -> Checkpoint | None:
    """Return the checkpoint at a block, None where it is not sound."""
    raw = bytes(view[block * BLOCK : (block + 1) * BLOCK])
    if len(raw) < BLOCK:
        return None
    flags, blocks, summaries, inodes, segment_bytes, node_bytes, sum_at = _FIELDS.unpack_from(raw)
    if not (_BITMAPS <= sum_at <= BLOCK - 4 and 2 <= blocks <= sb.segment and summaries < blocks):
        return None
    last = (block + blocks - 1) * BLOCK
    for each in (raw, view[last : last + BLOCK]):
        if len(each) < BLOCK or checksum(each[:sum_at]) != int.from_bytes(each[sum_at : sum_at + 4], "little"):
            return None
    if raw[:8] != view[last : last + 8]:
        return None
    start, segment_start = _BITMAPS + segment_bytes, _BITMAPS
    if flags & _LARGE_BITMAP:
        start, segment_start = _BITMAPS + 4, _BITMAPS + 4 + node_bytes
    elif sb.payload:
        start, segment_start = _BITMAPS, BLOCK
    bitmap, segment_bitmap = (
        bytes(view[block * BLOCK + first : block * BLOCK + first + size])
        for first, size in ((start, node_bytes), (segment_start, segment_bytes))
    )
    if flags & _COMPACT:
        at = (block + summaries) * BLOCK
        segment_at = at + _JOURNAL_SIZE
    else:
        at = (block + blocks - (_SUMMARIES if flags & _UNMOUNTED else _DATA_SUMMARIES)) * BLOCK + _JOURNAL
        segment_at = at + _COLD_DATA * BLOCK
    journal = _read_journal(view, at)
    if journal is None:
        return None
    (version,) = unpack_from("<Q", raw)
    segment_journal = _read_segment_journal(view, segment_at)
    return Checkpoint(block, version, flags, inodes, bitmap, journal, segment_bitmap, segment_journal)


class NodeTable:
    """Where each node is."""

    def __init__(self, view: memoryview, sb: Superblock, checkpoint: Checkpoint) -> None:
        self._view, self._sb, self._bitmap = view, sb, checkpoint.bitmap
        self._count = sb.node_table_segments // 2 * sb.segment * _ENTRIES
        self._journal = checkpoint.journal

    def find(self, node: int) -> tuple[int, int]:
        """Return the inode that a node belongs to, and its block; 0: there is none.

        Raises:
            MalformedInput: the number is none of a node.
        """
        known = self._journal.get(node)
        if known is not None:
            return known
        index, entry = divmod(node, _ENTRIES)
        if not 0 < node < self._count or index >> 3 >= len(self._bitmap):
            raise MalformedInput(FORMAT, self._sb.node_table * BLOCK, f"node {node} of {self._count}")
        segment, rest = divmod(index, self._sb.segment)
        block = self._sb.node_table + 2 * segment * self._sb.segment + rest
        if self._bitmap[index >> 3] >> (7 - index % 8) & 1:
            block += self._sb.segment
        at = block * BLOCK + entry * _ENTRY.size
        if at + _ENTRY.size > len(self._view):
            raise MalformedInput(FORMAT, at, "the node table is not there")
        inode, place = _ENTRY.unpack_from(self._view, at)
        return inode, place


def _read_journal(view: memoryview, at: int) -> dict[int, tuple[int, int]] | None:
    """Return the last changes to the node table, by node, None where there is no journal."""
    (count,) = unpack_from("<H", view, at) if 0 <= at <= len(view) - 2 else (_MAX_JOURNAL + 1,)
    if count > _MAX_JOURNAL or at + 2 + count * _JOURNAL_ENTRY.size > len(view):
        return None
    entries = view[at + 2 : at + 2 + count * _JOURNAL_ENTRY.size]
    return {node: (inode, block) for node, inode, block in _JOURNAL_ENTRY.iter_unpack(entries)}


def _read_segment_journal(view: memoryview, at: int) -> dict[int, tuple[int, bytes]] | None:
    """Return the last changes to the segment table, by segment, None where there is no journal."""
    if not 0 <= at <= len(view) - 2:
        return None
    count = int.from_bytes(view[at : at + 2], "little")
    if count > _MAX_SEGMENT_JOURNAL or at + 2 + count * _SEGMENT_ENTRY.size > len(view):
        return None
    raw = view[at + 2 : at + 2 + count * _SEGMENT_ENTRY.size]
    return {number: (used, blocks) for number, used, blocks in _SEGMENT_ENTRY.iter_unpack(raw)}
