"""Builds the vectors of ZyXEL's 0RDH images from the layout in OpenWrt's zytrx.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"kernel and root " * 40


def trx(zero: bytes = b"") -> bytes:
    def head(crc: int) -> bytes:
        first = pack(">4s3I", b"0RDH", 380, 380 + len(IMAGE), crc32(IMAGE) ^ 0xFFFFFFFF)
        first += pack(">32s32sI12s164s8s16sI8s", b"5.0.0.0\n", b"\n", len(IMAGE), zero, b"3 6035 122 0\n", b"MT7621A", b"NR7101", 0x07010001, b"")
        return first + pack(">32s32s4sI4sI4s", b"1.00(ABUV.0)D0", b"1.00(ABUV.0)D0", b"", 0x12345678, b"", crc, b"")

    return head(crc32(head(0)) ^ 0xFFFFFFFF) + IMAGE


FACTS = {"chip": "MT7621A", "board": "NR7101", "model": "07010001", "code": "3 6035 122 0", "internal-version": "5.0.0.0"}
FACTS |= {"external-version": "", "version": "1.00(ABUV.0)D0", "external-software-version": "1.00(ABUV.0)D0", "kernel-checksum": "12345678"}
parts: Parts = {"image": region(IMAGE)}
plain = trx()
write("image", plain, "An image with its header.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, 400, b"!"),
    "One byte of the image was changed and its CRC was not.",
    parts={"image": region(patched(IMAGE, 20, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "header-changed",
    patched(plain, 268, b"NR7102"),
    "The board was changed and the header's CRC was not.",
    parts=parts,
    facts={**FACTS, "board": "NR7102"},
    findings=["checksum-mismatch"],
)
write("hidden", trx(b"hidden"), "Text where zeros belong.", parts={**parts, "gap-0": gap(b"hidden".ljust(12, b"\0"))}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={"image": region(IMAGE[:-9])}, facts=FACTS, findings=["truncated"])
write("lengths", patched(plain, 80, pack(">I", 9)), "Two lengths that contradict each other.")
