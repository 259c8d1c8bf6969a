"""Amlogic's resource image, the pictures its boot loader shows: a header with a CRC, and items with headers of their own.

======  ====  ==============================================================
offset  size  field (little-endian)
======  ====  ==============================================================
0       4     CRC-32 from offset 4 on, not inverted at the end
4       4     version: 1 each header before its item, 2 all in front
8       8     magic "AML_RES!"
16      4     length of the whole
20      4     number of items
24      4     what items are aligned to: 16
28      36    unused
64      ..    items
======  ====  ==============================================================

======  ====  ==============================================================
0       4     magic 56 19 05 27
4       4     CRC of the header, unused
8       12    length, offset of the content, entry point
20      4     offset of the next header, 0: none
24      4     CRC of the content, unused
28      4     index, number, kind, compression (1 each)
32      32    name
======  ====  ==============================================================

Source: hardkernel u-boot ``common/cmd_imgread.c``, Amlogic ``imgpack.h``. The vectors were built from that layout; no image of a
device confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits

_MAGIC, _ITEM_MAGIC = b"AML_RES!", b"\x56\x19\x05\x27"
_HEADER, _ITEM = Struct("<II8sIII"), Struct("<4s6I4s32s")
_SIZE = 64


class AmlResource:
    """Pictures of a boot loader."""

    name: ClassVar[str] = "aml-resource"
    doc: ClassVar[FormatDoc] = FormatDoc("Amlogic resource image", "Amlogic", ("u-boot common/cmd_imgread.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(8, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < 2 * _SIZE or view[8:16] != _MAGIC or view[_SIZE : _SIZE + 4] != _ITEM_MAGIC:
            return False
        _, version, _, size, count, _ = _HEADER.unpack_from(view)
        return version in {1, 2} and size >= _SIZE * (1 + count) and count > 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not AmlResource.matches(view):
            raise MalformedInput("aml-resource", 0, "no header")
        stated, version, _, size, count, step = _HEADER.unpack_from(view)
        reading = Reading(facts={"version": str(version), "step": str(step)}, end=min(size, len(view)))
        reading.cover(0, _HEADER.size)
        if size > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {size} bytes are there", len(view))
        elif (found := crc32(view[4:size]) ^ 0xFFFFFFFF) != stated:
            reading.note_anomaly("checksum-mismatch", f"the CRC-32 is {found:08x}, stated {stated:08x}", 0)
        entries, at = list[Entry](), _SIZE
        for number in range(count):
            if number >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "items of a resource image")
            if at + _SIZE > len(view) or view[at : at + 4] != _ITEM_MAGIC:
                reading.note_anomaly("malformed", f"no header of item {number}", at)
                break
            entry, after = _item(view, at, number, reading)
            entries.append(entry)
            if after <= at and number + 1 < count:
                reading.note_anomaly("malformed", f"item {number + 1} of {count} is said to be at {after:#x}", at + 20)
                break
            at = after
        note_overlaps(entries, reading)
        reading.entries = entries
        return reading


def _item(view: memoryview, at: int, number: int, reading: Reading) -> tuple[Entry, int]:
    """Return the item whose header is at `at`, and the offset of the next."""
    _, header_crc, size, start, entry, after, crc, kinds, name = _ITEM.unpack_from(view, at)
    reading.cover(at, at + _SIZE)
    facts = {"kinds": kinds.hex(), "entry": f"{entry:#x}", "crc": f"{crc:#010x}", "header-crc": f"{header_crc:#010x}"}
    facts["next"] = f"{after:#x}"
    tell(facts, "name", name)
    path = f"{number}-{readable(name.partition(bytes(1))[0] or b'unnamed')}"
    return region(path, view, start, size, reading, tuple(sorted(facts.items()))), after
