"""Luxul's firmware header: "LXL#", a board, a release, and blobs such as a certificate and a signature.

======  ====  =================================================
offset  size  field (little-endian)
======  ====  =================================================
0       4     magic "LXL#"
4       8     version 0 to 3, length of the header
12      4     from version 1 on: flags, 1 made by Luxul
16      16    board
32      4     from version 2 on: release, four numbers
36      8     from version 3 on: offset and length of the blobs
..      ..    blobs, within the header
..      ..    image
======  ====  =================================================

======  ====  =================================================
0       2     magic "D#"
2       6     kind (2): 1 certificate, 2 signature; length (4)
8       ..    data
======  ====  =================================================

Source: OpenWrt ``firmware-utils/src/lxlfw.c``. There is no checksum. The vectors were built from that layout; no image of Luxul
confirmed the reading.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import flags_told, tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC, _BLOB_MAGIC = b"LXL#", b"D#"
_HEADER, _BLOB = Struct("<4sII"), Struct("<2sHI")
_SIZES = (12, 32, 36, 44)
_KINDS = {1: "certificate", 2: "signature"}
_LARGEST = 1 << 20


class Luxul:
    """An image of Luxul."""

    name: ClassVar[str] = "luxul"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "LXL firmware", "Luxul", ("OpenWrt firmware-utils src/lxlfw.c",), ("the signature is kept and not verified",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        _, version, size = _HEADER.unpack_from(view)
        known = version < len(_SIZES) and _SIZES[version] <= size <= min(_LARGEST, len(view))
        return known and (not version or is_text(view[16:32]))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Luxul.matches(view):
            raise MalformedInput("luxul", 0, "no header")
        _, version, size = _HEADER.unpack_from(view)
        reading = Reading(facts={"layout": str(version)})
        if version > 0:
            reading.facts["flags"] = flags_told(("luxul",), int.from_bytes(view[12:16], "little"))
            tell(reading.facts, "board", view[16:32])
        if version > 1:
            reading.facts["release"] = ".".join(map(str, view[32:36]))
        reading.cover(0, _SIZES[version])
        entries = []
        if version > 2:
            start, length = (int.from_bytes(view[at : at + 4], "little") for at in (36, 40))
            if length and not _SIZES[version] <= start <= start + length <= size:
                raise MalformedInput("luxul", 36, f"blobs of {length} bytes at {start} of a header of {size}")
            entries = list(_blobs(view[: start + length], start, reading, limits))
        reading.entries = [*entries, region("image", view, size, len(view) - size, reading)]
        return reading


def _blobs(view: memoryview, at: int, reading: Reading, limits: Limits) -> Iterator[Entry]:
    number = 0
    while at < len(view):
        if number >= limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "blobs in a header")
        if at + _BLOB.size > len(view) or view[at : at + 2] != _BLOB_MAGIC:
            raise MalformedInput("luxul", at, "no blob")
        _, kind, size = _BLOB.unpack_from(view, at)
        if size > len(view) - at - _BLOB.size:
            raise MalformedInput("luxul", at + 4, f"a blob of {size} bytes")
        reading.cover(at, at + _BLOB.size)
        facts = (("kind", str(kind)),)
        yield region(f"{number}-{_KINDS.get(kind, 'blob')}", view, at + _BLOB.size, size, reading, facts)
        at += _BLOB.size + size
        number += 1
