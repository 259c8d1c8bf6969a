"""The signed release statement: a publisher's word for a release, or the registrar's for what others state.

A Signed Statement (`signed.py`) over the payload (`payload.py`), of content type ``application/vnd.trueware.release+cbor``, with

    iss   the publisher; for the weaker authorities the registrar, who entered it
    sub   "product version"

Verification, in the order of the code:

1. The statement verifies under one of the keys given (`signed.unseal`).
2. It is over a release payload in its one encoding; where only its digest was signed, over the one given.
3. Statement and payload speak of the same: sub is its product and version, and iss its publisher if it is publisher-signed,
   else the registrar.

Not checked: whether iat is in the past (no clock is trusted here), and revocation of keys (a key given is a key trusted).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from trueware.cose.sign1 import PrivateKey
from trueware.errors import MalformedInput, UntrustedStatement
from trueware.model.verdict import Authority
from trueware.registry import signed
from trueware.registry.payload import MEDIA_TYPE, Payload, decode, encode, identify
from trueware.registry.signed import SignedStatement, key_id, public_key

__all__ = ["Statement", "key_id", "public_key", "sign", "sign_as_registrar", "verify"]


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


def sign(payload: Payload, private_key: PrivateKey, now: int) -> bytes:
    """Return the statement of `payload` by its publisher's `private_key`, issued `now`.

    Raises:
        ValueError: not publisher-signed by its own words, or a kind of key that is not used.
    """
    if payload.authority is not Authority.PUBLISHER:
        raise ValueError(f"a statement of authority {payload.authority.value} is not signed by the publisher")
    return _sign(payload, private_key, payload.publisher, now, "")


def sign_as_registrar(payload: Payload, private_key: PrivateKey, registrar: str, now: int, source: str = "") -> bytes:
    """Return the registrar's statement that `payload` was entered, from `source`.

    Raises:
        ValueError: it is publisher-signed by its own words, which only the publisher can say.
    """
    if payload.authority is Authority.PUBLISHER:
        raise ValueError("a registrar cannot sign for a publisher")
    return _sign(payload, private_key, registrar, now, source)


def _sign(payload: Payload, private_key: PrivateKey, issuer: str, now: int, source: str) -> bytes:
    said = SignedStatement(MEDIA_TYPE, issuer, subject_of(payload), now, b"", None, source)
    return signed.seal(said, encode(payload), private_key)


def verify(
    statement: bytes, keys: Iterable[bytes], *, payload: bytes | None = None, registrar: str | None = None
) -> Statement:
    """Return what `statement` says if one of `keys` signed it; the numbers are the module's.

    Args:
        statement: its bytes.
        keys: each a DER SubjectPublicKeyInfo.
        payload: what was signed, where the statement has only its digest.
        registrar: who may have signed it, where it is not publisher-signed.

    Raises:
        UntrustedStatement: anything else.
    """
    said = signed.unseal(statement, keys)  # 1
    if said.content_type != MEDIA_TYPE:  # 2
        raise UntrustedStatement(f"content type {said.content_type!r}, expected {MEDIA_TYPE}")
    data = said.payload if said.payload is not None else payload
    if data is None:
        raise UntrustedStatement("signed is only the digest of a payload that is not at hand")
    if sha256(data).digest() != said.digest:
        raise UntrustedStatement("the payload is not the one that was signed")
    try:
        release = decode(data)
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error
    if release.authority is Authority.PUBLISHER:  # 3
        if registrar is not None:
            raise UntrustedStatement("a registrar cannot sign for a publisher")
    elif registrar is None:
        raise UntrustedStatement(f"signed, yet it says its authority is {release.authority.value}")
    issuer = release.publisher if registrar is None else registrar
    if (said.issuer, said.subject) != (signed.plain(issuer), signed.plain(subject_of(release))):
        raise UntrustedStatement(
            f"issued by {said.issuer!r} on {said.subject!r}, but the payload is {subject_of(release)!r} of {issuer!r}"
        )
    return Statement(release, identify(data), said.key, said.issued_at)


def subject_of(payload: Payload) -> str:
    """Return what a statement about a release is about."""
    return f"{payload.product} {payload.version}"
