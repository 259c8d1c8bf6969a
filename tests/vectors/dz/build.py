"""Builds the vectors of DZ from its layout (kdztools dz.py); run it again and nothing changes."""

import sys
import zlib
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

PIECES = (("boot", "boot_0.bin", b"kernel and ramdisk " * 40), ("system", "system_1.bin", b"system " * 90))


def digest(data: bytes) -> bytes:
    return md5(data, usedforsecurity=False).digest()


def dz(
    behind: bytes = b"",
    size: int = 0,
    pieces: tuple[tuple[str, str, bytes], ...] = PIECES,
    firsts: tuple[int, ...] = (0, 1024, 2048),
) -> bytes:
    heads, body = b"", b""
    for first, (partition, name, data) in zip(firsts, pieces, strict=False):
        packed = zlib.compress(data, 9) + behind
        head = pack("<4s32s64sII16s", b"\x30\x12\x95\x78", partition.encode(), name.encode(), size or len(data), len(packed), digest(data))
        head += pack("<IIII372x", first, 8, 0, zlib.crc32(data))
        heads += head
        body += head + packed
    first = pack("<4sIII32s144sI16s", b"\x32\x96\x18\x74", 2, 1, 0, b"g3", b"LGD855AT-00-V10e", len(pieces), digest(heads))
    return (first + pack("<I", 256)).ljust(512, b"\0") + body


facts = {"format": "2.1.0", "device": "g3", "version": "LGD855AT-00-V10e", "rest": "0001"}
parts = {}
for number, (partition, name, data) in enumerate(PIECES):
    told = {"first": str(1024 * number), "discarded": "8", "device": "0", "partition": partition, "name": name}
    parts[f"{number}-{name}"] = {**region(data), "facts": told}
write("pieces", dz(), "Two pieces of two partitions.", parts=parts, facts=facts)
ROW = (*PIECES, ("system", "system_2.bin", b"more of the system " * 70))
second, third = ROW[1][2], ROW[2][2]


def system(*firsts: int) -> dict[str, str]:
    told = {"first": str(firsts[0]), "device": "0", "partition": "system"}
    for number, first in enumerate(firsts, 1):
        name = f"system_{number}.bin"
        told[f"piece/{number}-{name}"] = f"device=0 discarded=8 first={first} name={name} partition=system"
    return told


for name, block, firsts in (("row-512", 512, (0, 100, 103)), ("row-4096", 4096, (0, 100, 101))):
    joined = second.ljust((firsts[2] - firsts[1]) * block, b"\0") + third
    write(
        name,
        dz(pieces=ROW, firsts=firsts),
        f"Two pieces of one partition in a row, in blocks of {block} bytes.",
        parts={"0-boot_0.bin": parts["0-boot_0.bin"], "1-system": {**region(joined), "facts": system(*firsts[1:])}},
        facts=facts,
    )
write(
    "row-overlap",
    dz(pieces=ROW, firsts=(0, 100, 100)),
    "Two pieces of one partition are said to begin at the same block.",
    parts={
        "0-boot_0.bin": parts["0-boot_0.bin"],
        "1-system_1.bin": region(second),
        "2-system_2.bin": region(third),
    },
    facts=facts,
)
bad = patched(dz(), 512 + 108, b"\xff")
broken = {name: {"kind": "region"} if name.startswith("0") else part for name, part in parts.items()}
write(
    "digest",
    bad,
    "The digest of the first piece was changed: neither it nor that of the headers fits.",
    parts=broken,
    facts=facts,
    findings=["checksum-mismatch", "malformed"],
)
write(
    "behind",
    dz(behind=b"more"),
    "Something is packed with each piece that it does not unpack to.",
    parts={name: {"kind": "region"} for name in parts},
    facts=facts,
    findings=["malformed"],
)
write(
    "bomb",
    dz(size=100),
    "The pieces unpack to more than they say.",
    parts={name: {"kind": "region"} for name in parts},
    facts=facts,
    findings=["malformed"],
)
write("pieces-none", patched(dz(), 192, bytes(4)), "A header that lists no piece.")
