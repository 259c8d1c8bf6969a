"""Builds the vectors of RKAF from its layout (rockchip-mkbootimg rkafp.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

LIST, BOOT = b"# NAME Relative path\npackage-file package-file\n", b"kernel and ramdisk " * 30
END = 2048 + 2048 * 2


def crc(data: bytes) -> bytes:
    """Rockchip's CRC, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = value << 1 ^ (0x104C10DB7 if value >> 31 else 0)
    return pack("<I", value)


def entry(name: bytes, file: bytes, start: int, size: int, place: int = 0xFFFFFFFF) -> bytes:
    return pack("<32s60s5I", name, file, 0, start, place, -(-size // 2048) * 2048, size)


def image(second: int = 4096) -> bytes:
    table = entry(b"package-file", b"package-file", 2048, len(LIST)) + entry(b"boot", b"boot.img", second, len(BOOT), 0x8000)
    table += entry(b"backup", b"RESERVED", 0, 0)
    head = pack("<4sI34s30s56sIII", b"RKAF", END, b"RK3328", b"007", b"RK", 0, 0x08010002, 3)
    whole = (head + table).ljust(2048, b"\0") + LIST.ljust(2048, b"\0") + BOOT.ljust(2048, b"\0")
    return whole + crc(whole)


def part(data: bytes, name: str, file: str, filled: str = "2048", place: str = "0xffffffff", **more: str) -> dict[str, object]:
    facts = {"name": name, "file": file, "sectors": "0x0", "place": place, "filled": filled, **more}
    return {**region(data), "facts": facts}


facts = {"unknown": "00000000", "version": "0x08010002", "model": "RK3328", "id": "007", "manufacturer": "RK"}
parts = {
    "0-package-file": part(LIST, "package-file", "package-file"),
    "1-boot": part(BOOT, "boot", "boot.img", place="0x8000"),
    "2-backup": part(b"", "backup", "RESERVED", filled="0", start="0x0", size="0x0"),
}
write("image", image(), "Two files, and an entry that stands for none.", parts=parts, facts=facts)
write(
    "truncated",
    image()[:4500],
    "The download broke off in the second file.",
    parts={**parts, "1-boot": part(BOOT[:404], "boot", "boot.img", place="0x8000")},
    findings=["truncated"],
)
overlap = image(second=2048)
write(
    "overlap",
    overlap,
    "Both files are said to begin at one place.",
    parts={
        **parts,
        "1-boot": part(overlap[2048 : 2048 + len(BOOT)], "boot", "boot.img", place="0x8000"),
        "gap-0": {"kind": "gap"},
    },
    findings=["overlap", "unread-bytes"],
)
write("entries", patched(image(), 136, pack("<I", 17)), "More entries than there is room for.")
changed = patched(image(), 4100, b"!")
write(
    "changed",
    changed,
    "One byte of the second file was changed and the CRC was not.",
    parts={**parts, "1-boot": part(changed[4096 : 4096 + len(BOOT)], "boot", "boot.img", place="0x8000")},
    facts=facts,
    findings=["checksum-mismatch"],
)
