"""An optimised DEX of Dalvik (Android 1 to 4): a program made fit for one device, what it depends on, and tables for the loader.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       8     magic "dey", line feed, "035" or "036", NUL
8       8     offset, length of the program
16      8     offset, length of the dependencies
24      8     offset, length of the tables
32      4     flags: 1 big-endian
36      4     Adler-32 of dependencies and tables, and what is between
======  ====  =====================================================

Source: AOSP ``dalvik/libdex/DexFile.h``, ``DexOptData.cpp``. The vectors were built from that layout; no file of a device
confirmed the reading. What ART calls odex is a program for Linux (ELF).
"""

from struct import Struct
from typing import ClassVar
from zlib import adler32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits

_MAGICS = (b"dey\n035\0", b"dey\n036\0")
_HEADER = Struct("<8s8I")
_NAMES = ("program", "dependencies", "tables")


class Odex:
    """An optimised program."""

    name: ClassVar[str] = "odex"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "optimised Dalvik executable", "Google", ("AOSP dalvik/libdex/DexFile.h",),
        ("dependencies and tables are not looked into",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or bytes(view[:8]) not in _MAGICS:
            return False
        _, program, *_ = _HEADER.unpack_from(view)
        return bool(program >= _HEADER.size)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (three regions)
        if not Odex.matches(view):
            raise MalformedInput("odex", 0, "no header")
        _, *numbers, flags, stated = _HEADER.unpack_from(view)
        places = list(zip(numbers[0::2], numbers[1::2], strict=True))
        reading = Reading(facts={"flags": f"{flags:#x}"}, notes={"version": bytes(view[4:7]).decode("ascii")})
        reading.cover(0, _HEADER.size)
        reading.end = min(max(start + size for start, size in places), len(view))
        entries = [region(name, view, start, size, reading) for name, (start, size) in zip(_NAMES, places, strict=True)]
        note_overlaps(entries, reading)
        (_, _), (first, _), (start, size) = places
        if start + size > len(view) or first > start:
            reading.note_anomaly("checksum-unchecked", "what the checksum is of is not there", 36)
        elif (found := adler32(view[first : start + size])) != stated:
            reading.note_anomaly("checksum-mismatch", f"the Adler-32 is {found:08x}, stated {stated:08x}", 36)
        reading.entries = entries
        return reading
