"""Firmware for updates over USB: any file with the suffix of the DFU standard.

======  ====  =================================================================
offset  size  field (little-endian), counted from the end
======  ====  =================================================================
-16     2     version of the device
-14     4     product, vendor; FFFF: any
-10     2     version of the standard: 1.0, or 1.1a of STMicroelectronics
-8      3     signature "UFD"
-5      1     length of the suffix: 16
-4      4     CRC-32 (not inverted at the end) of all bytes before it
======  ====  =================================================================

Source: USB Device Class Specification for Device Firmware Upgrade 1.1, appendix B. The suffix does not go into the device; whom the
file is for is told by it, so its fields are facts. Vectors were made by dfu-util's dfu-suffix.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_SUFFIX = Struct("<4H3sBI")
_SIGNATURE = b"UFD\x10"
_VERSIONS = (0x0100, 0x0110, 0x011A)


class Dfu:
    """A file with a suffix."""

    name: ClassVar[str] = "dfu"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "firmware with a DFU suffix", "USB-IF", ("USB Device Firmware Upgrade 1.1, appendix B",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-8, _SIGNATURE),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _SUFFIX.size or view[-8:-4] != _SIGNATURE:
            return False
        return _SUFFIX.unpack_from(view, len(view) - _SUFFIX.size)[3] in _VERSIONS

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Dfu.matches(view):
            raise MalformedInput("dfu", max(len(view) - _SUFFIX.size, 0), "no suffix")
        at = len(view) - _SUFFIX.size
        device, product, vendor, version, _, _, stated = _SUFFIX.unpack_from(view, at)
        reading = Reading(facts={"vendor": f"{vendor:04x}", "product": f"{product:04x}"})
        reading.facts |= {"device": f"{device:04x}", "dfu": f"{version >> 8}.{version & 0xFF:x}"}
        if (found := crc32(view[:-4]) ^ 0xFFFFFFFF) != stated:
            reading.note_anomaly("checksum-mismatch", f"the CRC-32 is {found:08x}, stated {stated:08x}", len(view) - 4)
        reading.cover(at, len(view))
        reading.entries = [Entry("payload", Kind.REGION, Held(view[:at]), at, offset=0)]
        return reading
