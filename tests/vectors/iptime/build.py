"""Builds the ipTIME vectors from the layout in OpenWrt's iptime-naspkg.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"kernel and root " * 40


def total(model: bytes, data: bytes) -> int:
    value = sum(data) & 0xFFFFFFFF
    return ((len(model) * 0x19283745 + (~value & 0xFFFFFFFF)) & 0xFFFFFFFF) ^ value


checksum = total(b"nas1", IMAGE)
end = 0x40000 + 1024 + len(IMAGE)
head = pack("<32s32s32sII3II16s3I", b"nas1", b"0.0.00", b"Thu Jan  1 00:00:00 1970\n", len(IMAGE), checksum, 0x40000, end, end, checksum, b"EFM_NAS_PKG", 0, 0, 0)
plain = head.ljust(1024, b"\0") + IMAGE
FACTS = {"model": "nas1", "version": "0.0.00", "header-offset": "0x40000", "rootfs-offset": f"{end:#x}", "app-offset": f"{end:#x}"}
FACTS |= {"kernel-sum": f"{checksum:#010x}", "whole": "0x0 0x00000000 0x0"}
parts: Parts = {"image": region(IMAGE)}
write("image", plain, "A package with its header.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, 1100, b"!"),
    "One byte of the image was changed and the sum was not.",
    parts={"image": region(patched(IMAGE, 76, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
hidden = patched(plain, 500, b"hidden")
write("hidden", hidden, "Text where zeros belong.", parts={**parts, "gap-0": gap(b"hidden")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={"image": region(IMAGE[:-9])}, facts=FACTS, findings=["truncated"])
write("model", patched(plain, 0, b"\0"), "A package for nothing.")
