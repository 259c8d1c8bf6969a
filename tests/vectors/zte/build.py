"""Builds the ZTE vectors from what public tools say of its images; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

MAGIC = pack(">4I", 0x99999999, 0x44444444, 0x55555555, 0xAAAAAAAA)
SIGNATURE, KERNEL, ROOT = b"\x5a" * 524, b"kernel " * 40, b"root file system " * 30
PREFIX = 20 + len(SIGNATURE) + 244


def image() -> bytes:
    head = b"V1.0".ljust(52, b"\0") + pack("<III", len(KERNEL), PREFIX, crc32(KERNEL))
    head += pack("<III", len(ROOT), PREFIX + len(KERNEL), crc32(ROOT))
    head = head.ljust(164, b"\0")
    head = (head + pack("<I", crc32(head))).ljust(244, b"\0")
    return MAGIC + pack("<I", len(SIGNATURE)) + SIGNATURE + head + KERNEL + ROOT


plain = image()
header = region(plain[20 + len(SIGNATURE) : PREFIX])
parts: Parts = {"signature": region(SIGNATURE), "header": header, "kernel": region(KERNEL), "rootfs": region(ROOT)}
write("image", plain, "A kernel and a file system behind a signature.", parts=parts, facts={"header": "version"})
write(
    "changed",
    patched(plain, len(plain) - 3, b"!"),
    "One byte of the file system was changed and its CRC was not.",
    parts={**parts, "rootfs": {"kind": "region", "size": len(ROOT)}},
    facts={"header": "version"},
    findings=["checksum-mismatch"],
)
bare = MAGIC + pack(">I", 4) + b"sign" + b"something else " * 30
write("other", bare, "Another content, and the length highest byte first.", parts={"signature": region(b"sign"), "content": region(b"something else " * 30)}, facts={})
write(
    "truncated",
    plain[:-9],
    "The download broke off.",
    parts={**parts, "rootfs": region(ROOT[:-9])},
    facts={"header": "version"},
    findings=["truncated"],
)
write("length", patched(plain, 16, b"\xff" * 4), "A signature longer than the image.")
