"""ZyNOS images of ZyXEL and its customers: an object with its place in memory, its kind and two sums.

======  ====  ===========================================================
offset  size  field (big-endian)
======  ====  ===========================================================
0       4     load address
4       2     unknown
6       3     "SIG"
9       1     type: 3 boot extension, 4 program, 5 folder, 7 map, …
10      4     length
14      4     length compressed
18      1     flags: 0x20 and 0x40 sums are there, 0x80 compressed
19      1     unknown
20      2     sum of the data
22      2     sum of the compressed data
24      15    version
39      4     address of the memory map
43      5     unknown
48      ..    data
======  ====  ===========================================================

A sum adds 16-bit words with the carries added back in. In a ``ras`` file the first object is the boot extension, and others with
headers of this kind lie within its data where the memory map says, by addresses in the flash. Source: OpenWrt
``tools/firmware-utils/src/zynos.h``, ``mkzynfw.c``. The vectors were built from that layout; no image of ZyXEL confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.formats.sums import folded, word_sum
from trueware.model.limits import Limits

_SIG = b"SIG"
_HEADER = Struct(">I2s3sBIIBBHH15sI5s")
_TYPES = {
    1: "rom-image", 2: "rom-boot", 3: "boot-extension", 4: "rom-program", 5: "rom-folder", 6: "type-6", 7: "rom-map",
    0x80: "ram", 0x81: "ram-code", 0x82: "ram-boot",
}  # fmt: skip
_COMPRESSED_SUM, _SUM, _COMPRESSED = 0x20, 0x40, 0x80


class Zynos:
    """An object of ZyNOS."""

    name: ClassVar[str] = "zynos"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ZyNOS image", "ZyXEL", ("OpenWrt firmware-utils src/zynos.h",),
        ("objects within the boot extension are not told apart: the map names them by addresses in the flash",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(6, _SIG),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Three bytes are little: type, version and length must be ones, and a sum must be there to be checked."""
        if len(view) <= _HEADER.size or view[6:9] != _SIG:
            return False
        address, _, _, kind, size, packed, flags, _, _, _, version, _, _ = _HEADER.unpack_from(view)
        stored = packed if flags & _COMPRESSED else size
        return (
            address > 0 and kind in _TYPES and 0 < stored <= 1 << 28 and is_text(version)
            and bool(flags & (_SUM | _COMPRESSED_SUM))
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Zynos.matches(view):
            raise MalformedInput("zynos", 0, "no header")
        address, one, _, kind, size, packed, flags, two, total, packed_total, version, memory_map, three = (
            _HEADER.unpack_from(view)
        )
        reading = Reading(
            facts={
                "address": f"{address:#010x}",
                "type": _TYPES[kind],
                "size": str(size),
                "packed-size": str(packed),
                "flags": f"{flags:#04x}",
                "memory-map": f"{memory_map:#x}",
                "unknown": f"{one.hex()} {two:02x} {three.hex()}",
            }
        )
        tell(reading.facts, "version", version)
        reading.cover(0, _HEADER.size)
        stored = packed if flags & _COMPRESSED else size
        # a sum that is not there, or is one of data that is compressed, cannot be checked and is told
        if flags & _COMPRESSED_SUM and packed:
            _check(view, packed, packed_total, 22, reading)
        else:
            reading.facts["packed-sum"] = f"{packed_total:04x}"
        if flags & _SUM and not flags & _COMPRESSED:
            _check(view, size, total, 20, reading)
        else:
            reading.facts["sum"] = f"{total:04x}"
        # OpenWrt states a length of two bytes and a sum that always fits: what follows belongs to the object all the same
        rest = len(view) - _HEADER.size
        reading.entries = [region("data", view, _HEADER.size, max(stored, rest), reading)]
        return reading


def _check(view: memoryview, size: int, stated: int, at: int, reading: Reading) -> None:
    data = view[_HEADER.size : _HEADER.size + size]
    if len(data) == size and (found := folded(word_sum(data, big_endian=True))) != stated:
        reading.note_anomaly("checksum-mismatch", f"the sum is {found:04x}, stated {stated:04x}", at)
