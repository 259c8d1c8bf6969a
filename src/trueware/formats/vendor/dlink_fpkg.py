"""FPKG and CPKG, the packages of D-Link's firewalls (DFL): a model, and files one behind the other.

======  ====  ========================================================
offset  size  field (big-endian)
======  ====  ========================================================
0       8     magic "FPKG" or "CPKG", 01 00 00 00
8       4     offset of the first file
12      ..    FPKG: unknown (4), length of the model (4), model
======  ====  ========================================================

======  ====  ========================================================
0       4     length of this header: 28
4       4     kind: 0x100 file, 0x102 checksum, 0x103 signature;
              unknown (2 each)
8       4     length of the file
12      16    name
28      ..    file
======  ====  ========================================================

Source: unblob ``handlers/archive/dlink/fpkg.py``. What checksums and signatures cover is not public. The vectors, out of which
unblob takes the same files, were built from that layout; no package of D-Link confirmed the reading.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGICS = (b"FPKG\1\0\0\0", b"CPKG\1\0\0\0")
_HEADER, _MODEL, _FILE = Struct(">8sI"), Struct(">II"), Struct(">IHHI16s")
_LONGEST = 1 << 12
_KINDS = {0x100: "file", 0x101: "other", 0x102: "checksum", 0x103: "signature"}


class DlinkFpkg:
    """A package of files."""

    name: ClassVar[str] = "dlink-fpkg"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "FPKG and CPKG packages", "D-Link", ("unblob",), ("checksums and signatures are kept and not verified",)
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or bytes(view[:8]) not in _MAGICS:
            return False
        first = int(_HEADER.unpack_from(view)[1])
        return _HEADER.size <= first <= _LONGEST and _is_file(view, first)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not DlinkFpkg.matches(view):
            raise MalformedInput("dlink-fpkg", 0, "no header with a file behind it")
        magic, first = _HEADER.unpack_from(view)
        reading = Reading(facts={"kind": magic[:4].decode("ascii")})
        reading.cover(0, _HEADER.size)
        if magic == _MAGICS[0] and first >= _HEADER.size + _MODEL.size:
            unknown, length = _MODEL.unpack_from(view, _HEADER.size)
            start = _HEADER.size + _MODEL.size
            if start + length > first:
                raise MalformedInput("dlink-fpkg", 16, f"a model of {length} bytes")
            reading.facts |= {
                "unknown": str(unknown),
                "model": bytes(view[start : start + length]).rstrip(b"\0").decode("utf-8", "surrogateescape"),
            }
            reading.cover(_HEADER.size, start + length)
        reading.entries = entries = list(_files(view, first, reading, limits))
        last = entries[-1]
        reading.end = (last.offset or len(view)) + last.size
        return reading


def _is_file(view: memoryview, at: int) -> bool:
    if at + _FILE.size > len(view):
        return False
    length, kind, _, _, name = _FILE.unpack_from(view, at)
    return length == _FILE.size and kind in _KINDS and name[0] > 0 and is_text(name, b" ")


def _files(view: memoryview, at: int, reading: Reading, limits: Limits) -> Iterator[Entry]:
    number = 0
    while _is_file(view, at):
        if number >= limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "files of a package")
        _, kind, unknown, size, name = _FILE.unpack_from(view, at)
        reading.cover(at, at + _FILE.size)
        at += _FILE.size
        facts = (("kind", _KINDS[kind]), ("unknown", f"{unknown:#x}"))
        path = f"{number}-{readable(name.partition(bytes(1))[0].rstrip())}"
        yield region(path, view, at, size, reading, facts)
        at += size
        number += 1
