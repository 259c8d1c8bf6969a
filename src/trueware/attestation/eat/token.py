"""Tokens in their envelopes: who signed, if anybody, is told apart before anything is read (RFC 9711 §5, RFC 8392 §7, RFC 9781).

==========================  =====================================================
``61(18([…]))``, ``18(…)``  CWT, signed (COSE_Sign1)
``61(17([…]))``, ``17(…)``  CWT, authenticated for whoever shares its key (COSE_Mac0)
``601({…})``, ``{…}``       UCCS: unprotected claims
``a.b.c``                   JWT, signed; with ``alg: none`` and no signature unsecured
``{"…"}``                   UJCS: unprotected claims in JSON
==========================  =====================================================
"""

from dataclasses import dataclass, field
from enum import Enum

from trueware.attestation.eat.claims_set import NAME, ClaimsSet, from_cbor, from_json, from_map, read
from trueware.cose.foreign_cbor import Tagged, Value, encode
from trueware.errors import LimitExceeded, MalformedInput
from trueware.signatures import foreign_sign1, jws

MAX_BYTES = 2 << 20
MAX_HEADER = 1 << 16
"""Bytes of the protected header; chains of certificates in it have a few thousand."""
CWT, UCCS, MAC0 = 61, 601, 17


class Protection(Enum):
    """What keeps a token from being made by anybody."""

    SIGNED = "signed"
    AUTHENTICATED = "message authentication code"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is well formed; nothing about it is proved."""

    protection: Protection
    claims: ClaimsSet
    sign1: foreign_sign1.Sign1 | None = field(default=None, repr=False)
    jws: "jws.Jws | None" = field(default=None, repr=False)


def read_token(data: bytes) -> Token:
    """Return a token in any of its envelopes.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too long, too deep, or has too many values.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded("bytes of a token", MAX_BYTES, f"{len(data)} bytes")
    text = data.strip()
    if text[:1] == b"{":
        return Token(Protection.NONE, from_json(text))
    if text[:2] == b"ey":
        return _read_jwt(text)
    value = read(data)
    if isinstance(value, Tagged) and value.tag == CWT:
        value = value.value
        if not isinstance(value, Tagged):
            raise MalformedInput(NAME, 0, "tag 61 without a message of COSE in it")
    if isinstance(value, Tagged) and value.tag == foreign_sign1.TAG:
        _bound_header(value.value)
        message = foreign_sign1.parse(_untagged(data), max_bytes=MAX_BYTES)
        if message.payload is None:
            raise MalformedInput(NAME, 0, "a token without its claims")
        return Token(Protection.SIGNED, from_cbor(message.payload), sign1=message)
    if isinstance(value, Tagged) and value.tag == MAC0:
        return Token(Protection.AUTHENTICATED, from_cbor(_authenticated(value.value)))
    if isinstance(value, Tagged) and value.tag == UCCS:
        value = value.value
    if isinstance(value, dict):
        return Token(Protection.NONE, from_map(value))
    raise MalformedInput(NAME, 0, "neither a signed token nor a claims set")


def read_nested(value: Value) -> Token | None:
    """Return the token that a submodule is (RFC 9711 §4.2.18.1.2), None: it is none."""
    if isinstance(value, bytes):
        return read_token(value)
    if isinstance(value, Tagged):
        return read_token(encode(value))
    return None


def _bound_header(value: Value) -> None:
    header = value[0] if isinstance(value, tuple) and value else b""
    if isinstance(header, bytes) and len(header) > MAX_HEADER:
        raise LimitExceeded("bytes of a token's header", MAX_HEADER, f"{len(header)} bytes")


def _untagged(data: bytes) -> bytes:
    """Return a message without tag 61 in front, its bytes as they came; the tag is in any of its encodings."""
    if data[0] >> 5 != 6 or data[:1] == b"\xd2":
        return data
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(data[0] & 31, 0)
    return data[1 + size :] if int.from_bytes(data[1 : 1 + size], "big") == CWT else data


def _authenticated(value: Value) -> bytes:
    if not isinstance(value, tuple) or len(value) != 4 or not isinstance(value[2], bytes):
        raise MalformedInput(NAME, 0, "COSE_Mac0 is an array of four, with the claims in it")
    return value[2]


def _read_jwt(text: bytes) -> Token:
    parsed = jws.parse(text)
    if parsed.algorithm == "none":
        if parsed.signature:
            raise MalformedInput(NAME, 0, "an unsecured token with a signature")
        return Token(Protection.NONE, from_json(parsed.payload))
    if parsed.algorithm.startswith("HS"):
        return Token(Protection.AUTHENTICATED, from_json(parsed.payload))
    return Token(Protection.SIGNED, from_json(parsed.payload), jws=parsed)
