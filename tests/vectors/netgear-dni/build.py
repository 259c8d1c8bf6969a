"""Builds the DNI vectors from the header's layout (OpenWrt mkdniimg.c); run it again and nothing changes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

IMAGE = bytes(range(256)) + b"not a kernel\n" * 20
FACTS = {"device": "WNDR0000", "version": "V1.0.2.52", "region": "", "hd_id": "29764958+0+128+1024+0+0"}
TEXT = b"".join(f"{key}:{value}\n".encode() for key, value in FACTS.items())


def dni(text: bytes, image: bytes = IMAGE) -> bytes:
    data = text.ljust(128, b"\0") + image
    return data + bytes([0xFF - sum(data) % 256])


genuine = dni(TEXT)
parts = {"image": region(IMAGE)}
write("image", genuine, "Device, version, region and hardware, and a sum that fits.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(genuine, 400, b"!"),
    "One byte of the image was changed and the sum was not.",
    parts={"image": region(patched(IMAGE, 272, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "two-devices",
    dni(TEXT + b"device:OTHER\n"),
    "A second line for the device: programs differ in which one they take.",
    parts=parts,
    facts=FACTS,
    findings=["contradiction"],
)
hidden = TEXT.ljust(100, b"\0") + b"behind the end of the text\0\0"
write(
    "hidden",
    dni(hidden),
    "Text behind the end of the header's text; the sum fits.",
    parts={**parts, "gap-0": gap(hidden[len(TEXT) :])},
    facts=FACTS,
    findings=["unread-bytes"],
)
write("text-file", TEXT * 4, "Lines like those of a header in an ordinary text file.")
