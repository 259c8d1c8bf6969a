"""Builds the H3C vectors from the layout in OpenWrt's mkh3cimg.c; run it again and nothing changes.

The CRC is computed here bit by bit.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

FILES = (b"boot loader " * 20, b"system " * 32)
DATE = bytes([0x07, 0xE7, 7, 18, 0, 10, 20, 30])


def crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value >> 15 else 0)) & 0xFFFF
    return value


def package(signature: bytes = b"") -> bytes:
    body, table = b"", b""
    for number, data in enumerate(FILES):
        rest = pack(">6I", 0x4000000 + number, 1, 0x3000, 0x20, len(data), 0xFFFFFFFF) + DATE
        rest += bytes(64) + b"OpenWrt".ljust(224, b"\0") + pack(">III", len(data), crc(data), 0xFFFFFFFF)
        table += pack(">6I", 0x4000000 + number, 6180 + len(body), 340 + len(data), crc(data), 1, 1)
        body += bytes(4) + pack(">I", crc(rest)) + rest + data
    head = pack(">4I", 1, len(FILES), 0x3000, 0x20) + DATE + pack(">HHI", 0x1234, 2, len(body))
    head += table.ljust(3072, b"\0") + signature.ljust(3072, b"\0")
    return head + pack(">I", crc(head)) + body


def told(number: int, data: bytes) -> dict[str, str]:
    facts = {"kind": f"{0x4000000 + number:#x}", "version": "1", "mask": "0x1", "compression": "0xffffffff", "length": str(len(data))}
    return facts | {"version-offset": "0xffffffff", "time": "2023-07-18 10:20:30", "header": f"{0x4000000 + number:#x} 1 0x3000 0x20", "description": "OpenWrt"}


FACTS = {"product": "0x3000", "device": "0x20", "flags": "0x2", "crc": "0x1234"}
parts: Parts = {f"file-{number}": {**region(data), "facts": told(number, data)} for number, data in enumerate(FILES)}
plain = package()
write("files", plain, "A package of two files, as mkh3cimg lays it out.", parts=parts, facts=FACTS)
signed = package(b"signature " * 12)
write("signed", signed, "The same with a signature.", parts={**parts, "signature": {"kind": "region", "size": 3072}}, facts=FACTS)
write(
    "changed",
    patched(plain, len(plain) - 3, b"!"),
    "One byte of the second file was changed and its CRC was not.",
    parts={**parts, "file-1": {"kind": "region", "size": len(FILES[1])}},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("device", patched(plain, 15, b"\x21"), "The device was changed and the CRC of the header was not.", parts=parts, facts={**FACTS, "device": "0x21"}, findings=["checksum-mismatch"])
write("trailing", plain + b"behind", "Bytes behind the files.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "file-1": {"kind": "region", "size": len(FILES[1]) - 9}}, facts=FACTS, findings=["truncated"])
write("second", patched(plain, 32 + 24 + 4, pack(">I", 1 << 30)), "The second file begins where nothing is.", findings=["malformed"])
write("month", patched(plain, 18, b"\x0d"), "The date has a thirteenth month.")
