"""Builds the vectors of Realtek's header from the layout in its boot loader's rtk.h; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

KERNEL, ROOT, PAGES = b"kernel " * 60, b"sqsh in name only, a root file system " * 12, b"<html>pages</html>" * 11


def summed(data: bytes) -> bytes:
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    return data + pack(">H", -total & 0xFFFF)


def image(kind: bytes, flash: int, data: bytes) -> bytes:
    return pack(">4s3I", kind, 0x80500000, flash, len(data)) + data


def told(kind: str, flash: str, data: bytes) -> dict[str, object]:
    return {**region(data), "facts": {"kind": kind, "start": "0x80500000", "flash-address": flash}}


kernel, root = summed(KERNEL), summed(ROOT)
pages = PAGES + bytes([-sum(PAGES) & 0xFF])
parts = {"kernel-0": told("cs6c", "0x30000", kernel), "rootfs-1": told("r6cr", "0x130000", root)}
both = image(b"cs6c", 0x30000, kernel) + image(b"r6cr", 0x130000, root)
write("kernel-and-root", both, "Two images, each with a sum of words.", parts=parts, facts={})
write(
    "pages",
    image(b"w6cg", 0x10000, pages) + both,
    "Pages with a sum of bytes before the two.",
    parts={
        "pages-0": told("w6cg", "0x10000", pages),
        "kernel-1": told("cs6c", "0x30000", kernel),
        "rootfs-2": told("r6cr", "0x130000", root),
    },
    facts={},
)
changed = patched(kernel, 0, b"K")
write(
    "changed",
    patched(both, 16, b"K"),
    "One byte of the kernel was changed and the sum was not.",
    parts={**parts, "kernel-0": told("cs6c", "0x30000", changed)},
    facts={},
    findings=["checksum-mismatch"],
)
write(
    "elsewhere",
    patched(both, 8, pack(">I", 0x40000)),
    "The kernel is written to another place; no sum covers the header, only the fact tells.",
    parts={**parts, "kernel-0": told("cs6c", "0x40000", kernel)},
    facts={},
)
write("trailing", both + b"appended", "Bytes behind the last image.", parts={**parts, "gap-0": gap(b"appended")}, facts={}, findings=["unread-bytes"])
write(
    "truncated",
    both[:-60],
    "The download broke off within the root.",
    parts={**parts, "rootfs-1": told("r6cr", "0x130000", root[:-60])},
    facts={},
    findings=["truncated"],
)
write("text", b"boot the device, then wait for it\n" * 3, "Text that begins with one of the kinds.")
