"""Builds the vectors of SINGLE_N_LONELY from its layout (star.sh); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

IMAGES = {"xbl": b"first loader " * 20, "tz": b"trusted zone " * 10}


def single(last: bytes = b"LONELY_N_SINGLE") -> bytes:
    whole = b"SINGLE_N_LONELY".ljust(256, b"\0")
    for name, data in IMAGES.items():
        whole += pack("<248sQ", name.encode(), len(data)) + data + bytes(-len(data) % 4096)
    return whole + pack("<248sQ", last, 0)


parts = {f"{number}-{name}": {**region(data), "facts": {"name": name}} for number, (name, data) in enumerate(IMAGES.items())}
write("images", single(), "Two images and the mark of the end.", parts=parts, facts={})
write(
    "open-end",
    single()[:-256],
    "The mark of the end is not there.",
    parts=parts,
    findings=["truncated"],
)
write("header", patched(single(), 100, b"x"), "Something stands where the header is filled up.")
