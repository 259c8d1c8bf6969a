"""Builds the vectors of Rockchip's KRNL and PARM from their layout (mkkrnlimg.c); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

CONTENT = b"FIRMWARE_VER:8.1\nMACHINE_MODEL:RK3328\n" * 4
CRC = bytes.fromhex("0badcafe")


def image(word: bytes) -> bytes:
    return pack("<4sI", word, len(CONTENT)) + CONTENT + CRC


for word, name in ((b"PARM", "parameters"), (b"KRNL", "kernel")):
    write(
        name,
        image(word),
        f"What {word.decode()} is written in front of.",
        parts={name: region(CONTENT)},
        facts={"crc": CRC.hex()},
        findings=["checksum-unchecked"],
    )
write("length", patched(image(b"PARM"), 4, pack("<I", 9999)), "More than there is, in a small file.")
