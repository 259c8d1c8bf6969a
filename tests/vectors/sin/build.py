"""Builds the vectors of SIN from its layout (Flashtool SinParser.java); run it again and nothing changes."""

import sys
from hashlib import sha1, sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

PIECES = (b"MMCF and what it says of the partition ", b"blocks of the partition " * 30, b"more blocks " * 20)
SIGNATURE = b"signature " * 12


def sin(kind: int = 2, signature: int = len(SIGNATURE)) -> bytes:
    listed = b""
    for piece in PIECES:
        found = sha256(piece) if kind == 2 else sha1(piece, usedforsecurity=False)
        listed += pack(">I", len(piece)) + found.digest()
    header = 24 + len(listed) + 4 + len(SIGNATURE)
    head = pack(">4sIIIII", b"\x03SIN", header, 9, kind, 0, len(listed)) + listed + pack(">I", signature) + SIGNATURE
    return head + b"".join(PIECES)


parts = {"signature": region(SIGNATURE), "payload": region(b"".join(PIECES))}
for kind, name in ((2, "sha-256"), (1, "sha-1")):
    facts = {"payload": "9", "digests": str(kind), "unknown": "0x0"}
    write(name, sin(kind), f"Three pieces with digests of kind {kind}.", parts=parts, facts=facts)
payload = bytearray(b"".join(PIECES))
payload[100] ^= 1
write(
    "changed",
    sin()[: -len(payload)] + bytes(payload),
    "A bit of the second piece was changed and its digest was not.",
    parts={**parts, "payload": region(bytes(payload))},
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    sin()[:-100],
    "The download broke off in the last piece.",
    parts={**parts, "payload": region(b"".join(PIECES)[:-100])},
    findings=["truncated"],
)
write("signature", sin(signature=999), "The signature is longer than the header.", findings=["malformed"])
write("digests", patched(sin(), 12, pack(">I", 7)), "Digests of a kind that is not known.")
