"""COSE signatures (RFC 9052): signed statements beside what they are about, COSE_Sign1 and COSE_Sign.

 1. The message is tagged 18 or 98: protected and unprotected headers, payload, signature or signatures. No label is in both headers.
    §3, §4
 2. Nothing is critical that is not understood here. §3.1
 3. What is signed is ``["Signature1", protected, external, payload]``, or ``["Signature", protected, of the signer, external,
    payload]``, with headers as they came, and an empty map as no bytes. §4.4
 4. The algorithm is one that the key can do: ECDSA, EdDSA, RSA by PSS or PKCS #1 1.5. RFC 9053 §2, RFC 8230, RFC 8812, RFC 9864
 5. The key is that of the certificate in ``x5chain`` (RFC 9360 §2), else one at hand: ``kid`` is a hint, and all are tried.
 6. The payload is in the message; or it is the file beside it, whose name is that of the message without ``.cose``; or it is that
    file's digest (hash envelope: ``payload-hash-alg``).

That a statement is in a log (SCITT receipts) is not asked here. ECDSA and EdDSA do not tell a changed message from a stranger's key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import new, sha256
from typing import ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.errors import MalformedInput
from trueware.formats.cbor import ARRAY, BYTES, MAP, NEGATIVE, SIMPLE, TAG, TEXT, UNSIGNED, Cbor, Value
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.candidates import Candidate, candidates
from trueware.signatures.certificate import Certificate
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.x509 import certificate_ids, name_of

_NAME = "cose"
_LARGEST = 1 << 24
SIGN1, SIGN = 18, 98
ALGORITHM, CRITICAL, CONTENT_TYPE, KEY_ID, CLAIMS, CHAIN, HASH_ALGORITHM = 1, 2, 3, 4, 15, 33, 258
_UNDERSTOOD = frozenset({ALGORITHM, CRITICAL, CONTENT_TYPE, KEY_ID, CLAIMS, CHAIN, HASH_ALGORITHM, 32, 34, 259, 260})
_ISSUER, _SUBJECT = 1, 2
_NULL = 22
_MOST_SIGNERS, _MOST_CERTIFICATES = 16, 8
_DIGESTS = {-16: "sha256", -43: "sha384", -44: "sha512"}
_ECDSA: dict[int, tuple[HashAlgorithm, str | None]] = {
    -7: (SHA256(), None),
    -35: (SHA384(), None),
    -36: (SHA512(), None),
    -9: (SHA256(), "secp256r1"),
    -51: (SHA384(), "secp384r1"),
    -52: (SHA512(), "secp521r1"),
}
_PSS: dict[int, HashAlgorithm] = {-37: SHA256(), -38: SHA384(), -39: SHA512()}
_PKCS1: dict[int, HashAlgorithm] = {-257: SHA256(), -258: SHA384(), -259: SHA512()}
_ED25519, _ED448 = (-8, -19), (-8, -53)
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_LEAST_RSA = 2048


@dataclass(frozen=True, slots=True)
class One:
    """A signature, not verified."""

    algorithm: int
    signature: bytes = field(repr=False)
    signed: tuple[bytes, ...] = field(repr=False)
    """What is signed in front of external data and payload: the context and the headers, as byte strings but the first."""

    chain: tuple[bytes, ...] = field(repr=False)

    def to_be_signed(self, payload: bytes | memoryview, external: bytes = b"") -> bytes:
        """Return what the signature is over (check 3)."""
        context, *headers = self.signed
        parts = [*headers, external, payload]
        head = bytes([0x80 | len(parts) + 1]) + _head(TEXT, len(context)) + context
        return head + b"".join(_head(BYTES, len(each)) + bytes(each) for each in parts)


@dataclass(frozen=True, slots=True)
class Message:
    """A message, not verified."""

    payload: bytes | None = field(repr=False)
    """None where it is detached."""

    hash_algorithm: int | None
    """What the payload is the digest of some content by."""

    claims: tuple[tuple[str, str], ...]
    signatures: tuple[One, ...]


def read_message(data: bytes | memoryview, tag: int | None = None) -> Message:
    """Parse a message (checks 1 and 2).

    Args:
        data: all of it.
        tag: what it is where it has no tag of its own.

    Raises:
        Refusal: it is none, or has something that has to be understood and is not.
    """
    cbor = Cbor(data, _NAME)
    try:
        value = cbor.whole()
        if value.kind == TAG:
            tag, value = value.number, value.parts[0]
        parts = cbor.array(value)
        if len(parts) != 4 or tag not in (SIGN1, SIGN):
            uncheckable("no message of COSE that is signed")
        body, protected, unprotected = _headers(cbor, parts[0], parts[1])
        merged = {**unprotected, **protected}
        payload = None if (parts[2].kind, parts[2].number) == (SIMPLE, _NULL) else bytes(cbor.data(parts[2]))
        if tag == SIGN1:
            signatures = [_one(merged, bytes(cbor.data(parts[3])), (b"Signature1", body))]
        else:
            signatures = []
            for each in cbor.array(parts[3])[:_MOST_SIGNERS]:
                fields = cbor.array(each)
                if len(fields) != 3:
                    uncheckable("a signer of COSE that is malformed")
                own, its, unsigned = _headers(cbor, fields[0], fields[1])
                signatures.append(_one({**unsigned, **its}, bytes(cbor.data(fields[2])), (b"Signature", body, own)))
        hashed = protected.get(HASH_ALGORITHM)
        return Message(payload, _integer(hashed), tuple(_claims(protected)), tuple(signatures))
    except MalformedInput as error:
        raise Refusal(Outcome.UNCHECKABLE, f"no message of COSE ({error})") from error


def verifies(spki: bytes, algorithm: int, signature: bytes, signed: bytes) -> bool:
    """Tell whether the key of `spki` made a signature by an algorithm of COSE over `signed` (check 4)."""
    try:
        key = load_der_public_key(spki)
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
            digest, curve = _ECDSA[algorithm]
            half = (key.key_size + 7) // 8
            if len(signature) != 2 * half or key.curve.name not in _CURVES or curve not in (None, key.curve.name):
                return False
            pair = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
            key.verify(pair, signed, ec.ECDSA(digest))
        elif (isinstance(key, ed25519.Ed25519PublicKey) and algorithm in _ED25519) or (
            isinstance(key, ed448.Ed448PublicKey) and algorithm in _ED448
        ):
            key.verify(signature, signed)
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA and algorithm in _PSS:
            made = _PSS[algorithm]
            key.verify(signature, signed, padding.PSS(padding.MGF1(made), made.digest_size), made)
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA and algorithm in _PKCS1:
            key.verify(signature, signed, padding.PKCS1v15(), _PKCS1[algorithm])
        else:
            return False
    except (InvalidSignature, ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        return False
    return True


def _headers(
    cbor: Cbor, first: Value, second: Value
) -> tuple[bytes, Mapping[int | str, "_Header"], Mapping[int | str, "_Header"]]:
    """Return protected headers as they are signed, and both kinds parsed.

    Raises:
        Refusal: a label is in both, or something is critical.
        MalformedInput: they are malformed.
    """
    encoded = bytes(cbor.data(first))
    inner = Cbor(encoded, _NAME)
    protected = {
        label: _Header(inner, each) for label, each in (inner.mapping(inner.whole()) if encoded else {}).items()
    }
    unprotected = {label: _Header(cbor, each) for label, each in cbor.mapping(second).items()}
    if protected.keys() & unprotected.keys() or CRITICAL in unprotected:
        uncheckable("a label that is in both headers of COSE, or is critical and not protected")
    if (critical := protected.get(CRITICAL)) is not None:
        labels = {_integer(_Header(inner, each)) for each in inner.array(critical.value)}
        if not labels or not labels <= _UNDERSTOOD & protected.keys():
            uncheckable("something critical in a header of COSE that is not understood")
    return encoded if protected else b"", protected, unprotected


@dataclass(frozen=True, slots=True)
class _Header:
    cbor: Cbor
    value: Value


def _one(headers: Mapping[int | str, _Header], signature: bytes, signed: tuple[bytes, ...]) -> One:
    algorithm = _integer(headers.get(ALGORITHM))
    if algorithm is None:
        uncheckable("a signature of COSE without an algorithm")
    chain = headers.get(CHAIN)
    return One(algorithm, signature, signed, tuple(_chain(chain)) if chain is not None else ())


def _chain(header: _Header) -> Iterator[bytes]:
    values = header.value.parts[:_MOST_CERTIFICATES] if header.value.kind == ARRAY else (header.value,)
    for each in values:
        yield bytes(header.cbor.data(each))


def _integer(header: _Header | None) -> int | None:
    if header is None or header.value.kind not in (UNSIGNED, NEGATIVE):
        return None
    return header.value.number


def _claims(headers: Mapping[int | str, _Header]) -> Iterator[tuple[str, str]]:
    """Yield who states this and about what (RFC 9597), and of what type it is."""
    if (claims := headers.get(CLAIMS)) is not None and claims.value.kind == MAP:
        values = claims.cbor.mapping(claims.value)
        for label, name in ((_ISSUER, "issuer"), (_SUBJECT, "subject")):
            if label in values and values[label].kind == TEXT:
                yield name, claims.cbor.text(values[label])
    if (kind := headers.get(CONTENT_TYPE)) is not None and kind.value.kind == TEXT:
        yield "content type", kind.cbor.text(kind.value)


def _head(kind: int, size: int) -> bytes:
    """Return the shortest head of CBOR."""
    if size < 24:
        return bytes([kind << 5 | size])
    length = next(each for each in (1, 2, 4, 8) if size < 1 << 8 * each)
    return bytes([kind << 5 | 23 + length.bit_length()]) + size.to_bytes(length)


class Cose:
    """Signed statements."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "COSE signed statement",
        ("RFC 9052", "RFC 9053", "RFC 9360", "draft-ietf-cose-hash-envelope"),
        (
            "Receipts of transparency logs are not looked at.",
            "Hash-based and post-quantum signatures are not checkable.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        if site.is_folder or not 0 < site.size <= _LARGEST:
            return
        data = bytes(site.view())
        if data[:1] != bytes([TAG << 5 | SIGN1]) and data[:2] != bytes([TAG << 5 | 24, SIGN]):
            return  # another program's file
        try:
            message = read_message(data)
            payload, coverage = _payload(site, message)
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail)
            return
        for one in message.signatures:
            signer = _signer(one, one.to_be_signed(payload), context)
            if signer is None:
                tried = "the key of its certificate" if one.chain else "any key at hand"
                detail = f"by algorithm {one.algorithm}: not signed by {tried}"
                yield Signature(_NAME, site.path, Outcome.BROKEN if one.chain else Outcome.UNCHECKABLE, detail)
                continue
            detail = f"by algorithm {one.algorithm} over {len(payload)} bytes"
            yield Signature(_NAME, site.path, Outcome.VALID, detail, signer, coverage, statements=message.claims)


def _payload(site: Site, message: Message) -> tuple[bytes | memoryview, Coverage]:
    """Return what is signed, and what is covered by that (check 6).

    Raises:
        Refusal: the file beside it is another, or is not there and should be.
    """
    subject = site.beside(site.name.removesuffix(".cose")) if site.name.endswith(".cose") else None
    subject = None if subject is None or subject.is_folder else subject
    if message.payload is None:
        if subject is None:
            uncheckable("what is signed does not lie beside it")
        return subject.view(), Coverage(paths=(subject.path,))
    if message.hash_algorithm is not None:
        name = _DIGESTS.get(message.hash_algorithm)
        if name is None or len(message.payload) != new(name).digest_size:
            uncheckable("a digest that is not known, or not of its length")
        if subject is not None:
            made = new(name)
            for chunk in subject.chunks():
                made.update(chunk)
            if made.digest() != message.payload:
                broken(f"{subject.name} is not the file whose digest is signed")
        paths = (subject.path,) if subject is not None else ()
        return message.payload, Coverage(paths=paths, digests=frozenset({message.payload} if name == "sha256" else ()))
    return message.payload, Coverage(digests=frozenset({sha256(message.payload).digest()}))


def _signer(one: One, signed: bytes, context: Context) -> Signer | None:
    """Return who made a signature (check 5)."""
    if one.chain:
        try:
            spki = Certificate.parse(one.chain[0]).spki
        except Refusal:
            return None
        tried = [Candidate(spki, Signer(certificate_ids(one.chain[0]), name_of(one.chain[0]), one.chain))]
    else:
        tried = candidates(context)
    return next((key.signer for key in tried if verifies(key.spki, one.algorithm, one.signature, signed)), None)


_: type[Scheme] = Cose
