"""ProgramStore, the header before the firmware of cable modems with Broadcom's chips.

======  ====  =======================================================
offset  size  field (big-endian)
======  ====  =======================================================
0       4     magic of the device, how the image is packed (2 each)
4       4     revision, two numbers (2 each)
8       12    time, length of the image, load address (4 each)
20      64    name of the file
84      4     CRC-16 of what stands before, unknown (2 each)
88      4     CRC-32 of the image
92      ..    image
======  ====  =======================================================

The CRC-16 has the polynomial 1021, begins with FFFF and is inverted; the CRC-32 is that of bzip2. As the magic is one of many, a
header is taken for one only at the two usual load addresses and where the CRC-16 fits. Source: OpenWrt
``tools/firmware-utils/src/bcmalgo.h``, ``bcmalgo.c``, ``hcsmakeimage.c``. The vectors were built from that layout; no image of a
modem confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.formats.remainders import XMODEM
from trueware.formats.sums import crc32_highest_first
from trueware.model.limits import Limits

_HEADER = Struct(">4H3I64sHHI")
_ADDRESS_AT, _ADDRESSES = 16, (b"\x80\x00\x40\x00", b"\x80\x01\x00\x00")
_CRC_AT = 84
_KINDS = {0: "plain", 1: "lzrw1/kh", 2: "minilzo", 3: "plain", 4: "nrv2d99", 5: "lzma", 6: "plain", 7: "plain"}


class ProgramStore:
    """An image for a cable modem."""

    name: ClassVar[str] = "program-store"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ProgramStore firmware of cable modems", "Broadcom", ("OpenWrt firmware-utils src/bcmalgo.h",),
        ("packed images stay packed", "load addresses other than 80004000 and 80010000"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(_ADDRESS_AT, address) for address in _ADDRESSES)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _HEADER.size or bytes(view[_ADDRESS_AT : _ADDRESS_AT + 4]) not in _ADDRESSES:
            return False
        _, kind, _, _, _, size, _, name, stated, _, _ = _HEADER.unpack_from(view)
        if kind not in _KINDS or not 0 < size < 1 << 28 or not name[0] or not is_text(name):
            return False
        return bool(XMODEM.of(view[:_CRC_AT], begin=0xFFFF) ^ 0xFFFF == stated)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not ProgramStore.matches(view):
            raise MalformedInput("program-store", 0, "no header")
        magic, kind, major, minor, time, size, address, name, _, unknown, stated = _HEADER.unpack_from(view)
        reading = Reading(
            facts={
                "magic": f"{magic:#06x}", "packing": _KINDS[kind], "revision": f"{major}.{minor}",
                "load-address": f"{address:#x}", "unknown": f"{unknown:#x}", "control": str(kind),
            },
            notes={"time": str(time)},
        )  # fmt: skip
        tell(reading.facts, "file", name)
        reading.cover(0, _HEADER.size)
        image = region("image", view, _HEADER.size, size, reading)
        data = view[_HEADER.size : _HEADER.size + size]
        if image.size == size and (found := crc32_highest_first(data)) != stated:
            reading.note_anomaly("checksum-mismatch", f"the CRC is {found:#010x}, stated {stated:#010x}", 88)
        reading.entries, reading.end = [image], _HEADER.size + image.size
        return reading
