"""Rockchip's wrapping of a kernel or of parameters: a word, a length, the content, and a CRC.

======  ====  ============================================
offset  size  field (little-endian)
======  ====  ============================================
0       4     "KRNL" or "PARM"
4       4     length of the content
8       ..    content
..      4     CRC with a polynomial of Rockchip's own
======  ====  ============================================

Source: rockchip-mkbootimg ``mkkrnlimg.c``, ``rkcrc.c``. The vectors were built from that layout; no image of a device confirmed the
reading. The CRC is told and not verified: no fast implementation works it out.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.remainders import ROCKCHIP, check
from trueware.model.limits import Limits

_HEADER = Struct("<4sI")
_MAGICS = {b"KRNL": "kernel", b"PARM": "parameters"}
_CRC = 4


class RkImage:
    """A kernel or parameters."""

    name: ClassVar[str] = "rk-image"
    doc: ClassVar[FormatDoc] = FormatDoc("Rockchip KRNL and PARM", "Rockchip", ("rockchip-mkbootimg mkkrnlimg.c",))
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, word) for word in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Ask for the length to fit: a stream that is longer than its head is known by its head alone."""
        if len(view) < _HEADER.size + _CRC or bytes(view[:4]) not in _MAGICS:
            return False
        size = int(_HEADER.unpack_from(view)[1])
        return 16 <= size <= 1 << 28 and (len(view) >= 1 << 16 or _HEADER.size + size + _CRC <= len(view))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not RkImage.matches(view):
            raise MalformedInput("rk-image", 0, "no header")
        word, size = _HEADER.unpack_from(view)
        end = _HEADER.size + size
        reading = Reading(end=min(end + _CRC, len(view)))
        reading.cover(0, _HEADER.size)
        reading.entries = [region(_MAGICS[word], view, _HEADER.size, size, reading)]
        if end + _CRC <= len(view):
            reading.cover(end, end + _CRC)
            stated = int.from_bytes(view[end : end + _CRC], "little")
            check(view, _HEADER.size, end, ROCKCHIP, reading, offset=end, stated=stated)
        return reading
