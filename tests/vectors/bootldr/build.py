"""Builds the vectors of bootloader.img from its layouts (releasetools.py); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

IMAGES = {"sbl1": b"second boot loader " * 9, "tz": b"trust zone " * 12, "aboot": b"the one with a screen " * 7}


def qualcomm(stated: int | None = None) -> bytes:
    body = b"".join(IMAGES.values())
    head = pack("<8sIII", b"BOOTLDR!", len(IMAGES), 256, len(body) if stated is None else stated)
    table = b"".join(pack("<64sI", name.encode(), len(data)) for name, data in IMAGES.items())
    return (head + table).ljust(256, b"\0") + body


def parts() -> Parts:
    return {f"{number}-{name}": region(data) for number, (name, data) in enumerate(IMAGES.items())}


CHUNKS = ((b"IFWI!!!!", "ifwi"), (b"DROIDBT!", "droidboot"), (b"SPLASHS!", "splashscreen"))
asus = pack("<8sHHI", b"BOOTLDR!", 2, 0, 0)
own: Parts = {}
for number, (kind, name) in enumerate(CHUNKS):
    data = f"what {name} is ".encode() * 10
    asus += pack("<8sIB3x", kind, len(data), 1) + data
    own[f"{number}-{name}"] = {**region(data), "facts": {"flags": "0x1", "unused": "000000"}}

write("qualcomm", qualcomm(), "Three images, as of a phone with a chip of Qualcomm.", parts=parts(), facts={})
write("asus", asus, "The three images of the phone of ASUS.", parts=own, facts={"revision": "2", "unused": "0x0 0x0"})
write(
    "stated",
    qualcomm(12345),
    "The images are not as long as the header says.",
    parts=parts(),
    findings=["contradiction"],
)
short = parts()
short["2-aboot"] = region(IMAGES["aboot"][:-20])
write("truncated", qualcomm()[:-20], "The last image is not all there.", parts=short, findings=["truncated"])
write("count", patched(qualcomm(), 12, pack("<I", 99)), "The images are said to begin within the table: not recognised.")
write("kind", patched(asus, asus.index(b"DROIDBT!"), b"ANOTHER!"), "An image of another kind.", findings=["malformed"])
