"""Builds the vectors of Gemtek's trailer with cksum, as OpenWrt's Build/gemtek-trailer does; run it again and nothing changes."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

IMAGE = b"not a kernel\n" * 40 + b"\0\xff" * 30
CHECKSUM = int(subprocess.run(["cksum"], input=IMAGE, check=True, capture_output=True).stdout.split()[0])
plain = IMAGE + b".GEMTEK.%08X" % CHECKSUM
write("image", plain, "An image and its trailer.", parts={"image": region(IMAGE)}, facts={})
write(
    "changed",
    patched(plain, 100, b"!"),
    "One byte of the image was changed and the checksum was not.",
    parts={"image": region(patched(IMAGE, 100, b"!"))},
    findings=["checksum-mismatch"],
)
write("no-number", plain[:-8] + b"0badcafe"[:7] + b"?", "Something else where the checksum belongs.")
