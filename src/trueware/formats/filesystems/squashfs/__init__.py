"""squashfs: the packed, read-only file system of most routers, set-top boxes and terminals.

Data blocks come first, the tables that explain them behind. The layouts stand in the modules that read them:

============  =============================================================
module        what it reads
============  =============================================================
superblock    superblock, compressor options
metadata      blocks of tables; which compressor it really is
lookup        tables of fragments, ids, inodes to export
xattrs        extended attributes
inodes        inodes
directories   listings of folders
blocks        contents of files
tree          the walk that puts all of it together
============  =============================================================

All of these are of 4.0; `old_tree` reads what came before it, and big-endian images, by the records of `old_layouts`.

Source: Linux Documentation/filesystems/squashfs.rst, fs/squashfs/.
"""

from collections.abc import Iterator
from struct import iter_unpack
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.filesystems.squashfs.blocks import Blocks, Contents
from trueware.formats.filesystems.squashfs.lookup import LookupTable
from trueware.formats.filesystems.squashfs.metadata import Packing, Table
from trueware.formats.filesystems.squashfs.old_tree import read_old
from trueware.formats.filesystems.squashfs.superblock import (
    FORMAT,
    MAGICS,
    NONE,
    Superblock,
    looks_like,
    old_version,
    read_options,
    read_superblock,
)
from trueware.formats.filesystems.squashfs.tree import Tables, Tree
from trueware.formats.filesystems.squashfs.xattrs import AttributeTable
from trueware.model.limits import Limits

_FRAGMENT_SIZE, _EXPORT_SIZE, _ID_SIZE = 16, 8, 4


class Squashfs:
    """A squashfs file system."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "squashfs file system",
        references=(
            "Linux Documentation/filesystems/squashfs.rst",
            "Linux fs/squashfs/",
            "squashfs-tools squashfs_compat.h",
        ),
        limitations=(
            "extended attributes of big-endian 4.0 are not read",
            "bytes of a fragment that no file uses are found where a file of it is unpacked",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return looks_like(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if (version := old_version(view)) is not None:
            return read_old(view, version, limits)
        sb = read_superblock(view)
        reading = Reading(end=min(sb.bytes_used, len(view)))
        first = read_options(view, sb, reading)
        if sb.bytes_used > len(view):
            # the tables stand at the end: without it nothing can be told of the rest
            missing = sb.bytes_used - len(view)
            reading.note_anomaly("truncated", f"{missing} of {sb.bytes_used} bytes are missing", len(view))
            return reading
        reading.entries = _walk(view[: sb.bytes_used], sb, first, limits, reading)
        return reading


def _walk(view: memoryview, sb: Superblock, first: int, limits: Limits, reading: Reading) -> Iterator[Entry]:
    """Read the tables, last ones first, since each ends where the next begins; then the tree."""
    packing = Packing(view, sb, reading)
    end = sb.bytes_used
    attributes = None
    if sb.xattr_table != NONE:
        attributes = AttributeTable(packing, sb.xattr_table, end, limits, reading)
        end = attributes.start

    def look_up(places_at: int, count: int, size: int) -> bytes:
        nonlocal end
        if not sb.directory_table < places_at <= end:
            raise MalformedInput(FORMAT, places_at, f"table out of order, the next one begins at {end:#x}")
        table = LookupTable(packing, places_at, count * size, end, limits, reading)
        end = table.start
        return table.data

    ids = look_up(sb.id_table, sb.ids, _ID_SIZE)
    exports = None if sb.export_table == NONE else look_up(sb.export_table, sb.inodes, _EXPORT_SIZE)
    fragments = look_up(sb.fragment_table, sb.fragments, _FRAGMENT_SIZE) if sb.fragments else b""
    tables = Tables(
        Table(packing, sb.inode_table, sb.directory_table, limits),
        Table(packing, sb.directory_table, end, limits),
        tuple(number for (number,) in iter_unpack("<I", ids)),
        None if exports is None else tuple(reference for (reference,) in iter_unpack("<Q", exports)),
        attributes,
    )
    contents = Contents(Blocks(packing, sb.block_size, reading), sb, first, fragments, limits, reading)
    yield from Tree(sb, tables, contents, limits, reading).walk()
