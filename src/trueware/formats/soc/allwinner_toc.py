"""Allwinner's TOC0 and TOC1, tables of contents that its secure boot and its later loaders start from.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       8/16  name: "TOC0.GLH", or of TOC1 "sunxi-package" and the like
..      4     magic 00 98 11 89
..      4     sum of all words, this one taken as 5F0A6C39
..      8     serial number, state
..      4     number of items
..      4     length of the whole
..      ..    TOC0: platform (4), unused (8); TOC1: version (8), unused (12)
..      4     "MIE;"; then the items
======  ====  ==========================================================

======  ====  ==========================================================
offset  size  item of TOC0, of 32 bytes; of TOC1, of 368
======  ====  ==========================================================
0       4     name, a number (TOC1: 64, text)
4/64    8     offset, length
..      ..    state or encryption, type, load address, and unused
-4      4     "IIE;"
======  ====  ==========================================================

Sources: u-boot ``tools/sunxi_toc0.c``; Allwinner's ``toc1.h`` (BSP). mkimage of u-boot cannot make a TOC0 without keys of the
device's maker: the vectors were built from that layout, and no image of a device confirmed the reading. Signatures are not verified.
"""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.formats.sums import long_sum
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x00\x98\x11\x89"
_END, _ITEM_END = b"MIE;", b"IIE;"
_STAMP = 0x5F0A6C39
_MOST_ITEMS, _LARGEST = 64, 1 << 24
_FIELDS = Struct("<4s5I")
_PLACE = Struct("<II")


@dataclass(frozen=True, slots=True)
class _Layout:
    version: str
    name: int
    """Bytes of the name in front."""

    header: int
    item: int
    item_name: int


_LAYOUTS = (_Layout("0", 8, 48, 32, 4), _Layout("1", 16, 64, 368, 64))


class AllwinnerToc:
    """A table of contents and what it lists."""

    name: ClassVar[str] = "allwinner-toc"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "TOC0 and TOC1", "Allwinner", ("u-boot tools/sunxi_toc0.c",), ("signatures are not verified",)
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(layout.name, _MAGIC) for layout in _LAYOUTS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _layout(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 64 items)
        layout = _layout(view)
        if layout is None:
            raise MalformedInput("allwinner-toc", 0, "no header")
        _, stated, serial, state, count, size = _FIELDS.unpack_from(view, layout.name)
        table = layout.header + count * layout.item
        if table > min(size, len(view)):
            raise MalformedInput("allwinner-toc", layout.name + 16, f"{count} items in {min(size, len(view))} bytes")
        reading = Reading(facts={"toc": layout.version, "serial": f"{serial:#x}", "state": f"{state:#x}"})
        tell(reading.facts, "name", view[: layout.name])
        reading.facts["more"] = bytes(view[layout.name + _FIELDS.size : layout.header - 4]).hex()
        reading.end = min(size, len(view))
        reading.cover(0, table)
        if size > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {size} bytes are there", len(view))
        else:
            words = long_sum(view[:size])
            if (found := words - stated + _STAMP & 0xFFFFFFFF) != stated:
                reading.note_anomaly(
                    "checksum-mismatch", f"the sum is {found:08x}, stated {stated:08x}", layout.name + 4
                )
        places = range(layout.header, table, layout.item)
        entries = [_item(view, at, layout, number, reading) for number, at in enumerate(places)]
        note_overlaps([Entry("the table", Kind.REGION, size=table, offset=0), *entries], reading)
        reading.entries = entries
        return reading


def _layout(view: memoryview) -> _Layout | None:
    for layout in _LAYOUTS:
        end = layout.header
        if len(view) < end or view[layout.name : layout.name + 4] != _MAGIC or view[end - 4 : end] != _END:
            continue
        *_, count, size = _FIELDS.unpack_from(view, layout.name)
        if 0 < count <= _MOST_ITEMS and end < size <= _LARGEST and size % 4 == 0:
            return layout
    return None


def _item(view: memoryview, at: int, layout: _Layout, number: int, reading: Reading) -> Entry:
    end = at + layout.item
    if view[end - 4 : end] != _ITEM_END:
        raise MalformedInput("allwinner-toc", end - 4, f"item {number} does not end as one does")
    raw = bytes(view[at : at + layout.item_name])
    start, size = _PLACE.unpack_from(view, at + layout.item_name)
    facts = {"more": bytes(view[at + layout.item_name + 8 : end - 4]).rstrip(b"\0").hex()}
    if layout.item_name == 4:
        name = f"{int.from_bytes(raw, 'little'):08x}"
        facts["name"] = name
    else:
        tell(facts, "name", raw)
        name = readable(raw.partition(b"\0")[0] or b"unnamed")
    return region(f"{number}-{name}", view, start, size, reading, tuple(sorted(facts.items())))
