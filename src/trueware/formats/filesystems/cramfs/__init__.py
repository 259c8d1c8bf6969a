"""cramfs: the packed, read-only file system of routers before squashfs, of either byte order.

A tree of inodes that stand in their folders, and files cut into blocks that are packed one by one:

============  =============================================================
module        what it reads
============  =============================================================
superblock    superblock, byte order, checksum
blocks        blocks of files
tree          inodes and folders
============  =============================================================

Source: Linux Documentation/filesystems/cramfs.rst, fs/cramfs/, include/uapi/linux/cramfs_fs.h.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.formats.claims import Claims
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.filesystems.cramfs.blocks import Files
from trueware.formats.filesystems.cramfs.superblock import FORMAT, MAGICS, SHIFTS, Superblock, find, read_superblock
from trueware.formats.filesystems.cramfs.tree import Tree
from trueware.model.limits import Limits
from trueware.model.part import Kind

_ALIGNED = 4096


class Cramfs:
    """A cramfs."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "cramfs file system",
        references=("Linux Documentation/filesystems/cramfs.rst", "Linux fs/cramfs/"),
        limitations=(
            "blocks of other than 4,096 bytes, and vendors' compressors other than zlib, are reported, not read",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(shift, magic) for shift in SHIFTS for magic in MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return find(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        claims = Claims(view)
        sb = read_superblock(view, claims, reading)
        reading.end = min(sb.size, len(view))
        reading.entries = _entries(view[: reading.end], sb, claims, limits, reading)
        return reading


def _entries(view: memoryview, sb: Superblock, claims: Claims, limits: Limits, reading: Reading) -> Iterator[Entry]:
    if any(view[: sb.start]):
        yield Entry("boot-block", Kind.REGION, Held(view[: sb.start]), size=sb.start, offset=0)
    try:
        yield from Tree(view, sb, Files(view, sb, claims, limits), claims, limits, reading).walk()
    finally:
        claims.account(reading, _ALIGNED)
