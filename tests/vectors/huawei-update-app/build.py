"""Builds the vectors of UPDATE.APP from its layout (splituapp); run it again and nothing changes.

No official tool was at hand to make them: the CRCs are computed here bit by bit.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

SUMS, KERNEL = b"sums of partitions " * 10, b"kernel of the phone " * 500


def crc(data: bytes) -> int:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value ^ 0xFFFF


def partition(name: bytes, data: bytes, number: int) -> bytes:
    sums = b"".join(pack("<H", crc(data[at : at + 4096])) for at in range(0, len(data), 4096))
    texts = (b"2018.08.07", b"10.11.12", name, b"")
    head = pack("<II8sII", 98 + len(sums), 1, b"HW7x27\xff\xff", number, len(data))
    head += pack("<16s16s16s16sHHH", *texts, 0x1234, 4096, 0)
    return b"\x55\xaa\x5a\xa5" + head + sums + data + bytes(-(4 + len(head + sums + data)) % 4)


def part(name: str, data: bytes, number: str) -> dict[str, object]:
    facts = {"version": "0x1", "number": number, "header-crc": "0x1234", "block": "4096", "hardware": "HW7x27\udcff\udcff"}
    facts |= {"date": "2018.08.07", "time": "10.11.12", "name": name, "unused": "", "unused-2": "0x0000"}
    return {**region(data), "facts": facts}


def rows(kernel: bytes) -> dict[str, object]:
    return {"0-CRC": part("CRC", SUMS, "0xfe000000"), "1-KERNEL": part("KERNEL", kernel, "0x3")}


whole = bytes(92) + partition(b"CRC", SUMS, 0xFE000000) + partition(b"KERNEL", KERNEL, 3)
write("package", whole, "Two partitions, the second of three blocks.", parts=rows(KERNEL), facts={})
at = len(whole) - len(KERNEL) + 5000
write(
    "changed",
    patched(whole, at, b"X"),
    "A byte of the second block was changed and its CRC was not.",
    parts=rows(KERNEL[:5000] + b"X" + KERNEL[5001:]),
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    whole[:-1000],
    "The download broke off in the third block.",
    parts=rows(KERNEL[:-1000]),
    findings=["truncated"],
)
write("blocks", patched(whole, 92 + 24, pack("<I", 99999)), "A length that does not fit the number of checksums.")
