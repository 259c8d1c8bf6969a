"""FAT12, FAT16 and FAT32: what boot partitions, memory cards and floppy disks hold.

Behind the boot sector stand the allocation tables, then the root folder (in FAT32 it is a chain like any other), then the
clusters. The layouts stand in the modules that read them:

============  =============================================================
module        what it reads
============  =============================================================
boot          boot sector, its copy, information sector
table         allocation tables
directories   entries of folders, long names
tree          the walk that puts all of it together
============  =============================================================

Source: Microsoft FAT specification (August 2005); Linux fs/fat/.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.formats.clusters import Clusters
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.filesystems.fat.boot import Boot, looks_like
from trueware.formats.filesystems.fat.table import Table
from trueware.formats.filesystems.fat.tree import Tree, tell_label
from trueware.formats.hidden import Hidden
from trueware.model.limits import Limits
from trueware.model.part import Kind


class Fat:
    """A FAT file system."""

    name: ClassVar[str] = "fat"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "FAT12, FAT16, FAT32 file system",
        "Microsoft",
        ("Microsoft FAT specification (August 2005)", "Linux fs/fat/"),
        (
            "times have no zone and are taken as UTC",
            "short names are shown in code page 437",
            "what was deleted is counted, not recovered",
            "disks of MS-DOS 1 without a description in their boot sector",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(510, b"\x55\xaa"), Magic(54, b"FAT"), Magic(82, b"FAT"))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return looks_like(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        boot = Boot(view)
        reading = Reading()
        if boot.end > len(view):
            reading.note_anomaly("truncated", f"{boot.end - len(view)} of {boot.end} bytes are missing", len(view))
        reading.end = min(boot.end, len(view))
        boot.tell(view, reading)
        reading.entries = _entries(view, boot, Table(view, boot, reading), reading, limits)
        return reading


def _entries(view: memoryview, boot: Boot, table: Table, reading: Reading, limits: Limits) -> Iterator[Entry]:
    yield Entry("boot-code", Kind.REGION, Held(view[boot.code : 510]), 510 - boot.code, offset=boot.code)
    clusters = Clusters(view, boot.data, boot.cluster, boot.clusters, table.numbers, table.last)
    yield from Tree(view, boot, clusters, reading, limits).walk()
    tell_label(boot, reading)
    clusters.account(reading, *table.allocated())
    behind = Hidden(view, "space behind the last cluster")
    last = clusters.offset(boot.clusters + 2)
    behind.look(last, boot.end, boot.sector)
    behind.tell(reading)
    reading.cover(last, min(boot.end, len(view)))
