"""DES as Unix passwords have it: a block of zeros encrypted 25 times, the expansion changed by twelve bits of salt.

A round takes the right half through the expansion E, whose two halves swap the bits that the salt names, adds the key of the
round, replaces six bits by four in each of eight boxes, and permutes by P. The initial permutation of zeros is zeros, and those
between the encryptions cancel, so that only the last final permutation is left. Bits are numbered from 1 at the left.

Source: FIPS 46-3 (tables IP⁻¹, E, P, S1…S8, PC-1, PC-2); Unix V7 ``crypt.c`` (salt). Confirmed by other programs' hashes (tests).
"""

from collections.abc import Sequence
from functools import cache

_BOXES = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
"""S1 to S8, four rows of sixteen each."""

_P = (
    16,
    7,
    20,
    21,
    29,
    12,
    28,
    17,
    1,
    15,
    23,
    26,
    5,
    18,
    31,
    10,
    2,
    8,
    24,
    14,
    32,
    27,
    3,
    9,
    19,
    13,
    30,
    6,
    22,
    11,
    4,
    25,
)
_PC1 = (
    *(57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36),
    *(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4),
)
_PC2 = (
    *(14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2),
    *(41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32),
)
_SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
_FINAL = tuple(column - row for row in range(8) for column in (40, 8, 48, 16, 56, 24, 64, 32))
_HALF = (1 << 28) - 1


def encrypt_salted(key: int, salt: int) -> int:
    """Return the block of 64 bits.

    Args:
        key: 64 bits, those of parity without meaning.
        salt: 12 bits; the lowest swaps the first bits of the two halves of E.
    """
    keys = _keys(key)
    boxes, expansion = _tables()
    swaps = int(f"{salt:012b}"[::-1], 2) << 12
    left = right = 0
    for _ in range(25):
        for key_of_round in keys:
            wide = expansion[0][right >> 24] | expansion[1][right >> 16 & 255]
            wide |= expansion[2][right >> 8 & 255] | expansion[3][right & 255]
            swapped = (wide >> 24 ^ wide) & swaps
            wide ^= swapped | swapped << 24
            wide ^= key_of_round
            mixed = left
            for place, box in enumerate(boxes):
                mixed ^= box[wide >> 42 - 6 * place & 63]
            left, right = right, mixed
        left, right = right, left
    return _permuted(left << 32 | right, 64, _FINAL)


def _keys(key: int) -> tuple[int, ...]:
    """Return the keys of the sixteen rounds, 48 bits each."""
    chosen = _permuted(key, 64, _PC1)
    first, second = chosen >> 28, chosen & _HALF
    keys = []
    for shift in _SHIFTS:
        first, second = ((half << shift | half >> 28 - shift) & _HALF for half in (first, second))
        keys.append(_permuted(first << 28 | second, 56, _PC2))
    return tuple(keys)


@cache
def _tables() -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """Return the boxes with P behind them, by six bits, and E by each byte of the right half."""
    boxes = []
    for place, rows in enumerate(_BOXES):
        values = (int(rows[(bits >> 5 << 1 | bits & 1) * 16 + (bits >> 1 & 15)], 16) for bits in range(64))
        boxes.append(tuple(_permuted(value << 28 - 4 * place, 32, _P) for value in values))
    e = tuple((4 * group + offset - 1) % 32 + 1 for group in range(8) for offset in range(6))
    expansion = tuple(tuple(_permuted(byte << shift, 32, e) for byte in range(256)) for shift in (24, 16, 8, 0))
    return tuple(boxes), expansion


def _permuted(value: int, width: int, table: Sequence[int]) -> int:
    """Return the bits of `value` that the table names, in its order."""
    result = 0
    for place in table:
        result = result << 1 | value >> width - place & 1
    return result
