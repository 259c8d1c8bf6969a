"""Signed attestation results: JWT (JWS compact, ``application/eat+jwt``) and CWT (COSE_Sign1, ``application/eat+cwt``; RFC 9782).

A result that nobody signed is anybody's word: reading one takes the verifier's key, and the signature is verified over the bytes that
came before anything in them is believed.
"""

from trueware.cose import sign1
from trueware.cose.sign1 import PrivateKey
from trueware.errors import MalformedInput, UntrustedStatement
from trueware.exchange.ear.claim_keys import MAX_BYTES
from trueware.exchange.ear.model import NAME, PROFILE, Ear
from trueware.exchange.ear.reading import from_cbor, from_json
from trueware.exchange.ear.writing import to_cbor, to_json
from trueware.signatures import foreign_sign1, jws

_TYPE = "eat+jwt"
_CWT_TAG = b"\xd8\x3d"
"""Tag 61 (RFC 8392 §6), which may stand before."""


def sign_jwt(ear: Ear, key: PrivateKey, key_id: str = "") -> bytes:
    """Return a result as a signed JWT, in the clear text form that HTTP headers and QR codes take."""
    header: dict[str, object] = {"typ": _TYPE, "cty": f'application/eat-ucs+json; eat_profile="{PROFILE}"'}
    if key_id:
        header["kid"] = key_id
    return jws.sign(header, to_json(ear), key)


def sign_cwt(ear: Ear, key: PrivateKey, key_id: bytes = b"") -> bytes:
    """Return a result as a signed CWT."""
    header: dict[int | str, object] = {sign1.CONTENT_TYPE: f'application/eat-ucs+cbor; eat_profile="{PROFILE}"'}
    if key_id:
        header[sign1.KEY_ID] = key_id
    return sign1.sign(header, to_cbor(ear), key)


def read_signed(data: bytes, spki: bytes, now: int) -> Ear:
    """Return a signed result, verified; JWT or CWT is told by its bytes.

    Args:
        data: the token.
        spki: the verifier's key, DER SubjectPublicKeyInfo.
        now: seconds since 1970.

    Raises:
        UntrustedStatement: it is not signed by that key.
        MalformedInput: it is none, breaks the rules of the draft, or has run out.
    """
    if len(data) > MAX_BYTES:
        raise MalformedInput(NAME, 0, f"{len(data)} bytes, {MAX_BYTES} are the most")
    if (bare := _sign1(data)) is not None:
        message = foreign_sign1.parse(bare, max_bytes=MAX_BYTES)
        if message.payload is None:
            raise MalformedInput(NAME, 0, "a result whose claims are not in it")
        if not message.verifies(spki, message.payload):
            raise UntrustedStatement("the signature does not fit the result")
        ear = from_cbor(message.payload)
    else:
        token = jws.parse(data)
        jws.verify(token, spki)
        ear = from_json(token.payload)
    ear.require_current(now)
    return ear


def read_unverified(data: bytes) -> Ear:
    """Return what a result says, whoever wrote it: to be shown to people, and never to be gone by.

    Raises:
        MalformedInput: it is none.
    """
    if (bare := _sign1(data)) is not None:
        message = foreign_sign1.parse(bare, max_bytes=MAX_BYTES)
        if message.payload is None:
            raise MalformedInput(NAME, 0, "a result whose claims are not in it")
        return from_cbor(message.payload)
    if data.lstrip()[:1] == b"{":
        return from_json(data)
    if data[:1] and 0xA0 <= data[0] <= 0xBF:
        return from_cbor(data)
    return from_json(jws.parse(data).payload)


def _sign1(data: bytes) -> bytes | None:
    """Return the COSE_Sign1 that bytes are, with its tag, which others leave out behind the tag of a CWT; None: they are none."""
    bare = data.removeprefix(_CWT_TAG)
    if bare[:1] == b"\x84":
        return b"\xd2" + bare
    return bare if foreign_sign1.is_sign1(bare) else None
