"""Images of Cisco's IOS: an ELF program that unpacks a zip, which stands in a section of its own behind a header of checksums.

======  ====  ====================================================
offset  size  field (big-endian)
======  ====  ====================================================
0       4     magic FEEDFACE
4       8     length unpacked, length of the zip
12      8     checksums of the zip, of what it unpacks to
20      ..    zip, of the one file that is the system
======  ====  ====================================================

A checksum adds up words of 32 bits with the carries added back in. The ELF has 32 bits, the highest byte first, one program header
and a handful of sections; one of the others holds an MD5 behind the magic FADEFAD1, another the lines ``CW_...`` that name the
image. Source: D. Stevens' Network Appliance Forensic Toolkit, ``naft_iipf.py``. An image that passes in a compressed stream is
known only where the magic lies in the part of it that is held. The vectors were built from that layout; no image of Cisco confirmed
the reading.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar, NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x7fELF\x01\x02\x01"
_ELF, _SECTION = Struct(">16sHHIIIIIHHHHHH"), Struct(">10I")
_PROGRAM_SIZE, _MOST = 32, 16
_NOTHING, _TAKES_NO_ROOM = 0, 8
_FEEDFACE = b"\xfe\xed\xfa\xce"
_PACKED = Struct(">4s4I")


class _Section(NamedTuple):
    number: int
    kind: int
    address: int
    start: int
    size: int


class CiscoIos:
    """A program that unpacks the system."""

    name: ClassVar[str] = "cisco-ios"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "IOS image", "Cisco", ("Network Appliance Forensic Toolkit naft_iipf.py",),
        ("the checksum of what is unpacked, and the embedded MD5, are kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return any(_is_packed(view, section) for section in _sections(view))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (16 sections)
        if not CiscoIos.matches(view):
            raise MalformedInput("cisco-ios", 0, "no section with a packed system")
        _, kind, machine, _, entry, programs, sections, flags, _, _, count, _, number, names = _ELF.unpack_from(view)
        reading = Reading(
            facts={
                "type": str(kind), "machine": f"{machine:#x}", "entry-point": f"{entry:#x}", "flags": f"{flags:#x}",
                "programs": bytes(view[programs : programs + count * _PROGRAM_SIZE]).hex(), "names": str(names),
            }
        )  # fmt: skip
        reading.cover(0, _ELF.size)
        reading.cover(programs, programs + count * _PROGRAM_SIZE)
        reading.cover(sections, sections + number * _SECTION.size)
        entries = []
        for section in _sections(view):
            if section.kind in (_NOTHING, _TAKES_NO_ROOM) or not section.size:
                continue
            if _is_packed(view, section):
                entries.append(_packed(view, section, reading))
            else:
                facts = (("address", f"{section.address:#x}"), ("type", str(section.kind)))
                entries.append(region(f"section-{section.number}", view, section.start, section.size, reading, facts))
        head = max(_ELF.size, programs + count * _PROGRAM_SIZE, sections + number * _SECTION.size)
        note_overlaps([Entry("the headers", Kind.REGION, size=head, offset=0), *entries], reading)
        reading.entries = entries
        return reading


def _sections(view: memoryview) -> Iterator[_Section]:
    """Yield the sections of a program such as these are; none of any other."""
    if len(view) < _ELF.size or view[: len(_MAGIC)] != _MAGIC:
        return
    _, kind, _, version, _, programs, at, _, length, program, count, size, number, _ = _ELF.unpack_from(view)
    usual = kind == 2 and version == 1 and length == _ELF.size == programs and program == _PROGRAM_SIZE
    behind = programs + count * _PROGRAM_SIZE
    if not usual or count != 1 or size != _SECTION.size or not 1 < number <= _MOST or at != behind:
        return
    if at + number * size > len(view):
        return
    for index in range(number):
        _, kind, _, address, start, extent, *_ = _SECTION.unpack_from(view, at + index * size)
        yield _Section(index, kind, address, start, extent)


def _is_packed(view: memoryview, section: _Section) -> bool:
    at = section.start
    if section.size <= _PACKED.size or at + _PACKED.size > len(view) or view[at : at + 4] != _FEEDFACE:
        return False
    _, _, packed, _, _ = _PACKED.unpack_from(view, at)
    return bool(0 < packed <= section.size - _PACKED.size)


def _packed(view: memoryview, section: _Section, reading: Reading) -> Entry:
    """Return the zip as a region; what its section has behind it stays uncovered."""
    _, size, packed, stated, unpacked = _PACKED.unpack_from(view, section.start)
    start = section.start + _PACKED.size
    reading.cover(section.start, start)
    facts = (("address", f"{section.address:#x}"), ("size", str(size)), ("sum", f"{unpacked:#010x}"))
    entry = region("system", view, start, packed, reading, facts)
    if entry.size == packed and (found := carried_sum(view[start : start + packed])) != stated:
        reading.note_anomaly(
            "checksum-mismatch", f"the sum is {found:#010x}, stated {stated:#010x}", section.start + 12
        )
    return entry


def carried_sum(data: memoryview) -> int:
    """Return the sum of all whole words with the carries added back in."""
    whole = data[: len(data) // 4 * 4]
    total = sum(byte_sum(bytes(whole[place::4])) << 24 - 8 * place for place in range(4))
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total
