"""Builds the STAG vectors from the layout in OpenWrt's mkdlinkfw.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

KERNEL, ROOT = b"kernel " * 40, b"root file system " * 30


def total(data: bytes) -> int:
    value = sum(int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def stag(mark: int = 0xFF, root: bytes = ROOT) -> bytes:
    def head(crc: int) -> bytes:
        first = pack("<2sBB4I", b"\x24\x21", 3, 2, 0x80000000, len(KERNEL), crc32(KERNEL), 0x80000000)
        return first + pack("<IIIIHH", 0x10150, len(root), crc32(root) if root else 0, crc, 40, 0)

    inner = head(crc32(head(0))) + KERNEL
    tag = pack("<BB2sIIH", 4, 4, b"\x24\x2b", 0x08000000, len(inner), total(inner))
    return bytes([mark]) + tag[1:] + pack("<H", total(tag) ^ 0xFFFF) + inner + root


FACTS = {"mark": "0xff", "packing": "lzma", "load-address": "0x80000000", "entry-point": "0x80000000", "rootfs-place": "0x10150"}
parts: Parts = {"kernel": region(KERNEL), "rootfs": region(ROOT)}
plain = stag()
write("update", plain, "As it is in an update.", parts=parts, facts=FACTS)
write("flash", stag(4, b"") + b"\xff" * 100, "As it is in flash, without a file system.", parts={"kernel": region(KERNEL)}, facts={**FACTS, "mark": "0x04"})
write(
    "changed",
    patched(plain, 100, b"!"),
    "One byte of the kernel was changed and neither CRC nor sum was.",
    parts={**parts, "kernel": region(patched(KERNEL, 44, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("load", patched(plain, 20, b"\4"), "The load address was changed, and no sum was.", parts=parts, facts={**FACTS, "load-address": "0x80000004"}, findings=["checksum-mismatch"])
write("trailing", plain + b"behind", "Bytes behind the file system.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "rootfs": region(ROOT[:-9])}, facts=FACTS, findings=["truncated"])
write("length", patched(plain, 8, pack("<I", 9)), "Two lengths that contradict each other.")
