"""The hash tree of dm-verity: a digest of each block of data, a digest of each block of these digests, up to a root.

Each digest is of the salt and one block. Digests lie side by side, each filled with zeros up to a power of two, and a level is filled
with zeros up to whole blocks. The root is the digest of the one block of the highest level; a tree is stored from that level down to
the digests of the data. Source: Linux ``Documentation/admin-guide/device-mapper/verity.rst``, version 1 of the format; AOSP
``external/avb/avbtool.py`` for the order of the levels.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from trueware.formats.contract import Buffer

ALGORITHMS = ("sha1", "sha256", "sha512", "blake2b-256")
_BLOCKS = frozenset(1 << bit for bit in range(9, 17))


class _Hash(Protocol):
    def copy(self) -> "_Hash": ...
    def update(self, data: Buffer, /) -> None: ...
    def digest(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree made of some data.

    Attributes:
        root: its digest.
        levels: the stored form, highest first; empty where the data is one block.
        width: bytes from one digest to the next.
    """

    root: bytes
    levels: bytes
    width: int
    leaves: int
    """Where in `levels` the digests of the data begin."""

    def differing(self, stored: Buffer) -> list[int]:
        """Return the numbers of the blocks of data whose digests in a stored tree are others."""
        made, found = memoryview(self.levels)[self.leaves :], memoryview(stored)[self.leaves : len(self.levels)]
        if made == found:
            return []
        step = self.width
        return [at // step for at in range(0, len(made), step) if made[at : at + step] != found[at : at + step]]


def can_make(algorithm: str, data_block: int, hash_block: int, size: int) -> bool:
    """Tell whether a tree over `size` bytes is one that can be made here."""
    return algorithm in ALGORITHMS and {data_block, hash_block} <= _BLOCKS and size > 0 and not size % data_block


def make_tree(data: memoryview, algorithm: str, salt: bytes, data_block: int, hash_block: int) -> Tree:
    """Return the tree over `data`, which `can_make`; costs one pass over it."""
    salted = _new(algorithm)
    salted.update(salt)
    size = len(salted.digest())
    width = 1 << (size - 1).bit_length()
    levels: list[bytes] = []
    digests = _digests(data, data_block, salted, width)
    while len(digests) > width:
        level = digests + bytes(-len(digests) % hash_block)
        levels.append(level)
        digests = _digests(memoryview(level), hash_block, salted, width)
    levels.reverse()
    leaves = sum(map(len, levels[:-1]))
    return Tree(digests[:size], b"".join(levels), width, leaves)


def _new(algorithm: str) -> _Hash:
    if algorithm == "blake2b-256":
        return hashlib.blake2b(digest_size=32)
    return hashlib.new(algorithm, usedforsecurity=False)


def _digests(data: memoryview, block: int, salted: _Hash, width: int) -> bytes:
    """Return the digests of the blocks of `data`, side by side; most images have many that are empty."""
    empty = bytes(block)
    of_empty = _digest(salted, empty).ljust(width, b"\0")
    made = bytearray()
    for at in range(0, len(data), block):
        piece = data[at : at + block]
        made += of_empty if piece == empty else _digest(salted, piece).ljust(width, b"\0")
    return bytes(made)


def _digest(salted: _Hash, block: Buffer) -> bytes:
    one = salted.copy()
    one.update(block)
    return one.digest()
