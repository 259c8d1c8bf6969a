"""Keys of a TPM as the library that verifies has them, with what must be so before any of their signatures counts.

RSA: a modulus of 2,048 to 4,096 bits, odd, and an odd exponent of at least 3 and less than 2^32: with an exponent of 1 every number
signs itself. Curves: P-256, P-384, P-521, and the point lies on the curve (NIST SP 800-56A §5.6.2.3.4, which the library checks).
"""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.attestation.tpm.public import Point, Rsa
from trueware.errors import MalformedInput, UnsupportedInput

VerifyingKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_CURVES: dict[str, ec.EllipticCurve] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
}
_LEAST_BITS = 2048
_LEAST_EXPONENT = 3


@lru_cache(maxsize=1024)
def load(key: Rsa | Point) -> VerifyingKey:
    """Return the key for the library.

    Raises:
        MalformedInput: it is no key: an exponent of 1, a point beside the curve.
        UnsupportedInput: it is too small, or of a curve that is not used for signatures here.
    """
    if isinstance(key, Rsa):
        if key.bits < _LEAST_BITS:
            raise UnsupportedInput("tpm-key", 0, f"a key of RSA of {key.bits} bits; {_LEAST_BITS} are the least")
        if key.exponent < _LEAST_EXPONENT or not key.exponent & 1 or not key.modulus & 1:
            raise MalformedInput(
                "tpm-key", 0, f"a key of RSA with the exponent {key.exponent}, under which anybody signs"
            )
        try:
            return rsa.RSAPublicNumbers(key.exponent, key.modulus).public_key()
        except ValueError as error:
            raise MalformedInput("tpm-key", 0, f"no key of RSA ({error})") from None
    curve = _CURVES.get(key.curve)
    if curve is None:
        raise UnsupportedInput("tpm-key", 0, f"a key of the curve {key.curve}")
    try:
        return ec.EllipticCurvePublicNumbers(key.x, key.y, curve).public_key()
    except ValueError:
        raise MalformedInput("tpm-key", 0, f"the point of the key is not on {key.curve}") from None


def spki_of(key: Rsa | Point) -> bytes:
    """Return a key as DER SubjectPublicKeyInfo.

    Raises:
        MalformedInput, UnsupportedInput: as `load`.
    """
    return load(key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def numbers_of(key: object) -> Rsa | Point | None:
    """Return the numbers of a key of the library; None for one that no TPM here has."""
    if isinstance(key, rsa.RSAPublicKey):
        public = key.public_numbers()
        return Rsa(public.n, public.e, key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return Point(key.curve.name, point.x, point.y)
    return None
