"""JCG's firmware header "YSZJ": version, date, and CRCs of itself and of a uImage that may be masked by texts of the header.

======  ====  ====================================================
offset  size  field (big-endian)
======  ====  ====================================================
0       4     magic "YSZJ"
4       32    version, text; zeros leave the image unmasked
36      4     type: 1
40      64    information, text; zeros likewise
104     4     time, seconds since 1970
108     4     version, two numbers
112     392   zeros
504     4     CRC-32 of the image
508     4     CRC-32 of the header, this field as zero
512     ..    image
======  ====  ====================================================

How the texts make the mask is not public: an image that is masked is told and left so. Source: OpenWrt
``tools/firmware-utils/src/jcgimage.c``. The vectors were built from that layout; no image of JCG confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"YSZJ"
_HEADER = Struct(">4s32sI64sIHH392sII")
_ZEROS_AT, _SUMS_AT = 112, 504


class Jcg:
    """An image of JCG."""

    name: ClassVar[str] = "jcg"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "JCG firmware", "JCG", ("OpenWrt firmware-utils src/jcgimage.c",), ("masked images stay masked",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _HEADER.size or view[:4] != _MAGIC:
            return False
        _, version, kind, info, *_ = _HEADER.unpack_from(view)
        return bool(kind == 1) and is_text(version) and is_text(info)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Jcg.matches(view):
            raise MalformedInput("jcg", 0, "no header")
        _, version, _, info, time, major, minor, _, stated, header = _HEADER.unpack_from(view)
        reading = Reading(facts={"version": f"{major}.{minor}"}, notes={"time": str(time)})
        tell(reading.facts, "text", version)
        tell(reading.facts, "information", info)
        reading.cover(0, _ZEROS_AT)
        reading.cover(_SUMS_AT, _HEADER.size)
        if (found := crc32(bytes(view[: _HEADER.size - 4]) + bytes(4))) != header:
            reading.note_anomaly("checksum-mismatch", f"the header's CRC is {found:#010x}, stated {header:#010x}", 508)
        image = view[_HEADER.size :]
        if (found := crc32(image)) != stated:
            reading.note_anomaly("checksum-mismatch", f"the image's CRC is {found:#010x}, stated {stated:#010x}", 504)
        if any(version) or any(info):
            reading.note_anomaly("encrypted", "the texts of the header mask the image", _HEADER.size)
        reading.entries = [region("image", view, _HEADER.size, len(image), reading)]
        return reading
