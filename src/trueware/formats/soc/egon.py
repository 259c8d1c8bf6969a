"""Allwinner's eGON image, the first loader its boot ROM starts: a header with a sum, and code.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       4     jump over the header
4       8     magic "eGON.BT0", or BT1 for what follows it
12      4     sum of all words, this one taken as 5F0A6C39
16      4     length of the whole, a multiple of 4
20      4     "SPL" and a version, or the length of the header
24      ..    what makers of loaders put here
======  ====  ==========================================================

Source: u-boot ``include/sunxi_image.h``, ``tools/sunxi_egon.c``; mkimage of u-boot made the vectors.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.sums import long_sum
from trueware.model.limits import Limits

_MAGICS = (b"eGON.BT0", b"eGON.BT1")
_HEADER = Struct("<4s8sII")
_STAMP = 0x5F0A6C39
_LARGEST = 1 << 20
"""More than the memory the boot ROM loads it to; the sum is over words one by one."""


class Egon:
    """A first loader."""

    name: ClassVar[str] = "egon"
    doc: ClassVar[FormatDoc] = FormatDoc("eGON boot image", "Allwinner", ("u-boot include/sunxi_image.h",))
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(4, word) for word in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < 32 or bytes(view[4:12]) not in _MAGICS:
            return False
        size = int(_HEADER.unpack_from(view)[3])
        return 32 <= size <= _LARGEST and size % 4 == 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Egon.matches(view):
            raise MalformedInput("egon", 0, "no header")
        jump, magic, stated, size = _HEADER.unpack_from(view)
        reading = Reading(facts={"jump": jump.hex(), "stage": magic[5:].decode("ascii")}, end=min(size, len(view)))
        reading.cover(0, _HEADER.size)
        entry = region("code", view, _HEADER.size, size - _HEADER.size, reading)
        if entry.size == size - _HEADER.size:
            words = long_sum(view[:size])
            if (found := words - stated + _STAMP & 0xFFFFFFFF) != stated:
                reading.note_anomaly("checksum-mismatch", f"the sum is {found:08x}, stated {stated:08x}", 12)
        reading.entries = [entry]
        return reading
