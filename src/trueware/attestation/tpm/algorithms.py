"""Numbers of algorithms, curves and structures as a TPM writes them.

Source: TCG TPM 2.0 Library Part 2 (Structures), revision 1.59: §6.3 TPM_ALG_ID, §6.4 TPM_ECC_CURVE, §6.9 TPM_ST;
the TCG Algorithm Registry, revision 1.34.
"""

from enum import IntEnum
from hashlib import new, sha256, sha384, sha512

from trueware.errors import UnsupportedInput

NULL = 0x0010
"""TPM_ALG_NULL: no algorithm."""

RSA, ECC = 0x0001, 0x0023
"""Types of asymmetric objects."""

HASHES = {
    0x0004: "sha1",
    0x000B: "sha256",
    0x000C: "sha384",
    0x000D: "sha512",
    0x0012: "sm3",
    0x0027: "sha3_256",
    0x0028: "sha3_384",
    0x0029: "sha3_512",
}
"""Names as hashlib has them."""

SIZES = {
    "sha1": 20,
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
    "sm3": 32,
    "sha3_256": 32,
    "sha3_384": 48,
    "sha3_512": 64,
}
"""Bytes of each digest."""

NUMBERS = {name: number for number, name in HASHES.items()}

RSASSA, RSAES, RSAPSS, OAEP = 0x0014, 0x0015, 0x0016, 0x0017
ECDSA, ECDH, ECDAA, SM2, ECSCHNORR, ECMQV = 0x0018, 0x0019, 0x001A, 0x001B, 0x001C, 0x001D

SCHEMES = {
    RSASSA: "rsassa",
    RSAES: "rsaes",
    RSAPSS: "rsapss",
    OAEP: "oaep",
    ECDSA: "ecdsa",
    ECDH: "ecdh",
    ECDAA: "ecdaa",
    SM2: "sm2",
    ECSCHNORR: "ecschnorr",
    ECMQV: "ecmqv",
}

CURVES = {
    0x0001: ("secp192r1", 24),
    0x0002: ("secp224r1", 28),
    0x0003: ("secp256r1", 32),
    0x0004: ("secp384r1", 48),
    0x0005: ("secp521r1", 66),
    0x0010: ("bn256", 32),
    0x0011: ("bn638", 80),
    0x0020: ("sm2", 32),
}
"""Name and bytes of a coordinate."""

SYMMETRIC = {0x0003: "tdes", 0x0006: "aes", 0x0013: "sm4", 0x0026: "camellia"}
MODES = {0x0040: "ctr", 0x0041: "ofb", 0x0042: "cbc", 0x0043: "cfb", 0x0044: "ecb"}


class Type(IntEnum):
    """What a TPM attests to (TPM_ST, §6.9)."""

    NV = 0x8014
    COMMAND_AUDIT = 0x8015
    SESSION_AUDIT = 0x8016
    CERTIFY = 0x8017
    QUOTE = 0x8018
    TIME = 0x8019
    CREATION = 0x801A
    NV_DIGEST = 0x801C


_DIGESTS = {"sha256": sha256, "sha384": sha384, "sha512": sha512}
"""Those that `new` need not look up."""


def digest(name: str, data: bytes) -> bytes:
    """Return a digest by its name in hashlib.

    Raises:
        UnsupportedInput: this Python has no such hash (SM3, with some builds of OpenSSL).
    """
    fast = _DIGESTS.get(name)
    if fast is not None:
        return fast(data).digest()
    try:
        return new(name, data, usedforsecurity=False).digest()
    except ValueError:
        raise UnsupportedInput("tpm-hash", 0, f"no hash {name} is at hand here") from None
