"""Edimax' images that begin with "CSYS": a header of 20 bytes with a model, or an older one of 12 bytes without, and a sum.

======  ======  ====  ==========================================================
model   older   size  field (older little-endian, with a model in either order)
======  ======  ====  ==========================================================
0       0       4     magic "CSYS"
4       4       4     address the image is started at
8       --      4     address in flash
12      --      4     model, text
16      8       4     length: of image and sum; older: of the image alone
20      12      ..    image, filled up to two bytes where it has a model
..      ..      2     what makes the sum of all 16-bit words 0
======  ======  ====  ==========================================================

Where a model's image has an odd length, its last byte is in no sum. Sources: OpenWrt ``firmware-utils/src/mkedimaximg.c``,
``mkcsysimg.c``. The vectors were built from that layout; no image of Edimax confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.sums import word_sum
from trueware.model.limits import Limits

_MAGIC = b"CSYS"
_WITH_MODEL = {"little": Struct("<4sII4sI"), "big": Struct(">4sII4sI")}
_OLDER = Struct("<4sII")
_LARGEST, _KERNEL_SPACE = 1 << 26, 1 << 31
_SUM = 2


class Edimax:
    """An image of Edimax."""

    name: ClassVar[str] = "edimax"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "CSYS firmware",
        "Edimax",
        ("OpenWrt firmware-utils src/mkedimaximg.c", "OpenWrt firmware-utils src/mkcsysimg.c"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return view[:4] == _MAGIC and (_order(view) is not None or _is_older(view))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Edimax.matches(view):
            raise MalformedInput("edimax", 0, "no header")
        if (order := _order(view)) is not None:
            layout = _WITH_MODEL[order]
            _, start, flash, model, size = layout.unpack_from(view)
            facts = {"model": model.decode("ascii"), "byte-order": order, "flash-address": f"{flash:#x}"}
            head, length = layout.size, size - _SUM
        else:
            _, start, length = _OLDER.unpack_from(view)
            facts, head, order = {}, _OLDER.size, "little"
        reading = Reading(facts={**facts, "start": f"{start:#010x}"})
        reading.cover(0, head)
        image = region("image", view, head, length, reading)
        end = head + length
        reading.end = min(end + _SUM, len(view))
        reading.cover(end, reading.end)
        if end + _SUM > len(view):
            if image.size == length:
                reading.note_anomaly("truncated", "the sum is missing", len(view))
        elif not _sums_up(view[head:end], bytes(view[end : end + _SUM]), big_endian=order == "big"):
            reading.note_anomaly("checksum-mismatch", "the words do not sum up to 0", end)
        reading.entries = [image]
        return reading


def _order(view: memoryview) -> str | None:
    """Return the byte order of a header with a model, None where there is none."""
    if len(view) >= 20 and bytes(view[12:16]).isascii() and bytes(view[12:16]).isalnum():
        for order, layout in _WITH_MODEL.items():
            _, _, flash, _, size = layout.unpack_from(view)
            if 0 < flash < _LARGEST and _SUM < size < _LARGEST:
                return order
    return None


def _is_older(view: memoryview) -> bool:
    if len(view) < _OLDER.size:
        return False
    _, start, size = _OLDER.unpack_from(view)
    return bool(start >= _KERNEL_SPACE and 0 < size < _LARGEST)


def _sums_up(image: memoryview, stated: bytes, *, big_endian: bool) -> bool:
    """Tell whether image and sum add up, with a last byte in the sum or, where the image was filled up, without."""
    stated_sum = int.from_bytes(stated, "big" if big_endian else "little")
    sums = [word_sum(image, big_endian=big_endian)]
    if len(image) >= 2 and image[-1] == 0:
        sums.append(word_sum(image[:-2], big_endian=big_endian))
    return any((each + stated_sum) & 0xFFFF == 0 for each in sums)
