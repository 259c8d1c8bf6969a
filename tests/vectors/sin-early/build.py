"""Builds the vectors of SIN 1 and 2 from their layout (Flashtool); run it again and nothing changes."""

import sys
from hashlib import sha1, sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

ABOUT = pack("<4I", 3, 1, 0, 9)
BLOCKS = ((0, b"the first block of a partition " * 8), (248, b"the next one " * 10), (1024, b"one further on " * 9))
SIGNATURE = b"S1_SW and a chain of certificates " * 4


def sin(version: int = 2, kind: int = 9, blocks: tuple[tuple[int, bytes], ...] = BLOCKS, about: bytes = ABOUT) -> bytes:
    listed = body = b""
    for place, data in ((0, about), *blocks):
        digest = (sha256(data) if version == 2 else sha1(data, usedforsecurity=False)).digest()
        listed += pack(">IIB", place, len(data), len(digest)) + digest
        body += data
    header = 15 + len(listed) + 4 + len(SIGNATURE)
    head = pack(">BBIBHBBI", version, 0, header, kind, 0, 3, 0, len(listed))
    return head + listed + pack(">I", len(SIGNATURE)) + SIGNATURE + body


def placed(blocks: tuple[tuple[int, bytes], ...] = BLOCKS) -> bytes:
    partition = b""
    for place, data in blocks:
        partition = partition.ljust(place, b"\0") + data
    return partition


def facts(version: int, kind: int = 9) -> dict[str, str]:
    told = {"version": version, "more-headers": 0, "payload": kind, "unknown": 0, "storage": 3, "compression": 0}
    return {name: str(value) for name, value in told.items()}


PARTS: Parts = {"signature": region(SIGNATURE), "about": region(ABOUT)}
for version in (1, 2):
    parts = {**PARTS, "partition": region(placed())}
    why = f"Three blocks of a partition with a hole between, as version {version} has them."
    write(f"version-{version}", sin(version), why, parts=parts, facts=facts(version))
payload = b"".join(data for _, data in BLOCKS)
write(
    "spare",
    sin(kind=10),
    "Pages of NAND flash with their spare bytes stay as they are.",
    parts={**PARTS, "payload": region(payload)},
    facts=facts(2, 10),
)
whole = sin()
write(
    "changed",
    patched(whole, len(whole) - len(payload), b"T"),
    "A byte of the first block was changed and its digest was not.",
    parts={**PARTS, "partition": region(b"T" + placed()[1:])},
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    whole[:-40],
    "The last block is not all there, and none is put in its place.",
    parts={**PARTS, "payload": region(payload[:-40])},
    findings=["truncated"],
)
write("digest", patched(whole, 15 + 8, b"\x21"), "A digest of a length that is no digest's.", findings=["malformed"])
write("signature", patched(whole, 2, pack(">I", 500)), "Signature and list do not fill the header: not recognised.")
