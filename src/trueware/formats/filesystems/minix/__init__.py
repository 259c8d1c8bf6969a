"""minixfs: the first file system of Linux, still in initial RAM disks and small devices; versions 1 to 3 in either byte order.

============  =============================================================
module        what it reads
============  =============================================================
superblock    superblock, where everything is
inodes        inodes, and the zones of their contents
tree          folders, and the walk that puts all of it together
============  =============================================================

Source: Linux include/uapi/linux/minix_fs.h, fs/minix/; util-linux include/minix.h.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.formats.claims import Claims
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.filesystems.minix.inodes import InodeTable
from trueware.formats.filesystems.minix.superblock import (
    FORMAT,
    OFFSET,
    PLACES,
    Superblock,
    looks_like,
    read_superblock,
)
from trueware.formats.filesystems.minix.tree import Tree
from trueware.model.limits import Limits
from trueware.model.part import Kind


class Minix:
    """A minix file system."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "minix file system",
        references=("Linux include/uapi/linux/minix_fs.h", "Linux fs/minix/"),
        limitations=("bitmaps of big-endian ones are not compared with what is in use: their bits have no one order",),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(OFFSET + place, magic) for place, magic in PLACES)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return looks_like(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        sb = read_superblock(view, reading)
        reading.end = min(sb.size, len(view))
        reading.entries = _entries(view[: reading.end], sb, limits, reading)
        return reading


def _entries(view: memoryview, sb: Superblock, limits: Limits, reading: Reading) -> Iterator[Entry]:
    claims = Claims(view)
    if any(view[:OFFSET]):
        yield Entry("boot-block", Kind.REGION, Held(view[:OFFSET]), size=OFFSET, offset=0)
    claims.take(OFFSET, OFFSET + sb.length)
    claims.take(sb.inode_map, min(sb.inode_table, len(view)))
    inodes = InodeTable(view, sb, claims, reading)
    try:
        yield from Tree(sb, inodes, limits, reading).walk()
        inodes.compare_bitmaps()
    finally:
        claims.account(reading, sb.block)
