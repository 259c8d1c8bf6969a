"""Hashes of names, by which Linux finds them in large folders of ext2, ext3, ext4 and f2fs.

The hashes of many names are made at once: each number of the algorithm is one long integer that has a lane of 64 bits for each
name. 32 of them are used, so that no sum and no shift reaches the lane beside.

Source: Linux fs/ext4/hash.c, fs/f2fs/hash.c.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from struct import pack, unpack
from typing import NamedTuple

LEGACY, HALF_MD4, TEA = 0, 1, 2
_MASK = 0xFFFFFFFF
MD4_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_MD4_ROUNDS = (
    (0, (3, 7, 11, 19), (0, 1, 2, 3, 4, 5, 6, 7)),
    (0x5A827999, (3, 5, 9, 13), (1, 3, 5, 7, 0, 2, 4, 6)),
    (0x6ED9EBA1, (3, 9, 11, 15), (3, 7, 2, 6, 1, 5, 0, 4)),
)
_TEA_DELTA = 0x9E3779B9
_LEGACY_START, _LEGACY_FACTOR, _LEGACY_TOP = (0x12A3FE2D, 0x37ABE8F9), 7152373, 0x7FFFFFFF
_AT_ONCE = 4096
"""Names hashed together: enough to make the cost of each operation that of its lanes."""


def hashes_of(names: list[bytes], version: int, start: Iterable[int], *, signed: bool) -> list[int]:
    """Return the 32 bits that each name is hashed to.

    Args:
        names: what to hash.
        version: `LEGACY`, `HALF_MD4` or `TEA`.
        start: four numbers to begin with.
        signed: bytes from 128 are negative numbers.
    """
    step = {LEGACY: 1, TEA: 16}.get(version, 32)
    by_steps: dict[int, list[int]] = {}
    for place, name in enumerate(names):
        by_steps.setdefault(-(-len(name) // step), []).append(place)
    hashes = [0] * len(names)
    for steps, places in by_steps.items():
        for some in _batches(places):
            lanes = _Lanes.of(len(some))
            if version == LEGACY:
                found = _legacy(b"".join([names[place] for place in some]), steps, lanes, signed=signed)
            else:
                state = tuple(value * lanes.ones for value in start)
                for at in range(0, steps * step, step):
                    data = b"".join([_filled(names[place][at:], step, signed) for place in some])
                    words = [lanes.column(data, step, 4 * word) for word in range(step // 4)]
                    state = _tea(state, words, lanes) if version == TEA else _half_md4(state, words, lanes)
                found = state[0] if version == TEA else state[1]
            for place, value in zip(some, lanes.values(found), strict=True):
                hashes[place] = value
    return hashes


def _batches(places: list[int]) -> Iterator[list[int]]:
    left = iter(places)
    while some := list(islice(left, _AT_ONCE)):
        yield some


class _Lanes(NamedTuple):
    """Numbers of 32 bits side by side in one, 64 bits for each."""

    width: int
    ones: int
    """1 in each lane."""

    mask: int
    """The 32 bits that are used."""

    @classmethod
    def of(cls, count: int) -> "_Lanes":
        """Return the constants for so many lanes."""
        ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * count, "little")
        return cls(count, ones, ones * _MASK)

    def column(self, data: bytes, row: int, at: int) -> int:
        """Return the big-endian numbers of 4 bytes at `at` in each row of `data`."""
        lanes = bytearray(8 * self.width)
        for byte in range(4):
            lanes[byte::8] = data[at + 3 - byte :: row]
        return int.from_bytes(lanes, "little")

    def values(self, lanes: int) -> tuple[int, ...]:
        """Return the number in each lane."""
        return unpack(f"<{self.width}Q", lanes.to_bytes(8 * self.width, "little"))


def _filled(name: bytes, size: int, signed: bool) -> bytes:  # noqa: FBT001 (called for each name)
    """Return the first `size` bytes as big-endian words, what is missing filled with the length of what is left."""
    length = len(name)
    filler = bytes((length & 0xFF,)) * 4
    if not signed or name.isascii():
        part = length % 4 if length < size else 0
        data = name[: min(length, size) - part]
        if part:
            data += filler[: 4 - part] + name[len(data) :]
        return data + filler * ((size - len(data)) // 4)
    words, word = [], int.from_bytes(filler, "big")
    for place, byte in enumerate(name[:size]):
        word = (byte - (byte >> 7 << 8)) + (word << 8) & _MASK
        if place % 4 == 3:
            words.append(word)
            word = int.from_bytes(filler, "big")
    words.append(word)
    words += [int.from_bytes(filler, "big")] * (size // 4)
    return pack(f">{size // 4}I", *words[: size // 4])


def _half_md4(state: tuple[int, ...], words: list[int], lanes: _Lanes) -> tuple[int, ...]:
    a, b, c, d = state
    mask = lanes.mask
    for number, (constant, shifts, order) in enumerate(_MD4_ROUNDS):
        added = constant * lanes.ones
        for place, index in enumerate(order):
            if number == 0:
                mixed = d ^ (b & (c ^ d))
            elif number == 1:
                mixed = (b & c) + ((b ^ c) & d)
            else:
                mixed = b ^ c ^ d
            total = (a + mixed + words[index] + added) & mask
            shift = shifts[place & 3]
            a, b, c, d = d, (total << shift | total >> 32 - shift) & mask, b, c
    first, second, third, fourth = state
    return (first + a) & mask, (second + b) & mask, (third + c) & mask, (fourth + d) & mask


def _tea(state: tuple[int, ...], words: list[int], lanes: _Lanes) -> tuple[int, ...]:
    first, second, *rest = state
    left, right, total, mask = first, second, 0, lanes.mask
    a, b, c, d = words
    for _ in range(16):
        total = total + _TEA_DELTA & _MASK
        added = total * lanes.ones
        left = left + ((right << 4) + a ^ right + added ^ (right >> 5 & mask) + b) & mask
        right = right + ((left << 4) + c ^ left + added ^ (left >> 5 & mask) + d) & mask
    return (first + left & mask, second + right & mask, *rest)


def _legacy(data: bytes, length: int, lanes: _Lanes, *, signed: bool) -> int:
    """Return the hashes of names of one length, which follow each other in `data`."""
    newer, older = (value * lanes.ones for value in _LEGACY_START)
    products = _products(signed=signed)
    for at in range(length):
        column, mixed = data[at::length], bytearray(8 * lanes.width)
        for byte, table in enumerate(products):
            mixed[byte::8] = column.translate(table)
        found = older + (newer ^ int.from_bytes(mixed, "little")) & lanes.mask
        # where the highest bit is set, all bits below it are taken away
        found -= (found >> 31 & lanes.ones) * _LEGACY_TOP
        older, newer = newer, found
    return newer << 1 & lanes.mask


@lru_cache(maxsize=2)
def _products(*, signed: bool) -> tuple[bytes, ...]:
    """Return what each byte of a name is multiplied to: a table for each byte of the product, the lowest first."""
    values = [(byte - (byte >> 7 << 8) if signed else byte) * _LEGACY_FACTOR & _MASK for byte in range(256)]
    return tuple(bytes(value >> 8 * place & 0xFF for value in values) for place in range(4))
