"""Public keys: which mathematics a key asks for. RSA (PKCS#1 1.5 and PSS), ECDSA and DSA, by the library that does them."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA224, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.model.signature import Outcome
from trueware.signatures import der
from trueware.signatures.refusal import Refusal, uncheckable

RSA, PSS, EC, DSA = "RSA", "RSA-PSS", "ECDSA", "DSA"

_RSA_OID = "1.2.840.113549.1.1.1"
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
"""The AlgorithmIdentifier of RSA keys, RFC 3279 §2.3.1."""

_LARGEST_MODULUS = 2049
"""Bytes of a modulus, the one of its sign counted; OpenSSL takes no larger ones."""

_HASHES: dict[str, HashAlgorithm] = {
    "md5": MD5(),  # noqa: S303 (what old signatures have; the platform takes it)
    "sha1": SHA1(),  # noqa: S303
    "sha224": SHA224(),
    "sha256": SHA256(),
    "sha384": SHA384(),
    "sha512": SHA512(),
}
_Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | dsa.DSAPublicKey
_UNUSABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm)


def verifies(spki: bytes, scheme: str, digest: str, signature: bytes, signed: bytes) -> bool:
    """Tell whether `signature` was made over `signed` with the key of `spki`.

    Raises:
        Refusal: the key is none, or of another kind.
    """
    key, algorithm = _load(spki), _HASHES[digest]
    try:
        if isinstance(key, rsa.RSAPublicKey) and scheme == RSA:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, rsa.RSAPublicKey) and scheme == PSS:
            key.verify(signature, signed, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == EC:
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, dsa.DSAPublicKey) and scheme == DSA:
            key.verify(signature, signed, algorithm)
        else:
            uncheckable(f"the key is not one of {scheme}")
    except InvalidSignature:
        return False
    except _UNUSABLE as error:
        raise _unusable(error) from error
    return True


def same_key(one: bytes, other: bytes) -> bool:
    """Tell whether two SubjectPublicKeyInfos are the same: byte by byte, or RSA with its modulus written as negative in one.

    Android takes certificates with such a modulus (``negmod`` of its own test files), and writes it positive beside them.
    """
    if one == other:
        return True
    try:
        numbers = _rsa_numbers(one)
    except Refusal:
        return False
    return numbers is not None and {one, other} == {_rsa_encoded(*numbers, sign) for sign in (b"", b"\0")}


@lru_cache(maxsize=64)
def _load(spki: bytes) -> _Key:
    try:
        numbers = _rsa_numbers(spki)
        key = rsa.RSAPublicNumbers(*numbers).public_key() if numbers else load_der_public_key(spki)
    except _UNUSABLE as error:
        raise _unusable(error) from error
    if not isinstance(key, _Key):
        uncheckable(f"a key of a kind that does not sign packages: {type(key).__name__}")
    return key


def _rsa_numbers(spki: bytes) -> tuple[int, int] | None:
    """Return exponent and modulus, the modulus as positive whatever its first bit; None for other kinds of key."""
    outer = der.read(spki)
    algorithm, bits = der.parts(outer.sequence(), 2, "a public key")[:2]
    kind, *parameters = der.parts(algorithm.sequence(), 1, "a public key")
    if kind.oid() != _RSA_OID:
        return None
    if len(outer.whole) != len(spki) or [each.whole for each in parameters] != [b"\5\0"] or bits.content[:1] != b"\0":
        uncheckable("the RSA key is malformed")
    inside = der.read(bits.content, 1)
    modulus, exponent = der.parts(inside.sequence(), 2, "an RSA key")[:2]
    tags = bits.tag, modulus.tag, len(inside.whole) + 1
    if tags != (der.BITS, der.INTEGER, len(bits.content)) or len(modulus.content) > _LARGEST_MODULUS:
        uncheckable("the RSA key is malformed")
    return exponent.number(), int.from_bytes(modulus.content)


def _rsa_encoded(exponent: int, modulus: int, sign: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a key whose modulus has its highest bit set, with `sign` in front of that."""
    numbers = (
        sign + modulus.to_bytes((modulus.bit_length() + 7) // 8),
        exponent.to_bytes(exponent.bit_length() // 8 + 1),
    )
    inside = der.encoded(der.SEQUENCE, b"".join(der.encoded(der.INTEGER, each) for each in numbers))
    return der.encoded(der.SEQUENCE, _RSA_ALGORITHM + der.encoded(der.BITS, b"\0" + inside))


def _unusable(error: Exception) -> Refusal:
    return Refusal(Outcome.UNCHECKABLE, f"the public key cannot be used ({error})")
