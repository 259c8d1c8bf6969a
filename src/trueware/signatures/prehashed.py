"""Signatures over a digest that was made already, by RSA (PKCS#1 1.5) or ECDSA: what was signed may be larger than memory."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.signatures.refusal import uncheckable

_HASHES: dict[str, HashAlgorithm] = {
    "sha1": SHA1(),  # noqa: S303 (what old devices take)
    "sha256": SHA256(),
    "sha384": SHA384(),
    "sha512": SHA512(),
}
HASHES = frozenset(_HASHES)
_Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def is_signed(spki: bytes, name: str, digest: bytes, signature: bytes) -> bool:
    """Tell whether the key of `spki` signed a digest.

    Raises:
        Refusal: it is no key of RSA or ECDSA.
    """
    key, algorithm = _load(spki), _HASHES[name]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), Prehashed(algorithm))
        else:
            key.verify(signature, digest, ec.ECDSA(Prehashed(algorithm)))
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm) as error:
        uncheckable(f"the key cannot be used ({error})")
    return True


def signed_digest(spki: bytes, name: str, signature: bytes) -> bytes | None:
    """Return the digest that the key of `spki` signed, whatever it is of; None where it did not, or (ECDSA) it cannot be told."""
    key = _load(spki)
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    try:
        return key.recover_data_from_signature(signature, padding.PKCS1v15(), _HASHES[name])
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return None


@lru_cache(maxsize=64)
def _load(spki: bytes) -> _Key:
    try:
        key = load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        uncheckable(f"a public key is malformed ({error})")
    if not isinstance(key, _Key):
        uncheckable(f"a key that is neither of RSA nor of ECDSA: {type(key).__name__}")
    return key
