"""Builds the vectors of TP-Link's second header from its layout (OpenWrt mktplinkfw2.c); run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

NORMAL = bytes.fromhex("dcd73aa5c39598fbdcf9e7f40eae4737")
BOOT = bytes.fromhex("8cef335fd5c5cefaac9c28dab2e90f42")
KERNEL = b"kernel " * 60
ROOT = b"hsqs but no more of a squashfs than its magic " * 9
AT = 0x800
FACTS = {
    "header-version": "2",
    "version": "ver. 1.0",
    "hardware": "0x00c20001",
    "hardware-revision": "0x1",
    "hardware-version": "0x4",
    "firmware-version": "3.16.0-1.0",
    "load": "0x80000000",
    "entry": "0x80000000",
    "flash-size": "0x7a0000",
    "second-md5": "ff" * 16,
    "unknown": "0x0 0xffffffff",
    "kernel-offset": "0x200",
    "rootfs-offset": "0x800",
    "bootloader-offset": "0x0",
}


def image(body: bytes, root: tuple[int, int] = (AT, len(ROOT)), boot: int = 0, version: int = 2) -> bytes:
    head = pack("<I", version) + b"ver. 1.0\0".ljust(48, b"\xff") + pack(">III", 0xC20001, 1, 4) + (BOOT if boot else NORMAL)
    head += pack(">I16sI", 0, b"\xff" * 16, 0xFFFFFFFF) + pack(">II", 0x80000000, 0x80000000)
    head += pack(">IIIIIII", 0x7A0000, 0x200, len(KERNEL), *root, 0, boot) + b"\x55\xaa\1\0\xa5\3\x10\0"
    whole = head.ljust(0x200, b"\xff") + body
    return patched(whole, 0x40, md5(whole, usedforsecurity=False).digest())


between = bytes([0xFF]) * (AT - 0x200 - len(KERNEL))
plain = image(KERNEL + between + ROOT)
parts: Parts = {"kernel": region(KERNEL), "rootfs": region(ROOT)}
write("stock", plain, "Kernel and root where the header says.", parts=parts, facts=FACTS)
write("version-3", image(KERNEL + between + ROOT, version=3), "The third version of the header.", parts=parts, facts={**FACTS, "header-version": "3"})
none = (0xFFFFFFFF, 0xFFFFFFFF)
write(
    "combined",
    image(KERNEL, none),
    "Kernel and root in one region: the fields of the root are erased.",
    parts={"kernel": region(KERNEL)},
    facts={**FACTS, "rootfs-offset": "0xffffffff"},
)
write(
    "two-roots",
    image(KERNEL + ROOT + bytes([0xFF]) * (len(between) - len(ROOT)) + ROOT),
    "A squashfs after the kernel and another where the header says.",
    parts={**parts, "gap-0": gap(ROOT)},
    facts=FACTS,
    findings=["contradiction", "unread-bytes"],
)
write(
    "changed",
    patched(plain, AT + 6, b"B"),
    "One byte of the root was changed and the MD5 was not.",
    parts={**parts, "rootfs": region(patched(ROOT, 6, b"B"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
body = KERNEL + between + ROOT
write(
    "boot-loader",
    image(body, boot=400),
    "A boot loader: other salt, and nobody says where it lies.",
    parts={"image": {"kind": "region", "size": len(body)}},
    facts=FACTS,
    findings=["unsupported"],
)
write(
    "overlap",
    image(KERNEL + between + ROOT, (0x300, len(ROOT))),
    "A root that begins within the kernel; the MD5 fits.",
    parts={"kernel": region(KERNEL), "rootfs": region((KERNEL + between)[0x100 : 0x100 + len(ROOT)]), "gap-0": gap(ROOT)},
    facts={**FACTS, "rootfs-offset": "0x300"},
    findings=["overlap", "unread-bytes"],
)
write(
    "truncated",
    plain[: AT + 50],
    "The download broke off within the root.",
    parts={**parts, "rootfs": region(ROOT[:50])},
    facts=FACTS,
    findings=["checksum-mismatch", "truncated"],
)
write("no-mark", patched(plain, 0x8C, b"\0\0"), "One of the two marks is missing.")
