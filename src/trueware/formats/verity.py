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
    maker = TreeMaker(algorithm, salt, data_block, hash_block)
    maker.feed(data)
    return maker.tree()


class TreeMaker:
    """Makes a tree over data that comes in pieces of any size."""

    def __init__(self, algorithm: str, salt: bytes, data_block: int, hash_block: int) -> None:
        self._salted = _new(algorithm)
        self._salted.update(salt)
        self._size = len(self._salted.digest())
        self._width = 1 << (self._size - 1).bit_length()
        self._data_block, self._hash_block = data_block, hash_block
        self._rest = bytearray()
        self._leaves = bytearray()

    def feed(self, piece: Buffer) -> None:
        """Take in the next bytes."""
        view, block = memoryview(piece), self._data_block
        if self._rest:
            missing = block - len(self._rest)
            self._rest += view[:missing]
            view = view[missing:]
            if len(self._rest) < block:
                return
            self._leaves += self._digests(memoryview(bytes(self._rest)), block)
            self._rest.clear()
        whole = len(view) - len(view) % block
        self._leaves += self._digests(view[:whole], block)
        self._rest += view[whole:]

    def tree(self) -> Tree:
        """Return the tree over what was taken in, whole blocks of data and at least one."""
        levels: list[bytes] = []
        digests = bytes(self._leaves)
        while len(digests) > self._width:
            level = digests + bytes(-len(digests) % self._hash_block)
            levels.append(level)
            digests = self._digests(memoryview(level), self._hash_block)
        levels.reverse()
        leaves = sum(map(len, levels[:-1]))
        return Tree(digests[: self._size], b"".join(levels), self._width, leaves)

    def _digests(self, data: memoryview, block: int) -> bytes:
        """Return the digests of the blocks of `data`, side by side; most images have many that are empty."""
        salted, width, empty = self._salted, self._width, bytes(block)
        of_empty = _digest(salted, empty).ljust(width, b"\0")
        made = bytearray()
        for at in range(0, len(data), block):
            piece = data[at : at + block]
            made += of_empty if piece == empty else _digest(salted, piece).ljust(width, b"\0")
        return bytes(made)


def _new(algorithm: str) -> _Hash:
    if algorithm == "blake2b-256":
        return hashlib.blake2b(digest_size=32)
    return hashlib.new(algorithm, usedforsecurity=False)


def _digest(salted: _Hash, block: Buffer) -> bytes:
    one = salted.copy()
    one.update(block)
    return one.digest()
