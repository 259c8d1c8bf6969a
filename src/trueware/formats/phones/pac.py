"""Unisoc's (Spreadtrum's) PAC, what its tools write to a phone: a header, a header for each file, and the files.

======  ====  ==========================================================
offset  size  field (little-endian, text in UTF-16)
======  ====  ==========================================================
0       44    version of the format: BP_R1.0.0, BP_R2.0.1
44      8     BP_R2: length of the whole, upper half first (4 each)
                BP_R1: rest of the version, length
52      1024  product (512), its version (512)
1076    8     number of files, offset of their headers (4 each)
1084    20    mode, kind of flash, strategy, backup, kind of page (4 each)
1104    200   alias of the product
1304    12    flags (4 each)
1316    800   unused
2116    4     magic FA FF FA FF
2120    4     CRC-16 of the header, of everything else (2 each)
======  ====  ==========================================================

======  ====  ==========================================================
0       4     length of this header: 2580
4       1024  identity (512), name (512)
1028    504   version
1532    8     BP_R2: upper halves of length and offset (4 each)
1540    4     length
1544    8     kind, whether it is checked (4 each)
1552    4     offset
1556    28    whether it may be left out, number of addresses, addresses
1584    996   unused
======  ====  ==========================================================

Sources: pacextractor.c (divinebird), and later tools such as spd_dump's unpac. The vectors were built from that layout; no image of a
phone confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.formats.remainders import ARC, check
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC_AT, _MAGIC = 2116, b"\xfa\xff\xfa\xff"
_HEADER = Struct("<44sII512s512sII5I200s3I800s4sHH")
_FILE = Struct("<I512s512s504sIIIIII7I996s")
_VERSION = "BP_R".encode("utf-16-le")


class Pac:
    """Files for a phone."""

    name: ClassVar[str] = "pac"
    doc: ClassVar[FormatDoc] = FormatDoc("PAC firmware", "Unisoc", ("pacextractor.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(_MAGIC_AT, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return (
            len(view) >= _HEADER.size
            and bytes(view[_MAGIC_AT : _MAGIC_AT + 4]) == _MAGIC
            and bytes(view[: len(_VERSION)]) == _VERSION
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Pac.matches(view):
            raise MalformedInput("pac", 0, "no header")
        version, upper, lower, product, release, count, at, *numbers, crc, rest_crc = _HEADER.unpack_from(view)
        *modes, alias, flag, flag_2, flag_3, unused, _ = numbers
        is_long = version.decode("utf-16-le", "replace").startswith("BP_R2")
        if at < _HEADER.size or at + count * _FILE.size > len(view):
            raise MalformedInput("pac", 1076, f"{count} headers at {at:#x} of {len(view)} bytes")
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "files of a pac")
        reading = Reading(facts={"modes": " ".join(map(str, (*modes, flag, flag_2, flag_3)))})
        if any(unused):
            reading.facts["unused"] = unused.rstrip(b"\0").hex()
        for name, text in (("version", version), ("product", product), ("release", release), ("alias", alias)):
            _tell(reading.facts, name, text)
        if not is_long:
            reading.facts["version-rest"] = f"{upper:#x}"
        check(view, 0, _MAGIC_AT + 4, ARC, reading, offset=2120, stated=crc)
        reading.cover(0, _HEADER.size)
        entries = [_file(view, at + number * _FILE.size, number, reading, is_long=is_long) for number in range(count)]
        table = Entry("the table", Kind.REGION, size=count * _FILE.size, offset=at)
        note_overlaps([Entry("the header", Kind.REGION, size=_HEADER.size, offset=0), table, *entries], reading)
        reading.entries = entries
        length = (upper << 32 if is_long else 0) | lower
        reading.end = min(max(length, at + table.size), len(view))
        if length > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {length} bytes are there", len(view))
        else:
            check(view, _HEADER.size, length, ARC, reading, offset=2122, stated=rest_crc)
        return reading


def _file(view: memoryview, at: int, number: int, reading: Reading, *, is_long: bool) -> Entry:
    length, identity, name, version, upper, upper_start, size, kind, checked, start, *addresses, unused = (
        _FILE.unpack_from(view, at)
    )
    if length != _FILE.size:
        raise MalformedInput("pac", at, f"a header of {length} bytes")
    reading.cover(at, at + length)
    facts = {"kind": f"{kind:#x}", "checked": str(checked), "addresses": " ".join(f"{place:#x}" for place in addresses)}
    if unused := unused.rstrip(b"\0"):
        facts["unused"] = unused.hex()
    for label, text in (("identity", identity), ("name", name), ("version", version)):
        _tell(facts, label, text)
    if is_long:
        size, start = size | upper << 32, start | upper_start << 32
    elif upper or upper_start:
        facts["version-rest"] = f"{upper:#x} {upper_start:#x}"
    path = f"{number}-{readable(facts['identity'].encode('utf-8', 'surrogateescape') or b'unnamed')}"
    if not size:
        facts["start"], start = f"{start:#x}", 0
    return region(path, view, start, size, reading, tuple(sorted(facts.items())))


def _tell(facts: dict[str, str], name: str, raw: bytes) -> None:
    """Put the text of a field into `facts`, what stands behind its end as a fact of its own."""
    whole = raw.decode("utf-16-le", "replace")
    if "\ufffd" in whole:
        facts[f"{name}-rest"] = raw.rstrip(b"\0").hex()
    text, _, rest = whole.partition("\0")
    facts[name] = text
    if rest.strip("\0"):
        facts[f"{name}-rest"] = raw.rstrip(b"\0").hex()
