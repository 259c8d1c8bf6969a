"""Builds the vectors of PAC from its layout (pacextractor.c and later tools); run it again and nothing changes.

No official tool was at hand to make them; the CRC is computed here bit by bit.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

FILES = (("FDL", "fdl1.bin", b"first loader " * 20), ("BOOT", "boot.img", b"kernel and ramdisk " * 15), ("ERASE", "", b""))
HEADER, ENTRY = 2124, 2580


def wide(text: str, width: int) -> bytes:
    return text.encode("utf-16-le").ljust(width, b"\0")


def crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def pac(length: int = 0, count: int = len(FILES)) -> bytes:
    heads, body, start = b"", b"", HEADER + ENTRY * len(FILES)
    for identity, name, data in FILES:
        place = start + len(body) if data else 0
        heads += pack("<I", ENTRY) + wide(identity, 512) + wide(name, 512) + wide("", 504)
        heads += pack("<IIIIII", 0, 0, len(data), 1, 1, place) + pack("<7I996x", 0, 1, 0x5500, 0, 0, 0, 0)
        body += data
    whole = length or start + len(body)
    head = wide("BP_R2.0.1", 44) + pack("<II", 0, whole) + wide("s9863a1h10", 512) + wide("MOCOR_1", 512)
    head += pack("<II5I", count, HEADER, 0, 1, 0, 0, 1) + wide("alias", 200) + pack("<3I800x", 0, 1, 0) + b"\xfa\xff\xfa\xff"
    return head + pack("<HH", crc(head), crc(heads + body)) + heads + body


facts = {"modes": "0 1 0 0 1 0 1 0", "version": "BP_R2.0.1", "product": "s9863a1h10"}
facts |= {"release": "MOCOR_1", "alias": "alias"}
parts = {}
for number, (identity, name, data) in enumerate(FILES):
    told = {"kind": "0x1", "checked": "1", "addresses": "0x0 0x1 0x5500 0x0 0x0 0x0 0x0", "identity": identity}
    told |= {"name": name, "version": ""} | ({} if data else {"start": "0x0"})
    parts[f"{number}-{identity}"] = {**region(data), "facts": told}
write("files", pac(), "Two files, and a command that has none.", parts=parts, facts=facts)
changed = patched(pac(), 60, b"9")
write(
    "changed",
    changed,
    "The name of the product was changed and the CRC was not.",
    parts=parts,
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    pac()[:-40],
    "The download broke off in the last file.",
    parts={**parts, "1-BOOT": {"kind": "region", "size": len(FILES[1][2]) - 40}},
    findings=["truncated"],
)
write("files-many", pac(count=999), "More files than there is room for.", findings=["malformed"])
kernel = len(pac()) - 9
write(
    "changed-file",
    patched(pac(), kernel, b"K"),
    "One byte of the kernel was changed and the CRC was not.",
    parts={**parts, "1-BOOT": {"kind": "region", "size": len(FILES[1][2])}},
    facts=facts,
    findings=["checksum-mismatch"],
)
