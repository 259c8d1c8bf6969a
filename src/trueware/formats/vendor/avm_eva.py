"""What AVM's boot loader EVA starts (Fritz!Box): a record with a kernel packed by LZMA, and one with the address it is entered at.

======  ====  ===================================================================
offset  size  field (little-endian)
======  ====  ===================================================================
0       4     magic FEED1281
4       8     length of the record, load address
12      4     kind 075A0201: LZMA
16      12    length packed, length unpacked, CRC-32 of what is packed
28      8     LZMA's properties: byte, dictionary (4), zeros (3)
36      ..    packed
..      4     what makes the sum of the record 0
..      8     next record: 0, entry point
======  ====  ===================================================================

The record begins with its kind and ends with what is packed. Its sum is that of the two numbers before and of its bytes. A file
system usually follows at the next 64 KiB. Source: OpenWrt ``tools/firmware-utils/src/lzma2eva.c``. The vectors were built from that
layout; no image of AVM confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import Entry, FormatDoc, Magic, Produced, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x81\x12\xed\xfe"
_HEADER, _TAIL = Struct("<4sIII3IBI3s"), Struct("<III")
_LZMA = 0x075A0201
_BEFORE, _RECORD_AT = 24, 12
_LARGEST = 1 << 27
_MOST_PROPERTIES = 225


class AvmEva:
    """A packed kernel."""

    name: ClassVar[str] = "avm-eva"
    doc: ClassVar[FormatDoc] = FormatDoc("EVA kernel image", "AVM", ("OpenWrt firmware-utils src/lzma2eva.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _HEADER.size or view[:4] != _MAGIC:
            return False
        _, length, _, kind, packed, size, _, properties, _, zeros = _HEADER.unpack_from(view)
        return bool(
            kind == _LZMA and length == packed + _BEFORE and 0 < packed <= _LARGEST and size > 0
            and properties < _MOST_PROPERTIES and not any(zeros)
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not AvmEva.matches(view):
            raise MalformedInput("avm-eva", 0, "no record")
        _, length, load, _, packed, size, crc, properties, dictionary, _ = _HEADER.unpack_from(view)
        reading = Reading(facts={"load-address": f"{load:#x}"})
        data = view[_HEADER.size : _HEADER.size + packed]
        reading.cover(0, _HEADER.size + len(data))
        end = _HEADER.size + packed
        if end + _TAIL.size > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {end + _TAIL.size} bytes are there", len(view))
        else:
            stated, following, entry = _TAIL.unpack_from(view, end)
            reading.cover(end, end + _TAIL.size)
            reading.facts |= {"entry-point": f"{entry:#x}", "next": f"{following:#x}"}
            found = -(length + load + byte_sum(view[_RECORD_AT:end])) & 0xFFFFFFFF
            if found != stated:
                reading.note_anomaly("checksum-mismatch", f"the sum is {found:#010x}, stated {stated:#010x}", end)
            if (found := crc32(data)) != crc:
                reading.note_anomaly("checksum-mismatch", f"the CRC is {found:#010x}, stated {crc:#010x}", 24)
        # as LZMA's own program writes it, so that it is known for what it is
        head = bytes([properties]) + dictionary.to_bytes(4, "little") + size.to_bytes(8, "little")
        content = Produced(lambda: iter((head, data)), len(head) + len(data))
        reading.entries = [Entry("kernel", Kind.REGION, content, len(head) + len(data))]
        reading.end = min(end + _TAIL.size, len(view))
        return reading
