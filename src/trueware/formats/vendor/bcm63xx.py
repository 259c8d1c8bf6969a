"""The tag of Broadcom's CFE boot loader for BCM63xx boards: 256 bytes, mostly numbers as text, before root and kernel.

======  ====  =====================================================================
offset  size  field (text: decimal digits or words, filled up with NUL)
======  ====  =====================================================================
0       4     version of the tag
4       20    signature, "Broadcom Corporatio" or a vendor's
24      14    signature, second part
38      6     chip
44      16    board
60      2     1: big-endian
62      10    length of all images
72      22    boot loader: address in flash (12), length (10)
94      22    root file system: address, length
116     22    kernel: address, length
138     2     dual image
140     2     inactive flag
142     20    RSA signature, binary
162     30    information of the vendor
192     4     layout of the flash
196     4     CRC of root and kernel, big-endian
200     16    information, second part
216     12    CRC of all images, of the root, of the kernel, big-endian
228     4     sequence number
232     4     length of the root, big-endian, where the text counts the kernel in
236     4     CRC of the tag so far, big-endian
240     16    reserved
======  ====  =====================================================================

All are CRC-32, not inverted at the end. Images follow in the order of their addresses: Broadcom has the root first, OpenWrt the
kernel. Source: Linux ``include/linux/bcm963xx_tag.h``, ``drivers/mtd/parsers/parser_imagetag.c``. The vectors were built from that
layout; no image of a maker confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.model.limits import Limits

_TAG = Struct(">4s20s14s6s16s2s10s12s10s12s10s12s10s2s2s20s30s4sI16sIII4sII16s")
_TEXTS = (
    (0, "tag-version"), (1, "signature"), (2, "signature-2"), (3, "chip"), (4, "board"), (5, "big-endian"),
    (7, "bootloader-address"), (9, "rootfs-address"), (11, "kernel-address"), (13, "dual-image"), (14, "inactive"),
    (16, "information"), (17, "flash-layout"), (19, "information-2"), (23, "sequence"),
)  # fmt: skip
"""Place in the tag, and the name of the fact."""

_BROADCOM = b"Broadcom Corporatio"
_COVERED = 240


class Bcm63xx:
    """Images behind a tag of CFE."""

    name: ClassVar[str] = "bcm63xx"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "CFE image tag", "Broadcom", ("Linux include/linux/bcm963xx_tag.h",), ("the RSA signature is not verified",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (
        Magic(4, _BROADCOM), *(Magic(0, version + b"\0\0\0") for version in (b"5", b"6", b"7", b"8")),
    )  # fmt: skip

    @staticmethod
    def matches(view: memoryview) -> bool:
        """All numbers must be ones; and where another vendor signs, the tag's checksum must fit."""
        if len(view) < _TAG.size:
            return False
        fields = _TAG.unpack_from(view)
        numbers = [field.rstrip(b"\0") for field in (fields[0], *fields[5:13])]
        return (
            all(number.isdigit() for number in numbers[:3]) and all(number.isdigit() or not number for number in numbers)
            and all(is_text(field) for field in fields[1:5]) and bool(fields[4].strip(b"\0"))
            and (fields[1].startswith(_BROADCOM) or _crc(view[:236]) == fields[25])
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a tag names three images)
        if not Bcm63xx.matches(view):
            raise MalformedInput("bcm63xx", 0, "no tag")
        fields = _TAG.unpack_from(view)
        reading = Reading()
        for place, name in _TEXTS:
            tell(reading.facts, name, fields[place])
        if any(fields[15]):
            reading.facts["rsa-signature"] = fields[15].hex()
        reading.cover(0, _COVERED)
        if any(fields[26]):
            reading.note_anomaly("reserved-bits", "the reserved bytes of the tag are set", _COVERED)
            reading.facts["reserved"] = fields[26].hex()
            reading.cover(_COVERED, _TAG.size)
        length, boot = _number(fields[6]), _number(fields[8])
        end = _TAG.size + length
        reading.end = min(end, len(view))
        root, kernel = (_number(fields[9]), _number(fields[10])), (_number(fields[11]), _number(fields[12]))
        root_size = min(root[1], kernel[0] - root[0]) if root[0] < kernel[0] else fields[24] or root[1]
        images = [("rootfs", root[0], root_size), ("kernel", *kernel)]
        start = _TAG.size + boot - min((address for _, address, size in images if size), default=0)
        entries = [region("bootloader", view, _TAG.size, boot, reading)] if boot else []
        entries += [region(name, view[: reading.end], start + at, size, reading) for name, at, size in images if size]
        note_overlaps(entries, reading)
        if end > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {end} bytes are there", len(view))
        _check_all(view, fields, entries, end, reading)
        reading.entries = entries
        return reading


def _check_all(view: memoryview, fields: tuple[int, ...], entries: list[Entry], end: int, reading: Reading) -> None:
    if (found := _crc(view[:236])) != fields[25]:
        reading.note_anomaly("checksum-mismatch", f"the CRC of the tag is {found:08x}, stated {fields[25]:08x}", 236)
    if end > len(view):
        return
    # those of root and kernel differ between makers of images, that of all covers the same bytes and does not
    rule = "checksum-unchecked"
    if (found := _crc(view[_TAG.size : end])) != fields[20]:
        rule = "checksum-mismatch"
        reading.note_anomaly(rule, f"the CRC of all images is {found:08x}, stated {fields[20]:08x}", 216)
    places = [
        (entry.offset, entry.offset + entry.size)
        for entry in entries
        if entry.path in ("rootfs", "kernel") and entry.offset
    ]
    if fields[18] and places:
        first, last = min(places)[0], max(end for _, end in places)
        if (found := _crc(view[first:last])) != fields[18]:
            reading.note_anomaly(rule, f"the CRC of root and kernel is {found:08x}, stated {fields[18]:08x}", 196)
    stated = {"rootfs": (fields[21], 220), "kernel": (fields[22], 224)}
    for entry in entries:
        if entry.path in stated and entry.offset is not None:
            crc, at = stated[entry.path]
            if (found := _crc(view[entry.offset : entry.offset + entry.size])) != crc:
                reading.note_anomaly(rule, f"the CRC of {entry.path} is {found:08x}, stated {crc:08x}", at)


def _crc(data: memoryview) -> int:
    return crc32(data) ^ 0xFFFFFFFF


def _number(field: bytes) -> int:
    return int(field.rstrip(b"\0") or b"0")
