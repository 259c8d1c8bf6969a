"""Signatures by a public key, with the algorithm that its kind and size ask for."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import new

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.model.signature import Outcome
from trueware.signatures.refusal import Refusal, uncheckable

_CURVES = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}
_HASHES: dict[str, HashAlgorithm] = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}
DigestOf = Callable[[str], bytes]
_LEAST_RSA = 2048


def digest_name(spki: bytes) -> str | None:
    """Return the digest that a key signs: of ECDSA that of its size, of RSA SHA-256; None for Ed25519, which signs all bytes.

    Raises:
        Refusal: it is a key of another kind, or too small.
    """
    key = load_key(spki)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA:
        return "sha256"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return None
    raise Refusal(Outcome.UNCHECKABLE, f"a key that is not used for this: {type(key).__name__}")


def signs(spki: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether the key signed `data`.

    Raises:
        Refusal: the key cannot be used.
    """
    name = digest_name(spki)
    if name is None:
        key = load_key(spki)
        assert isinstance(key, ed25519.Ed25519PublicKey)  # noqa: S101 (digest_name's answer)
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return False
        return True
    return signs_digest(spki, signature, name, new(name, data).digest())


def signs_digest(spki: bytes, signature: bytes, name: str, digest: bytes) -> bool:
    """Tell whether the key signed what has this digest: by ECDSA, or by RSA (PKCS #1 1.5).

    Raises:
        Refusal: the key cannot be used.
    """
    key, algorithm = load_key(spki), Prehashed(_HASHES[name])
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA:
            key.verify(signature, digest, padding.PKCS1v15(), algorithm)
        else:
            uncheckable(f"a key that is not used for this: {type(key).__name__}")
    except (InvalidSignature, ValueError):
        return False
    return True


def signs_pss(spki: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether a key of RSA signed `data` by PSS with SHA-256, whatever the length of the salt.

    Raises:
        Refusal: the key cannot be used.
    """
    key = load_key(spki)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _LEAST_RSA:
        uncheckable(f"a key that is not used for this: {type(key).__name__}")
    try:
        key.verify(signature, data, padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=128)
def load_key(spki: bytes) -> object:
    """Return the key of a SubjectPublicKeyInfo.

    Raises:
        Refusal: it is malformed.
    """
    try:
        return load_der_public_key(spki)
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm) as error:
        uncheckable(f"a public key is malformed ({error})")
