"""Builds the MZIP vectors from the layout in bvanheu/linux-cisco's mziptools; run it again and nothing changes.

The CRC is computed here bit by bit.
"""

import io
import sys
import zipfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

SYSTEM = b"\x7fELF system " * 40


def crc(data: bytes) -> int:
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value >> 15 else 0)) & 0xFFFF
    return value ^ 0xFFFF


def packed() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("-"), SYSTEM)
    return stream.getvalue()


def mzip(kind: int, segment: bytes, count: int = 1) -> bytes:
    second = pack(">6I32s", 112, 0x1000000, kind, len(segment) if kind else 0, len(SYSTEM), 0x20000, b"")
    first = pack(">4s4I32sH", b"MZIP", 1, 0x1003000, count, 1, b"", crc(second + segment))
    return first + pack(">H", crc(first)) + second + segment


FACTS = {"version": "1", "entry-point": "0x1003000", "load-address": "0x1000000", "kind": "zip", "size": str(len(SYSTEM)), "memory": "131072", "unknown": "1 1"}
parts: Parts = {"segment": {"kind": "region", "format": "zip", "size": len(packed())}, "segment!/-": {"kind": "file", "size": len(SYSTEM), "sha256": region(SYSTEM)["sha256"]}}
plain = mzip(1, packed())
write("zip", plain, "A segment packed as a zip.", parts=parts, facts=FACTS)
bare = mzip(0, SYSTEM)
write("plain", bare, "A segment that is not packed.", parts={"segment": region(SYSTEM)}, facts={**FACTS, "kind": "plain"})
write(
    "changed",
    patched(bare, 200, b"!"),
    "One byte of the segment was changed and its CRC was not.",
    parts={"segment": region(patched(SYSTEM, 88, b"!"))},
    facts={**FACTS, "kind": "plain"},
    findings=["checksum-mismatch"],
)
write("entry", patched(bare, 11, b"\x04"), "The entry point was changed and the header's CRC was not.", parts={"segment": region(SYSTEM)}, facts={**FACTS, "kind": "plain", "entry-point": "0x1003004"}, findings=["checksum-mismatch"])
several = mzip(0, SYSTEM, 2)
write("several", several, "An image of several segments, which is not taken apart.", parts={"segments": region(SYSTEM)}, findings=["unsupported"])
write("trailing", bare + b"behind", "Bytes behind the segment.", parts={"segment": region(SYSTEM), "gap-0": gap(b"behind")}, findings=["unread-bytes"])
write("truncated", bare[:-9], "The download broke off.", parts={"segment": region(SYSTEM[:-9])}, findings=["truncated"])
write("header", patched(bare, 56, pack(">I", 9)), "A header of another length.")
