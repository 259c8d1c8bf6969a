"""Builds the vendor boot vectors with mkbootimg 29.0.6, and from the layout (AOSP bootimg.h) version 4, which that does not know.

Run it again and nothing changes.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

from tree import noise

RAMDISK, RECOVERY, DTB = noise(1500, "ramdisk"), noise(900, "recovery"), noise(200, "dtb")
CONFIG = b"androidboot.hardware=box\nandroidboot.serialno=1\n"
LINE = "console=ttyS0 androidboot.selinux=enforcing"
FACTS = {
    "version": "4",
    "name": "box",
    "command-line": LINE,
    "kernel-address": "0x10008000",
    "ramdisk-address": "0x11000000",
    "tags-address": "0x10000100",
    "dtb-address": "0x11f00000",
}
PAGE = 4096


def mkbootimg() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ramdisk").write_bytes(RAMDISK)
        (Path(folder) / "dtb").write_bytes(DTB)
        command = ["mkbootimg", "--header_version", "3", "--vendor_boot", "image", "--vendor_ramdisk", "ramdisk"]
        command += ["--dtb", "dtb", "--vendor_cmdline", LINE, "--board", "box", "--pagesize", "4096"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (Path(folder) / "image").read_bytes()


def paged(*sections: bytes) -> bytes:
    return b"".join(section + bytes(-len(section) % PAGE) for section in sections)


def entry(size: int, offset: int, kind: int, name: bytes, board: int = 0) -> bytes:
    return pack("<III32sI60x", size, offset, kind, name, board)


def version_4(ramdisks: bytes, *entries: bytes, count: int | None = None) -> bytes:
    head = pack("<8s5I2048s", b"VNDRBOOT", 4, PAGE, 0x10008000, 0x11000000, len(ramdisks), LINE.encode())
    head += pack("<I16sIIQ", 0x10000100, b"box", 2128, len(DTB), 0x11F00000)
    table = b"".join(entries)
    head += pack("<IIII", len(table), len(entries) if count is None else count, 108, len(CONFIG))
    return paged(head, ramdisks, DTB, table, CONFIG)


def ramdisk(data: bytes, number: int, kind: str, name: str, board: int = 0) -> dict[str, object]:
    facts = {"number": str(number), "type": kind, "name": name, "board": pack("<I60x", board).hex()}
    return {**region(data), "facts": facts}


parts: Parts = {"dtb": region(DTB), "bootconfig": region(CONFIG)}
platform, recovery = entry(1500, 0, 1, b""), entry(900, 1500, 2, b"recovery", 7)
both: Parts = {
    "ramdisk-0": ramdisk(RAMDISK, 0, "platform", ""),
    "ramdisk-1": ramdisk(RECOVERY, 1, "recovery", "recovery", 7),
    **parts,
}
image = version_4(RAMDISK + RECOVERY, platform, recovery)

write(
    "version-3",
    mkbootimg(),
    "One ramdisk and a device tree, as mkbootimg writes them.",
    parts={"vendor-ramdisk": region(RAMDISK), "dtb": region(DTB)},
    facts={**FACTS, "version": "3"},
)
write("version-4", image, "Two ramdisks in a table, and a boot configuration.", parts=both, facts=FACTS)
write(
    "not-listed",
    version_4(RAMDISK + RECOVERY, platform),
    "A ramdisk that the table does not list.",
    parts={"ramdisk-0": both["ramdisk-0"], **parts, "gap-0": gap(RECOVERY)},
    facts=FACTS,
    findings=["unread-bytes"],
)
write(
    "shared",
    version_4(RAMDISK + RECOVERY, platform, entry(1000, 1400, 2, b"recovery", 7)),
    "Two ramdisks share bytes.",
    parts={**both, "ramdisk-1": ramdisk((RAMDISK + RECOVERY)[1400:], 1, "recovery", "recovery", 7)},
    facts=FACTS,
    findings=["overlap"],
)
write(
    "truncated",
    image[: PAGE + 1000],
    "The image breaks off within the ramdisks, before the table.",
    findings=["malformed"],
)
write(
    "too-many",
    version_4(RAMDISK + RECOVERY, platform, recovery, count=3),
    "A table that states more entries than it has.",
    findings=["malformed"],
)
write("version", patched(image, 8, b"\x09"), "A version that does not exist.", findings=["unsupported"])
