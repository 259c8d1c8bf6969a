"""Builds the SEAMA vectors from the layout in OpenWrt's seama.h; run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

SEAL = b"signature=vec01_dlink.2015_vector\0\0\0"
FIRMWARE = b"dev=/dev/mtdblock/2\0type=firmware\0\0\0"
KERNEL = b"kernel and root " * 40
PAGES = b"pages of the web interface " * 9


def entity(metadata: bytes, image: bytes = b"", reserved: int = 0) -> bytes:
    digest = md5(image, usedforsecurity=False).digest() if image else b""
    return pack(">IHHI", 0x5EA3A417, reserved, len(metadata), len(image)) + digest + metadata + image


def told(image: bytes, *facts: str) -> dict[str, object]:
    return {**region(image), "facts": dict(fact.split("=") for fact in facts)}


SEALED = {"signature": "vec01_dlink.2015_vector"}
first = ("dev=/dev/mtdblock/2", "type=firmware")
image = entity(SEAL) + entity(FIRMWARE, KERNEL)
parts = {"metadata-0": region(SEAL), "metadata-1": region(FIRMWARE), "entity-1": told(KERNEL, *first)}
write("sealed", image, "A seal with the board's signature, and one entity.", parts=parts, facts=SEALED)
more = entity(b"dev=/dev/mtdblock/4\0type=pages\0\0", PAGES)
write(
    "two-entities",
    image + more,
    "A seal and two entities.",
    parts={
        **parts,
        "metadata-2": region(b"dev=/dev/mtdblock/4\0type=pages\0\0"),
        "entity-2": told(PAGES, "dev=/dev/mtdblock/4", "type=pages"),
    },
    facts=SEALED,
)
write(
    "in-flash",
    entity(FIRMWARE, KERNEL) + bytes([0xFF]) * 512,
    "An entity without a seal and erased flash behind it, as a dump of a partition has it.",
    parts={"metadata-0": region(FIRMWARE), "entity-0": told(KERNEL, *first)},
    facts={},
)
write(
    "changed",
    patched(image, len(image) - 9, b"X"),
    "One byte of the image was changed and the MD5 was not.",
    parts={**parts, "entity-1": told(patched(KERNEL, len(KERNEL) - 9, b"X"), *first)},
    facts=SEALED,
    findings=["checksum-mismatch"],
)
other = FIRMWARE.replace(b"type=firmware", b"dev=/dev/mtd/0")
write(
    "two-devices",
    entity(SEAL) + entity(other, KERNEL),
    "Metadata with two values for one key.",
    parts={"metadata-0": region(SEAL), "metadata-1": region(other), "entity-1": told(KERNEL, first[0])},
    facts=SEALED,
    findings=["contradiction"],
)
write(
    "reserved",
    entity(SEAL, reserved=1) + entity(FIRMWARE, KERNEL) + b"appended",
    "The reserved field of the seal is set, and bytes follow the last entity.",
    parts={**parts, "gap-0": gap(b"appended")},
    facts=SEALED,
    findings=["reserved-bits", "unread-bytes"],
)
write(
    "truncated",
    image[:-40],
    "The download broke off.",
    parts={**parts, "entity-1": told(KERNEL[:-40], *first)},
    facts=SEALED,
    findings=["truncated"],
)
write("no-metadata", entity(bytes(36)) + entity(FIRMWARE, KERNEL), "The first header's metadata says nothing.")
