"""A signed CoRIM: COSE_Sign1 around a manifest (draft-ietf-rats-corim-11 §4.2).

::

    protected = { 1 alg, 3 content-type "application/rim+cbor", 15 CWT-Claims and / or 8 corim-meta, * others }
           or { 1 alg, 258 hash, 259 "application/rim+cbor", ? 260 location, the same }: the payload is a digest (RFC 9995)
    CWT-Claims = { 1 iss: text, ? 2 sub: text, ? 4 exp, ? 5 nbf }                                    seconds since 1970
    corim-meta = bstr .cbor { 0 signer { 0 signer-name, ? 1 signer-uri }, ? 1 signature-validity }   before CWT-Claims

Verifying, in this order:

1. It is a COSE_Sign1 (`trueware.signatures.foreign_sign1`) whose protected headers are those above.
2. It says who signed; if in both ways, both say the same: issuer is signer-name, exp and nbf are the signature's validity. §4.2.1
3. The payload is at hand: attached, or given beside it where it is detached or only its digest is signed, and then it is the one.
4. The signature is by a key that is given; or by that of the first certificate in x5chain, from which a path leads to an anchor
   that is given, all of it valid at the time that is asked about. RFC 9360 §2, RFC 5280 §6.1
5. That time is within what the signer stated. §7.3

What `verify` raises for 1 to 3 is malformed or unfit; a signature that does not hold (4), or not now (5), is untrusted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import new, sha256
from typing import TYPE_CHECKING, Any

from trueware.cose.foreign_cbor import Value, encode
from trueware.errors import MalformedInput, UntrustedStatement
from trueware.exchange.corim import manifest
from trueware.exchange.corim.codec import TEXT, Choice, Codec, Extensions, Members, Mismatch, Notes, Scalar, read_bytes
from trueware.exchange.corim.common import URI_TYPE, VALIDITY, Validity
from trueware.exchange.corim.manifest import Corim
from trueware.signatures import foreign_sign1 as sign1

if TYPE_CHECKING:
    from trueware.cose.sign1 import PrivateKey

NAME = "signed-corim"
CONTENT_TYPE = "application/rim+cbor"
CORIM_META = 8
MAX_BYTES = manifest.MAX_BYTES + (1 << 20)

_UNDERSTOOD = (CORIM_META, sign1.HASH_ALGORITHM, sign1.HASHED_TYPE, sign1.LOCATION)
_OLDER_TYPES = frozenset({"application/corim-unsigned+cbor"})
_ISSUER, _SUBJECT, _EXPIRES, _NOT_BEFORE = 1, 2, 4, 5
_MOST_KEYS = 256


@dataclass(frozen=True, slots=True)
class Signer:
    """``corim-signer-map``."""

    signer_name: Value
    signer_uri: Value = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class CorimMeta:
    """``corim-meta-map``."""

    signer: Signer
    signature_validity: Validity | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class CwtClaims:
    """``cwt-claims``, those that the draft speaks of."""

    iss: str
    sub: str | None = None
    exp: int | float | None = None
    nbf: int | float | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class SignedCorim:
    """A signed manifest that is well formed; nothing about it is proved."""

    message: sign1.Sign1 = field(repr=False)
    content_type: str
    """Of the manifest, which may be what the payload is the digest of."""

    issuer: str
    """Who says that it signed."""

    validity: Validity | None
    """Of the signature, as the signer states it."""

    payload: bytes = field(repr=False)
    """What the signature is over: the manifest, or its digest."""

    encoded: bytes = field(repr=False)
    """The manifest as it came."""

    corim: Corim
    claims: CwtClaims | None = None
    meta: CorimMeta | None = None
    hash_algorithm: int | None = None
    """COSE's number, where only the digest is signed."""

    notes: tuple[str, ...] = ()
    """What is not as the newest draft has it."""


@dataclass(frozen=True, slots=True)
class Proved:
    """Who signed a manifest, proved."""

    spki: bytes = field(repr=False)
    """DER SubjectPublicKeyInfo of the key."""

    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    """That came along, where a path was built from them."""

    anchor: bytes | None = field(default=None, repr=False)
    """DER of the certificate that the path leads to; None: the key itself was given."""


_SIGNER: Codec[Signer] = Members(
    Signer, "corim-signer-map", {0: ("signer_name", Choice("entity-name", plain=(TEXT,))), 1: ("signer_uri", URI_TYPE)}
)
_META: Codec[CorimMeta] = Members(
    CorimMeta, "corim-meta-map", {0: ("signer", _SIGNER), 1: ("signature_validity", VALIDITY)}
)
_NUMBER = Choice("a time without a tag", plain=(Scalar(int, "int"), Scalar(float, "float")), open=False)
_CLAIMS: Codec[CwtClaims] = Members(
    CwtClaims,
    "cwt-claims",
    {_ISSUER: ("iss", TEXT), _SUBJECT: ("sub", TEXT), _EXPIRES: ("exp", _NUMBER), _NOT_BEFORE: ("nbf", _NUMBER)},
)


def is_signed(head: bytes) -> bool:
    """Tell whether bytes begin as a signed CoRIM does."""
    return sign1.is_sign1(head)


def needs_manifest(data: bytes) -> bool:
    """Tell whether a message lacks its manifest: that is detached, or only its digest is signed.

    Raises:
        MalformedInput: it is no message.
        LimitExceeded: it is too long or too deep.
    """
    message = sign1.parse(data, _UNDERSTOOD, max_bytes=MAX_BYTES)
    return message.payload is None or sign1.HASH_ALGORITHM in message.protected


def parse(data: bytes, beside: bytes | None = None) -> SignedCorim:
    """Return a signed manifest, not verified (steps 1 to 3).

    Args:
        data: all of the message.
        beside: the manifest itself where it is detached, or only its digest is signed.

    Raises:
        MalformedInput: it is none, or its parts contradict each other.
        LimitExceeded: it is too long or too deep.
    """
    message = sign1.parse(data, _UNDERSTOOD, max_bytes=MAX_BYTES)  # 1
    notes = Notes()
    protected = message.protected
    if message.algorithm is None:
        raise MalformedInput(NAME, 0, "no protected algorithm, or one that is no number")
    is_digest = sign1.HASH_ALGORITHM in protected
    content_type = protected.get(sign1.HASHED_TYPE if is_digest else sign1.CONTENT_TYPE)
    if content_type in _OLDER_TYPES:
        notes.add(f"content type {content_type} (an older draft)")
    elif content_type != CONTENT_TYPE:
        raise MalformedInput(NAME, 0, f"content type {content_type!r}, {CONTENT_TYPE!r} expected"[:200])
    if is_digest and sign1.CONTENT_TYPE in protected:
        raise MalformedInput(NAME, 0, "a hash envelope has no content type of its own (RFC 9995)")
    claims = _claims(protected.get(sign1.CWT_CLAIMS), notes)
    meta = _meta(protected.get(CORIM_META), notes)
    issuer, validity = _who(claims, meta)  # 2
    payload, encoded = _payload(message, beside)  # 3
    corim = manifest.parse(encoded, notes)
    algorithm = protected.get(sign1.HASH_ALGORITHM)
    return SignedCorim(
        message,
        str(content_type),
        issuer,
        validity,
        payload,
        encoded,
        corim,
        claims,
        meta,
        algorithm if isinstance(algorithm, int) else None,
        tuple(notes.said),
    )


def verify(signed: SignedCorim, now: float, keys: Iterable[bytes] = (), anchors: Iterable[bytes] = ()) -> Proved:
    """Return who signed a manifest (steps 4 and 5).

    Args:
        signed: the manifest.
        now: seconds since 1970 at which all must be valid.
        keys: DER SubjectPublicKeyInfo of those that may have signed.
        anchors: DER of the certificates that a signer's may lead to, and who issued whose certificate is believed.

    Raises:
        UntrustedStatement: none of them signed it, or it is not valid at that time.
    """
    from trueware.exchange.corim.selecting import outside  # noqa: PLC0415 (it reads manifests too)

    proved = _by_key(signed, keys) or _by_certificate(signed, tuple(anchors), now)  # 4
    if (reason := outside(signed.validity, now)) is not None:  # 5
        raise UntrustedStatement(f"the signature: {reason}")
    return proved


def self_signed_by(signed: SignedCorim) -> bytes | None:
    """Return the key of the certificate that came along, if it made the signature: who that is, nobody has said."""
    chain = signed.message.certificates
    spki = _key_of(chain[0]) if chain else None
    return spki if spki is not None and signed.message.verifies(spki, signed.payload) else None


def _by_key(signed: SignedCorim, keys: Iterable[bytes]) -> Proved | None:
    for number, spki in enumerate(keys):
        if number == _MOST_KEYS:
            break
        if signed.message.verifies(spki, signed.payload):
            return Proved(spki)
    return None


def _by_certificate(signed: SignedCorim, anchors: Sequence[bytes], now: float) -> Proved:
    from trueware.signatures.x509 import find_path  # noqa: PLC0415 (start-up time)

    chain = signed.message.certificates
    if not chain:
        raise UntrustedStatement("no key at hand signed it")
    spki = _key_of(chain[0])
    if spki is None or not signed.message.verifies(spki, signed.payload):
        raise UntrustedStatement("the signature is not that of its certificate")
    path = find_path(chain, anchors)
    if path is None:
        raise UntrustedStatement("its certificate leads to no anchor")
    if not path.since <= now <= path.until:
        raise UntrustedStatement("a certificate on the way to the anchor is not valid at that time")
    return Proved(spki, chain, path.anchor)


def _key_of(certificate: bytes) -> bytes | None:
    from trueware.signatures.certificate import Certificate  # noqa: PLC0415 (start-up time)
    from trueware.signatures.refusal import Refusal  # noqa: PLC0415

    try:
        return Certificate.parse(certificate).spki
    except Refusal:
        return None


def _claims(value: Value, notes: Notes) -> CwtClaims | None:
    if value is None:
        return None
    try:
        return _CLAIMS.decode(value, notes)
    except Mismatch as error:
        raise MalformedInput(NAME, 0, error.reason) from None


def _meta(value: Value, notes: Notes) -> CorimMeta | None:
    if value is None:
        return None
    if not isinstance(value, bytes):
        raise MalformedInput(NAME, 0, "corim-meta is no byte string")
    notes.add("corim-meta says who signed (CWT-Claims do in newer drafts)")
    return read_bytes(_META, value, NAME, notes)


def _who(claims: CwtClaims | None, meta: CorimMeta | None) -> tuple[str, Validity | None]:
    """Return who says that they signed, and for how long; step 2."""
    if claims is None and meta is None:
        raise MalformedInput(NAME, 0, "neither CWT-Claims nor corim-meta says who signed")
    said = meta.signature_validity if meta is not None else None
    name = meta.signer.signer_name if meta is not None else None
    if claims is None:
        return name if isinstance(name, str) else repr(name)[:200], said
    if meta is not None:
        stated = (said.not_after, said.not_before) if said is not None else (None, None)
        if name != claims.iss or stated != (claims.exp, claims.nbf):
            raise MalformedInput(NAME, 0, "CWT-Claims and corim-meta contradict each other")
    if claims.exp is None and claims.nbf is None:
        return claims.iss, None
    return claims.iss, Validity(claims.exp if claims.exp is not None else float("inf"), claims.nbf)


def _payload(message: sign1.Sign1, beside: bytes | None) -> tuple[bytes, bytes]:
    """Return what is signed, and the manifest; step 3."""
    if sign1.HASH_ALGORITHM not in message.protected:
        payload = message.payload if message.payload is not None else beside
        if payload is None:
            raise MalformedInput(NAME, 0, "the manifest is detached, and not at hand")
        return payload, payload
    number = message.protected[sign1.HASH_ALGORITHM]
    name = sign1.DIGESTS.get(number) if isinstance(number, int) else None
    if name is None or message.payload is None:
        raise MalformedInput(NAME, 0, f"a digest by algorithm {number!r}"[:200])
    if beside is None:
        raise MalformedInput(NAME, 0, "only the manifest's digest is signed, and the manifest is not at hand")
    if new(name, beside).digest() != message.payload:
        raise MalformedInput(NAME, 0, "the manifest at hand is not the one whose digest is signed")
    return message.payload, beside


def sign(
    corim: Corim,
    private_key: "PrivateKey",
    issuer: str,
    *,
    subject: str | None = None,
    validity: Validity | None = None,
    certificates: Sequence[bytes] = (),
    hashed: bool = False,
    legacy_meta: bool = False,
) -> bytes:
    """Return a manifest, signed; `kid` is the SHA-256 of the key where no certificate is given.

    Args:
        corim: the manifest.
        private_key: Ed25519, P-256 or P-384.
        issuer: who signs.
        subject: what it is about.
        validity: for how long the signer stands by it.
        certificates: the signer's, DER, and its issuers'.
        hashed: sign its digest: the manifest (`trueware.exchange.corim.manifest.build`) lies beside it then.
        legacy_meta: say who signed in corim-meta as well, for readers of older drafts.

    Raises:
        ValueError: a kind of key that is not used, or a manifest without its tag.
    """
    from trueware.cose import sign1 as cose  # noqa: PLC0415 (start-up time)
    from trueware.registry.signed import key_id, public_key  # noqa: PLC0415

    if not corim.tagged:
        raise ValueError("what is signed has tag 501 (§4.2)")
    encoded = manifest.build(corim)
    claims = CwtClaims(
        issuer, subject, validity.not_after if validity else None, validity.not_before if validity else None
    )
    headers: dict[int | str, Any] = {sign1.CWT_CLAIMS: _CLAIMS.encode(claims)}
    if legacy_meta:
        headers[CORIM_META] = encode(_META.encode(CorimMeta(Signer(issuer), validity)))
    if certificates:
        headers[sign1.X5CHAIN] = certificates[0] if len(certificates) == 1 else list(certificates)
    else:
        headers[sign1.KEY_ID] = key_id(public_key(private_key))
    if hashed:
        headers |= {sign1.HASH_ALGORITHM: -16, sign1.HASHED_TYPE: CONTENT_TYPE}
        return cose.sign(headers, sha256(encoded).digest(), private_key)
    headers[sign1.CONTENT_TYPE] = CONTENT_TYPE
    return cose.sign(headers, encoded, private_key)
