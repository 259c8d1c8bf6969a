"""The firmware image package (FIP) of Trusted Firmware-A: what a boot loader for ARM loads next, by identity.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     0xAA640001
4       4     serial number, not 0
8       8     flags
16      40    an image; and so on, until one whose identity is zero
======  ====  =====================================================

An image has an identity (16), offset and length (8 each) and flags (8). The last, of identity zero, has as offset where the package
ends. Source: TF-A ``include/tools_share/firmware_image_package.h``, ``docs/design/firmware-design.rst``. The vectors were built from
that layout; no package of a device confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = bytes.fromhex("010064aa")
_HEADER, _ENTRY = Struct("<4sIQ"), Struct("<16sQQQ")
_MOST = 128
_LARGEST = 1 << 32
"""Bytes of a package: it is loaded into memory."""

_END = bytes(16)
_NAMES = {
    "5ff9ec0b4d223e4da544c39d81c73f0a": "bl2",
    "9766fd3d89bee849ae5d78a140608213": "scp-bl2",
    "47d4086d4cfe98469b952950cbbd5a00": "bl31",
    "05d0e18953dc13478d2b500a4b7a3e38": "bl32",
    "d6d0eea7fcead54b97829934f234b6e4": "bl33",
}


class Fip:
    """Images for the stages of a boot."""

    name: ClassVar[str] = "fip"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "firmware image package", "Arm", ("TF-A firmware_image_package.h",), ("certificates in it are not verified",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size + _ENTRY.size or view[:4] != _MAGIC:
            return False
        _, serial, _ = _HEADER.unpack_from(view)
        identity, start, size, _ = _ENTRY.unpack_from(view, _HEADER.size)
        placed = _HEADER.size + _ENTRY.size <= start < _LARGEST and size < _LARGEST
        return bool(serial and identity != _END and placed)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 128 images)
        if not Fip.matches(view):
            raise MalformedInput("fip", 0, "no header with an image")
        _, serial, flags = _HEADER.unpack_from(view)
        reading = Reading(facts={"serial": f"{serial:#x}", "flags": f"{flags:#x}"})
        entries, at, end = list[Entry](), _HEADER.size, 0
        for number in range(_MOST + 1):
            if at + _ENTRY.size > len(view) or number == _MOST:
                raise MalformedInput("fip", at, f"no end of the table after {number} images")
            identity, start, size, own = _ENTRY.unpack_from(view, at)
            at += _ENTRY.size
            if identity == _END:
                end = max(end, start)
                break
            known = _NAMES.get(identity.hex(), "image")
            facts = (("identity", identity.hex()), ("flags", f"{own:#x}"))
            entries.append(region(f"{number}-{known}", view, start, size, reading, facts))
            end = max(end, start + size)
        reading.cover(0, at)
        note_overlaps([Entry("the table", Kind.REGION, size=at, offset=0), *entries], reading)
        reading.end = min(max(end, at), len(view))
        reading.entries = entries
        return reading
