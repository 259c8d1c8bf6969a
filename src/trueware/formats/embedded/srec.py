"""Motorola S-records: the content of a memory as lines of hexadecimal digits.

======  ======  ===============================================================
digits  bytes   field of a line, behind its letter S
======  ======  ===============================================================
1       .       type: 0 header; 1, 2, 3 data at an address of 2, 3, 4 bytes;
                5, 6 number of such lines; 7, 8, 9 where to start, the last one
2       1       length of all that follows
4, 6, 8 2-4     address
..      ..      data
2       1       checksum: with all bytes before it, it adds up to FF
======  ======  ===============================================================

Source: Motorola, M68000 Family Programmer's Reference Manual, appendix C; srec(5) of SRecord. Vectors were made by its srec_cat.
"""

import re
from binascii import unhexlify
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.addressed import Memory
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_LINE = re.compile(rb"S([0-35-9])((?:[0-9A-Fa-f]{2}){3,256})[ \t]*(?:\r?\n|\r|\Z)[\r\n \t]*")
_ADDRESS = {0: 2, 1: 2, 2: 3, 3: 4, 5: 2, 6: 3, 7: 4, 8: 3, 9: 2}
_DATA, _COUNTS, _LAST = (1, 2, 3), (5, 6), (7, 8, 9)
_HEAD = 600
"""Bytes that hold any first line."""


class Srec:
    """A memory's content in S-records."""

    name: ClassVar[str] = "srec"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Motorola S-records", "Motorola", ("M68000 Family Programmer's Reference Manual, appendix C", "srec(5)")
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, b"S%d" % kind) for kind in (0, *_DATA))

    @staticmethod
    def matches(view: memoryview) -> bool:
        line = _LINE.match(bytes(view[:_HEAD]))
        if line is None:
            return False
        record = unhexlify(line[2])
        return _fits(int(line[1]), record) and sum(record) & 0xFF == 0xFF

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Srec.matches(view):
            raise MalformedInput("srec", 0, "no line with a checksum")
        reading, memory, at, count, wrong, kind = Reading(), Memory(limits), 0, 0, 0, 0
        while kind not in _LAST and (line := _LINE.match(view, at)) is not None:
            number, record = int(line[1]), unhexlify(line[2])
            if not _fits(number, record):
                break
            if sum(record) & 0xFF != 0xFF:
                wrong = wrong or at + 1
            kind, start = number, 1 + _ADDRESS[number]
            address, data = int.from_bytes(record[1:start], "big"), record[start:-1]
            if kind in _DATA:
                memory.write(address, data)
                count += 1
            elif kind in _COUNTS:
                if address != count & (1 << 8 * _ADDRESS[kind]) - 1:
                    reading.note_anomaly("contradiction", f"{count} lines of data, {address} are stated", at)
            else:
                name, value = ("start", f"{address:#x}") if kind in _LAST else ("header", _text(data))
                if reading.facts.setdefault(name, value) != value:
                    reading.note_anomaly("contradiction", f"a second {name}, {value[:80]!r}", at)
            at = line.end()
        reading.end = at
        reading.cover(0, at)
        if wrong:
            reading.note_anomaly("checksum-mismatch", "the bytes of a line do not add up to FF", wrong - 1)
        if kind not in (*_LAST, *_COUNTS):  # of files without a start, the count is the last line
            rule = "truncated" if at == len(view) else "malformed"
            reading.note_anomaly(rule, "no line says that it is the last one", at)
        reading.entries = list(memory.regions(reading))
        return reading


def _fits(kind: int, record: bytes) -> bool:
    """Tell whether a line is as long as it says, and has room for an address and a checksum."""
    return record[0] == len(record) - 1 and len(record) >= _ADDRESS[kind] + 2


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
