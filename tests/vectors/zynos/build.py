"""Builds the ZyNOS vectors from the layout in OpenWrt's zynos.h; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

DATA = b"boot extension " * 50 + b"\xff\xfe" * 40 + b"x"


def total(data: bytes) -> int:
    value = 0
    for at in range(0, len(data), 2):
        value += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        value = (value & 0xFFFF) + (value >> 16)
    return value


def zynos(size: int, packed: int, flags: int, sums: tuple[int, int], data: bytes = DATA) -> bytes:
    return pack(">IH3sBIIBBHH15sIIB", 0x80014000, 0, b"SIG", 3, size, packed, flags, 0, *sums, b"V4.50", 0xBFC18000, 0, 0) + data


def facts(size: int, flags: str, packed: int = 0) -> dict[str, str]:
    known = {"address": "0x80014000", "type": "boot-extension", "memory-map": "0xbfc18000", "unknown": "0000 00 0000000000"}
    known |= {"sum": "0001"} if packed else {"packed-sum": "0000"}
    return {**known, "size": str(size), "packed-size": str(packed), "flags": flags, "version": "V4.50"}


parts: Parts = {"data": region(DATA)}
plain = zynos(len(DATA), 0, 0x40, (total(DATA), 0))
write("plain", plain, "An object with a sum over its data.", parts=parts, facts=facts(len(DATA), "0x40"))
write(
    "compressed",
    zynos(9999, len(DATA), 0xE0, (1, total(DATA))),
    "A compressed object: only the sum over what is there can be checked.",
    parts=parts,
    facts=facts(9999, "0xe0", len(DATA)),
)
write(
    "openwrt",
    zynos(2, 0, 0x40, (total(DATA[:2]), 0)),
    "OpenWrt states two bytes and their sum: all the rest belongs to the object.",
    parts=parts,
    facts=facts(2, "0x40"),
)
write(
    "changed",
    patched(plain, 100, b"!"),
    "One byte of the data was changed and the sum was not.",
    parts={"data": region(patched(DATA, 52, b"!"))},
    facts=facts(len(DATA), "0x40"),
    findings=["checksum-mismatch"],
)
write("truncated", plain[:-100], "The download broke off.", parts={"data": region(DATA[:-100])}, facts=facts(len(DATA), "0x40"), findings=["truncated"])
write("no-sum", patched(plain, 18, b"\0"), "Neither sum is there.")
