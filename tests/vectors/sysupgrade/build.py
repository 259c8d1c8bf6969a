"""Builds the fwtool vectors from the trailer's layout (OpenWrt fwtool src/fwtool.c); run it again and nothing changes.

No official tool was at hand to make them. The checksum's convention (all of the file so far, not inverted at the end) is that
source's trailer_update_crc.
"""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

IMAGE = b"an image " * 30
METADATA = b'{ "metadata_version": "1.1", "compat_version": "1.0", "supported_devices": ["vendor,board"] }\n'
SIGNATURE = b"untrusted comment: none\nnot a signature\n"


def append(image: bytes, kind: int, data: bytes) -> bytes:
    image += data
    return image + pack(">4sIBBBBI", b"FWx0", crc32(image) ^ 0xFFFFFFFF, kind, 0, 0, 0, len(data) + 16)


with_metadata = append(IMAGE, 1, bytes(8) + METADATA)
signed = append(with_metadata, 0, SIGNATURE)
both = {"image": region(IMAGE), "metadata": region(METADATA)}

write("metadata", with_metadata, "An image with metadata behind it.", parts=both, facts={"chunks": "metadata"})
write(
    "signed",
    signed,
    "Metadata, then a signature: the second checksum covers the first chunk too.",
    parts={**both, "signature": region(SIGNATURE)},
    facts={"chunks": "metadata signature"},
)
unsigned = append(append(IMAGE, 0, SIGNATURE), 1, bytes(8) + METADATA)
write(
    "signed-before",
    unsigned,
    "The same chunks the other way round: this signature does not cover the metadata.",
    parts={**both, "signature": region(SIGNATURE)},
    facts={"chunks": "signature metadata"},
)
write(
    "image-changed",
    patched(signed, 3, b"I"),
    "One byte of the image was changed, so neither checksum fits.",
    parts={**both, "image": region(patched(IMAGE, 3, b"I")), "signature": region(SIGNATURE)},
    facts={"chunks": "metadata signature"},
    findings=["checksum-mismatch"],
)
write(
    "two-metadata",
    append(with_metadata, 1, bytes(8) + METADATA.replace(b"board", b"other")),
    "Two chunks of metadata that name different boards; which one counts depends on the program.",
    parts={**both, "metadata-1": region(METADATA.replace(b"board", b"other"))},
    facts={"chunks": "metadata metadata-1"},
    findings=["contradiction"],
)
write("size", patched(with_metadata, len(with_metadata) - 4, pack(">I", 1 << 20)), "A chunk larger than the file.")
