"""Writes vbmeta structures and footers from their layout (AOSP external/avb/libavb); key and signature are noise."""

import hashlib
from collections.abc import Sequence
from struct import pack

from tree import noise

KEY = pack(">II", 2048, 0x12345678) + noise(512, "key")
SIGNATURE = noise(256, "signature")
RELEASE = "avbtool 1.2.0"


def padded(data: bytes, to: int) -> bytes:
    return data + bytes(-len(data) % to)


def descriptor(tag: int, body: bytes) -> bytes:
    body = padded(body, 8)
    return pack(">QQ", tag, len(body)) + body


def property_(key: bytes, value: bytes) -> bytes:
    return descriptor(0, pack(">QQ", len(key), len(value)) + key + b"\0" + value + b"\0")


def hash_tree(
    partition: bytes, image: int, tree: tuple[int, int], fec: tuple[int, int], salt: bytes, root: bytes, roots: int = 2, version: int = 1
) -> bytes:
    head = pack(">IQQQIIIQQ", version, image, *tree, 4096, 4096, roots, *fec)
    head += pack(">32sIIII60x", b"sha1", len(partition), len(salt), len(root), 0)
    return descriptor(1, head + partition + salt + root)


def verity(data: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Return the SHA-1 tree of dm-verity over blocks of 4096 bytes, as it is stored, and its root digest."""
    stored = b""
    while True:
        blocks = [data[at : at + 4096] for at in range(0, len(data), 4096)]
        digests = [hashlib.sha1(salt + block, usedforsecurity=False).digest() for block in blocks]
        if len(blocks) == 1:
            return stored, digests[0]
        data = padded(b"".join(digest + bytes(12) for digest in digests), 4096)
        stored = data + stored


def hash_(partition: bytes, image: bytes, salt: bytes, flags: int = 0) -> bytes:
    digest = hashlib.sha256(salt + image).digest()
    head = pack(">Q32sIIII60x", len(image), b"sha256", len(partition), len(salt), len(digest), flags)
    return descriptor(2, head + partition + salt + digest)


def command_line(text: bytes, flags: int) -> bytes:
    return descriptor(3, pack(">II", flags, len(text)) + text)


def chain(partition: bytes, location: int, key: bytes) -> bytes:
    return descriptor(4, pack(">IIII60x", location, len(partition), len(key), 0) + partition + key)


def structure(
    descriptors: Sequence[bytes],
    *,
    algorithm: int = 1,
    flags: int = 0,
    rollback: tuple[int, int] = (0, 0),
    metadata: bytes = b"",
) -> bytes:
    """Return a structure, signed as far as noise is a signature; algorithm 0 leaves hash, signature and key out."""
    listed = b"".join(descriptors)
    key = KEY if algorithm else b""
    auxiliary = padded(listed + key + metadata, 64)
    hashed, signed = (32, 256) if algorithm else (0, 0)
    places = (0, hashed, hashed, signed, len(listed), len(key), len(listed) + len(key), len(metadata), 0, len(listed))
    authentication = -(-(hashed + signed) // 64) * 64
    head = pack(">4sIIQQI", b"AVB0", 1, 1, authentication, len(auxiliary), algorithm)
    head += pack(">10QQII48s80x", *places, rollback[0], flags, rollback[1], RELEASE.encode())
    block = hashlib.sha256(head + auxiliary).digest() + SIGNATURE if algorithm else b""
    return head + padded(block, 64) + auxiliary


def footer(image: int, at: int, size: int) -> bytes:
    return pack(">4sIIQQQ28x", b"AVBf", 1, 0, image, at, size)
