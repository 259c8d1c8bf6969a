"""ipTIME's package for its network storages: "EFM_NAS_PKG", model, version and a sum, before kernel, file system and applications.

======  ====  ======================================================
offset  size  field (little-endian)
======  ====  ======================================================
0       96    model, version, time, text (32 each)
96      8     length of the image, sum of it
104     12    offsets in flash: header, file system, applications
116     4     sum of kernel and file system
120     16    magic "EFM_NAS_PKG"
136     12    length and sum of kernel, file system and applications;
              offset of what comes behind; zeros in older ones
148     ..    zeros up to 1024
1024    ..    image
======  ====  ======================================================

A sum mixes that of all bytes with the length of the model's name. Source: OpenWrt ``firmware-utils/src/iptime-naspkg.c``. The vectors
were built from that layout; no package of ipTIME confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC_AT, _MAGIC = 120, b"EFM_NAS_PKG\0"
_HEADER = Struct("<32s32s32sII3II16sIII")
_SIZE = 1024
_FACTOR = 0x19283745


class Iptime:
    """A package for a network storage."""

    name: ClassVar[str] = "iptime"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "EFM_NAS_PKG package", "ipTIME", ("OpenWrt firmware-utils src/iptime-naspkg.c",),
        ("the sums of single parts are kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(_MAGIC_AT, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _SIZE or bytes(view[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)]) != _MAGIC:
            return False
        model, version, time, size, *_ = _HEADER.unpack_from(view)
        return model[0] > 0 and size > 0 and is_text(model) and is_text(version) and is_text(time.replace(b"\n", b""))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Iptime.matches(view):
            raise MalformedInput("iptime", 0, "no header")
        model, version, time, size, stated, head, root, app, kernel, _, size_all, total_all, behind = (
            _HEADER.unpack_from(view)
        )
        reading = Reading(
            facts={
                "header-offset": f"{head:#x}", "rootfs-offset": f"{root:#x}", "app-offset": f"{app:#x}",
                "kernel-sum": f"{kernel:#010x}", "whole": f"{size_all:#x} {total_all:#010x} {behind:#x}",
            },
            notes={"time": time.partition(b"\0")[0].decode("ascii").strip()},
        )  # fmt: skip
        tell(reading.facts, "model", model)
        tell(reading.facts, "version", version)
        reading.cover(0, _HEADER.size)
        image = region("image", view, _SIZE, size, reading)
        name = model.partition(b"\0")[0]
        if image.size == size and (found := _sum(len(name), view[_SIZE : _SIZE + size])) != stated:
            reading.note_anomaly("checksum-mismatch", f"the sum is {found:#010x}, stated {stated:#010x}", 100)
        reading.entries, reading.end = [image], _SIZE + image.size
        return reading


def _sum(length: int, data: memoryview) -> int:
    total = byte_sum(data) & 0xFFFFFFFF
    return (length * _FACTOR + (total ^ 0xFFFFFFFF) & 0xFFFFFFFF) ^ total
