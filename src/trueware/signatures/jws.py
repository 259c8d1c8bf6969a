"""JSON Web Signatures, compact (RFC 7515): ``BASE64URL(header) . BASE64URL(payload) . BASE64URL(signature)``.

Algorithms (RFC 7518 §3.1, RFC 8037): ES256, ES384, ES512, RS256 to RS512, PS256 to PS512, EdDSA. The algorithm is the key's own, and
the header must agree with it. ``none`` and the symmetric ones are refused: who can verify those could have made them. So is ``crit``.
Source of the checks: RFC 8725 (best practices), §3.1 to §3.3.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import TYPE_CHECKING, TypeAlias

from trueware.errors import LimitExceeded, MalformedInput, UntrustedStatement
from trueware.signatures import json_text
from trueware.signatures.refusal import Refusal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PrivateKey: TypeAlias = "Ed25519PrivateKey | EllipticCurvePrivateKey"

NAME = "jws"
MAX_BYTES = 16 << 20
_MAX_HEADER = 1 << 16
_TEXT = re.compile(rb"[A-Za-z0-9_-]*")
_CURVES = {
    "secp256r1": ("ES256", "sha256", 32),
    "secp384r1": ("ES384", "sha384", 48),
    "secp521r1": ("ES512", "sha512", 66),
}
_RSA = {f"{kind}{bits}": f"sha{bits}" for kind in ("RS", "PS") for bits in (256, 384, 512)}
_LEAST_RSA = 2048


@dataclass(frozen=True, slots=True)
class Jws:
    """A signature that is well formed; nothing about it is proved."""

    header: Mapping[str, object]
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)
    """What the signature is over, as it came."""

    @property
    def algorithm(self) -> str:
        """As the header has it; empty where it has none."""
        found = self.header.get("alg")
        return found if isinstance(found, str) else ""

    @property
    def key_id(self) -> str | None:
        """A hint at the key."""
        found = self.header.get("kid")
        return found if isinstance(found, str) else None

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The signer's and its issuers' (``x5c``, DER), as they came along; each proves itself or nothing."""
        from base64 import b64decode  # noqa: PLC0415 (rare)

        found = self.header.get("x5c")
        try:
            return tuple(b64decode(each, validate=True) for each in found[:16]) if isinstance(found, list) else ()
        except (ValueError, TypeError):
            return ()


def parse(data: bytes) -> Jws:
    """Return the parts of a compact JWS.

    Raises:
        MalformedInput: it is none, or has something critical.
        LimitExceeded: it is too long.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded("bytes of a signed token", MAX_BYTES, f"{len(data)} bytes")
    parts = data.strip().split(b".")
    if len(parts) != 3:
        raise MalformedInput(NAME, 0, f"{len(parts)} parts between dots, expected 3")
    head, payload, signature = parts
    if len(head) > _MAX_HEADER:
        raise LimitExceeded("bytes of a token's header", _MAX_HEADER, f"{len(head)} bytes")
    try:
        header = json_text.parse(from_base64url(head))
    except Refusal as refusal:
        raise MalformedInput(NAME, 0, f"the header is {refusal.detail}") from None
    if not isinstance(header, dict):
        raise MalformedInput(NAME, 0, "the header is no object")
    if "crit" in header:
        raise MalformedInput(NAME, 0, "something is critical, and nothing of that kind is understood")
    return Jws(header, from_base64url(payload), from_base64url(signature), head + b"." + payload)


def verify(jws: Jws, spki: bytes) -> None:
    """Return if the signature is that of a key (DER SubjectPublicKeyInfo).

    Raises:
        UntrustedStatement: it is not, or the algorithm is not one for this key.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    named = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    algorithm, data, signature = jws.algorithm, jws.signing_input, jws.signature
    try:
        key = load_der_public_key(spki)
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
            own, hash_name, width = _CURVES[key.curve.name]
            if algorithm == own and len(signature) == 2 * width:
                r, s = int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
                key.verify(encode_dss_signature(r, s), data, ec.ECDSA(named[hash_name]))
                return
        elif isinstance(key, ed25519.Ed25519PublicKey) and algorithm == "EdDSA":
            key.verify(signature, data)
            return
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA and algorithm in _RSA:
            hash_ = named[_RSA[algorithm]]
            if algorithm.startswith("RS"):
                key.verify(signature, data, padding.PKCS1v15(), hash_)
            else:
                key.verify(signature, data, padding.PSS(padding.MGF1(hash_), hash_.digest_size), hash_)
            return
    except InvalidSignature:
        raise UntrustedStatement("the signature does not fit the token") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UntrustedStatement(f"the key cannot be used ({error})") from error
    raise UntrustedStatement(f"algorithm {algorithm[:20]!r} is not one for this key")


def sign(header: Mapping[str, object], payload: bytes, key: PrivateKey) -> bytes:
    """Return a compact JWS; `alg` is filled in. ECDSA is deterministic (RFC 6979).

    Raises:
        ValueError: a kind of key or curve that is not used here.
    """
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415

    named = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        data = _signing_input({**header, "alg": "EdDSA"}, payload)
        return data + b"." + to_base64url(key.sign(data))
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        algorithm, hash_name, width = _CURVES[key.curve.name]
        data = _signing_input({**header, "alg": algorithm}, payload)
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(named[hash_name], deterministic_signing=True)))
        return data + b"." + to_base64url(r.to_bytes(width, "big") + s.to_bytes(width, "big"))
    raise ValueError("an Ed25519, P-256, P-384 or P-521 private key is needed")


def from_base64url(text: bytes) -> bytes:
    """Return bytes that are written as base64url without filling (RFC 7515 §2), in the one way they can be.

    Raises:
        MalformedInput: they are not.
    """
    if not _TEXT.fullmatch(text) or len(text) % 4 == 1:
        raise MalformedInput(NAME, 0, "no base64url without filling")
    found = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if to_base64url(found) != text:
        raise MalformedInput(NAME, 0, "base64url with bits that say nothing")
    return found


def to_base64url(data: bytes) -> bytes:
    """Return base64url without filling."""
    return urlsafe_b64encode(data).rstrip(b"=")


def _signing_input(header: Mapping[str, object], payload: bytes) -> bytes:
    return to_base64url(dumps(header, separators=(",", ":")).encode()) + b"." + to_base64url(payload)
