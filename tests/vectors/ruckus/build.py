"""Builds the Ruckus vectors from the layout in OpenWrt's ruckus_fw_header.c; run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"kernel and root " * 30
VERSION = b"200.7.10.202.9"
head = pack(">4s8sII4s16s4s16s48s16s4sI28s", b"RCKS", b"\0\x13\0\0\0\xe0\x6c\x37", 0x80060000, len(IMAGE), b"\x60\x9a\x43\xd2", md5(IMAGE, usedforsecurity=False).digest(), b"\0\4fi", VERSION, b"\0\1\3".ljust(36, b"\0") + b"zf7752", VERSION, b"\0\0\0\3", 0x80060000, b"\0\0\0\1")
plain = head + IMAGE
FACTS = {"load-address": "0x80060000", "entry-point": "0x80060000", "version": VERSION.decode(), "version-again": VERSION.decode(), "product": "zf7752"}
unknown = (b"\0\1\3".ljust(36, b"\0") + b"zf7752").hex()
FACTS["unknown"] = f"0013000000e06c37 609a43d2 00046669 {unknown} 00000003 00000001"
parts: Parts = {"image": region(IMAGE)}
write("image", plain, "An image with its header.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, 200, b"!"),
    "One byte of the image was changed and the MD5 was not.",
    parts={"image": region(patched(IMAGE, 40, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"behind", "Bytes behind the image.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={"image": region(IMAGE[:-9])}, facts=FACTS, findings=["truncated"])
write("version", patched(plain, 44, b"\x01"), "A version that is no text.")
