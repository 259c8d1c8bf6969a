"""MPEG transport streams, over which receivers get their software: modules of data carousels, and every program's packets.

The programs are found by the tables that list them (ISO/IEC 13818-1 §2.4.4): program 0 lists tables, each of these lists
programs with a kind; kinds 0A to 0D are DSM-CC. A descriptor 66 with the identity 000A says that a program carries software
(ETSI TS 102 006 §7.1), and of which makers. Each module of a carousel is a region, and so are all packets of each program, one after
the other and without their first byte, so that they are no stream again: how programs take turns is packing.

The vectors were built from those standards and taken apart by nothing else; no recording of a broadcaster confirmed the reading.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.receivers.mpeg_ts.carousel import carousel_of, modules
from trueware.formats.receivers.mpeg_ts.sections import PACKET, SYNC, packets_by_program, sections
from trueware.formats.scattered import Scattered
from trueware.model.limits import Limits
from trueware.model.part import Kind

_LEAST = 8
"""Packets a stream has at least: fewer bytes at these distances come by chance."""

_ASKED = 32
_CAROUSELS = range(0x0A, 0x0E)
_MOST_TABLES = 1 << 10
"""Sections of a table that are looked at; they come again and again."""


class MpegTs:
    """A transport stream."""

    name: ClassVar[str] = "mpeg-ts"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "MPEG transport stream with data carousels (DVB-SSU)", "", ("ISO/IEC 13818-1", "ISO/IEC 13818-6", "ETSI TS 102 006"),
        ("objects of object carousels are not taken out of their modules", "scrambled programs stay closed"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, bytes([SYNC])),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        heads = bytes(view[0 : _ASKED * PACKET : PACKET])
        flags = bytes(view[3 : _ASKED * PACKET : PACKET])
        whole = len(view) >= _LEAST * PACKET and not heads.strip(bytes([SYNC]))
        return whole and any(flag & 0x30 for flag in flags)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not MpegTs.matches(view):
            raise MalformedInput("mpeg-ts", 0, "no packets in a row")
        programs = packets_by_program(view)
        reading = Reading(end=PACKET * sum(map(len, programs.values())))
        reading.cover(0, reading.end or 0)
        entries = list[Entry]()
        for program in _carousels(view, programs, reading):
            found = carousel_of(view, programs[program], program, reading, limits)
            entries += modules(view, found, program, reading)
        for program, numbers in sorted(programs.items()):
            runs = [(number * PACKET + 1, PACKET - 1) for number in numbers]
            entries.append(
                Entry(f"program-{program:04x}", Kind.REGION, Scattered(view, runs), (PACKET - 1) * len(runs))
            )
        reading.entries = entries
        return reading


def _carousels(view: memoryview, programs: Mapping[int, Sequence[int]], reading: Reading) -> list[int]:
    """Return the programs that carry carousels, as the tables list them."""
    tables, found = set[int](), set[int]()
    for data in _tables(view, programs, 0, 0x00):
        places = [at for at in range(8, len(data) - 7, 4) if data[at : at + 2] != b"\0\0"]
        tables.update((data[at + 2] & 0x1F) << 8 | data[at + 3] for at in places)
    for table in sorted(tables):
        for listed in _tables(view, programs, table, 0x02):
            found.update(_listed(listed, reading))
    return sorted(found & set(programs))


def _tables(view: memoryview, programs: Mapping[int, Sequence[int]], program: int, table: int) -> Iterator[bytes]:
    """Yield each different section of a table once."""
    seen = set[bytes]()
    for count, section in enumerate(sections(view, programs.get(program, ()))):
        if count >= _MOST_TABLES:
            return
        if section.data[0] == table and section.data not in seen and section.is_sound():
            seen.add(section.data)
            yield section.data


def _listed(data: bytes, reading: Reading) -> Iterator[int]:
    """Yield the carousels among the programs that a table lists, and tell whose software they are said to carry."""
    end = len(data) - 4
    if end < 12:
        return
    at = 12 + ((data[10] & 0x0F) << 8 | data[11])
    while at + 5 <= end:
        kind, program = data[at], (data[at + 1] & 0x1F) << 8 | data[at + 2]
        after = at + 5 + ((data[at + 3] & 0x0F) << 8 | data[at + 4])
        if kind in _CAROUSELS:
            yield program
            _tell_makers(data[at + 5 : min(after, end)], program, reading)
        at = after


def _tell_makers(descriptors: bytes, program: int, reading: Reading) -> None:
    at = 0
    while at + 2 <= len(descriptors):
        body = descriptors[at + 2 : at + 2 + descriptors[at + 1]]
        if descriptors[at] == 0x66 and body[:2] == b"\0\x0a":
            reading.facts[f"software-{program:04x}"] = body[2:].hex()
        at += 2 + descriptors[at + 1]
