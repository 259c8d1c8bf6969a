"""Builds the vectors of RKFW from its layout (rockchip-mkbootimg rkrom.h); run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

LOADER, IMAGE = b"loader of the board " * 10, b"image of the system " * 30


def firmware(loader: int = 0x66, image: int = 0x66 + len(LOADER)) -> bytes:
    head = pack("<4sHIIH5BI", b"RKFW", 0x66, 8 << 24 | 1 << 16 | 2, 0x01030000, 2020, 2, 3, 4, 5, 6, 0x33333043)
    head += pack("<4I8sII", loader, len(LOADER), image, len(IMAGE), bytes(8), 0, 0) + bytes(45)
    return head + LOADER + IMAGE


def digest(data: bytes) -> bytes:
    return md5(data, usedforsecurity=False).hexdigest().encode()


facts = {"version": "8.1.2", "code": "0x01030000", "chip": "0x33333043", "unknown": "00" * 8}
facts |= {"file-system": "0x0", "backup-end": "0x0"}
whole = firmware() + digest(firmware())
parts = {"loader": region(LOADER), "image": region(IMAGE)}
write("firmware", whole, "A loader, an image and the MD5 of both.", parts=parts, facts=facts)
write(
    "changed",
    patched(whole, 0x66, b"L"),
    "A byte of the loader was changed and the MD5 was not.",
    parts={**parts, "loader": region(b"L" + LOADER[1:])},
    facts=facts,
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    whole[:-100],
    "The end of the image and the MD5 are missing.",
    parts={**parts, "image": region(IMAGE[:-68])},
    facts=facts,
    findings=["truncated"],
)
overlap = firmware(image=0x66 + 100)
overlap = overlap[: 0x66 + 100 + len(IMAGE)]
write(
    "overlap",
    overlap + digest(overlap),
    "The image is said to begin within the loader.",
    parts={"loader": region(LOADER), "image": region(overlap[0x66 + 100 :])},
    facts=facts,
    findings=["overlap"],
)
write("month", patched(whole, 16, b"\x0d"), "The date has a thirteenth month.")
