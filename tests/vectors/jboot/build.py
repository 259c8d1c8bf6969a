"""Builds the JBOOT vectors from the layout in OpenWrt's mkdlinkfw.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

FIRST, SECOND = b"kernel and root " * 20, b"settings of the maker " * 9 + b"!"


def total(data: bytes) -> int:
    value = 0
    for at in range(0, len(data) - 1, 2):
        value += int.from_bytes(data[at : at + 2], "little")
        while value >> 16:
            value = (value & 0xFFFF) + (value >> 16)
    if len(data) % 2:
        value = (value + data[-1] - 0xFF) & 0xFFFFFFFF
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def section(data: bytes, place: int) -> bytes:
    head = pack("<12sHH10sBBI4I16s", b"DLK6E2414001", 0, total(data), b"", 1, 0, 0x08000000, place, 0x10000, place, len(data), b"")
    head += b"BH" + pack("<HHBBIH", 2, 0, 4, 4, 0, 0x6E61)
    return head + pack("<H", total(head) ^ 0xFFFF) + data


def told(data: bytes, place: int) -> dict[str, object]:
    facts = {"erased": f"{place:#x}+0x10000", "place": f"{place:#x}", "section": "4", "time": str(0x08000000), "information": "0x4 0x0"}
    return {**region(data), "facts": facts | {"family": "0x6e61", "fixed": "0x0  1 0  0x0", "device": "DLK6E2414001"}}


FACTS = {"device": "DLK6E2414001", "family": "0x6e61"}
parts = {"section-0": told(FIRST, 0x10000), "section-1": told(SECOND, 0x7F0000)}
plain = section(FIRST, 0x10000) + section(SECOND, 0x7F0000)
write("sections", plain, "Two places of the flash; the second has an odd length.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, 100, b"!"),
    "One byte of the first section was changed and its sum was not.",
    parts={**parts, "section-0": told(patched(FIRST, 20, b"!"), 0x10000)},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "family",
    patched(plain, 76, b"\x62"),
    "The family was changed and the header's sum was not.",
    parts={"section-0": region(FIRST), "section-1": parts["section-1"]},
    facts={**FACTS, "family": "0x6e62"},
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"behind", "Bytes behind the sections.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "section-1": told(SECOND[:-9], 0x7F0000)}, facts=FACTS, findings=["truncated"])
write("zeros", patched(plain, 48, b"text"), "Text where zeros must be.")
