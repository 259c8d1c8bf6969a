"""Intel HEX: the content of a memory as lines of hexadecimal digits.

======  ======  ==================================================================
digits  bytes   field of a line, behind its colon
======  ======  ==================================================================
2       1       length of the data
4       2       address, the low half of it
2       1       type: 00 data, 01 end, 02 the address's bits from 4 on, 04 from 16
                on, 03 and 05 where to start
..      ..      data
2       1       checksum: all bytes of the line add up to 0
======  ======  ==================================================================

Source: Intel, Hexadecimal Object File Format Specification, Revision A, 1988. What follows the line of type 01 no program reads.
Vectors were made by SRecord's srec_cat.
"""

import re
from binascii import unhexlify
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.addressed import Memory
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_LINE = re.compile(rb":((?:[0-9A-Fa-f]{2}){5,260})[ \t]*(?:\r?\n|\r|\Z)[\r\n \t]*")
_DATA, _END, _SEGMENT, _START_SEGMENT, _LINEAR, _START_LINEAR = range(6)
_LENGTHS = {_END: 0, _SEGMENT: 2, _START_SEGMENT: 4, _LINEAR: 2, _START_LINEAR: 4}
_HEAD = 600
"""Bytes that hold any first line."""


class Ihex:
    """A memory's content in Intel HEX."""

    name: ClassVar[str] = "ihex"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Intel HEX", "Intel", ("Intel Hexadecimal Object File Format Specification, Revision A",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, b":"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        line = _LINE.match(bytes(view[:_HEAD]))
        if line is None:
            return False
        record = unhexlify(line[1])
        return _fits(record) and not sum(record) & 0xFF

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Ihex.matches(view):
            raise MalformedInput("ihex", 0, "no line with a checksum")
        reading, memory, base, at, wrong = Reading(), Memory(limits), 0, 0, 0
        kind = _DATA
        while kind != _END and (line := _LINE.match(view, at)) is not None:
            record = unhexlify(line[1])
            if not _fits(record):
                break
            if sum(record) & 0xFF:
                wrong = wrong or at + 1
            kind, address, data = record[3], record[1] << 8 | record[2], record[4:-1]
            if kind == _DATA:
                memory.write(base + address, data)
            elif kind in (_SEGMENT, _LINEAR):
                base = int.from_bytes(data, "big") << (4 if kind == _SEGMENT else 16)
            elif kind != _END:
                name, value = "start-segment" if kind == _START_SEGMENT else "start", data.hex()
                if reading.facts.setdefault(name, value) != value:
                    reading.note_anomaly("contradiction", f"starts at {value}, and elsewhere", at)
            at = line.end()
        reading.end = at
        reading.cover(0, at)
        if wrong:
            reading.note_anomaly("checksum-mismatch", "the bytes of a line do not add up to 0", wrong - 1)
        if kind != _END:
            rule = "truncated" if at == len(view) else "malformed"
            reading.note_anomaly(rule, "no line says that it is the last one", at)
        reading.entries = list(memory.regions(reading))
        return reading


def _fits(record: bytes) -> bool:
    """Tell whether a line is as long as it says, and of a type that may be so long."""
    return (
        record[0] == len(record) - 5 and record[3] <= _START_LINEAR and _LENGTHS.get(record[3], record[0]) == record[0]
    )
