"""The flash of a PC as Intel's chipsets divide it: a descriptor of 4 KiB, and the regions it names.

======  ====  ======================================================================
offset  size  field (little-endian)
======  ====  ======================================================================
16      4     signature 5A A5 F0 0F
20      4     map: where components (bits 0-7) and regions (16-23) are told, in
              units of 16 bytes
..      4     for each region: first block (bits 0-14) and last (16-30), of 4 KiB
======  ====  ======================================================================

A region whose first block is behind its last one is not there. Source: coreboot ``util/ifdtool/ifdtool.h``; Intel 100 Series Chipset
SPI Programming Guide. The descriptor also says which master may write where; it is a region, compared by its bytes.

Vectors were made by coreboot's ifdtool; no dump of a machine confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits

_SIGNATURE, _AT = b"\x5a\xa5\xf0\x0f", 16
_SIZE, _BLOCK = 4096, 4096
_WORD = Struct("<I")
_NAMES = (
    "descriptor", "bios", "me", "gbe", "platform-data", "device-expansion-1", "bios-2", "microcode",
    "embedded-controller", "device-expansion-2", "innovation-engine", "10gbe-1", "10gbe-2", "region-13", "region-14",
    "ptt",
)  # fmt: skip
_OF_OLD = 5
"""Regions of chipsets before 2015; the words behind theirs are set to one bits or mean something else."""


class IntelFlash:
    """A flash image with a descriptor; one that stands alone divides nothing."""

    name: ClassVar[str] = "intel-flash"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "flash image with an Intel descriptor", "Intel", ("coreboot util/ifdtool/ifdtool.h",),
        ("the management engine's region, whose content has no public description",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(_AT, _SIGNATURE),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _SIZE or view[_AT : _AT + 4] != _SIGNATURE:
            return False
        table = _table(view)
        bios = _range(view, table + 4)
        return table >= _AT + 8 and _range(view, table) == (0, _SIZE) and bios is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 16 regions)
        if not IntelFlash.matches(view):
            raise MalformedInput("intel-flash", _AT, "no descriptor with the regions of descriptor and BIOS")
        table, reading = _table(view), Reading()
        entries, end = list[Entry](), _SIZE
        for number, name in enumerate(_NAMES):
            place = _range(view, table + 4 * number)
            if place is None or (number and not place[0]):
                continue
            start, size = place
            if number >= _OF_OLD and start + size > len(view):
                continue
            entries.append(region(name, view, start, size, reading))
            end = max(end, start + size)
        note_overlaps(entries, reading)
        reading.entries, reading.end = entries, min(end, len(view))
        return reading


def _table(view: memoryview) -> int:
    """Return where the regions are told; the descriptor has room for them."""
    (flash_map,) = _WORD.unpack_from(view, _AT + 4)
    return min(int(flash_map) >> 16 & 0xFF, 0xF0) << 4


def _range(view: memoryview, at: int) -> tuple[int, int] | None:
    """Return place and length of the region told at `at`, None where there is none."""
    (word,) = _WORD.unpack_from(view, at)
    first, last = word & 0x7FFF, word >> 16 & 0x7FFF
    return (first * _BLOCK, (last + 1 - first) * _BLOCK) if first <= last else None
