"""Password hashes as crypt(3) writes them: their scheme, and whether a given password has this hash.

==========  ==================================================  =================================================
scheme      written                                             a try costs
==========  ==================================================  =================================================
DES         2 characters of salt, 11 of hash                    25 encryptions, of eight characters of the password
MD5         ``$1$<salt>$<22 characters>``                       1,000 hashes
SHA-256     ``$5$[rounds=N$]<salt>$<43 characters>``            5,000 hashes, or N
SHA-512     ``$6$[rounds=N$]<salt>$<86 characters>``            5,000 hashes, or N
==========  ==================================================  =================================================

bcrypt (``$2?$``), yescrypt (``$y$``) and others are told by name and cannot be tried. Sources: crypt(5) of libxcrypt; P.-H. Kamp,
FreeBSD ``lib/libcrypt/crypt-md5.c``; U. Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6; FIPS 46-3 (tables of DES)
with the salted expansion of Unix V7 ``crypt.c``.
"""

import hashlib
from enum import Enum

from trueware.explaining.patterns import regex
from trueware.explaining.reading.des import encrypt_salted

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_MOST_ROUNDS = 20_000
"""A hash that asks for more is not tried."""


class Scheme(Enum):
    """How a password is hashed."""

    DES = "DES"
    MD5 = "MD5"
    SHA256 = "SHA-256"
    SHA512 = "SHA-512"
    OTHER = "another scheme"
    """One of those that cannot be tried here: bcrypt, yescrypt, scrypt, gost-yescrypt, NT."""

    @property
    def is_cheap(self) -> bool:
        """Whether a try costs about a thousandth of a second, and not ten."""
        return self in (Scheme.DES, Scheme.MD5)


_PATTERN = regex(
    r"(?P<des>[./0-9A-Za-z]{13})|\$1\$(?P<md5>[^$:]{0,8})\$(?P<md5hash>[./0-9A-Za-z]{22})"
    r"|\$(?P<sha>[56])\$(?:rounds=(?P<rounds>\d{1,9})\$)?(?P<salt>[^$:]{0,16})\$(?P<shahash>[./0-9A-Za-z]{43,86})"
    r"|(?P<other>\$(?:2[abxy]?|y|gy|7|3|sha1|md5)\$[^:]{8,}|_[./0-9A-Za-z]{19})"
)


def scheme_of(written: str) -> Scheme | None:
    """Return the scheme; None for what is no hash, so that no password fits."""
    found = _PATTERN.fullmatch(written)
    if found is None:
        return None
    if found["des"]:
        return Scheme.DES
    if found["md5hash"]:
        return Scheme.MD5
    if found["sha"]:
        return Scheme.SHA256 if found["sha"] == "5" else Scheme.SHA512
    return Scheme.OTHER


def fits(written: str, password: str) -> bool:
    """Tell whether a password has this hash; not where its scheme cannot be tried."""
    found = _PATTERN.fullmatch(written)
    if found is None or found["other"]:
        return False
    secret = password.encode()
    if found["des"]:
        return _des(secret, written[:2]) == written
    if found["md5hash"]:
        return _md5(secret, found["md5"].encode()) == found["md5hash"]
    rounds = max(1000, int(found["rounds"] or 5000))
    if rounds > _MOST_ROUNDS:
        return False
    return _sha(found["sha"], secret, found["salt"].encode(), rounds) == found["shahash"]


def _des(secret: bytes, salt: str) -> str:
    swaps = ALPHABET.index(salt[0]) | ALPHABET.index(salt[1]) << 6
    key = int.from_bytes(bytes((byte & 0x7F) << 1 for byte in secret[:8].ljust(8, b"\0")), "big")
    block = encrypt_salted(key, swaps) << 2
    return salt + "".join(ALPHABET[block >> shift & 0x3F] for shift in range(60, -1, -6))


def _md5(secret: bytes, salt: bytes) -> str:
    inner = hashlib.md5(secret + salt + secret, usedforsecurity=False).digest()
    first = secret + b"$1$" + salt + _repeated(inner, len(secret))
    length = len(secret)
    while length:
        first += b"\0" if length & 1 else secret[:1]
        length >>= 1
    digest = hashlib.md5(first, usedforsecurity=False).digest()
    for turn in range(1000):
        middle = (salt if turn % 3 else b"") + (secret if turn % 7 else b"")
        whole = secret + middle + digest if turn & 1 else digest + middle + secret
        digest = hashlib.md5(whole, usedforsecurity=False).digest()
    return _encoded(digest, [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)], (11,))


def _sha(which: str, secret: bytes, salt: bytes, rounds: int) -> str:
    make = hashlib.sha256 if which == "5" else hashlib.sha512
    inner = make(secret + salt + secret).digest()
    first = secret + salt + _repeated(inner, len(secret))
    length = len(secret)
    while length:
        first += inner if length & 1 else secret
        length >>= 1
    digest = make(first).digest()
    secrets = _repeated(make(secret * len(secret)).digest(), len(secret))
    salts = _repeated(make(salt * (16 + digest[0])).digest(), len(salt))
    for turn in range(rounds):
        middle = (salts if turn % 3 else b"") + (secrets if turn % 7 else b"")
        digest = make(secrets + middle + digest if turn & 1 else digest + middle + secrets).digest()
    # each group turns by one byte; SHA-256 the one way, SHA-512 the other
    step, turn = (10, 2) if which == "5" else (21, 1)
    groups = [_turned((at, at + step, at + 2 * step), at * turn % 3) for at in range(step)]
    return _encoded(digest, groups, (31, 30) if which == "5" else (63,))


def _turned(group: tuple[int, int, int], by: int) -> tuple[int, int, int]:
    return group[by], group[(by + 1) % 3], group[(by + 2) % 3]


def _repeated(digest: bytes, length: int) -> bytes:
    return (digest * (length // len(digest) + 1))[:length]


def _encoded(digest: bytes, groups: list[tuple[int, int, int]], rest: tuple[int, ...]) -> str:
    pieces = [(digest[high] << 16 | digest[middle] << 8 | digest[low], 4) for high, middle, low in groups]
    pieces.append((int.from_bytes(bytes(digest[at] for at in rest), "big"), len(rest) + 1))
    return "".join(ALPHABET[value >> 6 * at & 0x3F] for value, count in pieces for at in range(count))
