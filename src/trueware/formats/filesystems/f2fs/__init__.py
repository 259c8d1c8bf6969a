"""f2fs: the flash-friendly file system of phones, a log of nodes that a table of addresses leads to.

A node has a number; the node address table says where it is now. Two checkpoints take turns, the newer sound one counts, and
says which of two copies of each block of the table is meant. The layouts stand in the modules that read them:

===========  ==================================================
module       what it reads
===========  ==================================================
superblock   superblocks, both copies
checkpoint   checkpoints, their journal, the node address table
segments     the segment table
nodes        inodes and the nodes of addresses below them
contents     what files hold, packed or not; who claims a block
directories  listings
xattrs       extended attributes
tree         the walk that puts all of it together
===========  ==================================================

Source: Linux include/linux/f2fs_fs.h, fs/f2fs/.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.filesystems.f2fs.checkpoint import NodeTable, find_checkpoint
from trueware.formats.filesystems.f2fs.superblock import (
    BLOCK,
    FORMAT,
    MAGIC,
    PLACES,
    Superblock,
    find_superblock,
    looks_like,
)
from trueware.formats.filesystems.f2fs.tree import Tree
from trueware.model.limits import Limits


class F2fs:
    """An f2fs file system."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "f2fs file system",
        references=("Linux include/linux/f2fs_fs.h", "Linux fs/f2fs/"),
        limitations=(
            "encrypted content and names stay encrypted",
            "what was written after the last checkpoint is not recovered, as a device does",
            "several devices as one file system are refused",
            "the summaries of segments, which say whose each block is, are not compared with what they stand for",
            "in a folder that ignores case, only hashes of names in ASCII are verified",
            "blocks that nothing leads to are counted and not read",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(place, MAGIC) for place in PLACES)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return looks_like(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        sb = find_superblock(view, reading)
        reading.end = min(sb.blocks * BLOCK, len(view))
        if sb.blocks * BLOCK > len(view):
            missing = sb.blocks * BLOCK - len(view)
            reading.note_anomaly("truncated", f"{missing} of {sb.blocks * BLOCK} bytes are missing", len(view))
        reading.entries = _walk(view[: reading.end], sb, limits, reading)
        return reading


def _walk(view: memoryview, sb: Superblock, limits: Limits, reading: Reading) -> Iterator[Entry]:
    """Find the checkpoint that counts, then follow the names."""
    checkpoint = find_checkpoint(view, sb, reading)
    yield from Tree(view, sb, NodeTable(view, sb, checkpoint), checkpoint, limits, reading).walk()
