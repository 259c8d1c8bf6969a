"""Huawei's UPDATE.APP: partitions in a row, each behind a header with a checksum of every block.

======  ====  ====================================================
offset  size  field (little-endian)
======  ====  ====================================================
0       4     magic 55 AA 5A A5
4       4     length of the header: 98 and two for each block
8       4     version
12      8     hardware
20      4     number
24      4     length of the data
28      16    date
44      16    time
60      16    name
76      16    unused
92      2     checksum of the header
94      2     length of a block: 4096
96      2     unused
98      ..    CRC-16 of each block
..      ..    data, filled up to a multiple of four
======  ====  ====================================================

The file begins with 92 bytes that are zero. The CRC is the one of X.25. Source: splituapp (SuperR), HuaweiUpdateLibrary. The vectors
were built from that layout; no package of Huawei confirmed the reading. The header's own checksum is not described alike
everywhere: it is told and not verified. Signatures are partitions among others and not verified.
"""

from binascii import crc_hqx
from struct import Struct, unpack_from
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import CHUNK, Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"\x55\xaa\x5a\xa5"
_HEADER = Struct("<4sII8sII16s16s16s16sHHH")
_BEFORE = 92
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class UpdateApp:
    """Partitions in a row."""

    name: ClassVar[str] = "huawei-update-app"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "UPDATE.APP", "Huawei", ("splituapp", "HuaweiUpdateLibrary"),
        ("signatures among the partitions are not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(_BEFORE, _MAGIC), Magic(0, _MAGIC))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _is_header(view, 0) or (not any(view[:_BEFORE]) and _is_header(view, _BEFORE))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not UpdateApp.matches(view):
            raise MalformedInput("huawei-update-app", 0, "no header")
        reading, entries = Reading(), list[Entry]()
        at = 0 if _is_header(view, 0) else _BEFORE
        reading.cover(0, at)
        while _is_header(view, at):
            if len(entries) >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "partitions of an UPDATE.APP")
            entry, at = _partition(view, at, len(entries), reading)
            entries.append(entry)
        reading.entries, reading.end = entries, min(at, len(view))
        return reading


def _is_header(view: memoryview, at: int) -> bool:
    if at + _HEADER.size > len(view) or view[at : at + 4] != _MAGIC:
        return False
    _, length, _, _, _, size, date, time, name, _, _, block, _ = _HEADER.unpack_from(view, at)
    fits = block > 0 and length == _HEADER.size + 2 * -(-size // block)
    return fits and name[0] > 0 and all(is_text(text) for text in (date, time, name))


def _partition(view: memoryview, at: int, number: int, reading: Reading) -> tuple[Entry, int]:
    """Return the partition whose header is at `at`, and where the next begins."""
    _, length, version, hardware, order, size, date, time, name, unused, crc, block, rest = _HEADER.unpack_from(
        view, at
    )
    facts = {"version": f"{version:#x}", "number": f"{order:#x}", "header-crc": f"{crc:#06x}", "block": str(block)}
    for label, text in (("hardware", hardware), ("date", date), ("time", time), ("name", name), ("unused", unused)):
        tell(facts, label, text)
    facts["unused-2"] = f"{rest:#06x}"
    start = at + length
    reading.cover(at, min(start, len(view)))
    path = f"{number}-{readable(name.partition(bytes(1))[0])}"
    entry = region(path, view, start, size, reading, tuple(sorted(facts.items())))
    blocks = entry.size // block if entry.size < size else (length - _HEADER.size) // 2
    for index, stated in enumerate(unpack_from(f"<{blocks}H", view, at + _HEADER.size)):
        begins = start + index * block
        if (found := crc16(view[begins : min(begins + block, start + size)])) != stated:
            detail = f"the CRC of block {index} is {found:04x}, stated {stated:04x}"
            reading.note_anomaly("checksum-mismatch", detail, begins, path)
            break
    after = start + size
    return entry, after + -after % 4


def crc16(data: memoryview) -> int:
    """Return the CRC of X.25, which goes through the bits from the lowest, by the one that goes through them from the highest."""
    found = 0xFFFF
    for at in range(0, len(data), CHUNK):
        found = crc_hqx(bytes(data[at : at + CHUNK]).translate(_REVERSED), found)
    found ^= 0xFFFF
    return _REVERSED[found & 0xFF] << 8 | _REVERSED[found >> 8]
