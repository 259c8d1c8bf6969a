"""Builds the Edimax vectors from the layouts in OpenWrt's mkedimaximg.c and mkcsysimg.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

EVEN, ODD = b"kernel and root " * 40, b"kernel and root " * 40 + b"\x07"


def total(data: bytes, order: str) -> int:
    return -sum(int.from_bytes(data[at : at + 2], order) for at in range(0, len(data), 2)) & 0xFFFF


def edimax(image: bytes, order: str = "little") -> bytes:
    mark = "<" if order == "little" else ">"
    summed = image[: len(image) // 2 * 2]
    image += bytes(len(image) % 2)
    return pack(mark + "4sII4sI", b"CSYS", 0x1100000, 0x70000, b"RN68", len(image) + 2) + image + pack(mark + "H", total(summed, order))


def older(image: bytes) -> bytes:
    return pack("<4sII", b"CSYS", 0x80500000, len(image)) + image + pack("<H", total(image, "little"))


FACTS = {"model": "RN68", "byte-order": "little", "flash-address": "0x70000", "start": "0x01100000"}
parts: Parts = {"image": region(EVEN)}
plain = edimax(EVEN)
write("little-endian", plain, "A header with a model.", parts=parts, facts=FACTS)
write("big-endian", edimax(EVEN, "big"), "The same in the other byte order.", parts=parts, facts={**FACTS, "byte-order": "big"})
write("odd", edimax(ODD), "An odd length: the last byte is in no sum.", parts={"image": region(ODD + b"\0")}, facts=FACTS)
write("older", older(EVEN), "A header without a model.", parts=parts, facts={"start": "0x80500000"})
write(
    "changed",
    patched(plain, 20, b"K"),
    "One byte of the image was changed and the sum was not.",
    parts={"image": region(b"K" + EVEN[1:])},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"appended", "Bytes behind the sum.", parts={**parts, "gap-0": gap(b"appended")}, facts=FACTS, findings=["unread-bytes"])
write("no-sum", plain[:-2], "The sum behind the image is missing.", parts=parts, facts=FACTS, findings=["truncated"])
write("truncated", plain[:-50], "The download broke off.", parts={"image": region(EVEN[:-48])}, facts=FACTS, findings=["truncated"])
write("text", b"CSYS is how some images begin, and this text does too\n" * 3, "Text that begins like one.")
