"""The mathematics of OpenPGP signatures: which hash, which key, and whether the one fits the other (RFC 9580 §5.2.3, §9)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.signatures.openpgp.packets import NAME, Fields, Statement

_HASHES: dict[int, tuple[str, hashes.HashAlgorithm]] = {
    2: ("sha1", hashes.SHA1()),  # noqa: S303 (old keys certify themselves with it; see `verify`)
    8: ("sha256", hashes.SHA256()),
    9: ("sha384", hashes.SHA384()),
    10: ("sha512", hashes.SHA512()),
    11: ("sha224", hashes.SHA224()),
}
_WEAK = frozenset({2})

_CURVES: dict[bytes, ec.EllipticCurve] = {
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("2b81040022"): ec.SECP384R1(),
    bytes.fromhex("2b81040023"): ec.SECP521R1(),
    bytes.fromhex("2b8104000a"): ec.SECP256K1(),
}
_ED25519_LEGACY = bytes.fromhex("2b06010401da470f01")

_LEAST_BITS = 2048
"""Of RSA: below it a signature proves little."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key packet of version 4 (§5.5.2)."""

    body: bytes = field(repr=False)
    created: int
    algorithm: int
    key: Any = field(repr=False)
    """A key of `cryptography`; None where the algorithm is for encrypting, or not known."""

    weak: str = ""
    """Why a signature by it proves little; empty where it does."""

    @property
    def fingerprint(self) -> bytes:
        """SHA-1 of the packet with a header (§5.5.4.2), 20 bytes; the last 8 are the key id."""
        return fingerprint_of(self.body)

    @property
    def prefixed(self) -> bytes:
        """The packet as it is hashed (§5.2.4)."""
        return _prefixed(self.body)

    @property
    def spki(self) -> bytes | None:
        """The key as a DER SubjectPublicKeyInfo."""
        return None if self.key is None else self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _prefixed(body: bytes) -> bytes:
    return b"\x99" + len(body).to_bytes(2, "big") + body


def fingerprint_of(body: bytes) -> bytes:
    """Return the fingerprint of a key packet of version 4, whatever its algorithm; see `PublicKey`."""
    return sha1(_prefixed(body)).digest()  # noqa: S324 (as the standard has it)


def read_key(body: bytes) -> PublicKey:
    """Return the key in a packet.

    Raises:
        MalformedInput: it is none, or of another version.
    """
    fields = Fields(body)
    version = fields.number(1)
    if version != 4:
        raise UnsupportedInput(NAME, 0, f"a key of version {version}")
    created, algorithm = fields.number(4), fields.number(1)
    weak = ""
    try:
        match algorithm:
            case 1 | 3:
                modulus, exponent = fields.integer(), fields.integer()
                key: Any = rsa.RSAPublicNumbers(exponent, modulus).public_key()
                weak = f"RSA of {modulus.bit_length()} bits" if modulus.bit_length() < _LEAST_BITS else ""
            case 17:
                p, q, g, y = (fields.integer() for _ in range(4))
                key = dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
                weak = f"DSA of {p.bit_length()} bits" if p.bit_length() < _LEAST_BITS else ""
            case 19:
                curve = _CURVES.get(fields.take(fields.number(1)))
                point = _point(fields)
                key = None if curve is None else ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
            case 22:
                oid, point = fields.take(fields.number(1)), _point(fields)
                native = oid == _ED25519_LEGACY and len(point) == 33 and point[0] == 0x40
                key = ed25519.Ed25519PublicKey.from_public_bytes(point[1:]) if native else None
            case 27:
                key = ed25519.Ed25519PublicKey.from_public_bytes(fields.take(32))
            case _:
                return PublicKey(body, created, algorithm, None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedInput(NAME, 6, f"numbers that are no key ({error})") from error
    fields.end()
    return PublicKey(body, created, algorithm, key, weak)


def _point(fields: Fields) -> bytes:
    bits = fields.number(2)
    return fields.take((bits + 7) // 8)


def hasher(statement: Statement) -> Any:
    """Return the hash that a signature is made over, empty.

    Raises:
        UnsupportedInput: it is not known, or so weak that it proves nothing (MD5).
    """
    if statement.hash not in _HASHES:
        raise UnsupportedInput(NAME, 3, f"hash algorithm {statement.hash}")
    return hashlib.new(_HASHES[statement.hash][0], usedforsecurity=False)


def is_weak(statement: Statement) -> bool:
    """Tell whether two documents of one hash can be made: then a signature over a document proves little."""
    return statement.hash in _WEAK


def verifies(statement: Statement, key: PublicKey, feed: Callable[[Any], None]) -> bool:
    """Tell whether `key` made the signature over what `feed` puts into the hash.

    Raises:
        InputError: it cannot be told.
    """
    if key.key is None or key.algorithm not in _USES.get(statement.algorithm, ()):
        raise UnsupportedInput(NAME, 2, f"signature algorithm {statement.algorithm} with a key of {key.algorithm}")
    digest = hasher(statement)
    feed(digest)
    digest.update(statement.hashed + b"\x04\xff" + len(statement.hashed).to_bytes(4, "big"))
    found = digest.digest()
    if found[:2] != statement.left:
        return False
    hash_ = Prehashed(_HASHES[statement.hash][1])
    fields = Fields(statement.value)
    try:
        match statement.algorithm:
            case 1 | 3:
                size = (key.key.key_size + 7) // 8
                key.key.verify(fields.integer().to_bytes(size, "big"), found, padding.PKCS1v15(), hash_)
            case 17:
                key.key.verify(encode_dss_signature(fields.integer(), fields.integer()), found, hash_)
            case 19:
                key.key.verify(encode_dss_signature(fields.integer(), fields.integer()), found, ec.ECDSA(hash_))
            case 22:
                halves = fields.integer().to_bytes(32, "big") + fields.integer().to_bytes(32, "big")
                key.key.verify(halves, found)
            case _:
                key.key.verify(fields.take(64), found)
        fields.end()
    except (InvalidSignature, OverflowError, ValueError):
        return False
    return True


_USES = {1: (1, 3), 3: (1, 3), 17: (17,), 19: (19,), 22: (22,), 27: (27,)}
