"""Public keys of apk-tools: RSA and ECDSA, as the files in ``/etc/apk/keys`` hold them."""

from functools import lru_cache
from hashlib import sha512

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

_HASHES: dict[str, HashAlgorithm] = {
    "sha1": SHA1(),  # noqa: S303 (what apk-tools 2 signs by)
    "sha256": SHA256(),
    "sha512": SHA512(),
}


def key_id(spki: bytes) -> bytes | None:
    """Return what apk-tools 3 calls a key: 16 bytes of the SHA-512 of the key itself, as ``i2d_PublicKey`` writes it.

    None for a key of another kind; apk-tools cannot use Ed25519.
    """
    key = _load(spki)
    if isinstance(key, rsa.RSAPublicKey):
        encoded = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        encoded = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    else:
        return None
    return sha512(encoded).digest()[:16]


def is_signed(spki: bytes, name: str, signature: bytes, digest: bytes) -> bool:
    """Tell whether the key signed what has this digest."""
    key, algorithm = _load(spki), Prehashed(_HASHES[name])
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


@lru_cache(maxsize=256)
def _load(spki: bytes) -> object:
    try:
        return load_der_public_key(spki)
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        return None
