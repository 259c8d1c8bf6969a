"""EROFS: the read-only file system of Android since version 13, of containers and of some set-top boxes.

Inodes stand in blocks of their own, with what is small behind them: extended attributes, the ends of files, where the rest is. The
layouts stand in the modules that read them:

============  =============================================================
module        what it reads
============  =============================================================
superblock    superblock, settings of compressors, further devices
inodes        inodes, in the image and in the metabox
xattrs        extended attributes
directories   blocks of folders
extents       where a compressed file lies
pclusters     what is packed
contents      contents of files
tree          the walk that puts all of it together
============  =============================================================

Source: Linux Documentation/filesystems/erofs.rst, fs/erofs/; erofs-utils.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.claims import Claims
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.filesystems.erofs.contents import Contents
from trueware.formats.filesystems.erofs.inodes import SLOT, Area, InodeTable
from trueware.formats.filesystems.erofs.superblock import (
    FORMAT,
    MAGIC,
    OFFSET,
    Compat,
    Superblock,
    looks_like,
    read_superblock,
)
from trueware.formats.filesystems.erofs.tree import Tree
from trueware.formats.filesystems.erofs.xattrs import LONGEST_PREFIX, AttributeReader
from trueware.model.limits import Limits
from trueware.model.part import Kind

_SHARE = 4
"""Part of what may be held that the metabox may take."""


class Erofs:
    """An EROFS file system."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "EROFS file system",
        references=("Linux Documentation/filesystems/erofs.rst", "Linux fs/erofs/", "erofs-utils"),
        limitations=(
            "content on further devices is read where these stand in the image, else reported",
            "folders in blocks of another size than files are refused",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(OFFSET, MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return looks_like(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        claims = Claims(view)
        sb = read_superblock(view, claims, reading)
        reading.end = min(sb.size, len(view))
        if sb.size > len(view):
            detail = f"{sb.size - len(view)} of {sb.size} bytes are missing"
            reading.note_anomaly("truncated", detail, len(view))
        reading.entries = _entries(view[: reading.end], sb, claims, limits, reading)
        return reading


def _entries(view: memoryview, sb: Superblock, claims: Claims, limits: Limits, reading: Reading) -> Iterator[Entry]:
    """Read what the tree needs, then the tree; account for the image even where it cannot be read to its end."""
    if any(view[:OFFSET]):
        yield Entry("boot-block", Kind.REGION, Held(view[:OFFSET]), size=OFFSET, offset=0)
    image = Area(view, sb.fields.meta_block << sb.block_log, claims)
    try:
        inodes = InodeTable(sb, image)
        contents = Contents(view, sb, claims, limits, reading)
        if sb.metabox is not None:
            inodes.metabox = _metabox(sb.metabox, inodes, contents, limits)
        attributes = _attributes(sb, image, inodes, contents, limits, reading)
        yield from Tree(sb, inodes, contents, attributes, limits, reading).walk()
        contents.account()
        if inodes.metabox is not None and (hidden := inodes.metabox.claims.hidden()):
            reading.note_anomaly("hidden-content", f"{hidden} bytes of the metabox belong to no inode")
    finally:
        claims.account(reading, sb.block, SLOT)


def _metabox(number: int, inodes: InodeTable, contents: Contents, limits: Limits) -> Area:
    """Return the unpacked metabox."""
    inode = inodes.read(number)
    if inode.size > limits.max_held // _SHARE:
        raise MalformedInput(FORMAT, inode.at, f"a metabox of {inode.size} bytes")
    data = contents.whole(inode)
    return Area(data, 0, Claims(data))


def _attributes(
    sb: Superblock, image: Area, inodes: InodeTable, contents: Contents, limits: Limits, reading: Reading
) -> AttributeReader:
    """Return the reader of extended attributes, with long prefixes; these may stand among the ends of files."""
    shared, held = image, inodes.metabox
    if held is not None and Compat.SHARED_XATTRS_IN_METABOX in sb.compat:
        shared = held
    attributes = AttributeReader(sb, shared, reading, limits.max_xattrs)
    ends = contents.take_ends(inodes.read(sb.fields.packed)) if sb.fields.packed else None
    count, start = sb.fields.prefixes, sb.fields.prefix_start * 4
    if not count:
        return attributes
    if held is not None and Compat.PLAIN_PREFIXES not in sb.compat:
        held.claims.share(start, attributes.read_prefixes(held.data, start, count))
    elif ends is not None and Compat.PLAIN_PREFIXES not in sb.compat:
        found = b"".join(ends.read(start, min(count * LONGEST_PREFIX, (ends.size or 0) - start)))
        contents.use_ends(start, attributes.read_prefixes(found, 0, count))
    else:
        image.claims.share(start, attributes.read_prefixes(image.data, start, count))
    return attributes
