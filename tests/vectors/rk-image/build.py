"""Builds the vectors of Rockchip's KRNL and PARM from their layout (mkkrnlimg.c); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

CONTENT = b"FIRMWARE_VER:8.1\nMACHINE_MODEL:RK3328\n" * 4


def crc(data: bytes) -> bytes:
    """Rockchip's CRC, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = value << 1 ^ (0x104C10DB7 if value >> 31 else 0)
    return pack("<I", value)


def image(word: bytes) -> bytes:
    return pack("<4sI", word, len(CONTENT)) + CONTENT + crc(CONTENT)


for word, name in ((b"PARM", "parameters"), (b"KRNL", "kernel")):
    write(
        name,
        image(word),
        f"What {word.decode()} is written in front of.",
        parts={name: region(CONTENT)},
        facts={},
    )
write("length", patched(image(b"PARM"), 4, pack("<I", 9999)), "More than there is, in a small file.")
write(
    "changed",
    patched(image(b"PARM"), 20, b"9"),
    "One byte of the parameters was changed and the CRC was not.",
    parts={"parameters": region(patched(CONTENT, 12, b"9"))},
    findings=["checksum-mismatch"],
)
