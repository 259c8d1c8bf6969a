"""Realtek's image header of RTL819x boards (Tenda, TOTOLINK, Edimax and others): a kind, addresses, and one sum.

======  ====  ===============================================================
offset  size  field (big-endian)
======  ====  ===============================================================
0       4     kind: "cs6c", "cr6c" kernel, "r6cr" root, "w6cg" pages, "boot"
4       4     address the image is started at
8       4     address in flash it is written to
12      4     length of image and sum
16      ..    image, the last two bytes make the sum of all 16-bit words 0
======  ====  ===============================================================

Images may follow each other; the letters differ by chip (6b, 6c). Pages end with one byte that makes the sum of all bytes 0. Sources:
``boot/init/rtk.h`` of Realtek's boot loader (rtl819x SDK), OpenWrt ``cvimg.c``, binaryanalysis-ng ``realtek_bootloader.ksy``. The
vectors were built from that layout; no image of a maker confirmed the reading.
"""

import re
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.sums import word_sum
from trueware.model.limits import Limits

_KINDS = {
    b"cs6c": "kernel", b"cr6c": "kernel", b"cs6b": "kernel", b"cr6b": "kernel",
    b"r6cr": "rootfs", b"r6br": "rootfs", b"w6cg": "pages", b"w6cp": "pages", b"w6bg": "pages", b"boot": "boot",
}  # fmt: skip
_HEADER = Struct(">4s3I")
_FLASH, _KERNEL_SPACE = 1 << 26, 1 << 31
"""More than any flash such a chip has, and where the addresses of its kernel begin."""

_KIND = re.compile(b"|".join(_KINDS))


class Realtek:
    """Images behind Realtek's header."""

    name: ClassVar[str] = "realtek-image"
    doc: ClassVar[FormatDoc] = FormatDoc("RTL819x firmware", "Realtek", ("Realtek boot/init/rtk.h", "OpenWrt cvimg.c"))
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, kind) for kind in _KINDS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _begins(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Realtek.matches(view):
            raise MalformedInput("realtek-image", 0, "no header")
        reading, entries, at = Reading(), list[Entry](), 0
        while _begins(view, at):
            if len(entries) >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "images in a row")
            kind, start, flash, size = _HEADER.unpack_from(view, at)
            reading.cover(at, at + _HEADER.size)
            facts = (("flash-address", f"{flash:#x}"), ("kind", kind.decode("ascii")), ("start", f"{start:#x}"))
            at += _HEADER.size
            image = region(f"{_KINDS[kind]}-{len(entries)}", view, at, size, reading, facts)
            if image.size == size and not _sums_up(view[at : at + size], is_pages=_KINDS[kind] == "pages"):
                reading.note_anomaly(
                    "checksum-mismatch", f"the words of {image.path} do not sum up to 0", at + size - 2
                )
            entries.append(image)
            at += image.size
        reading.entries, reading.end = entries, at
        return reading


def _begins(view: memoryview, at: int) -> bool:
    if at + _HEADER.size > len(view) or _KIND.match(view, at, at + 4) is None:
        return False
    _, start, flash, size = _HEADER.unpack_from(view, at)
    return bool(2 < size < _FLASH and flash < _FLASH and not _FLASH <= start < _KERNEL_SPACE)


def _sums_up(image: memoryview, *, is_pages: bool) -> bool:
    if word_sum(image, big_endian=True) & 0xFFFF == 0:
        return True
    return is_pages and byte_sum(image) & 0xFF == 0
