"""The trailer that Gemtek puts behind firmware it makes for others: a mark and a checksum in text.

======  ====  ============================================
offset  size  field (text)
======  ====  ============================================
-16     8     ".GEMTEK."
-8      8     checksum of the image, hexadecimal
======  ====  ============================================

The checksum is that of POSIX cksum. Source: OpenWrt ``target/linux/ramips/image/mt7621.mk`` (``Build/gemtek-trailer``). The vectors
were made with cksum from that layout; no image of a maker confirmed the reading.
"""

import re
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.sums import cksum
from trueware.model.limits import Limits

_MAGIC = b".GEMTEK."
_SIZE = 16
_TRAILER = re.compile(rb"\.GEMTEK\.([0-9A-Fa-f]{8})")


class GemtekTrailer:
    """An image with a trailer of Gemtek."""

    name: ClassVar[str] = "gemtek-trailer"
    doc: ClassVar[FormatDoc] = FormatDoc("firmware with a trailer", "Gemtek", ("OpenWrt ramips/image/mt7621.mk",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-_SIZE, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) > _SIZE and _TRAILER.match(view, len(view) - _SIZE) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        start = len(view) - _SIZE
        if start <= 0 or (trailer := _TRAILER.match(view, start)) is None:
            raise MalformedInput("gemtek-trailer", max(start, 0), "no trailer")
        reading = Reading()
        reading.cover(start, len(view))
        if (found := cksum(view[:start])) != int(trailer[1], 16):
            stated = trailer[1].decode("ascii")
            reading.note_anomaly("checksum-mismatch", f"the checksum is {found:08X}, stated {stated}", start + 8)
        reading.entries = [region("image", view, 0, start, reading)]
        return reading
