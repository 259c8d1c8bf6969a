"""FMAP, the table of a flash that coreboot and Chromium OS put into it: names and places of areas.

======  ====  =============================================
offset  size  field (little-endian)
======  ====  =============================================
0       8     signature "__FMAP__"
8       2     version: 1, minor
10      8     address of the flash
18      4     size of the flash
22      32    name
54      2     number of areas
56      42    each: offset (4), size (4), name (32), flags (2)
======  ====  =============================================

Source: flashmap ``lib/fmap.h``. The table stands somewhere in the flash it describes, so that it is found by its signature only; the
areas are facts, their content is found by what it is. Vectors were made by coreboot's fmaptool.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text
from trueware.model.limits import Limits

_MAGIC = b"__FMAP__"
_HEADER, _AREA = Struct("<8sBBQI32sH"), Struct("<2I32sH")
_MOST = 1024
"""Areas; tables of Chromium OS have some 60."""


class Fmap:
    """A table of areas."""

    name: ClassVar[str] = "fmap"
    doc: ClassVar[FormatDoc] = FormatDoc("flash map", "coreboot", ("flashmap lib/fmap.h",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:8] != _MAGIC:
            return False
        _, major, _, _, _, name, count = _HEADER.unpack_from(view)
        return major == 1 and count <= _MOST and is_text(name) and _HEADER.size + count * _AREA.size <= len(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most `_MOST` areas)
        if not Fmap.matches(view):
            raise MalformedInput("fmap", 0, "no table of areas")
        _, major, minor, base, size, name, count = _HEADER.unpack_from(view)
        end = _HEADER.size + count * _AREA.size
        reading = Reading(facts={"version": f"{major}.{minor}", "base": f"{base:#x}", "size": f"{size:#x}"}, end=end)
        tell(reading.facts, "name", name)
        reading.cover(0, end)
        for number, (start, length, area, flags) in enumerate(_AREA.iter_unpack(view[_HEADER.size : end])):
            text = area.partition(b"\0")[0].decode("utf-8", "surrogateescape")
            reading.facts[f"area-{number}"] = f"{text} {start:#x}+{length:#x} {flags:#x}"
            if any(area[len(area.partition(b"\0")[0]) :]):
                reading.facts[f"area-{number}-rest"] = area.hex()
        return reading
