"""ECDSA over the curve of libuecc, as ecdsautils signs for Gluon: public numbers only, in Python's integers.

The curve is a twisted Edwards curve over the field of 2²⁵⁵ - 19, ``486664 x² + y² = 1 + 486660 x² y²``: Ed25519's with another x.
A point is packed into 32 bytes, least significant first: x, and in the highest bit the lowest one of y. An ECDSA signature is r
and s, 32 bytes each, least significant first. Sources: libuecc ``src/ec25519.c``, ecdsautils ``src/lib/ecdsa.c``.

 1. r and s are from 1 to the order less one (CVE-2022-24884: zeros were a signature by everybody over everything).
 2. The key is a point of the curve, of the order of the base point.
 3. r is the x of (digest · G + r · key) / s, modulo the order; the digest is a number, least significant byte first.

Signatures do not name their key. `signing_keys` gives the few points that could have made one, so that keys at hand can be looked up
and need not be tried one by one.
"""

from collections.abc import Iterator
from functools import lru_cache

_P = (1 << 255) - 19
_ORDER = (1 << 252) + 27742317777372353535851937790883648493
_A, _D = 486664, 486660
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]
"""X, Y, Z, T with x = X/Z, y = Y/Z, x y = T/Z (Hisil, Wong, Carter, Dawson 2008)."""

_ZERO: _Point = (0, 1, 1, 0)


def _add(one: _Point, other: _Point) -> _Point:
    """Add two points, equal ones too: a is a square and d is none, so that there are no exceptions."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b, c, d = x1 * x2, y1 * y2, _D * t1 * t2 % _P, z1 * z2
    e = ((x1 + y1) * (x2 + y2) - a - b) % _P
    f, g, h = (d - c) % _P, (d + c) % _P, (b - _A * a) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(point: _Point) -> _Point:
    x, y, z, _ = point
    a, b, c = x * x % _P, y * y % _P, 2 * z * z
    d = _A * a
    e = ((x + y) * (x + y) - a - b) % _P
    g = d + b
    f, h = (g - c) % _P, (d - b) % _P
    g %= _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _combine(one: int, first: _Point, other: int, second: _Point) -> _Point:
    """Return one · first + other · second."""
    table = (_ZERO, first, second, _add(first, second))
    result = _ZERO
    for bit in range(max(one.bit_length(), other.bit_length()) - 1, -1, -1):
        result = _double(result)
        chosen = (one >> bit & 1) | (other >> bit & 1) << 1
        if chosen:
            result = _add(result, table[chosen])
    return result


def _is_zero(point: _Point) -> bool:
    x, y, z, _ = point
    return x == 0 and y == z


def _root(square: int) -> int | None:
    """Return a square root, None where there is none."""
    root = pow(square, (_P + 3) // 8, _P)
    if root * root % _P == square:
        return root
    root = root * _ROOT_OF_MINUS_1 % _P
    return root if root * root % _P == square else None


def _at(x: int, odd: int) -> _Point | None:
    """Return the point with this x, and y odd or even; None where there is none."""
    squared = x * x % _P
    below = (1 - _D * squared) % _P
    root = _root((1 - _A * squared) * pow(below, -1, _P) % _P) if below else None
    if root is None:
        return None
    y = root if root & 1 == odd else (_P - root) % _P
    return (x, y, 1, x * y % _P) if y & 1 == odd else None


def _unpacked(packed: bytes) -> _Point | None:
    number = int.from_bytes(packed, "little")
    x = number & (1 << 255) - 1
    return _at(x, number >> 255) if x < _P else None


def _packed(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (x * inverse % _P | (y * inverse % _P & 1) << 255).to_bytes(32, "little")


def _base() -> _Point:
    """Return the base point of Ed25519 (y = 4/5) on this curve; of its two x, the even one."""
    y = 4 * pow(5, -1, _P) % _P
    squared = (1 - y * y) * pow(_A - _D * y * y, -1, _P) % _P
    x = _root(squared)
    assert x is not None  # noqa: S101 (a constant)
    x = _P - x if x & 1 else x
    return x, y, 1, x * y % _P


_BASE = _base()


@lru_cache(maxsize=256)
def _key(packed: bytes) -> _Point | None:  # 2
    point = _unpacked(packed) if len(packed) == 32 else None
    if point is None or _is_zero(point) or not _is_zero(_combine(_ORDER, point, 0, _ZERO)):
        return None
    return point


def is_key(packed: bytes) -> bool:
    """Tell whether these 32 bytes are a public key: a point of the curve, of the order of the base point."""
    return _key(packed) is not None


def verifies(packed: bytes, signature: bytes, digest: bytes) -> bool:
    """Tell whether the key made the 64 bytes of signature over a digest of 32 bytes."""
    numbers = _numbers(signature)
    point = _key(packed)
    if numbers is None or point is None:
        return False
    r, s = numbers
    inverse = pow(s, -1, _ORDER)
    x, _, z, _ = _combine(int.from_bytes(digest, "little") * inverse % _ORDER, _BASE, r * inverse % _ORDER, point)  # 3
    return x * pow(z, -1, _P) % _P % _ORDER == r


def signing_keys(signature: bytes, digest: bytes) -> Iterator[bytes]:
    """Yield the packed keys under which a signature over a digest would verify: a few, of which one is the signer's.

    It is 3 solved for the key: (s · R - digest · G) / r, for each point R whose x is r modulo the order.
    """
    numbers = _numbers(signature)
    if numbers is None:
        return
    r, s = numbers
    inverse = pow(r, -1, _ORDER)
    number = -int.from_bytes(digest, "little") * inverse % _ORDER
    for x in range(r, _P, _ORDER):
        for odd in (0, 1):
            point = _at(x, odd)
            if point is not None:
                yield _packed(_combine(s * inverse % _ORDER, point, number, _BASE))


def _numbers(signature: bytes) -> tuple[int, int] | None:  # 1
    if len(signature) != 64:
        return None
    r, s = int.from_bytes(signature[:32], "little"), int.from_bytes(signature[32:], "little")
    return (r, s) if 0 < r < _ORDER and 0 < s < _ORDER else None
