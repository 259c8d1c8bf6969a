"""UDF: what DVDs, Blu-ray discs, and sticks for televisions hold.

============  =============================================================
module        what it reads
============  =============================================================
tags          tags, text, moments
volume        anchors, descriptors of the volume, partitions
nodes         file entries and where content lies
tree          file set, folders, and the walk that puts all of it together
============  =============================================================

A disc that is ISO 9660 as well is read as that, and this tree is compared with it.

Source: ECMA-167 (3rd edition); OSTA UDF 1.02 to 2.60.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.filesystems.optical.space import Space, end_of
from trueware.formats.filesystems.optical.udf.tags import FORMAT
from trueware.formats.filesystems.optical.udf.tree import Tree
from trueware.formats.filesystems.optical.udf.volume import START, Volume, is_udf
from trueware.model.limits import Limits
from trueware.model.part import Kind


class Udf:
    """A UDF volume."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "UDF disc",
        references=("ECMA-167", "OSTA UDF 2.60"),
        limitations=(
            "streams and extended attributes in files of their own are reported",
            "discs written once with strategy 4096",
            "several file sets, several volumes",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(START + 1, b"BEA01"), Magic(START + 1, b"NSR0"))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return is_udf(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        space = Space(view)
        volume = Volume(view, space, reading)
        if volume.end > len(view):
            reading.note_anomaly("truncated", f"{volume.end - len(view)} of {volume.end} bytes are missing", len(view))
        reading.end = end_of(view, volume.end)
        reading.entries = _entries(view, volume, space, reading, limits)
        return reading


def _entries(view: memoryview, volume: Volume, space: Space, reading: Reading, limits: Limits) -> Iterator[Entry]:
    if any(view[:START]):
        yield Entry("boot-code", Kind.REGION, Held(view[:START]), START, offset=0)
    yield from Tree(view, volume, space, reading, limits).walk()
    space.settle(reading, volume.block, volume.block)
