"""Builds the Synology vectors from the layout that synodecrypt reads; run it again and nothing changes.

Where encrypted blocks stand there is noise: no key is known here, nor needed.
"""

import sys
from hashlib import blake2b, sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

BLOCKS = [b"".join(sha256(b"%d %d" % (block, number)).digest() for number in range(size)) for block, size in enumerate((3, 20, 9))]
SEED, SIGNATURE = bytes(range(32)), b"\x5a" * 64


def raw(data: bytes) -> bytes:
    return b"\xc4" + bytes([len(data)]) + data


def number(value: int) -> bytes:
    return bytes([value]) if value < 128 else b"\xcd" + pack(">H", value)


def archive(blocks: list[bytes] = BLOCKS) -> bytes:
    listed = b"".join(b"\x92" + number(len(block)) + raw(blake2b(block, digest_size=32).digest()) for block in blocks)
    text = b"\x92" + raw(SEED) + bytes([0x90 | len(blocks)]) + listed
    return b"\xde\xad\xbe\xef" + pack("<I", len(text)) + text + SIGNATURE + b"".join(blocks)


FACTS = {"seed": SEED.hex(), "first-byte": "0xde"}
parts = {"signature": region(SIGNATURE), **{f"block-{index}": region(block) for index, block in enumerate(BLOCKS)}}
plain = archive()
write("encrypted", plain, "Three encrypted blocks.", parts=parts, facts=FACTS, findings=["encrypted"])
at = len(plain) - 40
write(
    "changed",
    patched(plain, at, bytes([plain[at] ^ 1])),
    "One bit of the last block was changed and the digest was not.",
    parts={**parts, "block-2": {"kind": "region", "size": len(BLOCKS[2])}},
    facts=FACTS,
    findings=["checksum-mismatch", "encrypted"],
)
write("trailing", plain + b"behind", "Bytes behind the blocks.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["encrypted", "unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "block-2": region(BLOCKS[2][:-9])}, facts=FACTS, findings=["encrypted", "truncated"])
write("list", patched(plain, 43, b"\x95"), "A list of more blocks than it holds.", findings=["malformed"])
write("kind", patched(plain, 8, b"\x93"), "A list of three things.")
