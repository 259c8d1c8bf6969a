"""The segment table: which blocks of the main area are in use.

A block of the table has 55 entries of 74 bytes::

    u16 blocks in use (bits 10 to 15: what for), 64 bytes with a bit for each block, the highest first, u64 time of modification

The two copies of the table stand behind each other; a bitmap in the checkpoint says which of a block counts. The last changes stand
in a journal, in the summary of the segment for cold data: u16 number of entries, then for each u32 segment and its entry.

What is in use and free by the table a device writes over; what is free and in use by it is nothing that can be seen.

Source: Linux include/linux/f2fs_fs.h (struct f2fs_sit_entry), fs/f2fs/segment.c, segment.h.
"""

from collections.abc import Iterator
from struct import Struct

from trueware.formats.contract import Reading
from trueware.formats.filesystems.f2fs.checkpoint import Checkpoint
from trueware.formats.filesystems.f2fs.superblock import BLOCK, READ_ONLY, Superblock

_ENTRIES = 55
_ENTRY = Struct("<H64s8x")
_COUNT_MASK = 0x3FF
_BITS = tuple(bytes(value >> 7 - bit & 1 for bit in range(8)) for value in range(256))


def compare_segments(
    view: memoryview, sb: Superblock, checkpoint: Checkpoint, claims: bytearray, reading: Reading
) -> None:
    """Report blocks that have an owner and are free by the table, or the other way about; `claims` has a byte for each block."""
    if sb.features & READ_ONLY or checkpoint.segment_journal is None:
        return  # nothing is ever written; its table is not kept
    stated, wrong = bytearray(), 0
    for count, blocks in _entries(view, sb, checkpoint.segment_bitmap, checkpoint.segment_journal):
        wrong += count & _COUNT_MASK != int.from_bytes(blocks, "little").bit_count()
        stated += b"".join([_BITS[byte] for byte in blocks])
    found = claims[sb.main :]
    del stated[len(found) :]
    if len(stated) < len(found):
        reading.note_anomaly("malformed", "the segment table is not there", sb.segment_table * BLOCK)
        return
    at = sb.segment_table * BLOCK
    if wrong:
        reading.note_anomaly("contradiction", f"{wrong} segments with another number of blocks in use", at)
    if stated != found:
        used, free = int.from_bytes(found, "little"), int.from_bytes(stated, "little")
        lost, unseen = (used & ~free).bit_count(), (free & ~used).bit_count()
        detail = f"{lost} blocks in use are free by the segment table, {unseen} are in use by it alone"
        reading.note_anomaly("contradiction", detail, at)


def _entries(
    view: memoryview, sb: Superblock, bitmap: bytes, journal: dict[int, tuple[int, bytes]]
) -> Iterator[tuple[int, bytes]]:
    """Yield blocks in use, and which, of each segment of the main area, as far as the table is there."""
    copy = sb.segment_table_segments // 2 * sb.segment
    for first in range(0, sb.main_segments, _ENTRIES):
        index = first // _ENTRIES
        if index >> 3 >= len(bitmap) or index >= copy:
            return
        block = sb.segment_table + index + (copy if bitmap[index >> 3] >> (7 - index % 8) & 1 else 0)
        if (block + 1) * BLOCK > len(view):
            return
        for number in range(first, min(first + _ENTRIES, sb.main_segments)):
            entry = _ENTRY.unpack_from(view, block * BLOCK + (number - first) * _ENTRY.size)
            yield journal.get(number, entry)
