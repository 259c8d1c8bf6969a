"""Builds the vectors of DEX from its description; run it again and nothing changes."""

import sys
from hashlib import sha1
from pathlib import Path
from struct import pack
from zlib import adler32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, write

MAP = pack("<IHHIIHHII", 2, 0, 0, 1, 0, 0x1000, 0, 1, 112)


def program(version: bytes = b"035", data: bytes = MAP, at: int = 0, whole: int = 0, digest: bytes | None = None) -> bytes:
    length = 120 if version >= b"041" else 112
    tables = pack("<17I", 0, 0, length, *[0] * 12, len(data), length)
    if version >= b"041":
        tables += pack("<II", whole or length + len(data), at)
    rest = pack("<III", length + len(data), length, 0x12345678) + tables + data
    digest = digest or sha1(rest, usedforsecurity=False).digest()
    return b"dex\n" + version + b"\0" + pack("<I", adler32(digest + rest)) + digest + rest


for version in (b"035", b"039"):
    write(f"version-{version.decode()}", program(version), "A program without classes, with both checksums.", leaf=True, facts={})
size = len(program(b"041"))
pair = program(b"041", at=0, whole=2 * size) + program(b"041", MAP[::-1], at=size, whole=2 * size)
write("two", pair, "Two programs in one file, as version 041 may have them.", leaf=True, facts={})
write(
    "elsewhere",
    program(b"041", whole=2 * size) + program(b"041", at=4, whole=2 * size),
    "The second of two programs says that it is elsewhere.",
    leaf=True,
    findings=["contradiction"],
)
write(
    "changed",
    patched(program(), 120, b"X"),
    "A byte was changed, and neither checksum was.",
    leaf=True,
    findings=["checksum-stale", "program-checksum"],
)
write(
    "stale",
    program(digest=bytes(range(20))),
    "The SHA-1 is that of other bytes, as tools leave it that change a program: no device looks at it.",
    leaf=True,
    findings=["checksum-stale"],
)
write(
    "appended",
    program() + b"more than the header tells",
    "Bytes behind the end, which the header does not count.",
    parts={"gap-0": gap(b"more than the header tells")},
    findings=["unread-bytes"],
)
write("cut", program()[:-4], "The last bytes are missing.", findings=["malformed"])
write("order", patched(program(), 40, pack(">I", 0x12345678)), "Big-endian, of which there is none: not recognised.")
