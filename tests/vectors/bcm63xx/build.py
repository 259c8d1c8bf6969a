"""Builds the vectors of CFE's tag from Linux' bcm963xx_tag.h; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

ROOT, KERNEL, LOADER = b"root file system " * 40, b"kernel " * 70, b"boot loader " * 20
BASE = 0xBFC10100


def crc(data: bytes) -> int:
    return crc32(data) ^ 0xFFFFFFFF


def text(number: int) -> bytes:
    return str(number).encode() if number else b""


def tag(body: bytes, root: tuple[int, int], kernel: tuple[int, int], **fields: object) -> bytes:
    boot = fields.get("boot", 0)
    signature = fields.get("signature", b"Broadcom Corporatio")
    head = pack(">4s20s14s6s16s2s10s", b"6", signature, b"ver. 2.0", b"6358", b"VECTOR-1", b"1", text(len(body)))
    head += pack(">12s10s12s10s12s10s", text(0xBFC00000 if boot else 0), text(boot), text(root[0]), text(root[1]), text(kernel[0]), text(kernel[1]))
    head += pack(">2s2s20s30s4s", b"", b"", b"", b"3.1", b"5") + pack(">I16s", crc(body[boot:]), b"")
    head += pack(">III4sI", crc(body) + fields.get("off", 0), fields.get("root_crc", crc(ROOT)), crc(KERNEL), b"1", fields.get("real", 0))
    return head + pack(">I16s", crc(head), b"") + body


FACTS = {
    "tag-version": "6",
    "signature": "Broadcom Corporatio",
    "signature-2": "ver. 2.0",
    "chip": "6358",
    "board": "VECTOR-1",
    "big-endian": "1",
    "bootloader-address": "",
    "rootfs-address": str(BASE),
    "kernel-address": str(BASE + len(ROOT)),
    "dual-image": "",
    "inactive": "",
    "information": "3.1",
    "flash-layout": "5",
    "information-2": "",
    "sequence": "1",
}
parts: Parts = {"rootfs": region(ROOT), "kernel": region(KERNEL)}
places = ((BASE, len(ROOT)), (BASE + len(ROOT), len(KERNEL)))
plain = tag(ROOT + KERNEL, *places)
write("root-first", plain, "Root and kernel, in Broadcom's order.", parts=parts, facts=FACTS)
write(
    "kernel-first",
    tag(KERNEL + ROOT, (BASE + len(KERNEL), len(KERNEL + ROOT)), (BASE, len(KERNEL)), real=len(ROOT)),
    "Kernel and root in OpenWrt's order: the text's length of the root counts the kernel in, the number at the end does not.",
    parts=parts,
    facts={**FACTS, "rootfs-address": str(BASE + len(KERNEL)), "kernel-address": str(BASE)},
)
write(
    "boot-loader",
    tag(LOADER + ROOT + KERNEL, *places, boot=len(LOADER)),
    "A boot loader before root and kernel.",
    parts={**parts, "bootloader": region(LOADER)},
    facts={**FACTS, "bootloader-address": str(0xBFC00000)},
)
write(
    "own-signature",
    tag(ROOT + KERNEL, *places, signature=b"Vector Networks"),
    "Another vendor's signature: the tag's checksum makes it one.",
    parts=parts,
    facts={**FACTS, "signature": "Vector Networks"},
)
write(
    "changed",
    patched(plain, 256, b"R"),
    "One byte of the root was changed and no checksum was.",
    parts={**parts, "rootfs": region(b"R" + ROOT[1:])},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "board-changed",
    patched(plain, 44 + 7, b"2"),
    "The board was changed and the tag's checksum was not.",
    parts=parts,
    facts={**FACTS, "board": "VECTOR-2"},
    findings=["checksum-mismatch"],
)
write(
    "root-by-another-rule",
    tag(ROOT + KERNEL, *places, root_crc=7),
    "The root's checksum is made in a way that is not known; that of all images fits.",
    parts=parts,
    facts=FACTS,
    findings=["checksum-unchecked"],
)
write(
    "reserved",
    patched(plain, 250, b"\1"),
    "A reserved byte is set.",
    parts=parts,
    facts={**FACTS, "reserved": (bytes(10) + b"\1" + bytes(5)).hex()},
    findings=["reserved-bits"],
)
write(
    "truncated",
    plain[: 256 + 100] ,
    "The download broke off within the root.",
    parts={"rootfs": region(ROOT[:100]), "kernel": region(b"")},
    facts=FACTS,
    findings=["truncated"],
)
write("trailing", plain + b"appended", "Bytes behind the images.", parts={**parts, "gap-0": gap(b"appended")}, facts=FACTS, findings=["unread-bytes"])
write("no-number", patched(plain, 62, b"x"), "A length that is no number.")
