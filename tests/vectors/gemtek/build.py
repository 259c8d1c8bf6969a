"""Builds the Gemtek vectors from the layout in OpenWrt's mkheader_gemtek.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

IMAGE = b"kernel and file system " * 25


def gemtek(magic: bytes = b"GMTK", quick: int = 0, counted: int = 0) -> bytes:
    def head(crc: int, quick: int) -> bytes:
        return pack("<4s4s4I4s4s", magic, b"1007", 0x03040001, 32 + len(IMAGE), crc, quick, b"2", b"EN")

    return head(crc32(head(0, counted) + IMAGE), quick) + IMAGE


plain = gemtek()
parts = {"image": region(IMAGE)}
FACTS = {"magic": "GMTK", "version": "1007", "product": "0x03040001", "build": "2", "language": "EN"}
write("image", plain, "An image and its CRC.", parts=parts, facts=FACTS)
write("asante", gemtek(b"A600"), "The magic of images for Asante.", parts=parts, facts={**FACTS, "magic": "A600"})
for name, counted in (("quick", 0), ("quick-counted", 0x1234)):
    write(
        name,
        gemtek(quick=0x1234, counted=counted),
        "A quick checksum, which may or may not count for the CRC.",
        parts=parts,
        facts={**FACTS, "quick-checksum": "0x00001234"},
    )
write(
    "changed",
    patched(plain, 50, b"!"),
    "One byte of the image was changed and the CRC was not.",
    parts={"image": region(patched(IMAGE, 18, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("truncated", plain[:-20], "The download broke off.", parts={"image": region(IMAGE[:-20])}, facts=FACTS, findings=["truncated"])
write("trailing", plain + b"behind", "Bytes behind the image.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("version", patched(plain, 4, b"v1.0"), "The version is no number.")
