"""The signed release statement: a publisher's word for a release, as a SCITT Signed Statement (RFC 9943 §6).

A COSE_Sign1 (`cose.py`) over the payload (`payload.py`), with these protected headers and no others::

    1  alg            EdDSA, ES256 or ES384
    3  content type   application/vnd.trueware.release+cbor
    4  kid            SHA-256 of the key's DER SubjectPublicKeyInfo
    15 CWT claims     { 1 iss: publisher, 2 sub: "product version", 6 iat: seconds since 1970 }

The unprotected header is empty, or holds only receipts (394, RFC 9942), which a log adds later.

Verification, in the order of the code:

1. It is a COSE_Sign1 in its one encoding; no `crit`; no label twice (RFC 9052 §3, §3.1, §4.2).
2. The headers are exactly those above, of their types (RFC 9943 §6: iss, sub and kid are mandatory without x5t or x5chain).
3. `kid` names one of the keys given; the key, not the header, decides on the algorithm (RFC 9052 §4.4, RFC 9053 §2).
4. The signature fits (RFC 9052 §4.4 steps 1-3).
5. The payload is a release payload in its one encoding.
6. The headers and the payload speak of the same: iss is its publisher, sub its product and version, and it is publisher-signed.

Not checked: whether iat is in the past (no clock is trusted here), and revocation of keys (a key given is a key trusted).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.model.verdict import Authority
from trueware.registry import cose
from trueware.registry.cose import PrivateKey
from trueware.registry.payload import MAX_PAYLOAD, MEDIA_TYPE, Payload, decode, encode, identify

MAX_STATEMENT = MAX_PAYLOAD + (1 << 20)
"""Bytes, the receipts included."""

_RECEIPTS = 394
_ISSUER, _SUBJECT, _ISSUED_AT = 1, 2, 6
_HEADERS = frozenset({cose.ALGORITHM, cose.CONTENT_TYPE, cose.KEY_ID, cose.CWT_CLAIMS})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was proved: whose key says what, and when it says it did."""

    payload: Payload
    id: str
    """Hex SHA-256 of the payload as signed: the release's id."""

    key: bytes
    """DER SubjectPublicKeyInfo of the key that signed it."""

    issued_at: int
    """Seconds since 1970, by the signer's own clock."""


def key_id(spki: bytes) -> bytes:
    """Return the `kid` of a public key."""
    return sha256(spki).digest()


def public_key(key: PrivateKey) -> bytes:
    """Return the public half of a private key, as DER SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 (start-up time)

    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(payload: Payload, private_key: PrivateKey, now: int) -> bytes:
    """Return the statement of `payload` by `private_key`, issued `now`.

    Raises:
        ValueError: not publisher-signed by its own words, or a kind of key that is not used.
    """
    if payload.authority is not Authority.PUBLISHER:
        raise ValueError(f"a statement of authority {payload.authority.value} is not signed")
    headers: dict[int | str, object] = {
        cose.CONTENT_TYPE: MEDIA_TYPE,
        cose.KEY_ID: key_id(public_key(private_key)),
        cose.CWT_CLAIMS: {_ISSUER: payload.publisher, _SUBJECT: _subject(payload), _ISSUED_AT: now},
    }
    return cose.sign(headers, encode(payload), private_key)


def verify(statement: bytes, keys: Iterable[bytes]) -> Statement:
    """Return what `statement` says if one of `keys` (DER SubjectPublicKeyInfo) signed it; the numbers are the module's.

    Raises:
        UntrustedStatement: anything else.
    """
    try:
        return _verify(statement, keys)
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error


def _verify(statement: bytes, keys: Iterable[bytes]) -> Statement:
    if len(statement) > MAX_STATEMENT:
        raise UntrustedStatement(f"{len(statement)} bytes, more than {MAX_STATEMENT}")
    message = cose.parse(statement)  # 1
    issuer, subject, issued_at = _check_headers(message)  # 2
    key = next((key for key in keys if key_id(key) == message.protected[cose.KEY_ID]), None)  # 3
    if key is None:
        raise UntrustedStatement("not signed by a key of this publisher")
    cose.check(message, key)  # 4
    payload = decode(message.payload)  # 5
    if payload.authority is not Authority.PUBLISHER:  # 6
        raise UntrustedStatement(f"signed, yet it says its authority is {payload.authority.value}")
    if issuer != payload.publisher or subject != _subject(payload):
        raise UntrustedStatement(f"issued by {issuer!r} on {subject!r}, but the payload is {_subject(payload)!r}")
    return Statement(payload, identify(message.payload), key, issued_at)


def _check_headers(message: cose.Sign1) -> tuple[str, str, int]:
    if message.protected.keys() != _HEADERS:
        raise UntrustedStatement("missing or unknown protected headers")
    if message.unprotected.keys() - {_RECEIPTS}:
        raise UntrustedStatement("unsigned headers other than receipts")
    if message.protected[cose.CONTENT_TYPE] != MEDIA_TYPE:
        raise UntrustedStatement(f"content type {message.protected[cose.CONTENT_TYPE]!r}, expected {MEDIA_TYPE}")
    claims = message.protected[cose.CWT_CLAIMS]
    if not isinstance(claims, dict) or claims.keys() != {_ISSUER, _SUBJECT, _ISSUED_AT}:
        raise UntrustedStatement("missing or unknown CWT claims")
    issuer, subject, issued_at = claims[_ISSUER], claims[_SUBJECT], claims[_ISSUED_AT]
    if not isinstance(issuer, str) or not isinstance(subject, str) or type(issued_at) is not int:
        raise UntrustedStatement("CWT claims of the wrong type")
    return issuer, subject, issued_at


def _subject(payload: Payload) -> str:
    return f"{payload.product} {payload.version}"
