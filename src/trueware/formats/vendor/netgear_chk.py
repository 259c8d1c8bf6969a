"""Netgear's ``.chk``: a header with the board it is for, two regions and four checksums of one kind.

======  ====  ==========================================================
offset  size  field (big-endian)
======  ====  ==========================================================
0       4     magic 2A 23 24 5E
4       4     length of the header
8       1     region: 1 world, 2 North America
9       7     version: four numbers of the firmware, three of its pages
16      4     checksum of the kernel
20      4     checksum of the root file system
24      4     length of the kernel
28      4     length of the root file system
32      4     checksum of both
36      4     checksum of the header, this field as zero
40      ..    board, to the end of the header
..      ..    kernel, root file system
======  ====  ==========================================================

The checksum sums all bytes, and all sums on the way, each modulo 2³² and folded to 16 bits. Sources: OpenWrt
``tools/firmware-utils/src/mkchkimg.c`` (layout, checksum), patchchk (version), unblob ``handlers/archive/netgear/chk.py``. The
vectors were built from that layout and read alike by unblob; no image of Netgear confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import adler32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"*#$^"
_HEADER = Struct(">4sIB7s6I")
_MAX_HEADER = _HEADER.size + 64
_SUMMED = 22
"""Bytes of which neither sum of Adler-32 reaches 65,521, where it wraps around: 255 · (1 + … + 22) is 64,515."""


class NetgearChk:
    """A ``.chk`` image."""

    name: ClassVar[str] = "netgear-chk"
    doc: ClassVar[FormatDoc] = FormatDoc("CHK firmware", "Netgear", ("OpenWrt firmware-utils src/mkchkimg.c", "unblob"))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        length = int(_HEADER.unpack_from(view)[1])
        board = view[_HEADER.size : length]
        return _HEADER.size < length <= min(_MAX_HEADER, len(view)) and is_text(board)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        if not NetgearChk.matches(view):
            raise MalformedInput("netgear-chk", 0, "no header")
        _, length, area, version, *sums, kernel, root, whole_sum, header_sum = _HEADER.unpack_from(view)
        reading = Reading(end=length + kernel + root)
        reading.cover(0, length)
        tell(reading.facts, "board", view[_HEADER.size : length])
        reading.facts["region"] = str(area)
        reading.facts["version"] = ".".join(map(str, version[:4])) + "_" + ".".join(map(str, version[4:]))
        entries = [region("kernel", view, length, kernel, reading)]
        if root:
            entries.append(region("rootfs", view, length + kernel, root, reading))
        header = bytes(view[:36]) + bytes(4) + bytes(view[40:length])
        checks = [("header", memoryview(header), header_sum, 36)]
        if len(view) >= length + kernel + root:
            body = view[length : length + kernel + root]
            checks += [("kernel", body[:kernel], sums[0], 16), ("whole", body, whole_sum, 32)]
            checks += [("rootfs", body[kernel:], sums[1], 20)] if root or sums[1] else []
        for what, data, stated, at in checks:
            if (found := checksum(data)) != stated:
                detail = f"the checksum of the {what} is {found:08x}, stated {stated:08x}"
                reading.note_anomaly("checksum-mismatch", detail, at)
        reading.entries = entries
        return reading


def checksum(data: memoryview) -> int:
    """Return Netgear's checksum; Adler-32 of short pieces gives both sums exactly, far faster than adding byte by byte."""
    low = high = 0
    for at in range(0, len(data), _SUMMED):
        piece = data[at : at + _SUMMED]
        sums = adler32(piece, 0)
        high += len(piece) * low + (sums >> 16)
        low += sums & 0xFFFF
    return _folded(high & 0xFFFFFFFF) << 16 | _folded(low & 0xFFFFFFFF)


def _folded(value: int) -> int:
    value = (value & 0xFFFF) + (value >> 16)
    return (value + (value >> 16)) & 0xFFFF
