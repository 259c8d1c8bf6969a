"""Builds the vectors of ART's images from the beginning of their layout (image.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import write

IMAGE = b"art\n074\0" + pack("<II", 0x70000000, 4096) + bytes(range(240))

write("version-074", IMAGE, "The first bytes of an image.", leaf=True, facts={})
write("short", IMAGE[:100], "Shorter than the header of any version.", findings=["malformed"])
write("version", IMAGE.replace(b"074", b"x74"), "A version that is no number: not recognised.")
