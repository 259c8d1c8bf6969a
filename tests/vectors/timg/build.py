"""Builds the vectors of TIMG from its layouts (unixtract); run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

IMAGES = {"kernel": (b"kernel of a television " * 12, "/dev/mmcblk0p3", "none"), "rootfs": (b"files " * 30, "p5", "lzma")}
SIGNATURE = bytes(range(256))
KINDS = {"narrow": ("<4sI16s", "<4sI16s16s32s16sI1024sI"), "without-comments": ("<4sI16s4x", "<4sI16s16s24s16sI")}
KINDS["wide"] = ("<4s4xQ16s", "<4s4xQ16s16s64s16sI1024sI")


def timg(kind: str) -> bytes:
    header, image = KINDS[kind]
    body = b""
    for name, (data, place, packed) in IMAGES.items():
        digest = md5(data, usedforsecurity=False).digest()
        rest = [1] if kind == "without-comments" else [1, b"made on a Monday", 2]
        body += pack(image, b"PIMG", len(data), digest, name.encode(), place.encode(), packed.encode(), *rest) + data
    return pack(header, b"TIMG", len(body), md5(body, usedforsecurity=False).digest()) + SIGNATURE + body


def parts(kind: str) -> Parts:
    found: Parts = {"signature": region(SIGNATURE)}
    for number, (name, (data, place, packed)) in enumerate(IMAGES.items()):
        facts = {"place": place, "compression": packed, "unknown": "0x1"}
        if kind != "without-comments":
            facts |= {"comment": "made on a Monday", "unknown-2": "0x2"}
        found[f"{number}-{name}"] = {**region(data), "facts": facts}
    return found


for kind in KINDS:
    write(kind, timg(kind), f"Two images, as the {kind} kind has them.", parts=parts(kind), facts={"kind": kind})
whole = timg("narrow")
changed = parts("narrow")
data = IMAGES["rootfs"][0]
changed["1-rootfs"] = region(b"F" + data[1:])
write(
    "changed",
    patched(whole, len(whole) - len(data), b"F"),
    "A byte of the second image was changed.",
    parts=changed,
    findings=["checksum-mismatch"],
)
short = parts("narrow")
short["1-rootfs"] = region(data[:-9])
write("truncated", whole[:-9], "The last image is not all there.", parts=short, findings=["truncated"])
second = patched(whole, whole.rindex(b"PIMG"), b"JIMG")
write("image", second, "What follows the first image is none.", findings=["malformed"])
write("first", patched(whole, 280, b"JIMG"), "No image at all: not recognised.")
