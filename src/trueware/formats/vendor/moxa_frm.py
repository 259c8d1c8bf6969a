"""Moxa's firmware of serial device servers and gateways: "*FRM", a program and the files of its web server.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       8     magic "*FRM", 00 00 00 01
8       8     length of all; of the header: 0x60, number of sections: 2
              (2 each)
16      48    unknown
64      ..    for each section kind, offset, length, unknown (4 each)
======  ====  ==========================================================

======  ====  ==========================================================
0       32    device, text
32      16    unknown (4), time, unknown (8)
48      8     offset of the table of files, its length
56      8     length of a line: 0x40, number of files (2 each), length of
              all files (4)
64      4     unknown, number of files where the other is 0 (2 each)
68      8     unknown
..      64    for each file name (48), unknown (8), length, offset
======  ====  ==========================================================

A section of kind 1 is a program; one of kind 2 begins with the second header, whose offsets count from there. Source: unblob
``handlers/archive/moxa/frm.py``. There is no checksum that is public. The vectors, out of which unblob takes the same files, were
built from that layout; no image of Moxa confirmed the reading.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"*FRM\0\0\0\1"
_HEADER, _SECTION = Struct("<8sIHH48s"), Struct("<4I")
_FILES, _FILE = Struct("<32s4sI8sIIHHIHH8s"), Struct("<48s8sII")
_SIZE, _COUNT = 0x60, 2
_PROGRAM, _FILE_SYSTEM = 1, 2


class MoxaFrm:
    """A program and its files."""

    name: ClassVar[str] = "moxa-frm"
    doc: ClassVar[FormatDoc] = FormatDoc("*FRM firmware", "Moxa", ("unblob",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _SIZE or view[: len(_MAGIC)] != _MAGIC:
            return False
        _, total, length, count, _ = _HEADER.unpack_from(view)
        return bool(length == _SIZE and count == _COUNT and _SIZE < total < 1 << 28)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not MoxaFrm.matches(view):
            raise MalformedInput("moxa-frm", 0, "no header")
        _, total, _, count, unknown = _HEADER.unpack_from(view)
        reading = Reading()
        if any(unknown):
            reading.facts["unknown"] = unknown.hex()
        reading.cover(0, _SIZE)
        entries: list[Entry] = []
        for number in range(count):
            kind, start, size, more = _SECTION.unpack_from(view, _HEADER.size + number * _SECTION.size)
            facts = (("kind", str(kind)), ("unknown", f"{more:#x}"))
            if kind == _FILE_SYSTEM and start + _FILES.size <= min(start + size, len(view)):
                entries += _files(view, number, start, size, facts, reading, limits)
            else:
                name = "program" if kind == _PROGRAM else "section"
                entries.append(region(f"{number}-{name}", view, start, size, reading, facts))
        note_overlaps([Entry("the header", Kind.REGION, size=_SIZE, offset=0), *entries], reading)
        reading.entries, reading.end = entries, min(total, len(view))
        if total > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {total} bytes are there", len(view))
        return reading


def _files(
    view: memoryview,
    number: int,
    base: int,
    size: int,
    facts: tuple[tuple[str, str], ...],
    reading: Reading,
    limits: Limits,
) -> Iterator[Entry]:
    """Yield the header and table of a file system as one region, then its files."""
    device, _, _, _, table, _, line, count, _, _, other, _ = _FILES.unpack_from(view, base)
    count = count or other
    if count > limits.max_entries:
        raise LimitExceeded("max_entries", limits.max_entries, "files of a section")
    if line != _FILE.size or table < _FILES.size or table + count * line > size:
        raise MalformedInput("moxa-frm", base + 48, f"a table of {count} files at {table:#x} of {size} bytes")
    if is_text(device):
        reading.facts["device"] = device.rstrip(b"\0").decode("ascii")
    yield region(f"{number}-files-header", view, base, table + count * line, reading, facts)
    for index in range(count):
        at = base + table + index * line
        if at + line > len(view):
            raise MalformedInput("moxa-frm", len(view), "the table of files breaks off")
        raw, unknown, length, start = _FILE.unpack_from(view, at)
        name = readable(raw.partition(b"\0")[0] or b"unnamed")
        told = (("unknown", unknown.hex()),) if any(unknown) else ()
        yield region(f"{number}-files-{index}-{name}", view, base + start, length, reading, told)
