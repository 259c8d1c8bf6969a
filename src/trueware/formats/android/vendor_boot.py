"""Android's vendor boot image: what the maker of the device adds to the generic boot image, page by page.

======  ====  =====================================================================================
offset  size  field (little-endian)
======  ====  =====================================================================================
0       8     "VNDRBOOT"
8       4     version of the header, 3 or 4
12      4     page size
16      8     load addresses: kernel, ramdisk
24      4     size of all ramdisks
28      2048  command line
2076    4     address of the kernel's tags
2080    16    name of the product
2096    4     size of the header
2100    12    device tree: size, load address (u64)
2112    12    version 4: ramdisk table: size, number of entries, size of one
2124    4     version 4: size of the boot configuration
======  ====  =====================================================================================

The sections: ramdisks, device tree, and in version 4 the table of ramdisks and the boot configuration. An entry of the table:
u32 size, offset among the ramdisks, type; name[32]; u32 board id[16]. A boot loader picks ramdisks from it, and unpacks what
it picked in that order. Source: AOSP ``system/tools/mkbootimg/include/bootimg/bootimg.h``. What mkbootimg
writes confirms version 3; no real image at hand confirms version 4.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.bootimage import Pages, check_page
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"VNDRBOOT"
_HEADER = Struct("<8sIIIII2048sI16sIIQ")
_TABLE = Struct("<IIII")
_RAMDISK = Struct("<III32s64s")
_TYPES = ("none", "platform", "recovery", "dlkm")
_HEADER_SIZES = {3: (2112, 2108), 4: (2128,)}
"""By version; the first mkbootimg that knew version 3 wrote 2108."""


class VendorBoot:
    """A vendor boot image."""

    name: ClassVar[str] = "vendor-boot"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Android vendor boot image", "Google", ("AOSP system/tools/mkbootimg/include/bootimg/bootimg.h",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= _HEADER.size + _TABLE.size and view[:8] == _MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not VendorBoot.matches(view):
            raise MalformedInput("vendor-boot", 0, "no header")
        fields = _HEADER.unpack_from(view)
        _, version, page, kernel_at, ramdisk_at, ramdisk, line, tags, name, header, tree, tree_at = fields
        if version not in _HEADER_SIZES:
            raise UnsupportedInput("vendor-boot", 8, f"version {version}")
        check_page(page, 12, "vendor-boot")
        reading = Reading(notes={"page-size": str(page)})
        reading.facts |= {
            "version": str(version),
            "kernel-address": f"{kernel_at:#010x}",
            "ramdisk-address": f"{ramdisk_at:#010x}",
            "tags-address": f"{tags:#010x}",
            "dtb-address": f"{tree_at:#x}",
        }
        tell(reading.facts, "name", name)
        tell(reading.facts, "command-line", line)
        if header not in _HEADER_SIZES[version]:
            reading.note_anomaly("contradiction", f"a header of {header} bytes in version {version}", 2096)
        reading.cover(0, _HEADER.size)
        start = -(-_HEADER_SIZES[version][0] // page) * page
        pages = Pages(view, page, reading, start)
        ramdisks, device_tree = pages.take("vendor-ramdisk", ramdisk), pages.take("dtb", tree)
        entries = [ramdisks, device_tree]
        if version == 4:
            size, count, entry_size, configuration = _TABLE.unpack_from(view, _HEADER.size)
            reading.cover(_HEADER.size, _HEADER.size + _TABLE.size)
            table = pages.take("ramdisk-table", size)
            entries = [*_ramdisks(ramdisks, table, count, entry_size, reading, limits), device_tree]
            entries.append(pages.take("bootconfig", configuration))
        reading.end = pages.at
        reading.entries = [entry for entry in entries if entry.size]
        return reading


def _ramdisks(
    section: Entry, table: Entry, count: int, entry_size: int, reading: Reading, limits: Limits
) -> list[Entry]:
    """Return the ramdisks that the table lists."""
    assert isinstance(section.content, Held)  # noqa: S101 (made by Pages)
    assert isinstance(table.content, Held)  # noqa: S101 (made by Pages)
    if count * entry_size > table.size or (count and entry_size != _RAMDISK.size) or count > limits.max_entries:
        raise MalformedInput("vendor-boot", 2112, f"{count} entries of {entry_size} bytes in {table.size}")
    view, start, at = section.content.view, section.offset or 0, table.offset or 0
    reading.cover(at, at + count * entry_size)
    found = []
    rows = table.content.view[: count * entry_size]
    for number, (size, offset, kind, name, board) in enumerate(_RAMDISK.iter_unpack(rows)):
        facts = {"number": str(number), "type": _TYPES[kind] if kind < len(_TYPES) else str(kind), "board": board.hex()}
        tell(facts, "name", name)
        path = f"ramdisk-{number}"
        if offset + size > len(view):
            reading.note_anomaly("truncated", f"{path} reaches out of the section of ramdisks", at, path)
        data = view[offset : offset + size]
        place = start + offset if len(data) else None
        found.append(Entry(path, Kind.REGION, Held(data), len(data), offset=place, facts=tuple(sorted(facts.items()))))
    _note_overlaps(found, reading)
    return found


def _note_overlaps(ramdisks: list[Entry], reading: Reading) -> None:
    reach = 0
    for entry in sorted((each for each in ramdisks if each.size), key=lambda each: each.offset or 0):
        start = entry.offset or 0
        if start < reach:
            reading.note_anomaly("overlap", f"{entry.path} shares bytes with another ramdisk", start, entry.path)
        reach = max(reach, start + entry.size)
