"""Builds the vectors of NVTPACK from its layout (viofo-fw); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import iter_unpack, pack
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

PARTITIONS = {1: b"tree of devices " * 12, 6: b"kernel of the camera " * 20}


def total(data: bytes) -> int:
    return sum(word + index for index, (word,) in enumerate(iter_unpack("<H", data))) & 0xFFFF


def firmware(count: int = len(PARTITIONS)) -> bytes:
    start, table, body = 128 + 12 * len(PARTITIONS), b"", b""
    for number, data in PARTITIONS.items():
        table += pack("<III", start + len(body), len(data), number)
        body += data + bytes(-len(data) % 64)
    head = UUID("D6012E07-10BC-4F91-B28A-352F82261A50").bytes_le
    head += pack("<IIIIII", 0x16071515, 128, count, start + len(body), 0, 0)
    whole = head.ljust(128, b"\0") + table + body
    return patched(whole, 36, pack("<H", -total(whole) & 0xFFFF))


facts = {"sum": "0", "unknown": "0x0000"}
parts = {}
for position, (number, data) in enumerate(PARTITIONS.items()):
    parts[f"{position}-partition-{number}"] = {**region(data), "facts": {"number": str(number)}}
write("partitions", firmware(), "Two partitions and a sum that is zero.", parts=parts, facts=facts)
at = firmware().index(b"kernel")
write(
    "changed",
    patched(firmware(), at, b"K"),
    "A byte of the kernel was changed and the sum was not.",
    parts={**parts, "1-partition-6": region(b"K" + PARTITIONS[6][1:])},
    facts=facts,
    findings=["checksum-mismatch"],
)
write(
    "kind",
    patched(firmware(), 32, pack("<I", 1)),
    "A kind of sum that is not described.",
    parts=parts,
    facts={**facts, "sum": "1"},
    findings=["checksum-unchecked"],
)
write("count", firmware(count=9999), "More partitions than there is room for.", findings=["malformed"])
