"""NFWB, firmware of televisions with Novatek's chips (Philips, LG): a signed header, partitions by number, and their MD5.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     "NFWB"
4       8     version: major, minor
12      4     unused
16      16    name of the firmware
32      4     length of the data
36      16    MD5 of the data
52      4     number of partitions
56      4     length of the header
60      128   signature
188     4     CRC-32 of the header
192     28    a partition: number, length, offset, MD5 (16); and so on
======  ====  =====================================================

Source: epk2extract (openlgtv), unixtract ``novatek`` (theubusu). MD5s are verified, the CRC and the signature are not. The vectors
were built from that layout; no firmware of a television confirmed the reading.
"""

from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"NFWB"
_HEADER, _PARTITION = Struct("<4sIII16sI16sII128sI"), Struct("<III16s")
_MOST = 256


class Nfwb:
    """Firmware of a television."""

    name: ClassVar[str] = "nfwb"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "NFWB firmware", "Novatek", ("epk2extract", "unixtract novatek"),
        ("the signature and the CRC of the header are not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size + _PARTITION.size or view[:4] != _MAGIC:
            return False
        _, _, _, _, name, _, _, count, header, *_ = _HEADER.unpack_from(view)
        return bool(is_text(name) and 0 < count <= _MOST and header >= _HEADER.size + count * _PARTITION.size)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 256 partitions)
        if not Nfwb.matches(view):
            raise MalformedInput("nfwb", 0, "no header")
        _, major, minor, unused, _, size, digest, count, header, *_ = _HEADER.unpack_from(view)
        table = _HEADER.size + count * _PARTITION.size
        if table > len(view):
            raise MalformedInput("nfwb", 52, f"{count} partitions in {len(view)} bytes")
        reading = Reading(facts={"version": f"{major}.{minor}", "unused": f"{unused:#x}"})
        tell(reading.facts, "firmware", view[16:32])
        reading.cover(0, table)
        entries = list[Entry]()
        for place in range(_HEADER.size, table, _PARTITION.size):
            number, length, start, stated = _PARTITION.unpack_from(view, place)
            entry = region(f"partition-{number}", view, start, length, reading)
            entries.append(entry)
            _check(view[start : start + length], stated, entry.path, start, reading)
        _check(view[header : header + size], digest, "", header, reading)
        note_overlaps([Entry("the header", Kind.REGION, size=table, offset=0), *entries], reading)
        reading.end = min(max(header + size, *((entry.offset or 0) + entry.size for entry in entries)), len(view))
        reading.entries = [region("signature", view, 60, 128, reading), *entries]
        return reading


def _check(data: memoryview, stated: bytes, path: str, at: int, reading: Reading) -> None:
    made = md5(data, usedforsecurity=False)
    if made.digest() != stated:
        detail = f"the MD5 of {path or 'the data'} is {made.hexdigest()}, stated {stated.hex()}"
        reading.note_anomaly("checksum-mismatch", detail, at, path)
