"""Builds the UF2 vectors from the layout in microsoft/uf2's README; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

from tree import noise

CODE, FAMILY = noise(700), 0xE48BFF56


def block(number: int, count: int, address: int, data: bytes, flags: int = 0x2000, family: int = FAMILY) -> bytes:
    head = b"UF2\nWQ]\x9e" + pack("<6I", flags, address, len(data), number, count, family)
    return head + data.ljust(476, b"\0") + b"\x30\x6f\xb1\x0a"


def blocks(data: bytes, address: int) -> list[bytes]:
    pieces = [data[at : at + 256] for at in range(0, len(data), 256)]
    return [block(n, len(pieces), address + 256 * n, piece) for n, piece in enumerate(pieces)]


row = blocks(CODE, 0x10000000)
name = f"family-{FAMILY:08x}-0x10000000"
parts, facts = {name: region(CODE)}, {"flags": "0x2000", "blocks": "0x3"}
write("blocks", b"".join(row), "Three blocks for one family, without a gap between them.", parts=parts, facts=facts)
write(
    "without-family",
    b"".join(block(n, 2, 0x2000 + 0x1000 * n, CODE[:256], 0, 0) for n in range(2)),
    "Two places, for any family.",
    parts={"0x00002000": region(CODE[:256]), "0x00003000": region(CODE[:256])},
    facts={"flags": "0x0", "blocks": "0x2", "file-size": "0x0"},
)
write(
    "missing",
    row[0] + row[2],
    "The second block is missing.",
    parts={name: region(CODE[:256]), f"family-{FAMILY:08x}-0x10000200": region(CODE[512:])},
    facts=facts,
    findings=["contradiction"],
)
write(
    "truncated",
    row[0] + row[1] + row[2][:100],
    "The last block is not all there.",
    parts={name: region(CODE[:512]), "gap-0": gap(row[2][:100])},
    facts=facts,
    findings=["truncated", "unread-bytes"],
)
other = block(0, 1, 0, b"not for flash", 1)
write(
    "other",
    other + b"".join(row),
    "A block that is not for flash is kept as it is.",
    parts={**parts, "block-0": region(other[8:508])},
    facts=facts,
)
write("end", patched(row[0], 508, b"\0"), "The magic at the end of the block is missing.")
