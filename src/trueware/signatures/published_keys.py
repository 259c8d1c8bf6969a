"""Public keys as tokens' issuers publish them: JWK (RFC 7517, RFC 7518 §6, RFC 8037) and COSE_Key (RFC 9052 §7, RFC 9053 §7)."""

from collections.abc import Mapping

from trueware.cose.foreign_cbor import Value, decode
from trueware.errors import MalformedInput
from trueware.signatures import json_text
from trueware.signatures.jws import from_base64url
from trueware.signatures.refusal import Refusal

_JWK_CURVES = {"P-256": ("secp256r1", 32), "P-384": ("secp384r1", 48), "P-521": ("secp521r1", 66)}
_COSE_CURVES = {1: ("secp256r1", 32), 2: ("secp384r1", 48), 3: ("secp521r1", 66)}
_KTY, _KID, _CRV, _X, _Y, _N, _E = 1, 2, -1, -2, -3, -1, -2
_OKP, _EC2, _RSA = 1, 2, 3
_ED25519 = 6
MAX_KEYS = 256


def from_jwk(data: bytes) -> dict[str, bytes]:
    """Return the public keys (DER SubjectPublicKeyInfo) of a JWK or a set of them, by key id or number.

    Private halves that stand beside them are not looked at.

    Raises:
        MalformedInput: it is none, or holds a key that is none.
    """
    try:
        value = json_text.parse(data)
        keys = json_text.items(value, "keys", most=MAX_KEYS) or [value]
    except Refusal as refusal:
        raise MalformedInput("jwk", 0, refusal.detail) from None
    found: dict[str, bytes] = {}
    for number, key in enumerate(keys):
        name = key.get("kid") if isinstance(key, dict) else None
        found[name if isinstance(name, str) else str(number)] = _of_jwk(key)
    return found


def _of_jwk(key: object) -> bytes:
    if not isinstance(key, dict):
        raise MalformedInput("jwk", 0, "a key that is no object")

    def octets(name: str) -> bytes:
        text = key.get(name)
        if not isinstance(text, str):
            raise MalformedInput("jwk", 0, f"no member {name}")
        return from_base64url(text.encode("utf-8", "replace"))

    kind, curve = key.get("kty"), key.get("crv")
    if kind == "EC" and isinstance(curve, str) and curve in _JWK_CURVES:
        return _ec(_JWK_CURVES[curve], octets("x"), octets("y"))
    if kind == "OKP" and curve == "Ed25519":
        return _ed25519(octets("x"))
    if kind == "RSA":
        return _rsa(octets("n"), octets("e"))
    raise MalformedInput("jwk", 0, f"a key of kind {kind!r} {curve!r}")


def from_cose_key(data: bytes) -> dict[str, bytes]:
    """Return the public keys (DER SubjectPublicKeyInfo) of a COSE_Key or COSE_KeySet, by key id (hex) or number.

    Raises:
        MalformedInput: it is none, or holds a key that is none.
    """
    value = decode(data, "cose-key")
    keys = value if isinstance(value, tuple) else (value,)
    found: dict[str, bytes] = {}
    for number, key in enumerate(keys[:MAX_KEYS]):
        if not isinstance(key, Mapping):
            raise MalformedInput("cose-key", 0, "a key that is no map")
        name = key.get(_KID)
        found[name.hex() if isinstance(name, bytes) else str(number)] = _of_cose(key)
    return found


def _of_cose(key: Mapping[int | str | bytes, Value]) -> bytes:
    kind, curve, x, y = (key.get(label) for label in (_KTY, _CRV, _X, _Y))
    if kind == _EC2 and isinstance(curve, int) and curve in _COSE_CURVES and isinstance(x, bytes):
        if isinstance(y, bool):
            return _compressed(_COSE_CURVES[curve], x, odd=y)
        if isinstance(y, bytes):
            return _ec(_COSE_CURVES[curve], x, y)
    if kind == _OKP and curve == _ED25519 and isinstance(x, bytes):
        return _ed25519(x)
    if kind == _RSA and isinstance(curve, bytes) and isinstance(x, bytes):  # the labels of n and e
        return _rsa(curve, x)
    raise MalformedInput("cose-key", 0, f"a key of kind {kind!r}")


def _ec(curve: tuple[str, int], x: bytes, y: bytes) -> bytes:
    if len(x) != curve[1] or len(y) != curve[1]:
        raise MalformedInput("public-key", 0, f"coordinates of {len(x)} and {len(y)} bytes, expected {curve[1]}")
    return _point(curve, b"\x04" + x + y)


def _compressed(curve: tuple[str, int], x: bytes, *, odd: bool) -> bytes:
    if len(x) != curve[1]:
        raise MalformedInput("public-key", 0, f"a coordinate of {len(x)} bytes, expected {curve[1]}")
    return _point(curve, (b"\x03" if odd else b"\x02") + x)


def _point(curve: tuple[str, int], encoded: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 (start-up time)

    curves: dict[str, ec.EllipticCurve] = {
        "secp256r1": ec.SECP256R1(),
        "secp384r1": ec.SECP384R1(),
        "secp521r1": ec.SECP521R1(),
    }
    try:
        return _spki(ec.EllipticCurvePublicKey.from_encoded_point(curves[curve[0]], encoded))
    except ValueError as error:
        raise MalformedInput("public-key", 0, f"no point of the curve ({error})") from error


def _ed25519(x: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 (start-up time)

    try:
        return _spki(Ed25519PublicKey.from_public_bytes(x))
    except ValueError as error:
        raise MalformedInput("public-key", 0, f"no key of Ed25519 ({error})") from error


def _rsa(modulus: bytes, exponent: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415 (start-up time)

    try:
        numbers = RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
        return _spki(numbers.public_key())
    except ValueError as error:
        raise MalformedInput("public-key", 0, f"no key of RSA ({error})") from error


def _spki(key: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 (start-up time)

    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded
