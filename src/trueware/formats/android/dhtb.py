"""UNISOC's wrapper around partitions that its boot loader checks: a header of 512 bytes before the image.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     magic "DHTB"
4       4     version, 1
8       32    SHA-256 of the image
40      8     0
48      8     size of the image
56      456   0
======  ====  =====================================================

No public specification; the layout is that of the images themselves. Confirmed by one real vbmeta partition.
"""

from hashlib import sha256
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"DHTB"
_HEADER = Struct("<4sI32s8sQ")
_START = 512


class Dhtb:
    """An image behind a DHTB header."""

    name: ClassVar[str] = "dhtb"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "DHTB wrapper of boot images", "UNISOC", limitations=("no public specification",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= _START and view[:4] == _MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Dhtb.matches(view):
            raise MalformedInput("dhtb", 0, "no header")
        _, version, stated, reserved, size = _HEADER.unpack_from(view)
        if version != 1:
            raise UnsupportedInput("dhtb", 4, f"version {version}")
        reading = Reading(end=_START + size)
        reading.cover(0, _HEADER.size)
        if any(reserved):
            reading.note_anomaly("reserved-bits", "a reserved field of the header is set", 40)
        image = view[_START : _START + size]
        if len(image) < size:
            reading.note_anomaly("truncated", f"{len(image)} of {size} bytes are there", len(view))
        elif (found := sha256(image).digest()) != stated:
            detail = f"the SHA-256 of the image is {found.hex()}, stated {stated.hex()}"
            reading.note_anomaly("checksum-mismatch", detail, 8)
        reading.entries = [Entry("image", Kind.REGION, Held(image), len(image), offset=_START)]
        return reading
