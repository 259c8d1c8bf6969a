"""Builds the zyfwinfo vectors from the layout in the scripts that add one; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, write


def note() -> bytes:
    first = b"EXYZ" + pack("<HHH", 2, 5, 256) + b"\1\0\0" + bytes.fromhex("01312024103059")
    first += pack("<32s30s30s", b"EX3320-T0", b"V5.70(ABYL.0)", b"V5.70(ABYL.0)")
    first += pack("<HH4sII", 0x1234, 0x5678, bytes([1, 2, 3, 4]), 4_000_000, 9_000_000)
    return first + bytes(126) + pack("<H", (sum(first) & 0xFFFF) + (sum(first) >> 16))


FACTS = {"layout": "2", "sequence": "5", "block-size": "256", "mark": "010000", "features": "01020304", "kernel-sum": "0x1234"}
FACTS |= {"kernel-size": "4000000", "rootfs-sum": "0x5678", "rootfs-size": "9000000", "product": "EX3320-T0"}
FACTS |= {"version": "V5.70(ABYL.0)", "external-version": "V5.70(ABYL.0)"}
plain = note()
write("note", plain, "A note on a kernel and a root file system.", parts={}, facts=FACTS)
write("volume", plain + b"\xff" * 3000, "As it lies in a volume.", parts={}, facts=FACTS)
write(
    "changed",
    patched(plain, 6, b"\x09"),
    "The sequence was raised and the sum was not.",
    parts={},
    facts={**FACTS, "sequence": "9"},
    findings=["checksum-mismatch"],
)
hidden = patched(plain, 200, b"hidden")
write("hidden", hidden, "Text where zeros belong.", parts={"gap-0": gap(hidden[128:254])}, facts=FACTS, findings=["unread-bytes"])
write("product", patched(plain, 20, b"\0"), "A note that names no product.")
