"""Builds the CHK vectors from the header's layout (OpenWrt mkchkimg.c); run it again and nothing changes.

The checksum is added byte by byte here, as it is defined. No official tool was at hand; unblob reads the genuine cases alike.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

KERNEL = b"kernel " * 60
ROOT = b"\xff\xferoot file system " * 30
FACTS = {"board": "U12H000T00_NETGEAR", "region": "1", "version": "1.0.2.44_10.0.66"}


def checksum(data: bytes) -> int:
    c0 = c1 = 0
    for byte in data:
        c0 = (c0 + byte) % 2**32
        c1 = (c1 + c0) % 2**32
    for _ in range(2):
        c0, c1 = (c0 & 0xFFFF) + (c0 >> 16), (c1 & 0xFFFF) + (c1 >> 16)
    return (c1 & 0xFFFF) << 16 | c0 & 0xFFFF


def chk(kernel: bytes, root: bytes = b"") -> bytes:
    board = FACTS["board"].encode()
    head = pack(">4sIB7B", b"*#$^", 40 + len(board), 1, 1, 0, 2, 44, 10, 0, 66)
    head += pack(">IIII", checksum(kernel), checksum(root) if root else 0, len(kernel), len(root))
    head += pack(">I", checksum(kernel + root))
    return head + pack(">I", checksum(head + bytes(4) + board)) + board + kernel + root


both = chk(KERNEL, ROOT)
start = len(both) - len(KERNEL) - len(ROOT)
parts = {"kernel": region(KERNEL), "rootfs": region(ROOT)}
write("kernel-and-root", both, "Kernel and root, four checksums that fit.", parts=parts, facts=FACTS)
write("kernel-only", chk(KERNEL), "All in one region, as newer images have it.", parts={"kernel": region(KERNEL)}, facts=FACTS)
write(
    "kernel-changed",
    patched(both, start, b"K"),
    "One byte of the kernel was changed and no checksum was: that of the kernel and that of both fail.",
    parts={**parts, "kernel": region(b"K" + KERNEL[1:])},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "root-changed",
    patched(both, len(both) - 1, b"!"),
    "One byte of the root was changed and no checksum was.",
    parts={**parts, "rootfs": region(ROOT[:-1] + b"!")},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "header-changed",
    patched(both, 11, b"\x03"),
    "A number of the version was changed, so that a device takes the image for newer; the header's checksum was not.",
    parts=parts,
    facts={**FACTS, "version": "1.0.3.44_10.0.66"},
    findings=["checksum-mismatch"],
)
write("trailing", both + b"appended", "Bytes behind the end.", parts={**parts, "gap-0": gap(b"appended")}, facts=FACTS, findings=["unread-bytes"])
write(
    "truncated",
    both[: start + 100],
    "The download broke off within the kernel.",
    parts={"kernel": region(KERNEL[:100]), "rootfs": region(b"")},
    facts=FACTS,
    findings=["truncated"],
)
write("no-board", patched(both, 4, pack(">I", 40)), "A header with no room for a board.")
