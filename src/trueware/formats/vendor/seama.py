"""SEAMA, the seals and entities in which Alpha Networks packs firmware for D-Link and others.

======  ====  ===============================================================
offset  size  field (big-endian)
======  ====  ===============================================================
0       4     magic 5E A3 A4 17
4       2     reserved
6       2     length of the metadata
8       4     length of the image, 0: a seal, which only bears metadata
12      16    MD5 of the image, not in a seal
12/28   ..    metadata: strings ``key=value``, each ended by NUL, filled up
..      ..    image, not in a seal
======  ====  ===============================================================

A file is usually a seal with the signature of the board and one or more entities; in flash an entity stands alone. Metadata decides
what a device does with an image (``dev``, ``type``, ``signature``), so it is a region of its own beside each. Sources: OpenWrt
``seama.h`` and ``package/system/mtd/src/seama.c``, ``firmware-utils/src/oseama.c``. The vectors were built from that layout; no
image of a maker confirmed the reading.
"""

from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"\x5e\xa3\xa4\x17"
_HEADER = Struct(">4sHHI")
_DIGEST = 16
_TOLD = ("signature", "dev", "type", "version")


class Seama:
    """A file of seals and entities."""

    name: ClassVar[str] = "seama"
    doc: ClassVar[FormatDoc] = FormatDoc("SEAMA firmware", "D-Link", ("OpenWrt firmware-utils src/oseama.c", "seama.h"))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        _, _, length, size = _HEADER.unpack_from(view)
        start = _HEADER.size + (_DIGEST if size else 0)
        metadata = bytes(view[start : start + length])
        return len(metadata) == length and metadata.isascii() and b"=" in metadata

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Seama.matches(view):
            raise MalformedInput("seama", 0, "no header")
        reading, entries, at = Reading(), list[Entry](), 0
        number = 0
        while view[at : at + 4] == _MAGIC and at + _HEADER.size <= len(view):
            if number >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "seama entities in a row")
            _, reserved, length, size = _HEADER.unpack_from(view, at)
            start = at + _HEADER.size + (_DIGEST if size else 0)
            reading.cover(at, min(start, len(view)))
            if reserved:
                reading.note_anomaly("reserved-bits", f"the reserved field is {reserved:#06x}", at + 4)
            metadata = region(f"metadata-{number}", view, start, length, reading)
            entries.append(metadata)
            told = _told(bytes(view[start : start + length]), reading, start)
            at = start + length
            if size:
                image = region(f"entity-{number}", view, at, size, reading, told)
                _check(view[at : at + size], bytes(view[start - _DIGEST : start]), size, start - _DIGEST, reading)
                entries.append(image)
                at += size
            else:
                reading.facts.update(told)
            number += 1
        reading.entries, reading.end = entries, min(at, len(view))
        return reading


def _told(metadata: bytes, reading: Reading, at: int) -> tuple[tuple[str, str], ...]:
    """Return the pairs that are known; all of the metadata is kept as a region."""
    pairs: dict[str, str] = {}
    for field in metadata.split(b"\0"):
        key, equals, value = field.decode("utf-8", "surrogateescape").partition("=")
        if equals and key in _TOLD and pairs.setdefault(key, value) != value:
            reading.note_anomaly("contradiction", f"two values for {key}", at)
    return tuple(sorted(pairs.items()))


def _check(image: memoryview, stated: bytes, size: int, at: int, reading: Reading) -> None:
    found = md5(image, usedforsecurity=False).digest()
    if len(image) == size and found != stated:
        reading.note_anomaly("checksum-mismatch", f"the MD5 is {found.hex()}, stated {stated.hex()}", at)
