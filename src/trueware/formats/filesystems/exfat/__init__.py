"""exFAT: what memory cards and sticks of more than 32 GB hold.

Behind the boot region and its copy stands the allocation table, then the clusters. Files in one piece are not in the table;
which clusters are in use is in a bitmap. The layouts stand in the modules that read them:

============  =============================================================
module        what it reads
============  =============================================================
boot          boot region and its copy
directories   sets of entries, table of capital letters
tree          the walk that puts all of it together
============  =============================================================

Source: Microsoft exFAT file system specification; Linux fs/exfat/.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.bitmaps import bits
from trueware.formats.clusters import FIRST, Clusters, numbers
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.filesystems.exfat.boot import FORMAT, MAGIC, Boot
from trueware.formats.filesystems.exfat.tree import Tree
from trueware.formats.hidden import Hidden
from trueware.model.limits import Limits
from trueware.model.part import Kind

_LAST = 0xFFFF_FFF8
_CODE, _CODE_END = 120, 510


class Exfat:
    """An exFAT file system."""

    name: ClassVar[str] = "exfat"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "exFAT file system",
        "Microsoft",
        ("Microsoft exFAT file system specification", "Linux fs/exfat/"),
        ("what was deleted is counted, not recovered", "entries of vendors are not looked into"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(3, MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return bytes(view[3:11]) == MAGIC and bytes(view[510:512]) == b"\x55\xaa"

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        boot = Boot(view)
        reading = Reading()
        if boot.end > len(view):
            reading.note_anomaly("truncated", f"{boot.end - len(view)} of {boot.end} bytes are missing", len(view))
        reading.end = min(boot.end, len(view))
        boot.tell(view, reading)
        end = boot.table + 4 * (boot.clusters + FIRST)
        if end > len(view):
            raise MalformedInput(FORMAT, len(view), "the bytes end within the allocation table")
        reading.entries = _entries(view, boot, reading, limits)
        return reading


def _entries(view: memoryview, boot: Boot, reading: Reading, limits: Limits) -> Iterator[Entry]:
    yield Entry("boot-code", Kind.REGION, Held(view[_CODE:_CODE_END]), _CODE_END - _CODE, offset=_CODE)
    end = boot.table + 4 * (boot.clusters + FIRST)
    clusters = Clusters(view, boot.heap, boot.cluster, boot.clusters, numbers(view[boot.table : end], 32), _LAST)
    tree = Tree(view, boot, clusters, reading, limits)
    yield from tree.walk()
    reading.cover(boot.table, end)
    if tree.bitmap is not None:
        clusters.account(reading, bytes(FIRST) + bits(memoryview(tree.bitmap), boot.clusters))
    unused = Hidden(view, "space between tables and clusters")
    last = clusters.offset(boot.clusters + FIRST)
    for start, stop in ((24 * boot.sector, boot.table), (end, boot.heap), (last, boot.end)):
        unused.look(start, stop, boot.sector)
        reading.cover(start, min(stop, len(view)))
    unused.tell(reading)
