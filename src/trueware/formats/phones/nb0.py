"""NB0, firmware of phones made by FIH (Nokia, Acer, ViewSonic): a table of files, and these. It has no magic.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       4     number of files
4       64    a file; and so on
..      ..    files, one after the other
======  ====  =====================================================

A file has lower halves of offset and length, upper halves of both (4 each) and a name (48); offsets count from the end of the table.
It is recognised by a table that makes sense: plain names, and files that follow each other from the end of the table with less than a
page between them, or are one that was there before. Windows CE has other files of that name.

Source: nb0-unpack (Hemanth Jabalpuri), Acer-BeTouch-E130-RUT (yohanes). The vectors were built from that layout; no firmware of a
phone confirmed the reading.
"""

import re
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_COUNT, _FILE = Struct("<I"), Struct("<4I48s")
_MOST, _PAGE = 255, 1 << 12
_NAME = re.compile(rb"[A-Za-z0-9][\w .()+,-]*\0*", re.ASCII)


class Nb0:
    """Files of a firmware."""

    name: ClassVar[str] = "nb0"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "NB0 firmware",
        "FIH",
        ("nb0-unpack", "Acer-BeTouch-E130-RUT"),
        ("recognised only where files follow each other",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(1, b"\0\0\0"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _files(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 255 files)
        files = _files(view)
        if files is None:
            raise MalformedInput("nb0", 0, "no table that makes sense")
        start = _COUNT.size + len(files) * _FILE.size
        reading = Reading()
        reading.cover(0, start)
        reading.entries = [
            region(f"{number}-{name}", view, start + at, size, reading) for number, (name, at, size) in enumerate(files)
        ]
        reading.end = min(start + max(at + size for _, at, size in files), len(view))
        return reading


def _files(view: memoryview) -> list[tuple[str, int, int]] | None:
    """Return name, offset and length of the files of a table that makes sense."""
    if len(view) < _COUNT.size + _FILE.size:
        return None
    (count,) = _COUNT.unpack_from(view)
    if not 0 < count <= _MOST or _COUNT.size + count * _FILE.size > len(view):
        return None
    files: list[tuple[str, int, int]] = []
    seen, reach = set[tuple[int, int]](), 0
    for number in range(count):
        low_at, low_size, high_at, high_size, name = _FILE.unpack_from(view, _COUNT.size + number * _FILE.size)
        at, size = high_at << 32 | low_at, high_size << 32 | low_size
        if _NAME.fullmatch(name) is None or not (reach <= at < reach + _PAGE * bool(seen) + 1 or (at, size) in seen):
            return None
        seen.add((at, size))
        reach = max(reach, at + size)
        files.append((name.rstrip(b"\0").decode("ascii"), at, size))
    return files if reach else None
