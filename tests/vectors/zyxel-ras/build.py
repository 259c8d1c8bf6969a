"""Builds the vectors of ZyXEL's ras images from the layout in OpenWrt's mkrasimage.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

ROOT, KERNEL = b"root file system " * 60, b"kernel " * 41


def total(data: bytes) -> int:
    value = (sum(data) & 0xFFFF) + (sum(data) >> 16)
    return (value & 0xFFFF) + (value >> 16)


def ras(kernel: bytes = KERNEL, block: int = 0x10000, root: bytes = ROOT) -> bytes:
    def head(checksum: int) -> bytes:
        first = pack(">II", total(root), len(root)) + b"V1.00(ABCD.0)\0".ljust(32, b"\xff")
        first += pack(">I", checksum) + b"NBG6617\0".ljust(64, b"\xff")
        first += pack(">II", total(kernel), len(kernel)) if kernel else b""
        return first.ljust(block, b"\xff")

    return head(total(head(total(root))[:2048])) + root + kernel


FACTS = {"version": "V1.00(ABCD.0)", "model": "NBG6617"}
parts: Parts = {"rootfs": region(ROOT), "kernel": region(KERNEL)}
plain = ras()
write("image", plain, "A root file system and a kernel behind a block of 64 KiB.", parts=parts, facts=FACTS)
write("no-kernel", ras(b""), "A root file system alone.", parts={"rootfs": region(ROOT)}, facts=FACTS)
write("block", ras(block=0x1000), "A header with a block of 4 KiB.", parts=parts, facts=FACTS)
start = 0x10000
write(
    "changed",
    patched(plain, start + 100, b"!"),
    "One byte of the root file system was changed and its sum was not.",
    parts={**parts, "rootfs": region(patched(ROOT, 100, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "header-changed",
    patched(plain, 44, b"NBG6616"),
    "The model was changed and the header's sum was not.",
    parts=parts,
    facts={**FACTS, "model": "NBG6616"},
    findings=["checksum-mismatch"],
)
write("hidden", patched(plain, 22, b"text"), "Text behind the end of the version, where filler belongs.")
write(
    "truncated",
    plain[:-10],
    "The download broke off.",
    parts={**parts, "kernel": region(KERNEL[:-10])},
    facts=FACTS,
    findings=["truncated"],
)
write("filler", patched(plain, 0x200, b"\0"), "Something else where the filler belongs.")
