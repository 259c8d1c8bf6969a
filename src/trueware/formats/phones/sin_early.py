"""Sony's SIN, versions 1 and 2: an image of a partition, behind a list of digests of its pieces and a signature.

======  ====  ==========================================================
offset  size  field (big-endian)
======  ====  ==========================================================
0       1     version: 1 or 2
1       1     whether more headers follow
2       4     length of the header
6       1     kind of payload: 10 with spare bytes of NAND flash
7       2     unknown
9       2     kind of storage (1), compression (1)
11      4     length of the list
15      ..    list: place of a piece in the partition (4), its length
              (4), length of its digest (1), digest
..      4     length of the signature
..      ..    signature, which ends the header
..      ..    pieces; the first may be 16 bytes about the partition
======  ====  ==========================================================

There is no magic: list and signature must fill the header, and the list must be whole. A digest of 20 bytes is SHA-1, of 32 SHA-256.
Pieces are put in their places, except those with spare bytes, which stay one payload.

Source: Flashtool ``sinfile/parsers/v1`` and ``v2``. The vectors were built from that layout; no image of Sony confirmed the reading.
The signature is not verified.
"""

from hashlib import sha1, sha256
from struct import Struct
from typing import ClassVar, NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.scattered import HOLE, Run, gathered
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER, _PIECE, _LENGTH = Struct(">BBIBHBBI"), Struct(">IIB"), Struct(">I")
_DIGESTS = (20, 32)
_LARGEST = 1 << 22
_ABOUT, _SPARE = 16, 10


class _Piece(NamedTuple):
    place: int
    size: int
    digest: bytes


class SinEarly:
    """An image of a partition."""

    name: ClassVar[str] = "sin-early"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "SIN image, versions 1 and 2", "Sony", ("Flashtool sinfile/parsers",),
        ("the signature is not verified", "pages with spare bytes are not put in their places"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(
        Magic(0, bytes([version, more, 0])) for version in (1, 2) for more in (0, 1)
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size:
            return False
        version, more, header, _, _, _, _, listed = _HEADER.unpack_from(view)
        signed = _HEADER.size + listed
        if version not in (1, 2) or more > 1 or not signed + _LENGTH.size <= header <= min(_LARGEST, len(view)):
            return False
        return bool(listed > _PIECE.size and _LENGTH.unpack_from(view, signed)[0] == header - signed - _LENGTH.size)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (pieces are bounded by the header)
        if not SinEarly.matches(view):
            raise MalformedInput("sin-early", 0, "no header, or not all of it")
        version, more, header, kind, unknown, storage, packed, listed = _HEADER.unpack_from(view)
        pieces = _pieces(view, _HEADER.size + listed)
        signed = _HEADER.size + listed + _LENGTH.size
        told = {"version": version, "more-headers": more, "payload": kind, "unknown": unknown}
        told |= {"storage": storage, "compression": packed}
        reading = Reading(facts={name: str(value) for name, value in told.items()})
        reading.cover(0, signed)
        entries = [region("signature", view, signed, header - signed, reading)]
        end = _check(view, header, pieces, reading)
        start = header
        if len(pieces) > 1 and pieces[0].size == _ABOUT:
            entries.append(region("about", view, header, _ABOUT, reading))
            start, pieces = header + _ABOUT, pieces[1:]
        runs = None if kind == _SPARE or end > len(view) else _runs(start, pieces)
        if runs is None:
            entries.append(region("payload", view, start, end - start, reading))
        else:
            content, at = gathered(view, runs)
            reading.cover(start, end)
            entries.append(Entry("partition", Kind.REGION, content, content.size or 0, offset=at))
        reading.entries = entries
        reading.end = min(end, len(view))
        return reading


def _pieces(view: memoryview, end: int) -> list[_Piece]:
    pieces, at = [], _HEADER.size
    while at < end:
        if at + _PIECE.size > end:
            raise MalformedInput("sin-early", at, "a piece is cut")
        place, size, length = _PIECE.unpack_from(view, at)
        at += _PIECE.size
        if length not in _DIGESTS or at + length > end:
            raise MalformedInput("sin-early", at - 1, f"a digest of {length} bytes, {end - at} are left")
        pieces.append(_Piece(place, size, bytes(view[at : at + length])))
        at += length
    return pieces


def _check(view: memoryview, at: int, pieces: list[_Piece], reading: Reading) -> int:
    """Compare the pieces with their digests up to the first that does not fit, and return where the last ends."""
    sound = True
    for number, piece in enumerate(pieces):
        data = view[at : at + piece.size]
        if sound and len(data) == piece.size:
            made = sha1(data, usedforsecurity=False) if len(piece.digest) == _DIGESTS[0] else sha256(data)
            sound = made.digest() == piece.digest
            if not sound:
                detail = f"the digest of piece {number} is {made.hexdigest()}"
                reading.note_anomaly("checksum-mismatch", detail, at)
        at += piece.size
    return at


def _runs(at: int, pieces: list[_Piece]) -> list[Run] | None:
    """Return where the bytes of the partition are, None where pieces would overlap; a single piece begins it."""
    runs: list[Run] = []
    reach = 0
    for piece in pieces:
        place = 0 if len(pieces) == 1 else piece.place
        if place < reach:
            return None
        if place > reach:
            runs.append((HOLE, place - reach))
        if runs and runs[-1][0] != HOLE and runs[-1][0] + runs[-1][1] == at:
            runs[-1] = (runs[-1][0], runs[-1][1] + piece.size)
        else:
            runs.append((at, piece.size))
        at, reach = at + piece.size, place + piece.size
    return runs
