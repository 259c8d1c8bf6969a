"""Builds the JCG vectors from the layout in OpenWrt's jcgimage.c; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

IMAGE = b"kernel and root " * 30


def jcg(text: bytes = b"", zeros: bytes = b"") -> bytes:
    head = pack(">4s32sI64sIHH392sI", b"YSZJ", text, 1, b"", 1_400_000_000, 3, 7, zeros, crc32(IMAGE))
    return head + pack(">I", crc32(head + bytes(4))) + IMAGE


FACTS = {"version": "3.7", "text": "", "information": ""}
parts: Parts = {"image": region(IMAGE)}
plain = jcg()
write("image", plain, "An image that is not masked.", parts=parts, facts=FACTS)
write("masked", jcg(b"jcgmips9 3.7"), "Texts in the header, by which an image is masked.", parts=parts, facts={**FACTS, "text": "jcgmips9 3.7"}, findings=["encrypted"])
write(
    "changed",
    patched(plain, 600, b"!"),
    "One byte of the image was changed and its CRC was not.",
    parts={"image": region(patched(IMAGE, 88, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("header-changed", patched(plain, 109, b"\x04"), "The version was changed and the header's CRC was not.", parts=parts, facts={**FACTS, "version": "4.7"}, findings=["checksum-mismatch"])
write("hidden", jcg(zeros=b"hidden"), "Text where zeros belong.", parts={**parts, "gap-0": gap(b"hidden")}, facts=FACTS, findings=["unread-bytes"])
write("type", patched(plain, 39, b"\x02"), "A type there is not.")
