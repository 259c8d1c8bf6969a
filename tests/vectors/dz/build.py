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


def dz(behind: bytes = b"", size: int = 0) -> bytes:
    heads, body = b"", b""
    for number, (partition, name, data) in enumerate(PIECES):
        packed = zlib.compress(data, 9) + behind
        head = pack("<4s32s64sII16s", b"\x30\x12\x95\x78", partition.encode(), name.encode(), size or len(data), len(packed), digest(data))
        head += pack("<IIII372x", 1024 * number, 8, 0, zlib.crc32(data))
        heads += head
        body += head + packed
    first = pack("<4sIII32s144sI16s", b"\x32\x96\x18\x74", 2, 1, 0, b"g3", b"LGD855AT-00-V10e", len(PIECES), digest(heads))
    return (first + pack("<I", 256)).ljust(512, b"\0") + body


facts = {"format": "2.1.0", "device": "g3", "version": "LGD855AT-00-V10e", "rest": "0001"}
parts = {}
for number, (partition, name, data) in enumerate(PIECES):
    told = {"first": str(1024 * number), "discarded": "8", "device": "0", "partition": partition, "name": name}
    parts[f"{number}-{name}"] = {**region(data), "facts": told}
write("pieces", dz(), "Two pieces of two partitions.", parts=parts, facts=facts)
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
