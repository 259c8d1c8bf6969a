"""Xiaomi's router firmware, HDR1 and HDR2: up to eight blobs, each with its place in the flash, and a signature.

======  ======  ====  =========================================================
HDR1    HDR2    size  field (little-endian)
======  ======  ====  =========================================================
0       0       4     magic "HDR1" or "HDR2"
4       4       4     offset of the signature
8       8       4     CRC-32 (not inverted at the end) from 12 to the end
12      12      2, 4  unused
14      16      2, 8  device: a number, or text
--      24      8     region, text
--      32      16    unused
16      48      32    offsets of eight blobs, 0: none
======  ======  ====  =========================================================

A blob has a header: magic BE BA 00 00, offset in flash (4), length (4), type (2), unused (2), name (32). The signature: length (4),
padding (12), 256 bytes. Sources: OpenWrt ``firmware-utils/src/xiaomifw.c``, unblob ``handlers/archive/xiaomi/hdr.py``. The vectors
were built from that layout and read alike by unblob; no image of Xiaomi confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits

_HDR1, _HDR2 = Struct("<4sII2sH8I"), Struct("<4sII4s8s8s16s8I")
_LAYOUTS = {b"HDR1": _HDR1, b"HDR2": _HDR2}
_BLOB = Struct("<4s2I2H32s")
_BLOB_MAGIC = b"\xbe\xba\0\0"
_SIGNATURE, _SIGNATURE_HEAD = 256, 16
_CHECKED = 12


class XiaomiHdr:
    """A firmware of a Xiaomi router."""

    name: ClassVar[str] = "xiaomi-hdr"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "HDR1 and HDR2 firmware", "Xiaomi", ("OpenWrt firmware-utils src/xiaomifw.c", "unblob"),
        ("the RSA signature is kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in _LAYOUTS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """The first offset must be that of a blob."""
        layout = _LAYOUTS.get(bytes(view[:4]))
        if layout is None or len(view) < layout.size:
            return False
        fields = layout.unpack_from(view)
        at = fields[-8]
        return bool(layout.size <= at < fields[1]) and bytes(view[at : at + 4]) == _BLOB_MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most eight blobs)
        if not XiaomiHdr.matches(view):
            raise MalformedInput("xiaomi-hdr", 0, "no header")
        layout = _LAYOUTS[bytes(view[:4])]
        magic, signature, stated, *fields = layout.unpack_from(view)
        reading = Reading(facts={"magic": magic.decode("ascii")})
        if layout is _HDR1:
            reading.facts["device"] = f"{fields[1]:#06x}"
            reading.cover(14, 16)
        else:
            tell(reading.facts, "device", fields[1])
            tell(reading.facts, "region", fields[2])
            reading.cover(16, 32)
        reading.cover(0, _CHECKED)
        reading.cover(layout.size - 32, layout.size)
        end = signature + _SIGNATURE_HEAD + _SIGNATURE
        reading.end = min(end, len(view))
        if end <= len(view) and (found := crc32(view[_CHECKED:end]) ^ 0xFFFFFFFF) != stated:
            reading.note_anomaly("checksum-mismatch", f"the CRC-32 is {found:08x}, stated {stated:08x}", 8)
        entries = []
        for number, at in enumerate(fields[-8:]):
            if at and (blob := _blob(view[: min(signature, len(view))], at, number, layout.size, reading)):
                entries.append(blob)
        reading.cover(signature, min(signature + 4, len(view)))
        entries.append(region("signature", view, signature + _SIGNATURE_HEAD, _SIGNATURE, reading))
        note_overlaps(entries, reading)
        reading.entries = entries
        return reading


def _blob(view: memoryview, at: int, number: int, least: int, reading: Reading) -> Entry | None:
    if at < least or at + _BLOB.size > len(view) or bytes(view[at : at + 4]) != _BLOB_MAGIC:
        reading.note_anomaly("malformed", f"blob {number} at {at:#x} has no header", at if at < len(view) else None)
        return None
    _, flash, size, kind, unused, name = _BLOB.unpack_from(view, at)
    facts = {"flash-address": f"{flash:#x}", "type": f"{kind:#06x}", "number": str(number)}
    tell(facts, "name", name)
    if unused:
        facts["unused"] = f"{unused:#06x}"
    reading.cover(at, at + _BLOB.size)
    path = readable(name.partition(b"\0")[0] or b"blob-%d" % number)
    return region(path, view, at + _BLOB.size, size, reading, tuple(sorted(facts.items())))
