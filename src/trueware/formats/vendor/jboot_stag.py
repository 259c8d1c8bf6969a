"""A kernel as JBOOT starts it: a tag, a header "SCH2" with CRCs, the packed kernel, and the file system.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       2     mark: FF in an update, else 4; 4 (1 each)
2       2     magic 2B24
4       8     time; length of the second header and the kernel
12      4     sum of them, inverted sum of the tag (2 each)
16      4     magic 2124 (2), packing, version: 2 (1 each)
20      12    load address, length and CRC-32 of the kernel
32      16    entry point; place, length and CRC-32 of the file system
48      4     CRC-32 of this header, this field as zero
52      4     length of this header: 40, of a command line (2 each)
56      ..    kernel, file system
======  ====  ==========================================================

For the tag's sum the mark counts as 4. Source: OpenWrt ``tools/firmware-utils/src/mkdlinkfw.c``. The vectors were built from that
layout; no image of a maker confirmed the reading. Where the length of the file system is not stated, what follows the kernel is
left to be looked into.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.sums import jboot_sum
from trueware.model.limits import Limits

_MAGIC, _INNER = b"\x24\x2b", b"\x24\x21"
_TAG, _HEADER = Struct("<BB2sIIHH"), Struct("<2sBB8IHH")
_START = _TAG.size + _HEADER.size
_CRC_AT = 48
_ID, _MARKS = 4, (4, 0xFF)
_PACKINGS = {0: "plain", 1: "jz", 2: "gzip", 3: "lzma"}


class JbootStag:
    """A kernel and a file system."""

    name: ClassVar[str] = "jboot-stag"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "JBOOT kernel (STAG, SCH2)", "AMIT", ("OpenWrt firmware-utils src/mkdlinkfw.c",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(2, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Two bytes are little: the second header, its version and both lengths must be right too."""
        if len(view) <= _START or view[2:4] != _MAGIC or view[_TAG.size : _TAG.size + 2] != _INNER:
            return False
        mark, identity, _, _, length, _, _ = _TAG.unpack_from(view)
        _, packing, version, _, size, *_, header, line = _HEADER.unpack_from(view, _TAG.size)
        known = mark in _MARKS and identity == _ID and packing in _PACKINGS and version == 2
        return bool(known and header == _HEADER.size and size and length == header + size + line)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (three regions)
        if not JbootStag.matches(view):
            raise MalformedInput("jboot-stag", 0, "no tag with a header")
        mark, _, _, time, length, total, tag_sum = _TAG.unpack_from(view)
        _, packing, _, load, size, crc, entry, place, extent, root_crc, header_crc, _, line = _HEADER.unpack_from(
            view, _TAG.size
        )
        reading = Reading(
            facts={
                "mark": f"{mark:#04x}", "packing": _PACKINGS[packing], "load-address": f"{load:#x}",
                "entry-point": f"{entry:#x}", "rootfs-place": f"{place:#x}",
            },
            notes={"time": str(time)},
        )  # fmt: skip
        reading.cover(0, _START)
        tag = memoryview(bytes([_ID]) + bytes(view[1:14]))
        if (found := jboot_sum(tag) ^ 0xFFFF) != tag_sum:
            reading.note_anomaly("checksum-mismatch", f"the tag's sum is {found:#06x}, stated {tag_sum:#06x}", 14)
        head = bytes(view[_TAG.size : _CRC_AT]) + bytes(4) + bytes(view[_CRC_AT + 4 : _START])
        _compare("header's CRC", crc32(head), header_crc, _CRC_AT, reading)
        entries, start = [], _START
        if line:
            entries.append(region("command-line", view, start, line, reading))
            start += line
        entries.append(region("kernel", view, start, size, reading))
        if start + size <= len(view):
            _compare("kernel's CRC", crc32(view[start : start + size]), crc, 28, reading)
            _compare("kernel's sum", jboot_sum(view[_TAG.size : _TAG.size + length]), total, 12, reading)
        end = start + size
        if extent:
            entries.append(region("rootfs", view, end, extent, reading))
            if end + extent <= len(view):
                _compare("file system's CRC", crc32(view[end : end + extent]), root_crc, 44, reading)
            end += extent
        reading.entries, reading.end = entries, min(end, len(view))
        return reading


def _compare(what: str, found: int, stated: int, at: int, reading: Reading) -> None:
    if found != stated:
        reading.note_anomaly("checksum-mismatch", f"the {what} is {found:#x}, stated {stated:#x}", at)
