"""TRX, the firmware header of Broadcom routers, versions 1 and 2: a CRC and the offsets of up to four partitions.

======  ====  ============================================================
offset  size  field (little-endian)
======  ====  ============================================================
0       4     magic "HDR0"
4       4     length of the whole, header included
8       4     CRC-32 (not inverted at the end) from offset 12 to the length
12      2     flags
14      2     version: 1 or 2
16      12    offsets of three partitions, 0: none (version 2: 16, four)
28/32   ..    partitions
-64     64    trailer of ASUS: version (4), product (12), checks of boards
======  ====  ============================================================

Source: OpenWrt firmware-utils ``src/trx.c`` and Linux ``drivers/mtd/parsers/parser_trx.c``. A partition ends where the
next one by offset begins. The trailer, within the length and not in every image, is known by its product
(``asustrx.c`` of the same). No official tool was at hand to confirm this reader.
"""

import re
from struct import Struct, unpack_from
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"HDR0"
_HEADER = Struct("<4sIIHH")
_OFFSETS = {1: 3, 2: 4}
_TRAILER = 64
_PRODUCT = re.compile(rb"[\0-\xff]{4}([A-Z0-9]{1,5}-[A-Z0-9][A-Z0-9_+-]*\0*)")
"""RT-AC68U, DSL-N55U, 4G-AC55U and the like; the field has 12 bytes."""


class Trx:
    """A TRX image."""

    name: ClassVar[str] = "trx"
    doc: ClassVar[FormatDoc] = FormatDoc("TRX firmware", "Broadcom", ("OpenWrt firmware-utils src/trx.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < 32 or view[:4] != _MAGIC:
            return False
        _, length, _, _, version = _HEADER.unpack_from(view)
        return version in _OFFSETS and length >= _start(version)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most four partitions)
        if len(view) < 32 or view[:4] != _MAGIC:
            raise MalformedInput("trx", 0, "no header")
        _, length, stated, flags, version = _HEADER.unpack_from(view)
        if version not in _OFFSETS:
            raise UnsupportedInput("trx", 14, f"version {version}")
        start = _start(version)
        if length < start:
            raise MalformedInput("trx", 4, f"length {length} is less than the header's {start}")
        offsets = unpack_from(f"<{_OFFSETS[version]}I", view, 16)
        reading = Reading(facts={"version": str(version), "flags": f"{flags:#06x}"}, end=length)
        reading.facts["offsets"] = " ".join(f"{offset:#x}" for offset in offsets)
        reading.cover(0, start)
        if length > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {length} bytes are there", len(view))
        elif (found := crc32(view[12:length]) ^ 0xFFFFFFFF) != stated:
            reading.note_anomaly("checksum-mismatch", f"the CRC-32 is {found:08x}, stated {stated:08x}", 8)
        end = min(length, len(view))
        trailer = view[max(end - _TRAILER, start) : end]
        if end < length or len(trailer) < _TRAILER or _PRODUCT.fullmatch(trailer[:16]) is None:
            trailer = view[:0]
        reading.entries = _partitions(view, offsets, start, end - len(trailer), reading)
        if trailer:
            reading.facts["asus-version"] = ".".join(map(str, trailer[:4]))
            tell(reading.facts, "product", trailer[4:16])
            entry = Entry("asus-trailer", Kind.REGION, Held(trailer), _TRAILER, offset=end - _TRAILER)
            reading.entries = [*reading.entries, entry]
        return reading


def _start(version: int) -> int:
    return 16 + 4 * _OFFSETS[version]


def _partitions(view: memoryview, offsets: tuple[int, ...], start: int, end: int, reading: Reading) -> list[Entry]:
    used = sorted({offset for offset in offsets if offset})
    entries = []
    for index, offset in enumerate(offsets):
        if not offset:
            continue
        if not start <= offset < end:
            detail = f"partition {index} at {offset:#x} is not within the image"
            reading.note_anomaly("malformed", detail, 16 + 4 * index)
            continue
        if offset in offsets[:index]:
            reading.note_anomaly("overlap", f"partition {index} begins where an earlier one does", 16 + 4 * index)
            continue
        stop = next((other for other in used if other > offset), end)
        piece = view[offset : min(stop, end)]
        entries.append(Entry(f"partition-{index}", Kind.REGION, Held(piece), len(piece), offset=offset))
    return entries
