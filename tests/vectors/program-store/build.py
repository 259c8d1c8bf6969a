"""Builds the ProgramStore vectors from the layout in OpenWrt's bcmalgo.c; run it again and nothing changes.

Both CRCs are computed here bit by bit.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"\x5d\0\0\0\1packed program " * 30


def crc(data: bytes, polynomial: int, bits: int) -> int:
    value = every = (1 << bits) - 1
    for byte in data:
        value ^= byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> bits - 1 else 0)) & every
    return value ^ every


def store(address: int = 0x80004000, kind: int = 5) -> bytes:
    head = pack(">4H3I64s", 0xC055, kind, 5, 0, 1_300_000_000, len(IMAGE), address, b"ecram_sto.bin")
    return head + pack(">HHI", crc(head, 0x1021, 16), 0, crc(IMAGE, 0x4C11DB7, 32)) + IMAGE


FACTS = {"magic": "0xc055", "packing": "lzma", "control": "5", "revision": "5.0", "load-address": "0x80004000", "unknown": "0x0", "file": "ecram_sto.bin"}
parts: Parts = {"image": region(IMAGE)}
plain = store()
write("image", plain, "An image behind its header.", parts=parts, facts=FACTS)
write("address", store(0x80010000, 0), "The other load address, and an image that is not packed.", parts=parts, facts={**FACTS, "packing": "plain", "control": "0", "load-address": "0x80010000"})
write(
    "changed",
    patched(plain, 200, b"!"),
    "One byte of the image was changed and its CRC was not.",
    parts={"image": region(patched(IMAGE, 108, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"behind", "Bytes behind the image.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={"image": region(IMAGE[:-9])}, facts=FACTS, findings=["truncated"])
write("header", patched(plain, 5, b"\x06"), "The revision was changed: a header whose CRC does not fit is none.")
