"""The trailer that Linksys (Belkin) puts behind its images: 256 bytes of text with a version, a model and a checksum.

======  ====  ============================================
offset  size  field (text)
======  ====  ============================================
-256    9     ".LINKSYS."
-247    8     version
-239    15    model, filled up with spaces
-224    8     checksum of the image, hexadecimal
-216    7     spaces
-209    16    id of the signing key
-193    192   NUL
-1      1     line feed
======  ====  ============================================

The checksum is that of POSIX cksum: CRC-32 with the highest bit first, over the bytes and then their number. Source: OpenWrt
``scripts/linksys-image.sh``. The vectors were made with cksum from that layout; no image of Linksys confirmed the reading.
"""

import re
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.sums import cksum
from trueware.model.limits import Limits

_MAGIC = b".LINKSYS."
_SIZE = 256
_TRAILER = re.compile(rb"\.LINKSYS\.(\w{8})([ -~]{15})([0-9A-Fa-f]{8})([ -~]{7})([ -~]{16})")


class LinksysTrailer:
    """An image with a trailer of Linksys."""

    name: ClassVar[str] = "linksys-trailer"
    doc: ClassVar[FormatDoc] = FormatDoc("firmware with a trailer", "Linksys", ("OpenWrt scripts/linksys-image.sh",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-_SIZE, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) > _SIZE and _TRAILER.match(view, len(view) - _SIZE) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        start = len(view) - _SIZE
        if start <= 0 or (trailer := _TRAILER.match(view, start)) is None:
            raise MalformedInput("linksys-trailer", max(start, 0), "no trailer")
        version, model, stated, filler, key = (field.decode("ascii") for field in trailer.groups())
        facts = {"version": version, "model": model.rstrip(), "key": key}
        if filler.strip():
            facts["filler"] = filler
        reading = Reading(facts=facts)
        reading.cover(start, trailer.end())
        if view[-1] == ord("\n"):
            reading.cover(len(view) - 1, len(view))
        if (found := cksum(view[:start])) != int(stated, 16):
            reading.note_anomaly("checksum-mismatch", f"the checksum is {found:08X}, stated {stated}", start + 32)
        reading.entries = [region("image", view, 0, start, reading)]
        return reading
