"""Builds the vectors of firmware image packages from their layout (firmware_image_package.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

BL31, BL33, OTHER = b"secure monitor " * 20, b"u-boot " * 50, b"of no known kind"
IDENTITIES = ("47d4086d4cfe98469b952950cbbd5a00", "d6d0eea7fcead54b97829934f234b6e4", "00112233445566778899aabbccddeeff")


def package(end: bool = True) -> bytes:  # noqa: FBT001, FBT002 (one case)
    at = 16 + 40 * 4
    table, body = b"", b""
    for identity, data in zip(IDENTITIES, (BL31, BL33, OTHER), strict=True):
        table += bytes.fromhex(identity) + pack("<QQQ", at + len(body), len(data), 0)
        body += data + bytes(-len(data) % 16)
    table += (bytes(16) if end else b"\xff" * 16) + pack("<QQQ", at + len(body), 0, 0)
    return pack("<IIQ", 0xAA640001, 0x12345678, 0) + table + body


def parts(bl31: bytes = BL31) -> Parts:
    found: Parts = {}
    for name, identity, data in zip(("0-bl31", "1-bl33", "2-image"), IDENTITIES, (bl31, BL33, OTHER), strict=True):
        found[name] = {**region(data), "facts": {"identity": identity, "flags": "0x0"}}
    return found


FACTS = {"serial": "0x12345678", "flags": "0x0"}
whole = package()
write("three", whole, "A secure monitor, a boot loader and an image of no known identity.", parts=parts(), facts=FACTS)
write(
    "overlap",
    patched(whole, 16 + 40 + 16, pack("<Q", 180)),
    "The second image is said to begin in the first.",
    parts={**parts(), "1-bl33": {**region(whole[180 : 180 + len(BL33)])}, "gap-0": {"kind": "gap"}},
    facts=FACTS,
    findings=["overlap", "unread-bytes"],
)
short = parts()
short["2-image"] = {**region(OTHER[:-10]), "facts": {"identity": IDENTITIES[2], "flags": "0x0"}}
write("truncated", whole[:-10], "The last image is not all there.", parts=short, findings=["truncated"])
write("endless", package(end=False), "A table without an end.", findings=["malformed"])
write("serial", patched(whole, 4, bytes(4)), "No serial number: not recognised.")
