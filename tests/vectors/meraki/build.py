"""Builds the Meraki vectors from the layout in OpenWrt's mkmerakifw.c; run it again and nothing changes."""

import sys
from hashlib import sha1
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"kernel " * 60
EMPTY = sha1(b"", usedforsecurity=False).digest()


def meraki(second: int, third: int, rest: bytes) -> bytes:
    head = pack(">3I20sII20s", 0x8E73ED8A, 1024, len(IMAGE), sha1(IMAGE, usedforsecurity=False).digest(), second, third, rest)
    return head.ljust(1024, b"\xff") + IMAGE


parts: Parts = {"image": region(IMAGE)}
plain = meraki(0x8E73ED8A, 0, EMPTY)
FACTS = {"kind": "8e73ed8a", "third": "00000000", "digest": EMPTY.hex()}
write("image", plain, "An image as on an MR18.", parts=parts, facts=FACTS)
offsets = {"kernel-offset": "0x10000", "ramdisk-offset": "0x3ffc00", "device-tree-offset": "0x400", "other-offset": "0x400"}
parted = meraki(0xA1F0BEEF, 0x60001, pack(">4I4s", 0x10000, 0x3FFC00, 0x400, 0x400, b"\xff" * 4))
write("parted", parted, "As on an MX60, with offsets of parts.", parts=parts, facts={"kind": "a1f0beef", "third": "00060001", "rest": "ffffffff", **offsets})
write("filled", plain + b"\xff" * 300, "Filled up as flash is.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, 1100, b"!"),
    "One byte of the image was changed and the SHA-1 was not.",
    parts={"image": region(patched(IMAGE, 76, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
hidden = patched(plain, 500, b"hidden")
write("hidden", hidden, "Text where filler belongs.", parts={**parts, "gap-0": gap(b"hidden")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The dump broke off in the image.", parts={"image": region(IMAGE[:-9])}, facts=FACTS, findings=["truncated"])
write("length", patched(plain, 4, pack(">I", 512)), "A header of another length.")
