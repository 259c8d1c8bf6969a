"""The header of CyberTAN, who makes routers for Linksys and others: a pattern of the board before a TRX image.

======  ====  =====================================================
offset  size  field
======  ====  =====================================================
0       8     pattern of the board, text
8       3     date: year since 2000, month, day
11      3     version, three numbers
14      4     id "U2ND"
18      1     hardware version
19      1     serial number
20      2     flags
22      10    marks of a device with two images, 0xFF or 0
32      ..    image: TRX, uImage or squashfs
======  ====  =====================================================

Source: OpenWrt ``tools/firmware-utils/src/addpattern.c``. There is no checksum but that of the image. The vectors were built
from that layout; no image of a maker confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_ID = b"U2ND"
_HEADER = Struct("<8s3B3B4sBBH10s")
_IMAGES = (b"HDR0", b"\x27\x05\x19\x56", b"hsqs", b"sqsh")
_MARKS = 22


class Cybertan:
    """An image behind CyberTAN's header."""

    name: ClassVar[str] = "cybertan"
    doc: ClassVar[FormatDoc] = FormatDoc("CyberTAN firmware", "Linksys", ("OpenWrt firmware-utils src/addpattern.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(14, _ID),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return (
            view[14:18] == _ID and view[0] != 0 and is_text(view[:8]) and bytes(view[32:36]) in _IMAGES
        ) if len(view) > _HEADER.size else False  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Cybertan.matches(view):
            raise MalformedInput("cybertan", 0, "no header")
        pattern, year, month, day, *version, _, hardware, serial, flags, marks = _HEADER.unpack_from(view)
        reading = Reading(
            facts={
                "date": f"{2000 + year}-{month:02}-{day:02}",
                "version": ".".join(map(str, version)),
                "hardware": str(hardware),
                "serial": str(serial),
                "flags": f"{flags:#06x}",
            }
        )
        tell(reading.facts, "pattern", pattern)
        reading.cover(0, _MARKS)
        if marks.strip(b"\0") and marks.strip(b"\xff"):
            reading.facts["marks"] = marks.hex()
            reading.cover(_MARKS, _HEADER.size)
        reading.entries = [region("image", view, _HEADER.size, len(view) - _HEADER.size, reading)]
        return reading
