"""Builds the HDR1 and HDR2 vectors from the layout in OpenWrt's xiaomifw.c; run it again and nothing changes.

unblob reads the genuine cases alike.
"""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

KERNEL, ROOT, SIGNATURE = b"kernel " * 40 + b"!!!!", b"root file system " * 20, bytes(range(256))
BLOBS = ((b"uImage.bin", 0x250000, 4, KERNEL), (b"root.ubi", 0xFFFFFFFF, 6, ROOT))


def hdr(second: bool = False, names: tuple[bytes, ...] = (b"uImage.bin", b"root.ubi")) -> bytes:  # noqa: FBT001, FBT002
    size = 80 if second else 48
    offsets, body = [], b""
    for name, (_, flash, kind, data) in zip(names, BLOBS, strict=True):
        offsets.append(size + len(body))
        body += pack("<IIIHH32s", 0xBABE, flash, len(data), kind, 0, name) + data
    fields = pack("<I8s8s16s", 0, b"RA70", b"EU", b"") if second else pack("<HH", 0, 13)
    rest = fields + pack("<8I", *offsets, 0, 0, 0, 0, 0, 0) + body + pack("<I12s", 256, b"") + SIGNATURE
    return (b"HDR2" if second else b"HDR1") + pack("<II", size + len(body), crc32(rest) ^ 0xFFFFFFFF) + rest


def told(number: int, data: bytes) -> dict[str, object]:
    name, flash, kind, _ = BLOBS[number]
    return {**region(data), "facts": {"flash-address": f"{flash:#x}", "type": f"{kind:#06x}", "number": str(number), "name": name.decode()}}


parts: Parts = {"uImage.bin": told(0, KERNEL), "root.ubi": told(1, ROOT), "signature": region(SIGNATURE)}
FACTS = {"magic": "HDR1", "device": "0x000d"}
first = hdr()
write("hdr1", first, "Two blobs and a signature.", parts=parts, facts=FACTS)
write("hdr2", hdr(second=True), "The second header, with device and region in text.", parts=parts, facts={"magic": "HDR2", "device": "RA70", "region": "EU"})
at = first.index(KERNEL)
write(
    "changed",
    patched(first, at, b"K"),
    "One byte of the kernel was changed and the checksum was not.",
    parts={**parts, "uImage.bin": told(0, b"K" + KERNEL[1:])},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "outside",
    patched(first, 20, pack("<I", 1 << 20)),
    "The second blob is said to begin behind the end.",
    parts={"uImage.bin": told(0, KERNEL), "signature": region(SIGNATURE), "gap-0": gap(first[at + len(KERNEL) : first.index(SIGNATURE) - 16])},
    facts=FACTS,
    findings=["checksum-mismatch", "malformed", "unread-bytes"],
)
write("trailing", first + b"appended", "Bytes behind the signature.", parts={**parts, "gap-0": gap(b"appended")}, facts=FACTS, findings=["unread-bytes"])
write(
    "truncated",
    first[: at + 50],
    "The download broke off within the kernel.",
    parts={"uImage.bin": told(0, KERNEL[:50]), "signature": region(b"")},
    facts=FACTS,
    findings=["malformed", "truncated"],
)
write("no-blob", patched(first, 48, bytes(4)), "No blob where the first should be.")
