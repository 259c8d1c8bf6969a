"""Ruckus' header "RCKS" before the kernel and file system of its access points: load address, length, MD5 and version.

======  ====  ====================================================
offset  size  field (big-endian)
======  ====  ====================================================
0       4     magic "RCKS"
4       8     unknown
12      8     load address, length of the image
20      4     unknown
24      16    MD5 of the image
40      4     unknown
44      16    version, text
60      48    unknown; at 96 the product, text
108     16    version again
124     8     unknown, entry point
132     28    unknown
160     ..    image
======  ====  ====================================================

Source: OpenWrt ``tools/firmware-utils/src/ruckus_fw_header.c``, whose header is one of the maker's with a few fields changed; what is
unknown there is kept as a region. The vectors were built from that layout; no image of Ruckus confirmed the reading.
"""

from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"RCKS"
_HEADER = Struct(">4s8sII4s16s4s16s48s16s4sI28s")
_PRODUCT = slice(96, 108)
_LARGEST = 1 << 28


class Ruckus:
    """An image behind Ruckus' header."""

    name: ClassVar[str] = "ruckus"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "RCKS firmware", "Ruckus", ("OpenWrt firmware-utils src/ruckus_fw_header.c",),
        ("fields whose meaning is not public are kept as they are",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _HEADER.size or view[:4] != _MAGIC:
            return False
        _, _, load, size, _, _, _, version, _, again, *_ = _HEADER.unpack_from(view)
        return load > 0 and 0 < size <= _LARGEST and version[0] > 0 and is_text(version) and is_text(again)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Ruckus.matches(view):
            raise MalformedInput("ruckus", 0, "no header")
        _, one, load, size, two, digest, three, version, four, again, five, entry, six = _HEADER.unpack_from(view)
        reading = Reading(facts={"load-address": f"{load:#x}", "entry-point": f"{entry:#x}"})
        reading.facts["unknown"] = " ".join(
            part.rstrip(b"\0").hex() or "0" for part in (one, two, three, four, five, six)
        )
        tell(reading.facts, "version", version)
        tell(reading.facts, "version-again", again)
        if is_text(view[_PRODUCT]):
            tell(reading.facts, "product", view[_PRODUCT])
        reading.cover(0, _HEADER.size)
        image = region("image", view, _HEADER.size, size, reading)
        data = view[_HEADER.size : _HEADER.size + size]
        if image.size == size and (found := md5(data, usedforsecurity=False).digest()) != digest:
            reading.note_anomaly("checksum-mismatch", f"the MD5 is {found.hex()}, stated {digest.hex()}", 24)
        reading.entries, reading.end = [image], _HEADER.size + image.size
        return reading
