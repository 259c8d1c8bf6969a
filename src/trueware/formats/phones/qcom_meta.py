"""Qualcomm's meta image, one file of many partitions that a boot loader writes by itself; Huawei's bootloader.img is one.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     0xCE1AD63C
4       4     version: major, minor (2 each)
8       64    version of what is in it
72      4     length of this header, of the table (2 each)
..      80    name (72), offset, length of an image; and so on, unused ones
              zero
======  ====  =====================================================

Source: Qualcomm ``meta_image/meta_format.h``, its description by Kaitai (android_bootldr_huawei). The vectors were built
from that; no image of a phone confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = bytes.fromhex("3cd61ace")
_HEADER, _IMAGE = Struct("<4sHH64sHH"), Struct("<72sII")


class QcomMeta:
    """Partitions in one file."""

    name: ClassVar[str] = "qcom-meta"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "meta image (bootloader.img)", "Qualcomm", ("Qualcomm meta_format.h", "Kaitai android_bootldr_huawei")
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        _, _, _, version, header, table = _HEADER.unpack_from(view)
        return bool(header >= _HEADER.size and table and table % _IMAGE.size == 0 and is_text(version))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 819 images)
        if not QcomMeta.matches(view):
            raise MalformedInput("qcom-meta", 0, "no header")
        _, major, minor, _, header, table = _HEADER.unpack_from(view)
        if header + table > len(view):
            raise MalformedInput("qcom-meta", 72, f"a table of {table} bytes at {header} in {len(view)}")
        reading = Reading(facts={"version": f"{major}.{minor}"})
        tell(reading.facts, "image-version", view[8:72])
        reading.cover(0, _HEADER.size)
        reading.cover(header, header + table)
        entries = [Entry("the table", Kind.REGION, size=header + table, offset=0)]
        for number, place in enumerate(range(header, header + table, _IMAGE.size)):
            name, start, size = _IMAGE.unpack_from(view, place)
            if start and size:
                told = readable(name.rstrip(b"\0") or b"unnamed")
                entries.append(region(f"{number}-{told}", view, start, size, reading))
            elif start or size or any(name):
                reading.note_anomaly("hidden-content", f"image {number} has no bytes, and is not all zero", place)
        note_overlaps(entries, reading)
        reading.end = min(max((entry.offset or 0) + entry.size for entry in entries), len(view))
        reading.entries = entries[1:]
        return reading
