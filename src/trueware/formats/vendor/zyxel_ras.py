"""ZyXEL's ``ras.bin`` of routers with Qualcomm's and MediaTek's chips: a block of header, a root file system, and a kernel.

======  ====  ====================================================================
offset  size  field (big-endian, text ended by NUL and filled up with FF)
======  ====  ====================================================================
0       4     sum of the root file system
4       4     its length
8       32    version
40      4     sum of the first 2 KiB, this field as the first
44      64    model
108     8     sum and length of the kernel, FF: none
116     ..    FF up to the end of the block, usually of 64 KiB
..      ..    root file system
..      ..    kernel
======  ====  ====================================================================

A sum is that of System V's ``sum``; where a length is odd the byte 2 KiB before the end may count twice. Source: OpenWrt
``tools/firmware-utils/src/mkrasimage.c``. The length of the header is not stated: it is what the parts leave of the file. The vectors
were built from that layout; no image of ZyXEL confirmed the reading.
"""

import re
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import is_text, region
from trueware.formats.sums import folded, system_v_sum
from trueware.model.limits import Limits

_HEADER = Struct(">II32sI64sII")
_SUMMED = 2048
_BLOCK = 0x10000
_ERASED = re.compile(rb"\xff*")
_FILLER = b"\xff" * 16
_NONE = 0xFFFFFFFF
_LARGEST = 1 << 28


class ZyxelRas:
    """A root file system and a kernel."""

    name: ClassVar[str] = "zyxel-ras"
    doc: ClassVar[FormatDoc] = FormatDoc("ras firmware", "ZyXEL", ("OpenWrt firmware-utils src/mkrasimage.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0x80, _FILLER),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """There is no magic: texts, sums of 16 bits in fields of 32, and the filler must all be as they are written."""
        if len(view) < _SUMMED or bytes(view[0x80:0x90]) != _FILLER:
            return False
        total, size, version, header, model, kernel_total, kernel = _HEADER.unpack_from(view)
        if total > 0xFFFF or header > 0xFFFF:
            return False
        texts = all(0 in text and text[0] not in b"\0\xff" and is_text(text, b"\xff") for text in (version, model))
        has_kernel = kernel_total <= 0xFFFF and 0 < kernel <= _LARGEST
        return (
            texts and 0 < size <= _LARGEST
            and (has_kernel or kernel_total == kernel == _NONE)
            and not bytes(view[_HEADER.size : _SUMMED]).strip(b"\xff")
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        if not ZyxelRas.matches(view):
            raise MalformedInput("zyxel-ras", 0, "no header")
        total, size, version, header, model, kernel_total, kernel = _HEADER.unpack_from(view)
        kernel = 0 if kernel == _NONE else kernel
        reading = Reading()
        for name, raw in (("version", version), ("model", model)):
            reading.facts[name] = raw.partition(b"\0")[0].decode("ascii")
        head = bytes(view[:40]) + bytes(view[:4]) + bytes(view[44:_SUMMED])
        if (found := system_v_sum(memoryview(head))) != header:
            reading.note_anomaly("checksum-mismatch", f"the header's sum is {found:#06x}, stated {header:#06x}", 40)
        start = len(view) - size - kernel
        if start < _SUMMED or start % _SUMMED or not _ERASED.fullmatch(view, _SUMMED, start):
            start = _BLOCK
        reading.cover(0, _SUMMED)
        reading.entries = [region("rootfs", view, start, size, reading)]
        _check(view[start : start + size], size, total, 0, reading)
        if kernel:
            reading.entries.append(region("kernel", view, start + size, kernel, reading))
            _check(view[start + size : start + size + kernel], kernel, kernel_total, 108, reading)
        reading.end = min(start + size + kernel, len(view))
        return reading


def _check(data: memoryview, size: int, stated: int, at: int, reading: Reading) -> None:
    if len(data) < size:
        return
    found = [system_v_sum(data)]
    if size % 2 and size >= _SUMMED:
        found.append(folded(found[0] + data[-_SUMMED]))
    if stated not in found:
        reading.note_anomaly("checksum-mismatch", f"the sum is {found[0]:#06x}, stated {stated:#06x}", at)
