"""Builds the Sercomm vectors from the layout in OpenWrt's mksercommfw.c; run it again and nothing changes."""

import io
import sys
import zipfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, write

ROOT = b"kernel and root " * 30


def packed() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("image.rootfs"), ROOT)
    return stream.getvalue()


def sercomm(hidden: bytes = b"") -> bytes:
    head = pack("7s4s34s10s4s4s7s", b"sErCoMm", b"\0\1\0\0", b"CHJ", b"A001", b"\0\0\0\x12", b"", b"sErCoMm")
    whole = head + hidden.ljust(442, b"\0") + packed()
    return patched(whole, 511, bytes([-sum(whole) % 256]))


FACTS = {"layout": "00010000", "software": "00000012", "unknown": "00000000", "hardware": "CHJ", "hardware-version": "A001"}
parts: Parts = {"image": {"kind": "region", "format": "zip", "size": len(packed())}, "image!/image.rootfs": {"kind": "file", "size": len(ROOT)}}
plain = sercomm()
write("image", plain, "A zip archive behind the header.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, 45, b"B"),
    "The version of the hardware was changed and the sum was not.",
    parts=parts,
    facts={**FACTS, "hardware-version": "B001"},
    findings=["checksum-mismatch"],
)
write("hidden", sercomm(b"hidden"), "Text where zeros belong.", parts={**parts, "gap-0": gap(b"hidden")}, facts=FACTS, findings=["unread-bytes"])
write("once", patched(plain, 63, b"?")[:512] + ROOT, "The magic stands once.")
