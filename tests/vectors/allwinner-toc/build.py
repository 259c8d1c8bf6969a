"""Builds the vectors of TOC0 and TOC1 from their layouts (u-boot tools/sunxi_toc0.c, toc1.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import iter_unpack, pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

CODE, TREE = b"loader of the board " * 12, b"tree of devices " * 9


def summed(data: bytes, at: int) -> bytes:
    whole = patched(data, at, pack("<I", 0x5F0A6C39))
    return patched(whole, at, pack("<I", sum(word for (word,) in iter_unpack("<I", whole)) & 0xFFFFFFFF))


def toc1() -> bytes:
    start = 64 + 2 * 368
    head = b"sunxi-package".ljust(16, b"\0") + pack("<6I", 0x89119800, 0, 7, 0, 2, start + len(CODE + TREE))
    head += pack("<II12x", 1, 2) + b"MIE;"
    for name, place, data in ((b"u-boot", start, CODE), (b"dtb", start + len(CODE), TREE)):
        head += pack("<64s6I276x", name, place, len(data), 0, 3, 0, 0) + b"IIE;"
    return summed(head + CODE + TREE, 20)


def toc0() -> bytes:
    start = 48 + 32
    head = b"TOC0.GLH" + pack("<6I", 0x89119800, 0, 0, 0, 1, start + len(CODE)) + b"\0\3\0\0" + bytes(8) + b"MIE;"
    head += pack("<6I4x", 0x10202, start, len(CODE), 0, 3, 0x20480) + b"IIE;"
    return summed(head + CODE, 12)


more = {"u-boot": "0000000003", "dtb": "0000000003"}
parts = {}
for number, (name, data) in enumerate((("u-boot", CODE), ("dtb", TREE))):
    parts[f"{number}-{name}"] = {**region(data), "facts": {"name": name, "more": more[name]}}
facts = {"toc": "1", "serial": "0x7", "state": "0x0", "name": "sunxi-package", "more": pack("<II12x", 1, 2).hex()}
write("toc1", toc1(), "A loader and a tree of devices.", parts=parts, facts=facts)
told = {"toc": "0", "serial": "0x0", "state": "0x0", "name": "TOC0.GLH", "more": "00030000" + "00" * 8}
one = {**region(CODE), "facts": {"name": "00010202", "more": pack("<III", 0, 3, 0x20480).rstrip(b"\0").hex()}}
write("toc0", toc0(), "A loader in the table of a secure boot.", parts={"0-00010202": one}, facts=told)
write(
    "changed",
    patched(toc1(), 64 + 2 * 368, b"L"),
    "A byte of the loader was changed and the sum was not.",
    parts={**parts, "0-u-boot": region(b"L" + CODE[1:])},
    facts=facts,
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    toc1()[:-30],
    "The end of the tree is missing.",
    parts={**parts, "1-dtb": region(TREE[:-30])},
    findings=["truncated"],
)
write("items", patched(toc1(), 64 + 364, b"XXXX"), "An item that does not end as one does.", findings=["malformed"])
