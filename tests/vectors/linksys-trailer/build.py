"""Builds the vectors of Linksys' trailer with cksum, as OpenWrt's linksys-image.sh does; run it again and nothing changes."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"not a kernel\n" * 40 + b"\0\xff" * 30


def trailed(image: bytes, padding: bytes = b" " * 7) -> bytes:
    checksum = int(subprocess.run(["cksum"], input=image, check=True, capture_output=True).stdout.split()[0])
    text = b".LINKSYS.01000409" + b"EA0000v3".ljust(15) + b"%08X" % checksum + padding + b"K0000000F0246434"
    return image + text + bytes(192) + b"\n"


parts: Parts = {"image": region(IMAGE)}
FACTS = {"version": "01000409", "model": "EA0000v3", "key": "K0000000F0246434"}
plain = trailed(IMAGE)
write("image", plain, "An image and its trailer.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, 100, b"!"),
    "One byte of the image was changed and the checksum was not.",
    parts={"image": region(patched(IMAGE, 100, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("filler", trailed(IMAGE, b"hidden!"), "Text where spaces belong.", parts=parts, facts={**FACTS, "filler": "hidden!"})
hidden = plain[:-150] + b"hidden behind the text" + plain[-128:]
write(
    "hidden",
    hidden,
    "Text where zeros belong.",
    parts={**parts, "gap-0": gap(hidden[-193:-1])},
    facts=FACTS,
    findings=["unread-bytes"],
)
write("no-checksum", patched(plain, len(plain) - 256 + 32, b"not hexa"), "No checksum where it belongs.")
