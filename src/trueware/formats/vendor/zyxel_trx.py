"""The header of ZyXEL's mobile routers (NR7101, LTE3301 and others): "0RDH", versions, chip and board before an image.

======  ====  ==============================================================
offset  size  field (big-endian)
======  ====  ==============================================================
0       4     magic "0RDH"
4       12    length of this header, of the file; CRC-32 of the image
16      64    internal and external version (32 each)
80      4     length of the image
84      12    zero
96      164   code, numbers in text
260     24    chip (8), board (16)
284     4     model, in decimal digits of four bits
288     8     zero
296     64    internal and external version of the software (32 each)
360     4     zero
364     4     checksum of the kernel
368     4     zero
372     4     CRC-32 of this header, this field as zero
376     4     zero
380     ..    image
======  ====  ==============================================================

The CRCs stand with all bits inverted. Source: OpenWrt ``firmware-utils/src/zytrx.c``; how the kernel's checksum is made is not
public. The vectors were built from that layout; no image of ZyXEL confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"0RDH"
_HEADER = Struct(">4s3I32s32sI12s164s8s16s4s8s32s32s4s4s4sI4s")
_CRC_AT = 372
_ZEROS = ((84, 96), (288, 296), (360, 364), (368, 372), (376, 380))


class ZyxelTrx:
    """An image behind ZyXEL's header."""

    name: ClassVar[str] = "zyxel-trx"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "0RDH firmware", "ZyXEL", ("OpenWrt firmware-utils src/zytrx.c",),
        ("the checksum of the kernel is kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        _, length, total, _, _, _, size, _, _, chip, board, *_ = _HEADER.unpack_from(view)
        return bool(length == _HEADER.size and total == length + size and size) and is_text(chip) and is_text(board)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not ZyxelTrx.matches(view):
            raise MalformedInput("zyxel-trx", 0, "no header")
        _, _, total, stated, inner, outer, size, _, code, chip, board, model, _, *versions, _, kernel, _, crc, _ = (
            _HEADER.unpack_from(view)
        )
        reading = Reading(facts={"model": model.hex(), "kernel-checksum": kernel.hex()})
        texts = {"chip": chip, "board": board, "code": code, "internal-version": inner, "external-version": outer}
        texts |= {"version": versions[0], "external-software-version": versions[1]}
        for name, raw in texts.items():
            tell(reading.facts, name, raw)
            reading.facts[name] = reading.facts[name].strip()
        at = 0
        for start, end in _ZEROS:
            reading.cover(at, start)
            if not any(view[start:end]):
                reading.cover(start, end)
            at = end
        head = bytes(view[:_CRC_AT]) + bytes(4) + bytes(view[_CRC_AT + 4 : _HEADER.size])
        if (found := crc32(head) ^ 0xFFFFFFFF) != crc:
            reading.note_anomaly("checksum-mismatch", f"the header's CRC is {found:#010x}, stated {crc:#010x}", _CRC_AT)
        image = region("image", view, _HEADER.size, size, reading)
        if image.size == size and (found := crc32(view[_HEADER.size : total]) ^ 0xFFFFFFFF) != stated:
            reading.note_anomaly("checksum-mismatch", f"the image's CRC is {found:#010x}, stated {stated:#010x}", 12)
        reading.entries, reading.end = [image], _HEADER.size + image.size
        return reading
