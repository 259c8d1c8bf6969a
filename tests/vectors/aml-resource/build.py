"""Builds the vectors of Amlogic's resource images from their layout (imgpack.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

PICTURES = {"bootup": b"BM a picture of the maker " * 8, "upgrade_bar": b"BM a bar " * 7}


def image(version: int, following: dict[int, int] | None = None) -> bytes:
    heads, places, at = [], [], 64 if version == 1 else 64 * (1 + len(PICTURES))
    for data in PICTURES.values():
        at += 64 if version == 1 else 0
        places.append(at)
        at += -(-len(data) // 16) * 16
    for number, (name, data) in enumerate(PICTURES.items()):
        last = number + 1 == len(PICTURES)
        after = 0 if last else places[1] - 64 if version == 1 else 128
        after = (following or {}).get(number, after)
        heads.append(pack("<4s6I4s32s", b"\x56\x19\x05\x27", 0, len(data), places[number], 0, after, 0, bytes((number, 8, 0, 0)), name.encode()))
    filled = [data + bytes(-len(data) % 16) for data in PICTURES.values()]
    body = b"".join(a + b for a, b in zip(heads, filled, strict=True)) if version == 1 else b"".join(heads + filled)
    rest = pack("<I8sIII36x", version, b"AML_RES!", 64 + len(body), len(PICTURES), 16) + body
    return pack("<I", crc32(rest) ^ 0xFFFFFFFF) + rest


def parts(version: int) -> Parts:
    found: Parts = {}
    for number, (name, data) in enumerate(PICTURES.items()):
        after = (128 if version == 2 else 64 + 64 + -(-len(PICTURES["bootup"]) // 16) * 16) if number == 0 else 0
        told = {"kinds": bytes((number, 8, 0, 0)).hex(), "entry": "0x0", "crc": "0x00000000", "header-crc": "0x00000000"}
        found[f"{number}-{name}"] = {**region(data), "facts": {**told, "next": f"{after:#x}", "name": name}}
    return found


for version in (1, 2):
    why = "Each header before its picture." if version == 1 else "All headers in front."
    write(f"version-{version}", image(version), why, parts=parts(version), facts={"version": str(version), "step": "16"})
whole = image(2)
at = whole.index(b"a picture")
changed = parts(2)
changed["0-bootup"] = {"kind": "region"}
write(
    "changed",
    patched(whole, at, b"X"),
    "A byte of a picture was changed and the CRC was not.",
    parts=changed,
    findings=["checksum-mismatch"],
)
first = {"0-bootup": {"kind": "region"}}
write(
    "circle",
    image(2, {0: 64}),
    "The header after the first is said to be the first again.",
    parts={**first, "gap-0": {"kind": "gap"}, "gap-1": {"kind": "gap"}},
    findings=["malformed", "unread-bytes"],
)
write("version", patched(whole, 4, pack("<I", 7)), "A version there is none of.")
