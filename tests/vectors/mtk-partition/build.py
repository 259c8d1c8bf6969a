"""Builds the vectors of MediaTek's partition images from the header's layout (mkimg.h); run it again and nothing changes.

No official tool was at hand to make them; the fields hold what the images of a phone hold in them.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

LOADER, CERTIFICATE, TREE = b"little kernel " * 30, b"certificate of the loader " * 5, b"tree of devices " * 12


def image(name: bytes, data: bytes, kind: int = 0, last: int = 0, load: int = 0x48000000) -> bytes:
    first = pack("<4sI32sII", b"\x88\x16\x88\x58", len(data), name, load, 0xFFFFFFFF)
    second = pack("<4s7I", b"\x89\x16\x89\x58", 512, 1, kind, last, 16, 0, 0)
    return (first + second).ljust(512, b"\xff") + data + bytes(-len(data) % 16)


def part(name: str, data: bytes, kind: str = "0x00000000", last: str = "0") -> dict[str, object]:
    facts = {"name": name, "load": "0x48000000", "mode": "0xffffffff", "version": "1"}
    return {**region(data), "facts": {**facts, "type": kind, "last": last, "step": "16"}}


row = image(b"lk", LOADER) + image(b"cert1", CERTIFICATE, 0x02000000) + image(b"lk_main_dtb", TREE, last=1)
parts = {
    "0-lk": part("lk", LOADER),
    "1-cert1": part("cert1", CERTIFICATE, "0x02000000"),
    "2-lk_main_dtb": part("lk_main_dtb", TREE, last="1"),
}
write("row", row, "A loader, its certificate and a tree, the last marked as such.", parts=parts, facts={})
old = pack("<4sI32s", b"\x88\x16\x88\x58", len(TREE), b"LOGO").ljust(512, b"\xff") + TREE
facts = {"name": "LOGO", "load": "0xffffffff", "mode": "0xffffffff"}
write("old", old, "The header of old devices, for one image.", parts={"0-LOGO": {**region(TREE), "facts": facts}}, facts={})
write(
    "open-end",
    row[: -len(image(b"lk_main_dtb", TREE))],
    "The image that would be marked as the last is not there.",
    parts={name: parts[name] for name in list(parts)[:2]},
    findings=["truncated"],
)
cut = row[:-50]
write(
    "truncated",
    cut,
    "The download broke off in the last image.",
    parts={**parts, "2-lk_main_dtb": part("lk_main_dtb", TREE[: len(TREE) - 50], last="1")},
    findings=["truncated"],
)
write("unnamed", patched(row, 8, bytes(32)), "An image without a name is none of these.", findings=[])
