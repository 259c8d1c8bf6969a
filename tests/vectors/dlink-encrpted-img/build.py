"""Builds the encrpted_img vectors from the header unblob describes; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = bytes((11 * place * place + place) % 253 for place in range(800))
plain = b"encrpted_img" + pack(">I", len(IMAGE)) + IMAGE
parts: Parts = {"image": region(IMAGE)}
write("encrypted", plain, "An encrypted image, which stays closed.", parts=parts, facts={}, findings=["encrypted"])
write(
    "trailing",
    plain + b"appended",
    "Bytes behind the image.",
    parts={**parts, "gap-0": gap(b"appended")},
    facts={},
    findings=["encrypted", "unread-bytes"],
)
write("truncated", plain[:-300], "The download broke off.", parts={"image": region(IMAGE[:-300])}, facts={}, findings=["encrypted", "truncated"])
write("text", patched(plain, 12, b"_and"), "Text that begins like it.")
