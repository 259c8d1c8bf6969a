"""MediaTek's partition header: one or more named images in a row, each behind a header, as in lk.img, tee.img or logo.bin.

======  ====  =================================================================
offset  size  field (little-endian)
======  ====  =================================================================
0       4     magic 58 88 16 88
4       4     length of the image
8       32    name
40      4     load address, all ones: none
44      4     mode: ones or a sign for the offset of the load address
48      4     magic of the second half 58 89 16 89; older headers end here
52      4     length of the header
56      4     version of the header
60      4     type of the image: partition, certificate 1 or 2
64      4     1: the last image of the list
68      4     what the next header's offset is a multiple of
72      8     upper halves of length and load address
80      ..    filler, up to 512
======  ====  =================================================================

Source: MediaTek's little kernel ``platform/common/include/mkimg.h``, whose values images of a Motorola phone confirmed; of the older
header, which holds a kernel or a logo, no image confirmed the reading. Certificates are regions of their own and not verified.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC, _SECOND = b"\x88\x16\x88\x58", b"\x89\x16\x89\x58"
_HEADER = Struct("<4sI32sII4sIIIIIII")
_OLD = 48
_SIZE = 512
_LARGEST_HEADER, _LARGEST_STEP = 1 << 12, 1 << 16


class MtkPartition:
    """Images of a partition in a row."""

    name: ClassVar[str] = "mtk-partition"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "MediaTek partition image", "MediaTek", ("MediaTek lk platform/common/include/mkimg.h",),
        ("certificates are not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _is_header(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not _is_header(view, 0):
            raise MalformedInput("mtk-partition", 0, "no header")
        reading = Reading()
        reading.entries = list(_images(view, reading, limits))
        return reading


def _is_header(view: memoryview, at: int) -> bool:
    """Tell whether a header begins at `at`; the filler of an older one is all ones."""
    if at + _SIZE > len(view) or view[at : at + 4] != _MAGIC:
        return False
    _, size, name, _, _, second, header, _, _, last, step, *_ = _HEADER.unpack_from(view, at)
    if not name[0] or not is_text(name):
        return False
    if second != _SECOND:
        return bool(size) and bytes(view[at + _OLD : at + _SIZE]) == b"\xff" * (_SIZE - _OLD)
    return bool(last <= 1) and _HEADER.size <= header <= _LARGEST_HEADER and 0 < step <= _LARGEST_STEP


def _images(view: memoryview, reading: Reading, limits: Limits) -> Iterator[Entry]:
    """Yield the images up to the one that says it is the last, and set where it ends."""
    at = number = 0
    while _is_header(view, at):
        if number >= limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "mtk partition images in a row")
        _, size, name, load, mode, second, header, version, kind, last, step, more, load_more = _HEADER.unpack_from(
            view, at
        )
        facts = {"load": f"{load:#010x}", "mode": f"{mode:#010x}"}
        tell(facts, "name", name)
        if second != _SECOND:
            header, last, step = _SIZE, 1, 1
            reading.cover(at, at + _SIZE)
        else:
            size |= more << 32
            facts.update(
                {
                    "load": f"{load_more << 32 | load:#010x}",
                    "version": str(version),
                    "type": f"{kind:#010x}",
                    "last": str(last),
                    "step": str(step),
                }
            )
            filled = bytes(view[at + _HEADER.size : at + _SIZE]) == b"\xff" * (_SIZE - _HEADER.size)
            reading.cover(at, at + (header if filled and header == _SIZE else _HEADER.size))
        start = at + header
        word = readable(name.partition(b"\0")[0])
        image = region(f"{number}-{word}", view, start, size, reading, tuple(sorted(facts.items())))
        yield image
        after = start + image.size
        reading.end = -(-after // step) * step if image.size == size else after
        if not any(view[after : reading.end]):
            reading.cover(after, min(reading.end, len(view)))
        if last:
            return
        at = reading.end
        number += 1
    reading.note_anomaly("truncated", "no image is marked as the last", at)
