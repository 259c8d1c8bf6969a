"""Builds the Senao vectors from the layout in OpenWrt's mksenaofw.c, masked byte by byte; run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = bytes(16) + bytes(range(256)) + b"kernel and root " * 30 + b"odd"
MASK = bytes(0x12345678 >> bit & 0xFF for bit in range(8))


def masked(data: bytes) -> bytes:
    return bytes(byte ^ MASK[at % 8] for at, byte in enumerate(data))


def senao(kind: int = 3, further: bytes = b"", fill: int = 0) -> bytes:
    digest = md5(IMAGE, usedforsecurity=False).digest()
    head = pack(">3I16s3I16s32s", 0, 0x101, 0x5F, b"3.0.1", kind, len(IMAGE), 0, digest, b"")
    total = sum(head) + sum(b"\x12\x34\x56\x78") + sum(further)
    return head + pack(">II", total, 0x12345678) + further + masked(IMAGE + bytes(fill))


parts: Parts = {"image": region(IMAGE)}
FACTS = {"head": "0x0", "vendor-id": "0x101", "product-id": "0x5f", "type": "kernel-and-root", "version": "3.0.1"}
plain = senao()
write("masked", plain, "An image masked with eight bytes.", parts=parts, facts=FACTS)
write("filled", senao(fill=133), "Masked zeros fill the image up.", parts=parts, facts=FACTS)
further = b"all\0" + pack(">9I", 0, 3, 0, 1, 171101, 1, 8, 53, 9) + b"ENS620EXT"
write(
    "combined",
    senao(0, further),
    "A further header with versions and the model.",
    parts=parts,
    facts={**FACTS, "type": "combined", "domain": "0x0", "firmware-version": "3.0.1", "date": "171101", "protocol-version": "1.8.53", "model": "ENS620EXT"},
)
write(
    "changed",
    patched(plain, 0x60 + 300, bytes([plain[0x60 + 300] ^ 1])),
    "One bit of the image was changed and the MD5 was not.",
    parts={"image": region(patched(IMAGE, 300, bytes([IMAGE[300] ^ 1])))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "header-changed",
    patched(plain, 0x0B, b"\x60"),
    "The product was changed and the header's sum was not.",
    parts=parts,
    facts={**FACTS, "product-id": "0x60"},
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"appended", "Bytes behind the image.", parts={**parts, "gap-0": gap(b"appended")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-50], "The download broke off.", parts={"image": region(IMAGE[:-50])}, facts=FACTS, findings=["truncated"])
write("no-vendor", patched(plain, 4, bytes(4)), "A header without a vendor.")
