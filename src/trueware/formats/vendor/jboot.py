"""Updates for JBOOT, the boot loader of LTE routers by AMIT (D-Link DWR, Lava, ZyXEL): headers, each before what it has flashed.

======  ====  ===============================================================
offset  size  field (little-endian)
======  ====  ===============================================================
0       12    id of the device, text
12      4     unused, sum of the data (2 each)
16      12    zeros (10), 1, 0
28      4     time, in four seconds since 30 March 1998
32      16    place and length that are erased, place and length of the data
48      16    zeros
64      4     magic "BH", version: 2 (2 each)
68      8     unused (2), section, kind of information, offset of it (4)
76      4     member of the family, inverted sum of the header (2 each)
80      ..    data
======  ====  ===============================================================

A sum adds up words of 16 bits with the carries added back in; a last odd byte counts FF less. Source: OpenWrt
``tools/firmware-utils/src/mkdlinkfw.c``, ``mkdlinkfw-lib.c``. The vectors were built from that layout; no image of a maker
confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import is_text, region
from trueware.formats.sums import jboot_sum
from trueware.model.limits import Limits

_MAGIC_AT, _MAGIC = 64, b"BH\2\0"
_HEADER = Struct("<12sHH10sBBI4I16s4sHBBIHH")
_SUMMED = 78


class Jboot:
    """An update of one or more places of the flash."""

    name: ClassVar[str] = "jboot"
    doc: ClassVar[FormatDoc] = FormatDoc("JBOOT update", "AMIT", ("OpenWrt firmware-utils src/mkdlinkfw.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(_MAGIC_AT, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _is_header(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Jboot.matches(view):
            raise MalformedInput("jboot", 0, "no header")
        reading, at, number = Reading(), 0, 0
        entries = []
        while _is_header(view, at):
            if number >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "headers of an update")
            device, spread, stated, zeros, one, zero, time, erased, extent, place, size, more, _, unused, *rest = (
                _HEADER.unpack_from(view, at)
            )
            section, kind, offset, family, header_sum = rest
            facts = {
                "erased": f"{erased:#x}+{extent:#x}", "place": f"{place:#x}", "section": str(section), "time": str(time),
                "information": f"{kind:#x} {offset:#x}", "family": f"{family:#06x}",
                "fixed": f"{spread:#x} {zeros.rstrip(bytes(1)).hex()} {one} {zero} {more.rstrip(bytes(1)).hex()} {unused:#x}",
                "device": device.rstrip(b"\0").decode("ascii"),
            }  # fmt: skip
            if not number:
                reading.facts |= {"device": facts["device"], "family": facts["family"]}
            if (found := jboot_sum(view[at : at + _SUMMED]) ^ 0xFFFF) != header_sum:
                reading.note_anomaly(
                    "checksum-mismatch", f"the header's sum is {found:#06x}, stated {header_sum:#06x}", at + _SUMMED
                )
            start = at + _HEADER.size
            data = view[start : start + size]
            entries.append(region(f"section-{number}", view, start, size, reading, tuple(sorted(facts.items()))))
            if len(data) == size and (found := jboot_sum(data)) != stated:
                reading.note_anomaly("checksum-mismatch", f"the sum is {found:#06x}, stated {stated:#06x}", at + 14)
            reading.cover(at, start)
            at, number = min(start + size, len(view)), number + 1
        reading.entries, reading.end = entries, at
        return reading


def _is_header(view: memoryview, at: int) -> bool:
    if at + _HEADER.size > len(view) or bytes(view[at + _MAGIC_AT : at + _MAGIC_AT + 4]) != _MAGIC:
        return False
    device, _, _, zeros, one, zero, _, _, _, _, size, more, *_ = _HEADER.unpack_from(view, at)
    known = device[0] > 0 and is_text(device) and one == 1 and not zero
    return bool(known and not any(zeros) and not any(more) and 0 < size < 1 << 28)
