"""ZTE's upgrade image of optical terminals and routers: sixteen bytes of pattern, a signature, and a version with its contents.

======  ====  =========================================================
offset  size  field
======  ====  =========================================================
0       16    magic 99999999 44444444 55555555 AAAAAAAA
16      4     length of the signature, in the device's byte order
20      ..    signature
..      ..    content, often a header as below before all else
======  ====  =========================================================

======  ====  =========================================================
0       52    not public
52      12    length, offset in the file and CRC-32 of the kernel
64      12    the same of the file system
76      88    not public
164     4     CRC-32 of what stands before of this header
168     76    not public
======  ====  =========================================================

That header is taken for one only where its CRC fits; where it is not there the content stays one region. Sources:
mkst/zte-config-utility (the pattern, which configurations begin with too), and a tool that builds images for ZTE's SR1010 (the
header; little-endian). The vectors were built from that layout; no image of ZTE confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x99" * 4 + b"\x44" * 4 + b"\x55" * 4 + b"\xaa" * 4
_START = 20
_VERSION, _CRC_AT = 244, 164
_PIECES = (("kernel", 52), ("rootfs", 64))
_PIECE = Struct("<III")
_LONGEST = 1 << 16


class Zte:
    """An image with a signature."""

    name: ClassVar[str] = "zte"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ZTE image", "ZTE", ("mkst/zte-config-utility",),
        ("the signature is kept and not verified", "headers other than those of one series are kept as they are"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) > _START and bytes(view[:16]) == _MAGIC and _length(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (four regions)
        size = _length(view) if len(view) > _START and bytes(view[:16]) == _MAGIC else None
        if size is None:
            raise MalformedInput("zte", 0, "no header")
        reading = Reading()
        reading.cover(0, _START)
        start = _START + size
        entries = [region("signature", view, _START, size, reading)]
        head = bytes(view[start : start + _VERSION])
        if len(head) == _VERSION and crc32(head[:_CRC_AT]) == int.from_bytes(head[_CRC_AT : _CRC_AT + 4], "little"):
            reading.facts["header"] = "version"
            entries.append(region("header", view, start, _VERSION, reading))
            pieces = [_piece(view, name, head, at, start, reading) for name, at in _PIECES]
            note_overlaps([Entry("the header", Kind.REGION, size=start + _VERSION, offset=0), *pieces], reading)
            entries += pieces
        elif len(view) > start:
            entries.append(region("content", view, start, len(view) - start, reading))
        reading.entries = entries
        return reading


def _length(view: memoryview) -> int | None:
    """Return the length of the signature: in that byte order in which it is less; None where no signature is as long."""
    size = min(int.from_bytes(view[16:_START], "little"), int.from_bytes(view[16:_START], "big"))
    return size if 0 < size <= _LONGEST and _START + size <= len(view) else None


def _piece(view: memoryview, name: str, head: bytes, at: int, base: int, reading: Reading) -> Entry:
    size, start, stated = _PIECE.unpack_from(head, at)
    data = view[start : start + size]
    if len(data) == size and (found := crc32(data)) != stated:
        reading.note_anomaly(
            "checksum-mismatch", f"the {name}'s CRC is {found:#010x}, stated {stated:#010x}", base + at + 8
        )
    return region(name, view, start, size, reading)
