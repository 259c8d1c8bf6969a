"""MSD, firmware of Samsung's televisions (upgrade.msd): sections by offset, and an encrypted table that says what they are.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       6     "MSDU10" or "MSDU11"
6       12    MSDU11 only: CRC-32 (4) and length (8) of a header
..      4     number of sections
..      ..    a section: number (4), offset, length (4, in MSDU11 8
              each); and so on
..      4     number of tables
..      ..    a table: offset (4, in MSDU11 8), length (4), length of
              its name (1), name; and so on
======  ====  =====================================================

Source: msddecrypt (bugficks), unixtract ``msd10``, ``msd11`` (theubusu). What the CRC is over is not described; it is a fact here.
Keys are in circulation and not used. The vectors were built from that layout; no firmware of Samsung confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FIRST, _SECOND = b"MSDU10", b"MSDU11"
_COUNT, _CHECK = Struct("<I"), Struct("<IQ")
_SECTIONS = {_FIRST: Struct("<III"), _SECOND: Struct("<IQQ")}
_TABLES = {_FIRST: Struct("<IIB"), _SECOND: Struct("<QIB")}
_LARGEST = 1 << 12
"""Sections, or tables."""


class Msd:
    """Firmware of a television."""

    name: ClassVar[str] = "msd"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "MSD firmware (upgrade.msd)", "Samsung", ("unixtract msd10, msd11",),
        ("what the sections are is encrypted, and most of them are", "the CRC of the header is not verified"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _FIRST), Magic(0, _SECOND))

    @staticmethod
    def matches(view: memoryview) -> bool:
        if (kind := bytes(view[:6])) not in _SECTIONS or len(view) < _start(kind) + _COUNT.size:
            return False
        (count,) = _COUNT.unpack_from(view, _start(kind))
        return bool(0 < count <= _LARGEST)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Msd.matches(view):
            raise MalformedInput("msd", 0, "no header")
        kind = bytes(view[:6])
        reading = Reading(facts={"version": kind[4:].decode("ascii")})
        if kind == _SECOND:
            crc, size = _CHECK.unpack_from(view, 6)
            reading.facts |= {"header-crc": f"{crc:08x}", "header-size": str(size)}
        entries = list[Entry]()
        count, at = _count(view, _start(kind))
        layout = _SECTIONS[kind]
        for _ in range(count):
            if at + layout.size > len(view):
                raise MalformedInput("msd", at, "a section is cut")
            number, start, size = layout.unpack_from(view, at)
            entries.append(region(f"section-{number}", view, start, size, reading))
            at += layout.size
        count, at = _count(view, at)
        if len(entries) + count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "sections of a firmware")
        layout = _TABLES[kind]
        for _ in range(count):
            if at + layout.size > len(view):
                raise MalformedInput("msd", at, "a table is cut")
            start, size, length = layout.unpack_from(view, at)
            name = bytes(view[at + layout.size : at + layout.size + length])
            entries.append(region(f"table-{readable(name or b'unnamed')}", view, start, size, reading))
            at += layout.size + length
        reading.cover(0, at)
        note_overlaps([Entry("the header", Kind.REGION, size=at, offset=0), *entries], reading)
        reading.note_anomaly("encrypted", "the table of contents is encrypted with a key of the model", _start(kind))
        reading.entries = entries
        return reading


def _start(kind: bytes) -> int:
    return 6 + _CHECK.size * (kind == _SECOND)


def _count(view: memoryview, at: int) -> tuple[int, int]:
    """Return a number of things, and where they begin."""
    if at + _COUNT.size > len(view):
        raise MalformedInput("msd", at, "the header is cut")
    (count,) = _COUNT.unpack_from(view, at)
    if count > _LARGEST:
        raise MalformedInput("msd", at, f"{count} sections or tables")
    return int(count), at + _COUNT.size
