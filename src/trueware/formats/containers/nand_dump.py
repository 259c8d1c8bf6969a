"""A dump of raw NAND flash with its spare bytes: behind each page stand those that the flash has beside it.

::

    page, spare bytes, page, spare bytes, …

The spare bytes hold the mark of a bad block, which makers set before anything is written and which is FF in a good one (the first
two bytes; of pages of 512 bytes the sixth), error correction, and what a file system puts there. Nothing states the sizes: they are
those by which no page at the front is marked, and pages that were written have spare bytes that were written.

What the pages hold is one region, as the flash shows it to who reads it, and the spare bytes are another one.

Source: Linux include/linux/mtd/rawnand.h; Micron TN-29-19; mtd-utils nanddump. No dump of a device was at hand: the vectors are made
of images of ubinize and mkfs.jffs2.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Buffer, Content, Entry, FormatDoc, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FORMAT = "nand-dump"
_HEAD = 1 << 16
_SMALL, _SMALL_MARK = 512, 5
_GEOMETRIES = tuple(
    (page, spare)
    for page, spares in (
        (_SMALL, (16,)),
        (2048, (64, 128, 112)),
        (4096, (128, 224, 256, 218)),
        (8192, (256, 436, 448, 512, 640, 744)),
        (16384, (512, 1024, 1280, 1664)),
    )
    for spare in spares
)
_LEAST_WRITTEN = 3
_BATCH = 1 << 18
"""Bytes of the dump that are taken at a time."""


class NandDump:
    """A dump of raw NAND flash with its spare bytes."""

    name: ClassVar[str] = _FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Dump of NAND flash with its spare bytes",
        references=("Linux include/linux/mtd/rawnand.h", "Micron TN-29-19"),
        limitations=(
            "found only where it begins with UBI, jffs2, squashfs or an image of U-Boot",
            "the error correction in the spare bytes is not applied, and not verified",
            "controllers that mix error correction into the pages",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(
        Magic(0, value) for value in (b"UBI#", b"\x85\x19", b"\x19\x85", b"hsqs", b"sqsh", b"\x27\x05\x19\x56")
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _geometry(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two entries)
        geometry = _geometry(view)
        if geometry is None:
            raise MalformedInput(_FORMAT, 0, "no page is followed by spare bytes")
        page, spare = geometry
        count = len(view) // (page + spare)
        end = count * (page + spare)
        reading = Reading(end=end)
        reading.cover(0, end)
        reading.facts |= {"page-size": str(page), "spare-size": str(spare)}
        pages, beside = _Woven(view[:end], 0, page, page + spare), _Woven(view[:end], page, spare, page + spare)
        reading.entries = [
            Entry("pages", Kind.REGION, pages, count * page),
            Entry("spare", Kind.REGION, beside, count * spare),
        ]
        return reading


def _geometry(view: memoryview) -> tuple[int, int] | None:
    """Return the sizes of a page and its spare bytes by which the front of `view` is a dump, None where there are none."""
    for page, spare in _GEOMETRIES:
        marked = slice(_SMALL_MARK, _SMALL_MARK + 1) if page == _SMALL else slice(0, 2)
        written = summed = 0
        beside: set[bytes] = set()
        stride = page + spare
        for at in range(0, min(len(view), _HEAD) - stride + 1, stride):
            data, raw = view[at : at + page], bytes(view[at + page : at + stride])
            if raw[marked].strip(b"\xff"):
                break
            is_written = data[0] != 0xFF or bytes(data).strip(b"\xff") != b""
            written += is_written
            summed += is_written and raw.strip(b"\xff") != b""
            beside.add(raw)
        else:
            if written >= _LEAST_WRITTEN and 2 * summed > written and len(beside) >= _LEAST_WRITTEN:
                return page, spare
    return None


class _Woven:
    """Every so many bytes of a dump, one piece after the other."""

    __slots__ = ("_first", "_length", "_stride", "_view", "group", "size")

    def __init__(self, view: memoryview, first: int, length: int, stride: int) -> None:
        self._view, self._first, self._length, self._stride = view, first, length, stride
        self.size: int | None = len(view) // stride * length
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Yield the pieces, many at a time."""
        view, first, length, stride = self._view, self._first, self._length, self._stride
        step = max(_BATCH // stride, 1) * stride
        for start in range(0, len(view), step):
            stop = min(start + step, len(view))
            yield b"".join([view[at : at + length] for at in range(start + first, stop, stride)])


_: type[Content] = _Woven
