"""A boot image of ART: objects of the class library as they lie in memory. Recognised, not taken apart.

======  ====  =====================================================
offset  size  field
======  ====  =====================================================
0       4     magic "art", line feed
4       4     version in three digits, NUL
8       ..    addresses and lengths, other ones in each version
======  ====  =====================================================

Source: AOSP ``art/runtime/image.h``. The vectors were built from that layout; no image of a device confirmed the reading.
"""

import re
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_START = re.compile(rb"art\n\d{3}\0")
_LEAST = 128
"""Length of the shortest header of any version."""


class ArtImage:
    """An image of objects."""

    name: ClassVar[str] = "art-image"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ART boot image", "Google", ("AOSP art/runtime/image.h",), ("what is behind the version is not looked into",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, b"art\n"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _START.match(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (eight bytes)
        if not ArtImage.matches(view) or len(view) < _LEAST:
            raise MalformedInput("art-image", 0, f"no version, or no header in {len(view)} bytes")
        reading = Reading(notes={"version": bytes(view[4:7]).decode("ascii")})
        reading.cover(0, len(view))
        return reading
