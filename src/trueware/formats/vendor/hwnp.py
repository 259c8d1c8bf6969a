"""HWNP, Huawei's upgrade package for optical terminals: a list of products, a table of items, and the items.

======  ====  ================================================================
offset  size  field (little-endian unless said)
======  ====  ================================================================
0       4     magic "HWNP"
4       4     length of the whole less 0x4C, big-endian
8       4     CRC-32 of everything from 12
12      4     length of header, products and table (older: 36 less)
16      4     CRC-32 of header, products and table from 20
20      4     number of items
24      2     unknown
26      2     length of the list of products
28      4     length of an entry of the table: 360
32      4     reserved
36      ..    products, ``|`` between them; then the table, each entry:
======  ====  ================================================================

======  ====  ================================================================
0       4     number
4       4     CRC-32 of the item
8       8     offset from the beginning of the file, length
16      256   where it goes: ``flash:kernel``, ``file:/var/x``
272     16    section
288     64    version
352     4     policy
356     4     reserved
======  ====  ================================================================

Source: HuaweiFirmwareTool (0xuserpag3) ``huawei_header.h``, ``util_hw.cpp``. The vectors were built from that layout; no package of
Huawei confirmed the reading. The RSA signature over items is an item itself and not verified.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"HWNP"
_HEADER = Struct("<4s4s4I2sHII")
_ITEM = Struct("<4I256s16s64sII")
_NOT_COUNTED = 0x4C


class Hwnp:
    """An upgrade package."""

    name: ClassVar[str] = "hwnp"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "HWNP upgrade package", "Huawei", ("HuaweiFirmwareTool huawei_header.h",),
        ("the signature among the items is not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        _, _, _, length, _, count, _, products, item, _ = _HEADER.unpack_from(view)
        start = _HEADER.size + products + count * _ITEM.size
        return item == _ITEM.size and count > 0 and length in (start, start - _HEADER.size)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Hwnp.matches(view):
            raise MalformedInput("hwnp", 0, "no header")
        _, size, whole_crc, _, table_crc, count, unknown, products, _, reserved = _HEADER.unpack_from(view)
        table = _HEADER.size + products
        start, end = table + count * _ITEM.size, int.from_bytes(size, "big") + _NOT_COUNTED
        if start > len(view):
            raise MalformedInput("hwnp", 20, f"{count} items and {products} bytes of products in {len(view)} bytes")
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "items of a hwnp package")
        reading = Reading(facts={"unknown": unknown.hex()}, end=min(max(end, start), len(view)))
        tell(reading.facts, "products", view[_HEADER.size : table])
        reading.cover(0, start)
        if reserved:
            reading.note_anomaly("reserved-bits", f"the header's reserved field is {reserved:#x}", 32)
        _check("table", view[20:start], table_crc, 16, reading)
        if end > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {end} bytes are there", len(view))
        else:
            _check("whole", view[12 : reading.end], whole_crc, 8, reading)
        entries, claimed = list[Entry](), 0
        for number in range(count):
            entry, crc = _item(view, table + number * _ITEM.size, start, number, reading)
            entries.append(entry)
            claimed += entry.size
            # items that claim more than there is overlap, which is told; checking each of them could take forever
            if crc is not None and claimed <= len(view):
                _check(
                    entry.path, view[entry.offset or 0 :][: entry.size], crc, table + number * _ITEM.size + 4, reading
                )
        note_overlaps(entries, reading)
        reading.entries = entries
        return reading


def _item(view: memoryview, at: int, data_start: int, position: int, reading: Reading) -> tuple[Entry, int | None]:
    """Return an item and its checksum, None where not all of its bytes are there."""
    number, crc, start, size, place, section, version, policy, reserved = _ITEM.unpack_from(view, at)
    facts = {"number": str(number), "position": str(position), "policy": f"{policy:#x}"}
    tell(facts, "place", place)
    tell(facts, "section", section)
    tell(facts, "version", version)
    if reserved:
        reading.note_anomaly("reserved-bits", f"the reserved field of item {number} is {reserved:#x}", at + 356)
    if start < data_start and size:
        reading.note_anomaly("overlap", f"item {number} begins within the table", at + 8)
        return Entry(f"item-{position}", Kind.REGION, Held(b""), facts=tuple(sorted(facts.items()))), None
    path = readable(place.partition(b"\0")[0] or b"item-%d" % position)
    entry = region(path, view, start, size, reading, tuple(sorted(facts.items())))
    return entry, crc if entry.size == size else None


def _check(what: str, data: memoryview, stated: int, at: int, reading: Reading) -> None:
    if (found := crc32(data)) != stated:
        reading.note_anomaly("checksum-mismatch", f"the CRC-32 of {what} is {found:08x}, stated {stated:08x}", at)
