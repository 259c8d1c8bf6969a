"""Builds the Luxul vectors from the layout in OpenWrt's lxlfw.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

IMAGE, CERTIFICATE, SIGNATURE = b"kernel and root " * 20, b"certificate " * 9, bytes(range(100, 164))


def blob(kind: int, data: bytes) -> bytes:
    return pack("<2sHI", b"D#", kind, len(data)) + data


def luxul(version: int, blobs: bytes = b"") -> bytes:
    rest = (pack("<I16s", 1, b"XWR-3150"), bytes([6, 4, 0, 2]), pack("<II", 44 if blobs else 0, len(blobs)))
    size = 12 + sum(map(len, rest[:version]))
    return pack("<4sII", b"LXL#", version, size + len(blobs)) + b"".join(rest[:version]) + blobs + IMAGE


FACTS = {"layout": "3", "flags": "luxul", "board": "XWR-3150", "release": "6.4.0.2"}
parts: Parts = {"image": region(IMAGE)}
signed = luxul(3, blob(1, CERTIFICATE) + blob(2, SIGNATURE))
write(
    "signed",
    signed,
    "A certificate and a signature in the header.",
    parts={"0-certificate": region(CERTIFICATE), "1-signature": region(SIGNATURE), **parts},
    facts=FACTS,
)
write("plain", luxul(3), "A header that holds no blobs.", parts=parts, facts=FACTS)
write("old", luxul(0), "The first version of the header.", parts=parts, facts={"layout": "0"})
write("blob", patched(signed, 48, pack("<I", 5000)), "A blob that is longer than the header.", findings=["malformed"])
write("blobs", patched(signed, 40, pack("<I", 5000)), "More blobs than there is header.", findings=["malformed"])
write("version", patched(signed, 4, b"\x09"), "A version there is not.")
