"""Ubiquiti's firmware: a version, parts that each know their place in the flash, and a checksum or signature at the end.

======  ====  ====================================================
offset  size  field (big-endian)
======  ====  ====================================================
0       4     magic "UBNT", "OPEN" or "GEOS"
4       256   version
260     4     CRC-32 of the header so far
264     4     padding
268     ..    parts, each:
======  ====  ====================================================

======  ====  ====================================================
0       4     "PART" or "EXEC"
4       16    name
20      12    padding
32      4     address in memory
36      4     index
40      4     address in flash
44      4     entry point
48      4     length of the data
52      4     length of the partition
56      ..    data
..      4     CRC-32 of all of the part before
..      4     padding
======  ====  ====================================================

Then "END.", the CRC-32 of everything before and four bytes of padding; or "ENDS", an RSA signature of 256 bytes and four bytes of
padding. Source: OpenWrt ``tools/firmware-utils/src/mkfwimage.c`` and ``fw.h``. The vectors were built from that layout; no image
of Ubiquiti confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGICS = (b"UBNT", b"OPEN", b"GEOS")
_PARTS = (b"PART", b"EXEC")
_HEADER = Struct(">4s256sI4s")
_PART = Struct(">4s16s12s6I")
_CHECK = Struct(">I4s")
_END, _SIGNED = b"END.", b"ENDS"
_SIGNATURE = 256


class Ubnt:
    """A firmware of Ubiquiti."""

    name: ClassVar[str] = "ubnt"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Ubiquiti firmware", "Ubiquiti", ("OpenWrt firmware-utils src/mkfwimage.c",),
        ("the RSA signature is kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, value) for value in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return (
            len(view) >= _HEADER.size + _PART.size and bytes(view[:4]) in _MAGICS and view[4] != 0
            and is_text(view[4:260]) and bytes(view[_HEADER.size : _HEADER.size + 4]) in _PARTS
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Ubnt.matches(view):
            raise MalformedInput("ubnt", 0, "no header")
        magic, version, stated, _ = _HEADER.unpack_from(view)
        reading = Reading(facts={"magic": magic.decode("ascii")})
        tell(reading.facts, "version", version)
        reading.cover(0, 264)
        _check("header", view[:260], stated, 260, reading)
        entries, at = list[Entry](), _HEADER.size
        while bytes(view[at : at + 4]) in _PARTS and at + _PART.size <= len(view):
            if len(entries) >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "parts of a ubnt image")
            entries.append(_part(view, at, reading))
            at += _PART.size + entries[-1].size + _CHECK.size
        at = min(at, len(view))
        ending = bytes(view[at : at + 4])
        if ending == _END and at + 12 <= len(view):
            _check("whole", view[:at], _CHECK.unpack_from(view, at + 4)[0], at + 4, reading)
            reading.cover(at, at + 8)
            reading.end = at + 12
        elif ending == _SIGNED:
            reading.cover(at, at + 4)
            entries.append(region("signature", view, at + 4, _SIGNATURE, reading))
            reading.end = min(at + 4 + _SIGNATURE + 4, len(view))
        else:
            reading.note_anomaly("truncated", "neither END. nor ENDS follows the last part", at)
            reading.end = at
        reading.facts["ending"] = ending.decode("latin-1") if reading.end > at else "none"
        reading.entries = entries
        return reading


def _part(view: memoryview, at: int, reading: Reading) -> Entry:
    kind, name, _, memory, index, base, entry, size, length = _PART.unpack_from(view, at)
    facts = {
        "kind": kind.decode("ascii"),
        "memory-address": f"{memory:#x}",
        "index": str(index),
        "flash-address": f"{base:#x}",
        "entry": f"{entry:#x}",
        "flash-size": f"{length:#x}",
    }
    bare, _, rest = name.partition(b"\0")
    if rest.strip(b"\0"):
        facts["name-rest"] = rest.hex()
    reading.cover(at, at + 20)
    reading.cover(at + 32, at + _PART.size)
    start = at + _PART.size
    found = region(readable(bare), view, start, size, reading, tuple(sorted(facts.items())))
    end = start + found.size
    if found.size == size and end + _CHECK.size <= len(view):
        _check(found.path, view[at:end], _CHECK.unpack_from(view, end)[0], end, reading)
        reading.cover(end, end + 4)
    return found


def _check(what: str, data: memoryview, stated: int, at: int, reading: Reading) -> None:
    if (found := crc32(data)) != stated:
        reading.note_anomaly("checksum-mismatch", f"the CRC-32 of {what} is {found:08x}, stated {stated:08x}", at)
