"""Cisco's MZIP, the boot image of switches: "MZIP", where it is loaded and entered, two CRCs, and a segment that is packed as a zip.

======  ====  ==========================================================
offset  size  field (big-endian)
======  ====  ==========================================================
0       8     magic "MZIP", version: 1
8       4     entry point
12      8     unknown: 1 and 1
20      32    zeros
52      4     CRC-16 of the segment, of the 54 bytes before this (2 each)
56      8     length of this header, load address
64      16    kind of the segment: 0 as it is, 1 zip; its length packed;
              its length; its length in memory
80      32    zeros
112     ..    segment
======  ====  ==========================================================

The first CRC is of the header from 56 on and the segment. Both have the polynomial 1021, begin with FFFF and are inverted. Source:
bvanheu/linux-cisco ``mziptools/mzip.h``, ``mzip.c``, ``crc16.c``. Images of several segments, and those packed otherwise, are
recognised and not taken apart. The vectors were built from that layout; no image of Cisco confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.remainders import XMODEM
from trueware.model.limits import Limits

_MAGIC = b"MZIP"
_HEADER = Struct(">4s4I32sHH6I32s")
_CRCS_AT, _CRCED_AT = 52, 56
_KINDS = {0: "plain", 1: "zip"}
_LARGEST = 1 << 29


class CiscoMzip:
    """A segment that a boot loader unpacks."""

    name: ClassVar[str] = "cisco-mzip"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "MZIP boot image", "Cisco", ("bvanheu/linux-cisco mziptools/mzip.h",), ("images of several segments",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _HEADER.size or view[:4] != _MAGIC:
            return False
        _, version, _, _, _, _, _, _, length, _, _, packed, size, *_ = _HEADER.unpack_from(view)
        return bool(0 < version < 256 and _HEADER.size <= length <= 1 << 16 and max(packed, size) <= _LARGEST and size)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not CiscoMzip.matches(view):
            raise MalformedInput("cisco-mzip", 0, "no header")
        _, version, entry, one, two, zeros, crc, header_crc, length, load, kind, packed, size, memory, more = (
            _HEADER.unpack_from(view)
        )
        reading = Reading(
            facts={
                "version": str(version), "entry-point": f"{entry:#x}", "load-address": f"{load:#x}",
                "kind": _KINDS.get(kind, str(kind)), "size": str(size), "memory": str(memory), "unknown": f"{one} {two}",
            }
        )  # fmt: skip
        if (found := _crc(view[: _CRCS_AT + 2])) != header_crc:
            reading.note_anomaly("checksum-mismatch", f"the header's CRC is {found:#06x}, stated {header_crc:#06x}", 54)
        reading.cover(0, _HEADER.size)
        for name, field in (("zeros", zeros), ("more-zeros", more)):
            if any(field):
                reading.facts[name] = field.hex()
        if length != _HEADER.size or (one, two) != (1, 1) or kind not in _KINDS:
            reading.note_anomaly("unsupported", "several segments, or one packed in another way", _CRCED_AT)
            reading.facts |= {"crc": f"{crc:#06x}", "length": str(length), "packed": str(packed)}
            reading.entries = [region("segments", view, _HEADER.size, len(view) - _HEADER.size, reading)]
            return reading
        stored = packed if kind else size
        segment = region("segment", view, length, stored, reading)
        if segment.size == stored and (found := _crc(view[_CRCED_AT:length], view[length : length + stored])) != crc:
            reading.note_anomaly("checksum-mismatch", f"the segment's CRC is {found:#06x}, stated {crc:#06x}", _CRCS_AT)
        reading.entries, reading.end = [segment], length + segment.size
        return reading


def _crc(*pieces: memoryview) -> int:
    return XMODEM.of(*pieces, begin=0xFFFF) ^ 0xFFFF
