"""H3C's package (``.ipe``) of a boot loader and system files: a header of all files, and a header before each.

======  ====  ==================================================================
offset  size  field (big-endian)
======  ====  ==================================================================
0       16    version: 1; number of files, product, device (4 each)
16      8     year (2), month, day, unused, hour, minute, second
24      4     CRC-16 of the package, flags (2 each)
28      4     length without this header
32      3072  128 files of 24 bytes: kind, offset, length, CRC-16, version, mask
3104    3072  signature, zeros: none
6176    4     CRC-16 of what stands before
======  ====  ==================================================================

======  ====  ==================================================================
0       4     unused
4       4     CRC-16 of what follows of this header
8       24    kind, version, product, device, length, offset of the version
32      8     time, as above
40      288   unused (64), description (224)
328     12    length filled up, CRC-16 of the data, compression: FFFFFFFF none
340     ..    data
======  ====  ==================================================================

The CRC has the polynomial 1021. Source: OpenWrt ``firmware-utils/src/mkh3cimg.c``; what the CRC of the package covers is not clear
from it. The vectors were built from that layout; no package of H3C confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import note_overlaps, region
from trueware.formats.remainders import XMODEM, check
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER, _FILE, _BEFORE = Struct(">4IH6BHHI"), Struct(">6I"), Struct(">4s7IH6B64s224sIII")
_TABLE_AT, _MOST, _SIGNATURE_AT, _CRC_AT, _SIZE = 32, 128, 3104, 6176, 6180
_LARGEST = 1 << 30


class H3c:
    """A package of files."""

    name: ClassVar[str] = "h3c"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "H3C package", "H3C", ("OpenWrt firmware-utils src/mkh3cimg.c",),
        ("the signature and the CRC of the package are kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, b"\0\0\0\1\0\0\0"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """There is no magic: number, date, lengths, the place of the first file and zeros behind the last must be right."""
        if len(view) < _SIZE + _BEFORE.size:
            return False
        version, count, product, device, year, month, day, _, hour, minute, second, _, _, length = _HEADER.unpack_from(
            view
        )
        dated = 1970 <= year < 2100 and 0 < month <= 12 and 0 < day <= 31 and hour < 24 and minute < 60 and second < 60
        if version != 1 or not 0 < count <= _MOST or not product or not device or not dated:
            return False
        first = _FILE.unpack_from(view, _TABLE_AT)
        behind = view[_TABLE_AT + count * _FILE.size : _SIGNATURE_AT]
        return (
            first[1] == _SIZE and _BEFORE.size <= first[2] <= length <= _LARGEST
            and not any(view[_CRC_AT : _CRC_AT + 2]) and not bytes(behind).strip(b"\0")
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (128 files)
        if not H3c.matches(view):
            raise MalformedInput("h3c", 0, "no header")
        _, count, product, device, *moment, crc, flags, length = _HEADER.unpack_from(view)
        reading = Reading(
            facts={"product": f"{product:#x}", "device": f"{device:#x}", "flags": f"{flags:#x}", "crc": f"{crc:#06x}"},
            notes={"time": _time(moment)},
        )
        stated = int.from_bytes(view[_CRC_AT:_SIZE], "big")
        check(view, 0, _CRC_AT, XMODEM, reading, offset=_CRC_AT, stated=stated)
        reading.cover(0, _SIGNATURE_AT)
        reading.cover(_CRC_AT, _SIZE)
        entries = []
        if any(view[_SIGNATURE_AT:_CRC_AT]):
            entries.append(region("signature", view, _SIGNATURE_AT, _CRC_AT - _SIGNATURE_AT, reading))
        left = len(view)
        for number in range(count):
            entry = _file(view, number, reading, left)
            left -= entry.size
            entries.append(entry)
        note_overlaps([Entry("the header", Kind.REGION, size=_SIZE, offset=0), *entries[-count:]], reading)
        reading.entries = entries
        reading.end = min(_SIZE + length, len(view))
        if _SIZE + length > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {_SIZE + length} bytes are there", len(view))
        return reading


def _file(view: memoryview, number: int, reading: Reading, left: int) -> Entry:
    """Return the data of a file, and tell what the header before it says; its sum is made if it has no more than `left` bytes."""
    at = _TABLE_AT + number * _FILE.size
    kind, start, size, stated, version, mask = _FILE.unpack_from(view, at)
    if size < _BEFORE.size or start + _BEFORE.size > len(view):
        raise MalformedInput("h3c", at, f"a file of {size} bytes at {start:#x}")
    _, crc, again, revision, product, device, plain, place, *moment, unused, described, filled, data_crc, packing = (
        _BEFORE.unpack_from(view, start)
    )
    facts = {"kind": f"{kind:#x}", "version": str(version), "mask": f"{mask:#x}", "compression": f"{packing:#x}"}
    facts |= {"length": str(plain), "version-offset": f"{place:#x}", "time": _time(moment)}
    facts["header"] = f"{again:#x} {revision} {product:#x} {device:#x}"
    tell(facts, "description", described)
    if any(unused):
        facts["unused"] = unused.rstrip(b"\0").hex()
    reading.cover(start + 4, start + _BEFORE.size)
    if not any(view[start : start + 4]):
        reading.cover(start, start + 4)
    check(view, start + 8, start + _BEFORE.size, XMODEM, reading, offset=start + 4, stated=crc)
    if stated != data_crc or filled != size - _BEFORE.size:
        reading.note_anomaly("contradiction", "the two headers of a file state other lengths or CRCs", start)
    data = start + _BEFORE.size
    if size > left:
        reading.note_anomaly("checksum-unchecked", f"file {number} lies over others", at + 12)
    elif start + size <= len(view):
        check(view, data, start + size, XMODEM, reading, offset=at + 12, stated=stated)
    return region(f"file-{number}", view, data, size - _BEFORE.size, reading, tuple(sorted(facts.items())))


def _time(moment: list[int]) -> str:
    year, month, day, _, hour, minute, second = moment
    return f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
