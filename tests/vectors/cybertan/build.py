"""Builds the CyberTAN vectors from the layout in OpenWrt's addpattern.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

KERNEL = b"kernel " * 40
checked = pack("<HH3I", 0, 1, 28, 0, 0) + KERNEL
TRX = pack("<4sII", b"HDR0", 12 + len(checked), crc32(checked) ^ 0xFFFFFFFF) + checked
HEAD = b"W54G\0\0\0\0" + bytes([14, 3, 7, 4, 30, 14]) + b"U2ND" + pack("<BBH", 1, 0, 7)
FACTS = {"pattern": "W54G", "date": "2014-03-07", "version": "4.30.14", "hardware": "1", "serial": "0", "flags": "0x0007"}
parts: Parts = {"image": {"kind": "region", "size": len(TRX), "format": "trx"}, "image!/partition-0": region(KERNEL)}
plain = HEAD + b"\xff" * 10 + TRX
write("image", plain, "A header before a TRX image.", parts=parts, facts=FACTS)
write(
    "marks",
    HEAD + b"\0\0\1\0\0\0\0\0\0\0" + TRX,
    "The marks of a device with two images are neither erased nor zero.",
    parts=parts,
    facts={**FACTS, "marks": "00000100000000000000"},
)
write(
    "changed",
    patched(plain, len(plain) - 3, b"!"),
    "One byte of the kernel was changed: only the TRX image's checksum can tell.",
    parts={"image": {"kind": "region", "format": "trx"}, "image!/partition-0": region(patched(KERNEL, len(KERNEL) - 3, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("no-image", patched(plain, 32, b"HDR9"), "Something else where the image belongs.")
