"""Builds the vectors of Intel's flash descriptor with coreboot's ifdtool (4.15) from a first descriptor; run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

LAYOUT = "00000000:00000fff fd\n00004000:00007fff bios\n00002000:00003fff me\n00001000:00001fff gbe\n"


def descriptor() -> bytes:
    """Return a descriptor of the layout before 2015 with a BIOS region only."""
    out = bytes(16) + b"\x5a\xa5\xf0\x0f" + pack("<3I", 0x02040003, 0x12100206, 0x00210120)
    out = out.ljust(0x30, b"\xff") + pack("<4I", 0x00540024, 0, 0, 0)
    out += pack("<8I", 0x00000000, 0x00070001, 0x00007FFF, 0x00007FFF, 0x00007FFF, *[0x00007FFF] * 3)
    out = out.ljust(0x60, b"\xff") + pack("<3I", 0xFFFF0000, 0xFFFF0000, 0xFFFF0000)
    return out.ljust(0x8000, b"\xff")


def ifdtool() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "layout").write_text(LAYOUT)
        for name, size in (("bios", 0x4000), ("me", 0x2000), ("gbe", 0x1000)):
            (Path(folder) / name).write_bytes(f"the region of {name} ".encode().ljust(size, b"\xff"))
        steps = [["-n", "layout"], *(["-i", f"{name}:{name.lower()}"] for name in ("BIOS", "ME", "GbE"))]
        image = descriptor()
        for step in steps:
            (Path(folder) / "flash").write_bytes(image)
            subprocess.run(["ifdtool", *step, "flash"], cwd=folder, check=True, capture_output=True)
            image = (Path(folder) / "flash.new").read_bytes()
        return image


image = ifdtool()
parts = {
    "descriptor": region(image[:0x1000]), "gbe": region(image[0x1000:0x2000]), "me": region(image[0x2000:0x4000]),
    "bios": region(image[0x4000:]),
}  # fmt: skip
write("four", image, "Four regions, as ifdtool lays them out.", parts=parts, facts={})
cut = image[:0x5000]
write("truncated", cut, "The dump broke off within the last region.", parts={**parts, "bios": region(cut[0x4000:])}, findings=["truncated"])
over = patched(image, 0x48, pack("<I", 0x00040002))
write(
    "overlap",
    over,
    "One region reaches into the next.",
    parts={**parts, "me": region(over[0x2000:0x5000]), "descriptor": region(over[:0x1000])},
    findings=["overlap"],
)
write("no-bios", patched(image, 0x44, pack("<I", 0x00007FFF)), "No region of the BIOS: not what it looks like.")
