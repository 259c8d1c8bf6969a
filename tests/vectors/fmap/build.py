"""Builds the FMAP vectors with coreboot's fmaptool (4.15); run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, write

LAYOUT = "FLASH@0 32K {\n BOOTBLOCK@0 4K\n FMAP@4K 1K\n RW_MRC@5K 3K\n COREBOOT(CBFS)@8K 24K\n}\n"


def fmaptool() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "in").write_text(LAYOUT)
        subprocess.run(["fmaptool", "in", "out"], cwd=folder, check=True, capture_output=True)
        return Path(folder, "out").read_bytes()


table = fmaptool()
facts = {
    "version": "1.1", "base": "0x0", "size": "0x8000", "name": "FLASH", "area-0": "BOOTBLOCK 0x0+0x1000 0x0",
    "area-1": "FMAP 0x1000+0x400 0x0", "area-2": "RW_MRC 0x1400+0xc00 0x0", "area-3": "COREBOOT 0x2000+0x6000 0x0",
}  # fmt: skip
write("areas", table, "Four areas, as fmaptool lays them out.", parts={}, facts=facts)
moved = patched(table, 56 + 42 * 3, pack("<I", 0x3000))
write("moved", moved, "An area was moved; no checksum tells.", parts={}, facts={**facts, "area-3": "COREBOOT 0x3000+0x6000 0x0"})
write(
    "trailing",
    table + b"more",
    "Bytes behind the table.",
    parts={"gap-0": gap(b"more")},
    facts=facts,
    findings=["unread-bytes"],
)
write("count", patched(table, 54, pack("<H", 9)), "More areas than there are bytes for.")
