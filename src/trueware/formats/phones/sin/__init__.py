"""Sony's SIN, version 3: an image of a partition, behind a list of digests of its pieces and a signature.

======  ====  ==========================================================
offset  size  field (big-endian)
======  ====  ==========================================================
0       4     version 3, "SIN"
4       4     length of the header
8       4     kind of payload
12      4     kind of digests: 1 SHA-1, 2 SHA-256
16      4     unknown
20      4     length of the list
24      ..    list: length of a piece (4), its digest
..      4     length of the signature
..      ..    signature, up to the end of the header
..      ..    pieces
======  ====  ==========================================================

A payload for storage in blocks begins with a map of them, whose places count from its end:

======  ====  ==========================================================
offset  size  field (big-endian)
======  ====  ==========================================================
0       8     "MMCF", length of what follows of the map
8       24    "GPTP", 24, identity of the partition (16)
32      ..    blocks: "ADDR" or "LZ4A", length of this (4), place (8),
              of LZ4A length unpacked (8), length (8), place in the
              partition (8), of LZ4A unused (8), kind of digest (4),
              digest
======  ====  ==========================================================

Source: Flashtool ``sinfile/parsers/v3``, anyxperia_dumper (munjeni). The vectors were built from that layout; no image of Sony
confirmed the reading. The signature and the digests of blocks are not verified. Versions 1 and 2 are read by
`trueware.formats.phones.sin_early`; versions 4 and 5 are tar archives, packed by gzip.
"""

from hashlib import sha1, sha256
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.phones.sin.blocks import partition_of
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"\x03SIN"
_HEADER, _LENGTH = Struct(">4s5I"), Struct(">I")
_DIGESTS = {1: 20, 2: 32}
_LARGEST = 1 << 24


class Sin:
    """An image of a partition."""

    name: ClassVar[str] = "sin"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "SIN image, version 3", "Sony", ("Flashtool SinParser.java",),
        ("the signature is not verified", "digests of single blocks are not verified, those of pieces are"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        _, header, _, kind, _, listed = _HEADER.unpack_from(view)
        return (
            kind in _DIGESTS and _HEADER.size + listed + 4 <= header <= _LARGEST and listed % (4 + _DIGESTS[kind]) == 0
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (pieces are bounded by the bytes)
        if not Sin.matches(view) or _HEADER.unpack_from(view)[1] > len(view):
            raise MalformedInput("sin", 0, "no header, or not all of it")
        _, header, payload, kind, unknown, listed = _HEADER.unpack_from(view)
        signed = _HEADER.size + listed
        signature = int(_LENGTH.unpack_from(view, signed)[0])
        if signature > header - signed - 4:
            raise MalformedInput("sin", signed, f"a signature of {signature} bytes in {header - signed - 4}")
        reading = Reading(facts={"payload": str(payload), "digests": str(kind), "unknown": f"{unknown:#x}"})
        reading.cover(0, signed + 4)
        end = _check(view, header, listed, kind, reading)
        reading.entries = [region("signature", view, signed + 4, signature, reading)]
        reading.entries.append(
            partition_of(view[: min(end, len(view))], header, reading)
            or region("payload", view, header, end - header, reading)
        )
        reading.end = min(end, len(view))
        return reading


def _check(view: memoryview, header: int, listed: int, kind: int, reading: Reading) -> int:
    """Compare the pieces with their digests up to the first that does not fit, and return where the last ends."""
    at, step, sound = header, 4 + _DIGESTS[kind], True
    for number, place in enumerate(range(_HEADER.size, _HEADER.size + listed, step)):
        size = int(_LENGTH.unpack_from(view, place)[0])
        piece = view[at : at + size]
        if sound and len(piece) == size:
            found = sha256(piece) if kind == 2 else sha1(piece, usedforsecurity=False)
            if found.digest() != view[place + 4 : place + step]:
                detail = f"the digest of piece {number} is {found.hexdigest()}"
                reading.note_anomaly("checksum-mismatch", detail, at)
                sound = False
        at += size
    return at
