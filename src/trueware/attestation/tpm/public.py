"""Public areas of keys of a TPM: what kind of key it is, what it may do, its name.

::

    TPM2B_PUBLIC            UINT16 size, TPMT_PUBLIC
    TPMT_PUBLIC             UINT16 type, UINT16 nameAlg, UINT32 objectAttributes, TPM2B authPolicy, parameters, unique
    parameters of RSA       symmetric, scheme, UINT16 keyBits, UINT32 exponent (0: 65537);    unique: TPM2B modulus
    parameters of ECC       symmetric, scheme, UINT16 curve, UINT16 kdf [UINT16 hash];        unique: TPM2B x, TPM2B y
    symmetric               UINT16 algorithm; if it is not NULL: UINT16 bits, UINT16 mode
    scheme                  UINT16 scheme; if it is neither NULL nor RSAES: UINT16 hash; if it is ECDAA: UINT16 count

Source: TCG TPM 2.0 Library Part 2, §8.3 (TPMA_OBJECT), §12.2 (public areas); Part 1 §16 (names). Keys that are no key pairs
(KEYEDHASH, SYMCIPHER) are told from malformed ones and not read. No vector has a key of ECDAA, of a curve beside P-256 and P-384, or
with a KDF.
"""

from dataclasses import dataclass
from enum import IntFlag

from trueware.attestation.tpm import algorithms
from trueware.attestation.tpm.fields import Fields

_FORMAT = "tpmt-public"
_LONGEST_MODULUS = 512
"""Bytes: RSA-4096."""

_RSA_BITS = (1024, 2048, 3072, 4096)
_RESERVED = 0xFFF0F009
"""Bits of TPMA_OBJECT that shall be clear."""

_USUAL_EXPONENT = 65537


class Attributes(IntFlag):
    """What a key is and may do (TPMA_OBJECT, §8.3)."""

    FIXED_TPM = 1 << 1
    ST_CLEAR = 1 << 2
    FIXED_PARENT = 1 << 4
    SENSITIVE_DATA_ORIGIN = 1 << 5
    USER_WITH_AUTH = 1 << 6
    ADMIN_WITH_POLICY = 1 << 7
    FIRMWARE_LIMITED = 1 << 8
    SVN_LIMITED = 1 << 9
    NO_DA = 1 << 10
    ENCRYPTED_DUPLICATION = 1 << 11
    RESTRICTED = 1 << 16
    DECRYPT = 1 << 17
    SIGN = 1 << 18
    X509_SIGN = 1 << 19


@dataclass(frozen=True, slots=True)
class Rsa:
    """A public key of RSA."""

    modulus: int
    exponent: int
    bits: int


@dataclass(frozen=True, slots=True)
class Point:
    """A public key of an elliptic curve; whether the point lies on it is not asked here."""

    curve: str
    """As SEC 2 calls it: ``secp256r1``."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Public:
    """A public area (TPMT_PUBLIC)."""

    encoded: bytes
    """The TPMT_PUBLIC as it came."""

    name_hash: str
    """Empty: none (TPM_ALG_NULL), and the key has no name."""

    attributes: Attributes
    auth_policy: bytes
    symmetric: tuple[str, int, str] | None
    """Algorithm, bits and mode by which a parent protects its children; None for keys that sign."""

    scheme: str
    """``rsassa``, ``ecdsa``, …; empty where each use says its own."""

    scheme_hash: str
    key: Rsa | Point

    @property
    def name(self) -> bytes:
        """The name of the key: number of nameAlg, and the digest of the TPMT_PUBLIC (Part 1 §16); empty where it has none."""
        if not self.name_hash:
            return b""
        number = algorithms.NUMBERS[self.name_hash].to_bytes(2)
        return number + algorithms.digest(self.name_hash, self.encoded)


def parse_public(data: bytes) -> Public:
    """Return the key of a TPM2B_PUBLIC, as tpm2-tools writes it, or of a bare TPMT_PUBLIC.

    Raises:
        MalformedInput: it is neither, or bytes stand behind it.
        UnsupportedInput: it is a key of another type.
    """
    if len(data) >= 2 and int.from_bytes(data[:2]) == len(data) - 2:
        return _tpmt_public(data[2:])
    return _tpmt_public(data)


def _tpmt_public(data: bytes) -> Public:
    fields = Fields(_FORMAT, data)
    kind = fields.u16("type")
    if kind not in (algorithms.RSA, algorithms.ECC):
        fields.at = 0
        if kind in (0x0008, 0x0025):
            fields.unsupported("a key for HMAC or of a symmetric cipher, which signs no quotes")
        fields.refuse(
            f"type {kind:#06x}: neither RSA (1) nor ECC (0x23); the size at offset 0 is not that of what follows"
        )
    number = fields.u16("nameAlg")
    name_hash = "" if number == algorithms.NULL else algorithms.HASHES.get(number, "?")
    if name_hash == "?":
        fields.refuse(f"nameAlg is {number:#06x}, which is no hash", 2)
    attributes = fields.u32("objectAttributes")
    if attributes & _RESERVED:
        fields.refuse(f"objectAttributes {attributes:#010x} has reserved bits set", 4)
    policy = fields.sized(64, "authPolicy")
    if policy and len(policy) != algorithms.SIZES.get(name_hash, 0):
        fields.refuse(f"authPolicy has {len(policy)} bytes, which is no digest of nameAlg", 8)
    symmetric = _symmetric(fields)
    scheme, scheme_hash = _scheme(fields)
    key = _rsa(fields) if kind == algorithms.RSA else _point(fields)
    fields.end()
    return Public(data, name_hash, Attributes(attributes), policy, symmetric, scheme, scheme_hash, key)


def _symmetric(fields: Fields) -> tuple[str, int, str] | None:
    number = fields.u16("symmetric")
    if number == algorithms.NULL:
        return None
    if number not in algorithms.SYMMETRIC:
        fields.refuse(f"symmetric is {number:#06x}, which is no cipher", fields.at - 2)
    bits, mode = fields.u16("bits of symmetric"), fields.u16("mode of symmetric")
    if mode not in algorithms.MODES or bits not in (128, 192, 256):
        fields.refuse(f"a cipher of {bits} bits in mode {mode:#06x}", fields.at - 4)
    return algorithms.SYMMETRIC[number], bits, algorithms.MODES[mode]


def _scheme(fields: Fields) -> tuple[str, str]:
    number = fields.u16("scheme")
    if number == algorithms.NULL:
        return "", ""
    if number not in algorithms.SCHEMES:
        fields.refuse(f"scheme is {number:#06x}, which is none", fields.at - 2)
    name = "" if number == algorithms.RSAES else fields.hash("hash of the scheme")
    if number == algorithms.ECDAA:
        fields.u16("count of ECDAA")
    return algorithms.SCHEMES[number], name


def _rsa(fields: Fields) -> Rsa:
    start = fields.at
    bits, exponent = fields.u16("keyBits"), fields.u32("exponent")
    if bits not in _RSA_BITS:
        fields.refuse(f"a key of RSA of {bits} bits", start)
    modulus = int.from_bytes(fields.sized(_LONGEST_MODULUS, "modulus"))
    if modulus.bit_length() != bits:
        fields.refuse(f"keyBits is {bits}, the modulus has {modulus.bit_length()}", start)
    return Rsa(modulus, exponent or _USUAL_EXPONENT, bits)


def _point(fields: Fields) -> Point:
    start = fields.at
    number = fields.u16("curveID")
    if number not in algorithms.CURVES:
        fields.refuse(f"curve {number:#06x} is not known", start)
    curve, size = algorithms.CURVES[number]
    if fields.u16("kdf") != algorithms.NULL:
        fields.hash("hash of kdf")
    x = int.from_bytes(fields.sized(size, "x"))
    y = int.from_bytes(fields.sized(size, "y"))
    return Point(curve, x, y)
