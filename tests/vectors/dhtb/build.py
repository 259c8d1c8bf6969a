"""Builds the DHTB vectors from the layout of real images; run it again and nothing changes."""

import sys
from hashlib import sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

from tree import noise

IMAGE = noise(700, "image")
wrapped = pack("<4sI32s8xQ", b"DHTB", 1, sha256(IMAGE).digest(), len(IMAGE)).ljust(512, b"\0") + IMAGE
write(
    "whole",
    wrapped + bytes(300),
    "An image behind its header, zeros up to the end of the partition.",
    parts={"image": region(IMAGE)},
    facts={},
)
write(
    "changed",
    patched(wrapped, 600, b"!"),
    "A byte of the image was changed.",
    parts={"image": region(patched(IMAGE, 88, b"!"))},
    facts={},
    findings=["checksum-mismatch"],
)
write(
    "more",
    patched(wrapped, 100, b"in the header") + b"behind the image",
    "Bytes in the rest of the header and behind the image.",
    parts={"image": region(IMAGE), "gap-0": gap(bytes(44) + b"in the header"), "gap-1": gap(b"behind the image")},
    facts={},
    findings=["unread-bytes"],
)
write(
    "truncated",
    wrapped[:-100],
    "The end of the image is missing.",
    parts={"image": region(IMAGE[:-100])},
    facts={},
    findings=["truncated"],
)
write("version", patched(wrapped, 4, b"\2"), "A version nobody has seen.", findings=["unsupported"])
