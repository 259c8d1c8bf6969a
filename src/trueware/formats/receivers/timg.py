"""TIMG, firmware of later televisions with Novatek's chips (Philips, Hisense): a signed header, and images with names.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     "TIMG", in the wide kind filled up to 8
..      4     length of what follows the header, in the wide kind 8
..      16    MD5 of that
..      4     only in the kind without comments: unused
..      256   signature
======  ====  =====================================================

======  ====  =====================================================
offset  size  image, one behind the other
======  ====  =====================================================
0       4     "PIMG", in the wide kind filled up to 8
..      4     length, in the wide kind 8
..      16    MD5 of its bytes
..      16    name
..      32    where it goes, in the wide kind 64, without comments 24
..      16    how it is compressed
..      4     unknown
..      1028  comment (1024), unknown; not in the kind without them
======  ====  =====================================================

Source: unixtract ``nvt_timg`` (theubusu). MD5s are verified, the signature is not. The vectors were built from that layout; no
firmware of a television confirmed the reading.
"""

from hashlib import md5
from struct import Struct
from typing import ClassVar, NamedTuple

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC, _IMAGE = b"TIMG", b"PIMG"


class _Layout(NamedTuple):
    header: Struct
    signature: int
    """Where it is."""

    image: Struct


_LAYOUTS = {
    "narrow": _Layout(Struct("<4sI16s256s"), 24, Struct("<4sI16s16s32s16sI1024sI")),
    "without-comments": _Layout(Struct("<4sI16s4x256s"), 28, Struct("<4sI16s16s24s16sI")),
    "wide": _Layout(Struct("<4s4xQ16s256s"), 32, Struct("<4s4xQ16s16s64s16sI1024sI")),
}


class Timg:
    """Firmware of a television."""

    name: ClassVar[str] = "timg"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "TIMG firmware", "Novatek", ("unixtract nvt_timg",), ("the signature is not verified",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _kind(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        kind = _kind(view)
        if kind is None:
            raise MalformedInput("timg", 0, "no header with an image")
        layout = _LAYOUTS[kind]
        _, size, digest, _ = layout.header.unpack_from(view)
        at, end = layout.header.size, layout.header.size + size
        reading = Reading(facts={"kind": kind}, end=min(end, len(view)))
        reading.cover(0, at)
        entries = [region("signature", view, layout.signature, 256, reading)]
        if end > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {end} bytes are there", len(view))
        elif (made := md5(view[at:end], usedforsecurity=False)).digest() != digest:
            detail = f"the MD5 of the images is {made.hexdigest()}, stated {digest.hex()}"
            reading.note_anomaly("checksum-mismatch", detail, at)
        while at + layout.image.size <= min(end, len(view)):
            if view[at : at + 4] != _IMAGE:
                raise MalformedInput("timg", at, "no further image")
            if len(entries) > limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "images of a firmware")
            entry = _image(view, at, layout.image, len(entries) - 1, reading)
            entries.append(entry)
            at += layout.image.size + max(entry.size, int(layout.image.unpack_from(view, at)[1]))
        reading.entries = entries
        return reading


def _kind(view: memoryview) -> str | None:
    """Return which of the kinds has its first image where it should be."""
    if view[:4] != _MAGIC:
        return None
    for kind, layout in _LAYOUTS.items():
        if view[layout.header.size : layout.header.size + 4] == _IMAGE:
            return kind
    return None


def _image(view: memoryview, at: int, layout: Struct, number: int, reading: Reading) -> Entry:
    _, size, stated, name, place, packed, *rest = layout.unpack_from(view, at)
    start = at + layout.size
    reading.cover(at, start)
    facts = [("place", _told(place)), ("compression", _told(packed))]
    for what, field in zip(("unknown", "comment", "unknown-2"), rest, strict=False):
        facts.append((what, _told(field) if isinstance(field, bytes) else f"{field:#x}"))
    told = readable(name.partition(b"\0")[0] or b"unnamed")
    entry = region(f"{number}-{told}", view, start, size, reading, tuple(facts))
    made = md5(view[start : start + size], usedforsecurity=False)
    if entry.size == size and made.digest() != stated:
        detail = f"the MD5 of {told} is {made.hexdigest()}, stated {stated.hex()}"
        reading.note_anomaly("checksum-mismatch", detail, start, entry.path)
    return entry


def _told(field: bytes) -> str:
    return field.rstrip(b"\0").decode("utf-8", "surrogateescape")
