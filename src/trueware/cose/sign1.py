"""COSE_Sign1: one signer's signature over a payload with its headers, as RFC 9052 §4.2 and §4.4 have it.

::

    18([ bstr .cbor protected headers, { unprotected headers }, bstr payload, bstr signature ])
    ToBeSigned = [ "Signature1", protected, external_aad, payload ]

Algorithms (RFC 9053 §2): EdDSA (-8) with Ed25519, ES256 (-7) with P-256, ES384 (-35) with P-384, and each with no other curve.
Checked against the RFC 9052 examples of the COSE working group and the vectors of go-cose. Narrower than the RFC on purpose: the
tag is required, the algorithm is protected and the encoding deterministic.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from trueware.cose import cbor
from trueware.errors import MalformedInput, UntrustedStatement

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PrivateKey: TypeAlias = "Ed25519PrivateKey | EllipticCurvePrivateKey"

ALGORITHM, CRITICAL, CONTENT_TYPE, KEY_ID, CWT_CLAIMS = 1, 2, 3, 4, 15
EDDSA, ES256, ES384 = -8, -7, -35

_NAME = "cose-sign1"
_TAG_18 = 0xD2
_ECDSA = {"secp256r1": (ES256, 32), "secp384r1": (ES384, 48)}


@dataclass(frozen=True, slots=True)
class Sign1:
    """A COSE_Sign1 that is well formed; nothing about it is proved yet."""

    protected: dict[int | str, Any]
    unprotected: dict[int | str, Any]
    payload: bytes
    signature: bytes
    signed_header: bytes
    """The protected headers as received: what the signature covers, never a re-encoding of ours."""


def parse(data: bytes, detached: bytes | None = None, *, ordered: bool = True) -> Sign1:
    """Return the four fields.

    Args:
        data: the message.
        detached: the payload, where the message has none; it must then have none (RFC 9052 §2).
        ordered: False for messages of others: the keys of their maps may be in any order, and an empty header no map.

    Raises:
        MalformedInput: not a COSE_Sign1, or one label in both headers (RFC 9052 §3), or `crit` (§3.1), none of whose labels
            this reader implements.
    """
    if not data or data[0] != _TAG_18:
        raise MalformedInput(_NAME, 0, "CBOR tag 18 expected")
    fields: Any = cbor.decode(data[1:], _NAME, max_depth=8, ordered=ordered)
    if not isinstance(fields, list) or len(fields) != 4:
        raise MalformedInput(_NAME, 1, "an array of four expected")
    header, unprotected, payload, signature = fields
    if detached is not None:
        if payload is not None:
            raise MalformedInput(_NAME, 1, "a payload where none is expected")
        payload = detached
    if not isinstance(header, bytes) or not isinstance(payload, bytes) or not isinstance(signature, bytes):
        raise MalformedInput(_NAME, 1, "headers, payload and signature are byte strings")
    protected = cbor.decode(header, _NAME, max_depth=4, ordered=ordered) if header or ordered else {}
    if not isinstance(protected, dict) or not isinstance(unprotected, dict):
        raise MalformedInput(_NAME, 1, "headers are maps")
    if protected.keys() & unprotected.keys():
        raise MalformedInput(_NAME, 1, "a label is in both headers")
    if CRITICAL in protected or CRITICAL in unprotected:
        raise MalformedInput(_NAME, 1, "critical headers that are not understood")
    return Sign1(protected, unprotected, payload, signature, header)


def check(message: Sign1, spki: bytes, external: bytes = b"") -> None:
    """Return if the signature is that of the key `spki` (DER SubjectPublicKeyInfo).

    The numbers are the steps of RFC 9052 §4.4, verification.

    Raises:
        UntrustedStatement: it is not, or the key is not one for the algorithm of the protected header.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    # 1, 2: Sig_structure and ToBeSigned
    covered = to_be_signed(message.signed_header, message.payload, external)
    # 3: the algorithm is the key's own, and the header must agree with it (never the other way round)
    algorithm = message.protected.get(ALGORITHM)
    try:
        key = load_der_public_key(spki)
        if isinstance(key, Ed25519PublicKey) and algorithm == EDDSA:
            key.verify(message.signature, covered)
            return
        if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _ECDSA:
            own, width = _ECDSA[key.curve.name]
            if algorithm == own:
                key.verify(_der_signature(message.signature, width), covered, _ecdsa(key.curve.name))
                return
    except InvalidSignature:
        raise UntrustedStatement("the signature does not fit the statement") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UntrustedStatement(f"the key cannot be read ({error})") from error
    raise UntrustedStatement(f"algorithm {algorithm!r} is not one for this key")


def sign(
    protected: dict[int | str, Any],
    payload: bytes,
    key: PrivateKey,
    unprotected: dict[int | str, Any] | None = None,
    *,
    detached: bool = False,
) -> bytes:
    """Return a COSE_Sign1 by `key`; the header's algorithm is filled in. RFC 9052 §4.4, signing; ECDSA as in RFC 6979.

    Args:
        protected: headers that are signed.
        payload: what is signed.
        key: whose signature it is.
        unprotected: headers that are not.
        detached: leave the payload out of the message.

    Raises:
        ValueError: a kind of key or curve that is not used here.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415

    if isinstance(key, Ed25519PrivateKey):
        header = cbor.encode({**protected, ALGORITHM: EDDSA})
        signature = key.sign(to_be_signed(header, payload))
    elif isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _ECDSA:
        algorithm, width = _ECDSA[key.curve.name]
        header = cbor.encode({**protected, ALGORITHM: algorithm})
        r, s = decode_dss_signature(key.sign(to_be_signed(header, payload), _ecdsa(key.curve.name, deterministic=True)))
        signature = r.to_bytes(width, "big") + s.to_bytes(width, "big")
    else:
        raise ValueError("an Ed25519, P-256 or P-384 private key is needed")
    return bytes([_TAG_18]) + cbor.encode([header, unprotected or {}, None if detached else payload, signature])


def to_be_signed(header: bytes, payload: bytes, external: bytes = b"") -> bytes:
    """Return the bytes a signature covers: the Sig_structure of RFC 9052 §4.4."""
    return cbor.encode(["Signature1", header, external, payload])


def _der_signature(signature: bytes, width: int) -> bytes:
    """Return r and s (RFC 9053 §2.1: both at full width) as the ASN.1 that cryptography takes."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415 (start-up time)

    if len(signature) != 2 * width:
        raise UntrustedStatement(f"a signature of {len(signature)} bytes, expected {2 * width}")
    return encode_dss_signature(int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big"))


def _ecdsa(curve: str, *, deterministic: bool = False) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384  # noqa: PLC0415

    return ECDSA(SHA256() if curve == "secp256r1" else SHA384(), deterministic_signing=deterministic)
