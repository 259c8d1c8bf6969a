"""Rockchip's RKFW, what its tools write to a device: a loader, an update image and an MD5 of everything.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     magic "RKFW"
4       2     length of the header: 0x66
6       4     version, in its bytes major, minor and build
10      4     code
14      7     year (2), month, day, hour, minute, second
21      4     chip
25      8     offset and length of the loader
33      8     offset and length of the image
41      8     unknown
49      4     kind of the file system
53      4     where the backup ends
57      45    unused
..      32    behind loader and image: MD5 in hexadecimal
======  ====  =====================================================

Source: rockchip-mkbootimg ``rkrom.h``, ``img_maker.c``. The vectors were built from that layout; no image of a device confirmed the
reading. Images longer than 4 GiB state the upper half of their length elsewhere and are told to be damaged.
"""

from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"RKFW"
_HEADER = Struct("<4sHIIH5BI4I8sII")
_SIZE = 0x66
_DIGEST = 32


class Rkfw:
    """A loader and an update image."""

    name: ClassVar[str] = "rkfw"
    doc: ClassVar[FormatDoc] = FormatDoc("RKFW firmware", "Rockchip", ("rockchip-mkbootimg rkrom.h",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC + b"\x66\0"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _SIZE or view[:4] != _MAGIC:
            return False
        _, size, _, _, _, month, day, hour, minute, second, _, loader, _, image, _, *_ = _HEADER.unpack_from(view)
        dated = month <= 12 and day <= 31 and hour <= 24 and minute <= 60 and second <= 61
        return bool(size == _SIZE and dated) and loader >= _SIZE and image >= _SIZE

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        if not Rkfw.matches(view):
            raise MalformedInput("rkfw", 0, "no header")
        _, _, version, code, year, month, day, hour, minute, second, chip, *places, unknown, system, backup = (
            _HEADER.unpack_from(view)
        )
        loader, loader_size, image, image_size = places
        reading = Reading(
            facts={
                "version": f"{version >> 24}.{version >> 16 & 0xFF}.{version & 0xFFFF}",
                "code": f"{code:#010x}",
                "chip": f"{chip:#010x}",
                "unknown": unknown.hex(),
                "file-system": f"{system:#x}",
                "backup-end": f"{backup:#x}",
            },
            notes={"time": f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"},
        )
        reading.cover(0, _HEADER.size)
        entries = [
            region("loader", view, loader, loader_size, reading),
            region("image", view, image, image_size, reading),
        ]
        note_overlaps([Entry("the header", Kind.REGION, size=_SIZE, offset=0), *entries], reading)
        end = max(loader + loader_size, image + image_size)
        digest = bytes(view[end : end + _DIGEST])
        if len(digest) < _DIGEST:
            reading.note_anomaly("truncated", "the MD5 at the end is not there", len(view))
        elif (found := md5(view[:end], usedforsecurity=False).hexdigest().encode()) != digest.lower():
            reading.note_anomaly("checksum-mismatch", f"the MD5 is {found.decode()}", end)
        reading.end = min(end + _DIGEST, len(view))
        reading.cover(min(end, len(view)), reading.end)
        reading.entries = entries
        return reading
