"""Builds the vectors of SIN from its layout (Flashtool SinParser.java); run it again and nothing changes."""

import sys
from hashlib import sha1, sha256
from pathlib import Path
from struct import pack

import lz4.block

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

BLOCKS = ((0, b"a block as it is " * 20, False), (1024, b"a block that packs well " * 60, True))


def mapped(stated: int | None = None) -> tuple[bytes, bytes]:
    """Return a payload with a map of blocks, and the partition that it makes."""
    listed, body, partition = b"", b"", b""
    for place, data, packed in BLOCKS:
        stored = lz4.block.compress(data, store_size=False) if packed else data
        digest = sha256(stored).digest()
        if packed:
            listed += pack(">4sIQQQQQI", b"LZ4A", 52 + 32, len(body), stated or len(data), len(stored), place, 0, 2)
        else:
            listed += pack(">4sIQQQI", b"ADDR", 36 + 32, len(body), len(data), place, 2)
        listed += digest
        body += stored
        partition = partition.ljust(place, b"\0") + data
    head = pack(">4sI4sI16s", b"MMCF", 24 + len(listed), b"GPTP", 24, bytes(range(16)))
    return head + listed + body, partition


def blocks(payload: bytes) -> bytes:
    listed = pack(">I", len(payload)) + sha256(payload).digest()
    head = pack(">4sIIIII", b"\x03SIN", 24 + len(listed) + 4 + len(SIGNATURE), 9, 2, 0, len(listed)) + listed
    return head + pack(">I", len(SIGNATURE)) + SIGNATURE + payload


MAPPED = {"payload": "9", "digests": "2", "unknown": "0x0"}
payload, partition = mapped()
write(
    "blocks",
    blocks(payload),
    "A block as it is and one packed by LZ4, with a hole between.",
    parts={"signature": region(SIGNATURE), "partition": region(partition)},
    facts={**MAPPED, "partition": bytes(range(16)).hex()},
)
payload, _ = mapped(stated=1 << 40)
write(
    "block-too-long",
    blocks(payload),
    "A block is said to unpack to more than it can.",
    parts={"signature": region(SIGNATURE), "payload": region(payload)},
    facts=MAPPED,
    findings=["unsupported"],
)
payload, _ = mapped(stated=1000)
write(
    "block-length",
    blocks(payload),
    "A block unpacks to more than its length.",
    parts={"signature": region(SIGNATURE), "partition": {"kind": "region"}},
    findings=["malformed"],
)
