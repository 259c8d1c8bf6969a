"""Builds the WRG and WRGG03 vectors from the layouts in OpenWrt's mkwrgimg.c and mkwrggimg.c; run it again and nothing changes."""

import sys
from hashlib import md5, sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"\x5d\0\0\x80kernel and root " * 30
NOISE = b"".join(sha256(b"%d" % number).digest() for number in range(16))


def digest(order: str, image: bytes) -> bytes:
    return md5(pack(f"{order}I32s", 0x10000, b"/dev/mtdblock/2") + image, usedforsecurity=False).digest()


def wrg(order: str) -> bytes:
    head = pack(f"{order}32sIIII32s", b"wrgac05_dlob.hans", 0x20040220, 0x20040220, len(IMAGE), 0x10000, b"/dev/mtdblock/2")
    return head + digest(order, IMAGE) + IMAGE


def wrgg(order: str, image: bytes = IMAGE, stated: bytes = b"") -> bytes:
    head = b"wapac02_dkbs_dap2695".ljust(32, b"\0") + pack("<II", 0x20080321, 0x20080321) + pack("16s16s8s8s16s", b"v1.20", b"DAP-2695", b"", b"", b"r301")
    return head + pack(f"{order}II32s", len(image), 0x10000, b"/dev/mtdblock/2") + (stated or digest(order, image)) + image


parts: Parts = {"image": region(IMAGE)}
OLD = {"kind": "WRG", "offset": "0x10000", "order": "big", "signature": "wrgac05_dlob.hans", "device": "/dev/mtdblock/2"}
NEW = {**OLD, "kind": "WRGG03", "signature": "wapac02_dkbs_dap2695", "version": "v1.20", "model": "DAP-2695", "build": "r301"}
NEW |= {"flags": "0000000000000000 0000000000000000"}
write("wrg-big", wrg(">"), "The old header, highest byte first.", parts=parts, facts=OLD)
write("wrg-little", wrg("<"), "The old header, lowest byte first.", parts=parts, facts={**OLD, "order": "little"})
plain = wrgg(">")
write("wrgg-big", plain, "The new header, highest byte first.", parts=parts, facts=NEW)
write("wrgg-little", wrgg("<"), "The new header, lowest byte first.", parts=parts, facts={**NEW, "order": "little"})
write(
    "changed",
    patched(plain, 200, b"!"),
    "One byte of the image was changed and the MD5 was not.",
    parts={"image": region(patched(IMAGE, 40, b"!"))},
    facts=NEW,
    findings=["checksum-mismatch"],
)
write(
    "encrypted",
    wrgg(">", NOISE, digest(">", IMAGE)),
    "An image that is encrypted, and the MD5 of what it was.",
    parts={"image": region(NOISE)},
    facts={**NEW, "md5": digest(">", IMAGE).hex()},
    findings=["encrypted"],
)
write("trailing", plain + b"behind", "Bytes behind the image.", parts={**parts, "gap-0": gap(b"behind")}, facts=NEW, findings=["unread-bytes"])
write("truncated", plain[:-40], "The download broke off.", parts={"image": region(IMAGE[:-40])}, facts=NEW, findings=["truncated"])
write("signature", patched(plain, 0, bytes(32)), "A header for no board.")
