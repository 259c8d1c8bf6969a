"""Builds the vectors of D-Link's encimg from what the images of a device begin with; run it again and nothing changes.

Behind the first block stands noise: no key is known here, nor needed.
"""

import sys
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import region, write

NOISE = b"".join(sha256(b"%d" % number).digest() for number in range(40))
plain = bytes.fromhex("f52aa0b49253bfeff821a62e28a7398b") + NOISE
write("encrypted", plain, "As images for the DIR-842 C1 begin.", parts={"image": region(plain[16:])}, facts={"device": "DIR-842 C1"}, findings=["encrypted"])
write("truncated", plain[:-5], "The last block is not whole.", parts={"image": region(plain[16:-5])}, facts={"device": "DIR-842 C1"}, findings=["encrypted", "truncated"])
write("other", b"\0" + plain[1:], "The first block of no device that is known.")
