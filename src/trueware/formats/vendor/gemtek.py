"""Gemtek's header, before the firmware of routers it made for Airlink101, Asante and Linksys.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     magic "GMTK", "A600" in those for Asante
4       4     version, four digits
8       4     product
12      4     length, with this header
16      4     CRC-32 of header and image, this field as zero
20      4     quick checksum, 0: none
24      4     build, text
28      4     language, text
32      ..    image
======  ====  =====================================================

Source: OpenWrt ``tools/firmware-utils/src/mkheader_gemtek.c``, which leaves the quick checksum empty: what it covers is not public,
nor whether it counts as zero for the CRC, so either is taken. The vectors were built from that layout; no image of a maker
confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGICS = (b"GMTK", b"A600")
_HEADER = Struct("<4s4s4I4s4s")
_LARGEST = 1 << 26


class Gemtek:
    """An image behind Gemtek's header."""

    name: ClassVar[str] = "gemtek"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Gemtek firmware", "Gemtek", ("OpenWrt firmware-utils src/mkheader_gemtek.c",),
        ("the quick checksum is kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or bytes(view[:4]) not in _MAGICS:
            return False
        _, version, product, size, _, _, build, language = _HEADER.unpack_from(view)
        return (
            version.isdigit() and product > 0 and _HEADER.size < size <= _LARGEST
            and build[:1].isalnum() and language[:2].isalpha() and is_text(build) and is_text(language)
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Gemtek.matches(view):
            raise MalformedInput("gemtek", 0, "no header")
        magic, version, product, size, stated, quick, build, language = _HEADER.unpack_from(view)
        reading = Reading(
            facts={"magic": magic.decode("ascii"), "version": version.decode("ascii"), "product": f"{product:#010x}"}
        )
        tell(reading.facts, "build", build)
        tell(reading.facts, "language", language)
        if quick:
            reading.facts["quick-checksum"] = f"{quick:#010x}"
        reading.cover(0, _HEADER.size)
        image = region("image", view, _HEADER.size, size - _HEADER.size, reading)
        reading.end = _HEADER.size + image.size
        if reading.end == size:
            found = {_crc(view[:size], quick), _crc(view[:size], 0)}
            if stated not in found:
                told = " or ".join(f"{crc:#010x}" for crc in sorted(found))
                reading.note_anomaly("checksum-mismatch", f"the CRC is {told}, stated {stated:#010x}", 16)
        reading.entries = [image]
        return reading


def _crc(whole: memoryview, quick: int) -> int:
    """Return the CRC with an empty checksum, and `quick` in the field behind it."""
    head = bytes(whole[:16]) + bytes(4) + quick.to_bytes(4, "little")
    return crc32(whole[len(head) :], crc32(head))
