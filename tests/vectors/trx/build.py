"""Builds the TRX vectors from the header's layout (OpenWrt firmware-utils src/trx.c); run it again and nothing changes.

No official tool was at hand to make them: the checksum and the offsets are computed here from that description.
"""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

PIECES = (b"loader " * 9, b"kernel " * 20, b"root file system " * 11, b"fourth " * 4)


def trx(version: int, pieces: tuple[bytes, ...], flags: int = 0) -> tuple[bytes, tuple[int, ...]]:
    count = 2 + version
    body, offsets = b"", []
    for piece in pieces:
        offsets.append(16 + 4 * count + len(body))
        body += piece + bytes(-len(piece) % 32)
    places = tuple(offsets) + (0,) * (count - len(pieces))
    checked = pack("<HH", flags, version) + pack(f"<{count}I", *places) + body
    return pack("<4sII", b"HDR0", 12 + len(checked), crc32(checked) ^ 0xFFFFFFFF) + checked, places


def facts(version: int, places: tuple[int, ...]) -> dict[str, str]:
    return {"version": str(version), "flags": "0x0000", "offsets": " ".join(f"{place:#x}" for place in places)}


def parts(pieces: tuple[bytes, ...]) -> Parts:
    return {f"partition-{index}": region(piece + bytes(-len(piece) % 32)) for index, piece in enumerate(pieces)}


first, places = trx(1, PIECES[:3])
write(
    "version-1",
    first,
    "Three partitions, each up to the beginning of the next.",
    parts=parts(PIECES[:3]),
    facts=facts(1, places),
)
second, places_2 = trx(2, PIECES)
write("version-2", second, "Four partitions, a longer header.", parts=parts(PIECES), facts=facts(2, places_2))
changed = (PIECES[0], b"Kernel " + PIECES[1][7:], PIECES[2])
write(
    "changed",
    patched(first, places[1], b"K"),
    "One byte of the kernel was changed and the checksum was not.",
    parts=parts(changed),
    facts=facts(1, places),
    findings=["checksum-mismatch"],
)
outside = patched(first, 24, pack("<I", 0x10000))
outside = patched(outside, 8, pack("<I", crc32(outside[12:]) ^ 0xFFFFFFFF))
write(
    "outside",
    outside,
    "The third partition is said to begin behind the end; the checksum fits.",
    parts={
        "partition-0": region(first[places[0] : places[1]]),
        "partition-1": region(first[places[1] :]),
    },
    facts=facts(1, (*places[:2], 0x10000)),
    findings=["malformed"],
)
write(
    "truncated",
    first[:200],
    "The download broke off.",
    parts={"partition-0": region(first[places[0] : places[1]]), "partition-1": region(first[places[1] : 200])},
    facts=facts(1, places),
    findings=["malformed", "truncated"],
)
write("length", patched(first, 4, pack("<I", 8)), "A length that is less than the header.")

tail = bytes([3, 0, 0, 4]) + b"RT-VC68U".ljust(12, b"\0") + bytes(48)
asus = bytearray(first + tail)
asus[4:8] = pack("<I", len(asus))
asus[8:12] = pack("<I", crc32(bytes(asus[12:])) ^ 0xFFFFFFFF)
write(
    "asus",
    bytes(asus),
    "A trailer of ASUS at the end, which tells the product and belongs to no partition.",
    parts={**parts(PIECES[:3]), "asus-trailer": region(tail)},
    facts={**facts(1, places), "asus-version": "3.0.0.4", "product": "RT-VC68U"},
)
