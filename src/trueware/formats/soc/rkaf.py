"""Rockchip's RKAF update image: a table of files, most of which are partitions, and the files.

======  ====  ==================================================
offset  size  field (little-endian)
======  ====  ==================================================
0       4     magic "RKAF"
4       4     length, less the CRC behind it
8       34    model
42      30    id
72      56    manufacturer
128     4     unknown
132     4     version
136     4     number of entries, at most 16
140     1792  entries
1932    116   unused
======  ====  ==================================================

======  ====  ==================================================
0       32    name, usually of a partition
32      60    name of the file
92      4     length of the partition, in sectors
96      4     offset in the image
100     4     place in flash, in sectors; all ones: none
104     4     length in the image
108     4     length of the file
======  ====  ==================================================

Source: rockchip-mkbootimg ``rkafp.h``, ``afptool.c``. The vectors were built from that layout; no image of a device confirmed the
reading. The CRC, of everything before it, has a polynomial of Rockchip's own.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.formats.remainders import ROCKCHIP, check
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"RKAF"
_HEADER = Struct("<4sI34s30s56s4sII")
_ENTRY = Struct("<32s60s5I")
_SIZE, _MOST = 2048, 16
_SELF = (b"SELF", b"RESERVED")
"""File names of entries that stand for no bytes of the image."""


class Rkaf:
    """An update image."""

    name: ClassVar[str] = "rkaf"
    doc: ClassVar[FormatDoc] = FormatDoc("RKAF update image", "Rockchip", ("rockchip-mkbootimg rkafp.h",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _SIZE or view[:4] != _MAGIC:
            return False
        _, length, model, identity, maker, _, _, count = _HEADER.unpack_from(view)
        return length >= _SIZE and 0 < count <= _MOST and is_text(model) and is_text(identity) and is_text(maker)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (16 entries)
        if not Rkaf.matches(view):
            raise MalformedInput("rkaf", 0, "no header")
        _, length, model, identity, maker, unknown, version, count = _HEADER.unpack_from(view)
        reading = Reading(facts={"unknown": unknown.hex(), "version": f"{version:#010x}"})
        for name, text in (("model", model), ("id", identity), ("manufacturer", maker)):
            tell(reading.facts, name, text)
        table = _HEADER.size + count * _ENTRY.size
        reading.cover(0, table)
        entries = [_file(view, _HEADER.size + number * _ENTRY.size, number, reading) for number in range(count)]
        note_overlaps([Entry("the table", Kind.REGION, size=table, offset=0), *entries], reading)
        reading.entries = entries
        reading.end = min(length + 4, len(view))
        if length + 4 > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {length + 4} bytes are there", len(view))
        else:
            reading.cover(length, length + 4)
            stated = int.from_bytes(view[length : length + 4], "little")
            check(view, 0, length, ROCKCHIP, reading, offset=length, stated=stated)
        return reading


def _file(view: memoryview, at: int, number: int, reading: Reading) -> Entry:
    name, file, sectors, start, place, filled, size = _ENTRY.unpack_from(view, at)
    facts = {"sectors": f"{sectors:#x}", "place": f"{place:#x}", "filled": str(filled)}
    tell(facts, "name", name)
    tell(facts, "file", file)
    if file.partition(b"\0")[0] in _SELF:
        facts |= {"start": f"{start:#x}", "size": f"{size:#x}"}
        start = size = 0
    path = f"{number}-{readable(name.partition(bytes(1))[0] or b'unnamed')}"
    return region(path, view, start, size, reading, tuple(sorted(facts.items())))
