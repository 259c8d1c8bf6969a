"""Sercomm's header, before firmware it makes for Netgear, Linksys and others: "sErCoMm" twice, hardware and version.

======  ====  ============================================================
offset  size  field
======  ====  ============================================================
0       7     magic "sErCoMm"
7       4     version of the header
11      34    hardware, text
45      10    version of the hardware, text
55      8     version of the software (4), unknown (4)
63      7     magic again
70      ..    zeros up to 511
511     1     what makes the sum of all bytes of the file a multiple of 256
512     ..    image, usually a zip archive
======  ====  ============================================================

The same 71 bytes, without the rest, may follow an image in flash; there they are not looked for. Source: OpenWrt
``tools/firmware-utils/src/mksercommfw.c``. The vectors were built from that layout; no image of a maker confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"sErCoMm"
_HEADER = Struct("7s4s34s10s4s4s7s")
_AGAIN_AT, _SUM_AT, _SIZE = 63, 511, 512


class Sercomm:
    """An image behind Sercomm's header."""

    name: ClassVar[str] = "sercomm"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Sercomm firmware", "Sercomm", ("OpenWrt firmware-utils src/mksercommfw.c",), ("trailers of images in flash",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _SIZE or bytes(view[:7]) != _MAGIC or bytes(view[_AGAIN_AT : _AGAIN_AT + 7]) != _MAGIC:
            return False
        return is_text(view[11:45]) and is_text(view[45:55])

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Sercomm.matches(view):
            raise MalformedInput("sercomm", 0, "no header")
        _, layout, hardware, revision, software, unknown, _ = _HEADER.unpack_from(view)
        reading = Reading(facts={"layout": layout.hex(), "software": software.hex(), "unknown": unknown.hex()})
        tell(reading.facts, "hardware", hardware)
        tell(reading.facts, "hardware-version", revision)
        reading.cover(0, _HEADER.size)
        reading.cover(_SUM_AT, _SIZE)
        if rest := byte_sum(view) % 256:
            reading.note_anomaly("checksum-mismatch", f"the bytes add up to {rest:#04x} and not to 0", _SUM_AT)
        reading.entries = [region("image", view, _SIZE, len(view) - _SIZE, reading)]
        return reading
