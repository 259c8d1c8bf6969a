"""TP-Link's firmware of Omada routers (ER8411 and others): 24 bytes of magic, an MD5, a signature, and a table of partitions in JSON.

======  ====  =====================================================
offset  size  field (big-endian)
======  ====  =====================================================
0       24    magic A5A5A5A5 ... 5A5A5A5A
24      16    version, next header, length of this header, of all
40      8     unknown
48      16    MD5 of everything behind the header
64      240   zeros
304     112   signature
416     ..    zeros up to the header's length, usually 4160
..      64 K  ``{"up-ptn-table": [{"name", "base", "size"}]}``, filled up
..      ..    partitions, from there
======  ====  =====================================================

A partition of settings begins with AA55D98F 04E955AA, a length and a checksum. Source: OpenWrt
``firmware-utils/src/dkmgt-fwutil.c``. The vectors were built from that layout; no image of TP-Link confirmed the reading.
"""

import json
from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits

_MAGIC = bytes.fromhex("a5a5a5a5 8f72632a 040f8600 09206b51 d2b7636a 5a5a5a5a")
_HEADER = Struct(">24s4I8s16s")
_SIGNATURE = (304, 416)
_LEAST, _TABLE = 416, 1 << 16
_MOST, _NODES = 64, 512


class TplinkOmada:
    """Partitions for a router."""

    name: ClassVar[str] = "tplink-omada"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Omada firmware", "TP-Link", ("OpenWrt firmware-utils src/dkmgt-fwutil.c",),
        ("the signature is kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _LEAST or view[:24] != _MAGIC:
            return False
        _, _, _, length, total, _, _ = _HEADER.unpack_from(view)
        return bool(_LEAST <= length <= _TABLE and length + _TABLE <= total < 1 << 31)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (64 partitions)
        if not TplinkOmada.matches(view):
            raise MalformedInput("tplink-omada", 0, "no header")
        _, version, following, length, total, unknown, digest = _HEADER.unpack_from(view)
        start = length + _TABLE
        if start > len(view):
            raise MalformedInput("tplink-omada", len(view), "the table of partitions is not there")
        reading = Reading(facts={"version": str(version), "next": f"{following:#x}", "unknown": unknown.hex()})
        reading.cover(0, _HEADER.size)
        table, _, _ = bytes(view[length:start]).partition(b"\0")
        entries = [region("signature", view, _SIGNATURE[0], _SIGNATURE[1] - _SIGNATURE[0], reading)]
        entries.append(region("table", view, length, len(table), reading))
        partitions = [
            region(f"{number}-{readable(name.encode('utf-8', 'surrogatepass'))}", view, start + base, size, reading)
            for number, (name, base, size) in enumerate(_partitions(table, length))
        ]
        note_overlaps(partitions, reading)
        reading.entries = [*entries, *partitions]
        reading.end = min(total, len(view))
        if total > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {total} bytes are there", len(view))
        elif (found := md5(view[length:total], usedforsecurity=False).digest()) != digest:
            reading.note_anomaly("checksum-mismatch", f"the MD5 is {found.hex()}, stated {digest.hex()}", 48)
        return reading


def _partitions(table: bytes, at: int) -> list[tuple[str, int, int]]:
    """Return name, place and length of each partition."""
    if table.count(b"[") + table.count(b"{") > _NODES:
        raise MalformedInput("tplink-omada", at, "more lists and objects than a table has")
    try:
        parsed = json.loads(table)
    except ValueError as error:
        raise MalformedInput("tplink-omada", at, f"the table is no JSON ({type(error).__name__})") from error
    listed = parsed.get("up-ptn-table") if isinstance(parsed, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise MalformedInput("tplink-omada", at, f"no list of up to {_MOST} partitions")
    found = []
    for each in listed:
        name, base, size = (each.get(key) if isinstance(each, dict) else None for key in ("name", "base", "size"))
        if not isinstance(name, str) or not isinstance(base, str) or not isinstance(size, str):
            raise MalformedInput("tplink-omada", at, "a partition without name, base and size")
        found.append((name[:64], _number(base, at), _number(size, at)))
    return found


def _number(text: str, at: int) -> int:
    try:
        value = int(text[:16], 0)
    except ValueError as error:
        raise MalformedInput("tplink-omada", at, f"no number: {text[:40]!r}") from error
    if not 0 <= value < 1 << 40:
        raise MalformedInput("tplink-omada", at, f"out of bounds: {text[:40]!r}")
    return value
