"""Rockchip's loader, what its tools send to a device first: a header, lists of programs, and the programs.

======  ====  ===========================================================
offset  size  field (little-endian)
======  ====  ===========================================================
0       4     "BOOT" or "LDR "
4       2     length of the header: 0x66
6       8     version, version of what merged it
14      7     year (2), month, day, hour, minute, second
21      4     chip
25      18    three lists: for the boot ROM's first and second code, and
              loaders; of each number (1), offset (4), length of one (1)
43      2     whether it is signed, whether it is not scrambled by RC4
45      57    unused
======  ====  ===========================================================

======  ====  ===========================================================
0       1     length of this: 57
1       4     list it belongs to: 1, 2 or 4
5       40    name, in UTF-16
45      12    offset, length, delay
======  ====  ===========================================================

Behind the last program stands a CRC of everything before it, with a polynomial of Rockchip's own. Source: rkdeveloptool ``RKBoot.h``,
``boot_merger.h``. The vectors were built from that layout; no loader of a device confirmed the reading. Programs that are scrambled
with Rockchip's public key are left so.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import from_wide, readable
from trueware.formats.regions import note_overlaps, region
from trueware.formats.remainders import ROCKCHIP, check
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGICS = (b"BOOT", b"LDR ")
_HEADER, _ENTRY = Struct("<4sHIIH5B4s18sBB57s"), Struct("<BI40sIII")
_LIST = Struct("<BIB")
_LISTS = ((1, "first"), (2, "second"), (4, "loader"))
_CRC = 4


class RkLoader:
    """Programs that start a device."""

    name: ClassVar[str] = "rk-loader"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Rockchip loader", "Rockchip", ("rkdeveloptool RKBoot.h",),
        ("programs scrambled by RC4 are left so",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, word + b"\x66\0") for word in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or bytes(view[:4]) not in _MAGICS:
            return False
        _, size, _, _, _, month, day, hour, minute, second, *_ = _HEADER.unpack_from(view)
        lists = [entry for _, _, _, entry in _lists(view)]
        dated = month <= 12 and day <= 31 and hour <= 24 and minute <= 60 and second <= 61
        return bool(size == _HEADER.size and dated) and all(entry == _ENTRY.size for entry in lists) and bool(lists)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 765 programs)
        if not RkLoader.matches(view):
            raise MalformedInput("rk-loader", 0, "no header")
        _, _, version, merged, year, month, day, hour, minute, second, chip, _, signed, plain, unused = (
            _HEADER.unpack_from(view)
        )
        reading = Reading(
            facts={"version": f"{version:#x}", "chip": chip.hex(), "signed": str(signed), "plain": str(plain)},
            notes={
                "time": f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}",
                "merged-by": f"{merged:#x}",
            },
        )
        if unused := unused.rstrip(b"\0"):
            reading.facts["unused"] = unused.hex()
        reading.cover(0, _HEADER.size)
        entries = list(_programs(view, reading))
        note_overlaps([Entry("the header", Kind.REGION, size=_HEADER.size, offset=0), *entries], reading)
        reading.entries = entries
        end = max([_HEADER.size, *((entry.offset or 0) + entry.size for entry in entries)])
        reading.end = min(end + _CRC, len(view))
        reading.cover(end, reading.end)
        if end + _CRC <= len(view):
            stated = int.from_bytes(view[end : end + _CRC], "little")
            check(view, 0, end, ROCKCHIP, reading, offset=end, stated=stated)
        else:
            reading.note_anomaly("truncated", "the CRC is not there", len(view))
        return reading


def _lists(view: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """Yield kind, number of programs, offset and length of one of each list that is not empty."""
    for index, (kind, _) in enumerate(_LISTS):
        count, at, size = _LIST.unpack_from(view, 25 + 6 * index)
        if count:
            yield kind, count, at, size


def _programs(view: memoryview, reading: Reading) -> Iterator[Entry]:
    words = dict(_LISTS)
    for kind, count, first, size in _lists(view):
        if first < _HEADER.size or first + count * size > len(view):
            raise MalformedInput("rk-loader", first, f"{count} programs in {len(view)} bytes")
        reading.cover(first, first + count * size)
        for number in range(count):
            length, stated, raw, start, bytes_, delay = _ENTRY.unpack_from(view, first + number * size)
            name, _, rest = from_wide(raw, "utf-16-le").partition(b"\0")
            facts = {"delay": str(delay), "kind": str(stated), "length": str(length)}
            facts["name"] = name.decode("utf-8", "surrogateescape")
            if rest.strip(b"\0"):
                facts["name-rest"] = raw.rstrip(b"\0").hex()
            path = f"{words[kind]}-{number}-{readable(name or b'unnamed')}"
            yield region(path, view, start, bytes_, reading, tuple(sorted(facts.items())))
