"""Signed Statements: who says what about what, in the shape of SCITT (RFC 9943 §6). Every change of a registry is one.

A COSE_Sign1 (`trueware.cose.sign1`) with these protected headers and no others::

    1  alg            EdDSA, ES256 or ES384
    15 CWT claims     { 1 iss, 2 sub, 6 iat: seconds since 1970, ? "source": tstr }
    4  kid            SHA-256 of the key's DER SubjectPublicKeyInfo
    or 33 x5chain     the signer's certificate, or an array of it and its issuers'
    3  content type   of the payload, which is attached
    or 258, 259       SHA-256 (-16) and the content type of what was hashed; the payload is its digest (RFC 9995)

The unprotected header is empty, or holds only receipts (394, RFC 9942). The second form of the payload is chosen for what does not
fit into a leaf of the log (65,535 bytes, C2SP tlog-tiles).

Of an x5chain only the first certificate's key counts, and it must be one of those given: no path is built, since it is the
registry that says whose key is whose.

RFC 9943 and 9995 were read as their last drafts; no public vector has both x5chain and a hash envelope as it is written here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from trueware.cose import sign1
from trueware.cose.sign1 import PrivateKey
from trueware.errors import MalformedInput, UntrustedStatement

MAX_STATEMENT = 1 << 21
"""Bytes, the receipts included."""

MAX_ENTRY = (1 << 16) - 1
"""Bytes of a leaf of the log."""

_ATTACHED = 48 * 1024
"""Payloads up to this length are attached; with headers, a chain of certificates among them, they fit into a leaf."""

_RECEIPTS = 394
_X5CHAIN, _HASH, _HASHED_TYPE = 33, 258, 259
_SHA256 = -16
_ISSUER, _SUBJECT, _ISSUED_AT, _SOURCE = 1, 2, 6, "source"
_LONGEST = 8192
_LARGEST_TIME = (1 << 62) - 1


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement, and by whose key it was proved."""

    content_type: str
    """Of the payload."""

    issuer: str
    subject: str
    issued_at: int
    """Seconds since 1970, by the signer's own clock."""

    digest: bytes
    """SHA-256 of the payload."""

    payload: bytes | None
    """None where only its digest was signed."""

    source: str = ""
    """Where the issuer has it from."""

    key: bytes = b""
    """DER SubjectPublicKeyInfo of the key that signed it; empty: nothing was proved."""


def plain(text: str, longest: int = 4096) -> str:
    """Return text as a statement's issuer, subject or source has it: Unicode, of bounded length; the rest is written out or cut."""
    made = text.encode("utf-8", "backslashreplace").decode()
    return made if len(made) <= longest else f"{made[: longest - 1]}\u2026"


def key_id(spki: bytes) -> bytes:
    """Return the `kid` of a public key."""
    return sha256(spki).digest()


def public_key(key: PrivateKey) -> bytes:
    """Return the public half of a private key, as DER SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 (start-up time)

    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def seal(said: SignedStatement, payload: bytes, private_key: PrivateKey, certificates: Sequence[bytes] = ()) -> bytes:
    """Return the statement, signed.

    Args:
        said: content type, issuer, subject, time and source; the other fields follow from the rest.
        payload: what is said.
        private_key: whose word it is.
        certificates: the signer's, DER, and its issuers'; without one the key is named by its digest.

    Raises:
        ValueError: a kind of key that is not used.
    """
    claims: dict[int | str, object] = {
        _ISSUER: plain(said.issuer),
        _SUBJECT: plain(said.subject),
        _ISSUED_AT: said.issued_at,
    }
    if said.source:
        claims[_SOURCE] = plain(said.source)
    headers: dict[int | str, object] = {sign1.CWT_CLAIMS: claims}
    if certificates:
        headers[_X5CHAIN] = certificates[0] if len(certificates) == 1 else list(certificates)
    else:
        headers[sign1.KEY_ID] = key_id(public_key(private_key))
    if len(payload) <= _ATTACHED:
        headers[sign1.CONTENT_TYPE] = said.content_type
        return sign1.sign(headers, payload, private_key)
    headers |= {_HASH: _SHA256, _HASHED_TYPE: said.content_type}
    return sign1.sign(headers, sha256(payload).digest(), private_key)


def unseal(statement: bytes, keys: Iterable[bytes]) -> SignedStatement:
    """Return what is said if one of `keys` (DER SubjectPublicKeyInfo) signed it.

    In this order: it is a COSE_Sign1 in its one encoding; its headers are those of the module; one of the keys is the one it
    names, and the key, not the header, decides on the algorithm; the signature fits (RFC 9052 §4.4).

    Raises:
        UntrustedStatement: anything else.
    """
    try:
        message, said, named = _read(statement)
        key = next((key for key in keys if named in (key, key_id(key))), None)
        if key is None:
            raise UntrustedStatement("not signed by a key of this publisher")
        sign1.check(message, key)
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error
    return replace(said, key=key)


def read(statement: bytes) -> SignedStatement:
    """Return what a statement says; nothing of it is proved.

    Raises:
        UntrustedStatement: it is none.
    """
    try:
        return _read(statement)[1]
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error


def entry_of(statement: bytes) -> bytes:
    """Return a statement as a log takes it: its unprotected header emptied (RFC 9943 §6.3).

    Raises:
        UntrustedStatement: it is none, or too large for a leaf.
    """
    from trueware.cose import cbor  # noqa: PLC0415 (beside its only use)

    try:
        message = sign1.parse(statement)
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error
    if message.unprotected:
        fields = [message.signed_header, {}, message.payload, message.signature]
        statement = statement[:1] + cbor.encode(fields)
    if len(statement) > MAX_ENTRY:
        raise UntrustedStatement(f"{len(statement)} bytes, more than the {MAX_ENTRY} of a leaf")
    return statement


def _read(statement: bytes) -> tuple[sign1.Sign1, SignedStatement, bytes]:
    """Return the message, what it says, and the key it names: a digest, or a certificate's SubjectPublicKeyInfo."""
    if len(statement) > MAX_STATEMENT:
        raise UntrustedStatement(f"{len(statement)} bytes, more than {MAX_STATEMENT}")
    message = sign1.parse(statement)
    protected = message.protected
    named = {sign1.KEY_ID} if sign1.KEY_ID in protected else {_X5CHAIN}
    form = {_HASH, _HASHED_TYPE} if _HASH in protected else {sign1.CONTENT_TYPE}
    if protected.keys() != {sign1.ALGORITHM, sign1.CWT_CLAIMS} | named | form:
        raise UntrustedStatement("missing or unknown protected headers")
    if message.unprotected.keys() - {_RECEIPTS}:
        raise UntrustedStatement("unsigned headers other than receipts")
    claims = protected[sign1.CWT_CLAIMS]
    if not isinstance(claims, dict) or claims.keys() - {_SOURCE} != {_ISSUER, _SUBJECT, _ISSUED_AT}:
        raise UntrustedStatement("missing or unknown CWT claims")
    texts = claims[_ISSUER], claims[_SUBJECT], claims.get(_SOURCE, "-")
    if not all(isinstance(text, str) and 0 < len(text) <= _LONGEST for text in texts):
        raise UntrustedStatement("CWT claims of the wrong type or length")
    issued_at = claims[_ISSUED_AT]
    if type(issued_at) is not int or not 0 <= issued_at <= _LARGEST_TIME:
        raise UntrustedStatement(f"a time of issue of {issued_at!r}")
    content_type = protected[sign1.CONTENT_TYPE if sign1.CONTENT_TYPE in protected else _HASHED_TYPE]
    if not isinstance(content_type, str):
        raise UntrustedStatement("a content type that is no text")
    payload: bytes | None = message.payload
    digest = sha256(message.payload).digest()
    if _HASH in protected:
        if protected[_HASH] != _SHA256 or len(message.payload) != len(digest):
            raise UntrustedStatement(f"hash algorithm {protected[_HASH]!r}, SHA-256 ({_SHA256}) is needed")
        payload, digest = None, message.payload
    said = SignedStatement(content_type, texts[0], texts[1], issued_at, digest, payload, claims.get(_SOURCE, ""))
    return message, said, _named(protected)


def _named(protected: dict[int | str, Any]) -> bytes:
    if sign1.KEY_ID in protected:
        key = protected[sign1.KEY_ID]
    else:
        chain = protected[_X5CHAIN]
        key = chain[0] if isinstance(chain, list) and chain else chain
        if isinstance(key, bytes):
            return _subject_key(key)
    if not isinstance(key, bytes):
        raise UntrustedStatement("a key that is not named by bytes")
    return key


def _subject_key(certificate: bytes) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415

    try:
        key = load_der_x509_certificate(certificate).public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UntrustedStatement(f"a certificate that cannot be read ({error})") from error
