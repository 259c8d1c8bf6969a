"""Builds the vectors of Rockchip's loaders from their layout (rkdeveloptool); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

PROGRAMS = ((1, "rk3328_ddr", b"sets up the memory " * 9), (2, "usbplug", b"writes the flash " * 8), (4, "FlashBoot", b"starts " * 30))
LISTS = {1: "first", 2: "second", 4: "loader"}


def crc(data: bytes) -> bytes:
    """Rockchip's CRC, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = value << 1 ^ (0x104C10DB7 if value >> 31 else 0)
    return pack("<I", value)


def loader() -> bytes:
    lists, body, start = b"", b"", 102 + 57 * len(PROGRAMS)
    head = pack("<4sHIIH5B4s", b"BOOT", 102, 0x102, 0x1030001, 2020, 2, 3, 4, 5, 6, b"8233")
    for number, (kind, name, data) in enumerate(PROGRAMS):
        head += pack("<BIB", 1, 102 + 57 * number, 57)
        lists += pack("<BI40sIII", 57, kind, name.encode("utf-16-le"), start + len(body), len(data), 0)
        body += data
    whole = head + pack("<BB57x", 0, 1) + lists + body
    return whole + crc(whole)


def parts(cut: int = 0) -> Parts:
    found: Parts = {}
    for kind, name, data in PROGRAMS:
        facts = {"delay": "0", "kind": str(kind), "length": "57", "name": name}
        found[f"{LISTS[kind]}-0-{name}"] = {**region(data[: len(data) - cut * (kind == 4)]), "facts": facts}
    return found


facts = {"version": "0x102", "chip": b"8233".hex(), "signed": "0", "plain": "1"}
write("loader", loader(), "A program in each list.", parts=parts(), facts=facts)
write(
    "truncated",
    loader()[:-20],
    "The end of the last program and the CRC are missing.",
    parts=parts(16),
    findings=["truncated"],
)
write("month", patched(loader(), 16, b"\x0d"), "The date has a thirteenth month.")
write("programs", patched(loader(), 25, b"\xff"), "More programs than there is room for.", findings=["malformed"])
write(
    "changed",
    patched(loader(), 6, b"\x03"),
    "The version was changed and the CRC was not.",
    parts=parts(),
    facts={**facts, "version": "0x103"},
    findings=["checksum-mismatch"],
)
