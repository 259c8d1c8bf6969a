"""VDEX, what ART notes down of an app's programs once it has verified them: looked at, not taken apart.

======  ====  =====================================================
offset  size  field of version 006 and 010 (little-endian)
======  ====  =====================================================
0       8     magic "vdex", version in three digits, NUL
8       4     number of programs
12      12    lengths of programs, dependencies, quickening
24      4     checksum of a program; and so on
..      ..    programs, dependencies, quickening
======  ====  =====================================================

======  ====  =====================================================
offset  size  field of version 019 and 021
======  ====  =====================================================
8       4     version of the programs in three digits, NUL; "000" for none
12      4     number of programs
16      4     length of dependencies
======  ====  =====================================================

======  ====  =====================================================
offset  size  field of version 027
======  ====  =====================================================
8       4     number of sections
12      12    kind, offset, length of a section; and so on
======  ====  =====================================================

It has no checksum of itself. Source: AOSP ``art/runtime/vdex_file.h`` of Android 8 to 12, vdex.ksy (binaryanalysis-ng). The
vectors were built from that layout; no file of a device confirmed the reading.
"""

from struct import Struct, iter_unpack
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_MAGIC = b"vdex"
_FIRST, _SECOND, _THIRD = Struct("<8s4I"), Struct("<8s4sII"), Struct("<8sI")
_SECTION = "<III"
_SIZES = {b"006\0": _FIRST, b"010\0": _FIRST, b"019\0": _SECOND, b"021\0": _SECOND, b"027\0": _THIRD}
_MOST_PROGRAMS, _MOST_SECTIONS = 1 << 12, 16


class Vdex:
    """Notes of the verifier."""

    name: ClassVar[str] = "vdex"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "verified DEX (VDEX)", "Google", ("AOSP art/runtime/vdex_file.h",), ("programs in it are not taken out",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        layout = _SIZES.get(bytes(view[4:8]))
        if layout is None or view[:4] != _MAGIC or len(view) < layout.size:
            return False
        if layout is _FIRST:
            _, count, *_ = _FIRST.unpack_from(view)
            return bool(0 < count <= _MOST_PROGRAMS)
        if layout is _SECOND:
            _, version, count, _ = _SECOND.unpack_from(view)
            return bool(version[:3].isdigit() and version[3] == 0 and 0 < count <= _MOST_PROGRAMS)
        _, count = _THIRD.unpack_from(view)
        return bool(0 < count <= _MOST_SECTIONS)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a header)
        if not Vdex.matches(view):
            raise MalformedInput("vdex", 0, "no header of a known version")
        needed = _needed(view)
        if needed > len(view):
            raise MalformedInput("vdex", 8, f"{needed} bytes at least, {len(view)} are there")
        reading = Reading(notes={"version": bytes(view[4:7]).decode("ascii")})
        reading.cover(0, len(view))
        return reading


def _needed(view: memoryview) -> int:
    """Return how many bytes the header speaks of, at least."""
    layout = _SIZES[bytes(view[4:8])]
    if layout is _FIRST:
        _, count, *lengths = _FIRST.unpack_from(view)
        return int(_FIRST.size + 4 * count + sum(lengths))
    if layout is _SECOND:
        _, _, count, dependencies = _SECOND.unpack_from(view)
        return int(_SECOND.size + 4 * count + dependencies)
    _, count = _THIRD.unpack_from(view)
    table = _THIRD.size + 12 * int(count)
    if table > len(view):
        return table
    return max(table, *(int(start + size) for _, start, size in iter_unpack(_SECTION, view[_THIRD.size : table])))
