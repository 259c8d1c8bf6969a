"""yaffs: the file system of phones and terminals with raw flash, a log of pages that say in their spare bytes whose they are.

There is no superblock: what is known of the flash, the size of its pages and of their spare bytes, has to be found out.

========  ===================================================================
module    what it reads
========  ===================================================================
geometry  the sizes, the byte order, and the tags of the pages
headers   what a page says of an object: its name, its attributes
log       all pages, by what they belong to, and which of them count
tree      the walk that puts all of it together
========  ===================================================================

Source: yaffs2 yaffs_guts.h, yaffs_packedtags2.c, yaffs_yaffs2.c, as patched into Linux.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.filesystems.yaffs2.geometry import FORMAT, MAGICS, Geometry, find_geometry, is_bare, order_of
from trueware.formats.filesystems.yaffs2.log import Log
from trueware.formats.filesystems.yaffs2.tree import Tree
from trueware.model.limits import Limits


class Yaffs2:
    """A yaffs file system, of flash with small pages (1) or large ones (2)."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "yaffs file system",
        references=("yaffs2 yaffs_guts.h", "yaffs2 yaffs_packedtags2.c", "yaffs2 yaffs_yaffs2.c"),
        limitations=(
            "a flash whose first page does not belong to something in the root folder is not recognised",
            "without the spare bytes, and without tags in the pages, nothing can be read",
            "checkpoints and summaries of blocks, which say what the pages do, are not compared with them",
            "the error correction in the spare bytes is not applied",
            "what was deleted or overwritten is counted and not read",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(4, magic) for magic in MAGICS.values())

    @staticmethod
    def matches(view: memoryview) -> bool:
        return find_geometry(view) is not None or is_bare(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        geometry = find_geometry(view)
        if geometry is None:
            if order_of(view) is None:
                raise MalformedInput(FORMAT, 0, "no header of an object in the root folder")
            raise UnsupportedInput(
                FORMAT, 0, "pages without their tags: the spare bytes are not there, or not as known"
            )
        reading = Reading(facts=geometry.told())
        reading.entries = _walk(view, geometry, limits, reading)
        return reading


def _walk(view: memoryview, geometry: Geometry, limits: Limits, reading: Reading) -> Iterator[Entry]:
    """Find all pages, then follow the names."""
    log = Log(view, geometry, reading)
    reading.end = log.end
    yield from Tree(view, geometry, log, limits, reading).walk()
