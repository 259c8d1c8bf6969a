"""SUIT envelopes: COSE signatures over the digest of a manifest, which has the digests of what it installs.

 1. The authentication is a list: a digest, then COSE objects. The digest is that of the manifest as it stands, its own head included
    (draft-ietf-suit-manifest §6.2, §8.3).
 2. A signature is a COSE_Sign1 (tag 18) without a payload of its own; what is signed is ``["Signature1", protected, h'', digest]``
    with the digest as the authentication has it (RFC 9052 §4.4).
 3. Its algorithm is in the protected header, which has nothing critical; ``kid`` only hints at a key. The keys at hand are tried.
 4. Parts severed from the manifest are covered where the manifest has their digest (§8.5).
 5. Contents, payloads put along among them, are covered by the SHA-256 that an ``image-digest`` of the manifest states (§8.4.8.3).

Which of the contents a device is made to write depends on its state; all that are stated count. Names of payloads are not
signed; those that the manifest does not fetch are not covered. ECDSA and EdDSA do not tell a changed manifest from a stranger's key.

Confirmed by the examples of draft-ietf-suit-manifest and draft-ietf-teep-protocol.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import new, sha256
from typing import ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.errors import InputError, MalformedInput
from trueware.formats.cbor import ARRAY, BYTES, SIMPLE, TAG, TEXT, UNSIGNED, Cbor, Value
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.candidates import Candidate, candidates
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site

_NAME = "suit"
_SIGN1, _NULL = 18, 22
_ALGORITHM, _CRITICAL = 1, 2
_SHA256 = -16
_DIGESTS = {_SHA256: "sha256", -43: "sha384", -44: "sha512"}
_ECDSA: dict[int, tuple[HashAlgorithm, int]] = {
    -7: (SHA256(), 64), -9: (SHA256(), 64), -35: (SHA384(), 96), -51: (SHA384(), 96), -36: (SHA512(), 132), -52: (SHA512(), 132)
}  # fmt: skip
_PSS: dict[int, HashAlgorithm] = {-37: SHA256(), -38: SHA384(), -39: SHA512()}
_PKCS1: dict[int, HashAlgorithm] = {-257: SHA256(), -258: SHA384(), -259: SHA512()}
_EDDSA = (-8, -19)
_COMMON, _SHARED, _SEQUENCE_NUMBER = 3, 4, 2
_MEMBERS = range(7, 32)
"""Keys of a manifest whose values are command sequences, or digests of severed ones."""

_OVERRIDE, _SET, _TRY_EACH, _RUN = 20, 19, 15, 32
_IMAGE_DIGEST, _URI = 3, 21
_DEEPEST = 8
_MOST_SIGNATURES = 16


@dataclass(slots=True)
class _Stated:
    """What a manifest states."""

    number: int = 0
    severed: dict[int, bytes] = field(default_factory=dict)
    """Key to encoded digest."""

    contents: set[bytes] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    """Where contents are fetched from."""

    others: int = 0
    """Contents stated by another digest than SHA-256."""


class Suit:
    """Signatures of SUIT envelopes."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "SUIT: signed manifests of small devices",
        ("draft-ietf-suit-manifest-34", "RFC 9052"),
        (
            "COSE_Sign with several signers, and MACs, are reported as not checkable.",
            "Contents that are stated by another digest than SHA-256 are not covered.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        authentication, manifest = site.child("authentication"), site.child("manifest")
        if authentication is None or manifest is None:
            return
        wrapped = bytes(authentication.view())
        cbor = Cbor(wrapped, _NAME)
        first, *signatures = cbor.array(cbor.whole())
        digest = bytes(cbor.data(first))
        encoded = bytes(manifest.view())
        fits = _is_digest_of(digest, _head(len(encoded)) + encoded)  # 1
        if not signatures:
            yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, "it has a digest of the manifest and no signature")
        coverage: Coverage | None = None
        stated = _Stated()
        for each in signatures[:_MOST_SIGNATURES]:
            try:
                signer, detail = _signer(bytes(cbor.data(each)), digest, context)
                if signer is not None and fits and coverage is None:
                    stated = _read_manifest(encoded)
                    coverage = _coverage(site, stated)
            except InputError as error:
                signer, detail = None, str(error)
            if signer is None:
                outcome = Outcome.UNCHECKABLE
            elif not fits:
                outcome, detail = Outcome.BROKEN, "the manifest is not the one whose digest is signed"
            else:
                outcome = Outcome.VALID
            good = outcome is Outcome.VALID and coverage is not None
            statements = (("sequence-number", str(stated.number)),) if good else ()
            yield Signature(
                _NAME, site.path, outcome, detail, signer, coverage if good and coverage else Coverage(), each.start,
                dated=False, statements=statements,
            )  # fmt: skip


def _head(size: int, kind: int = BYTES) -> bytes:
    """Return the shortest head of CBOR for so many bytes."""
    if size < 24:
        return bytes([kind << 5 | size])
    for info, length in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if size < 1 << 8 * length:
            return bytes([kind << 5 | info]) + size.to_bytes(length, "big")
    raise MalformedInput(_NAME, 0, "a length beyond 64 bits")


def _is_digest_of(digest: bytes, data: bytes) -> bool:
    cbor = Cbor(digest, _NAME)
    algorithm, value = _pair(cbor, cbor.whole())
    name = _DIGESTS.get(algorithm)
    if name is None:
        raise MalformedInput(_NAME, 0, f"a digest of kind {algorithm}")
    return new(name, data, usedforsecurity=False).digest() == value


def _pair(cbor: Cbor, value: Value) -> tuple[int, bytes]:
    parts = cbor.array(value)
    if len(parts) != 2 or parts[0].kind > 1:
        raise MalformedInput(_NAME, value.start, "no digest where one is expected")
    return parts[0].number, bytes(cbor.data(parts[1]))


def _signer(encoded: bytes, digest: bytes, context: Context) -> tuple[Signer | None, str]:
    """Return who signed the digest, None where nobody at hand did, and a sentence."""
    cbor = Cbor(encoded, _NAME)
    tagged = cbor.whole()
    if tagged.kind != TAG or tagged.number != _SIGN1:  # 2
        return None, f"a COSE object of tag {tagged.number if tagged.kind == TAG else 'none'}, not a COSE_Sign1"
    parts = cbor.array(tagged.parts[0])
    if len(parts) != 4 or (parts[2].kind, parts[2].number) != (SIMPLE, _NULL):
        return None, "a COSE_Sign1 with a payload of its own, or malformed"
    protected = bytes(cbor.data(parts[0]))
    inner = Cbor(protected, _NAME)
    header = inner.mapping(inner.whole())
    unprotected = cbor.mapping(parts[1])
    algorithm = header.get(_ALGORITHM)
    if (
        _CRITICAL in header or algorithm is None or algorithm.kind > 1 or unprotected.keys() & {_ALGORITHM, _CRITICAL}
    ):  # 3
        return None, "a COSE_Sign1 without an algorithm in the protected header, or with something critical"
    signed = b"\x84" + _head(10, TEXT) + b"Signature1" + _head(len(protected)) + protected + b"\x40"
    signed += _head(len(digest)) + digest
    value = bytes(cbor.data(parts[3]))
    tried = candidates(context)
    for key in tried:
        if _verifies(key, algorithm.number, value, signed):
            return key.signer, f"COSE algorithm {algorithm.number} over the digest of the manifest"
    return None, f"COSE algorithm {algorithm.number}: by none of {len(tried)} keys at hand"


def _verifies(candidate: Candidate, algorithm: int, value: bytes, signed: bytes) -> bool:
    try:
        key = load_der_public_key(candidate.spki)
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
            digest, size = _ECDSA[algorithm]
            if len(value) != size or 2 * (key.key_size + 7 >> 3) != size:
                return False
            half = size // 2
            pair = encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))
            key.verify(pair, signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey) and algorithm in _EDDSA:
            key.verify(value, signed)
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in _PSS:
            made = _PSS[algorithm]
            key.verify(value, signed, padding.PSS(padding.MGF1(made), made.digest_size), made)
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in _PKCS1:
            key.verify(value, signed, padding.PKCS1v15(), _PKCS1[algorithm])
        else:
            return False
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _read_manifest(encoded: bytes) -> _Stated:
    cbor = Cbor(encoded, _NAME)
    members = cbor.mapping(cbor.whole())
    stated = _Stated()
    number = members.get(_SEQUENCE_NUMBER)
    if number is None or number.kind != UNSIGNED:
        raise MalformedInput(_NAME, 0, "a manifest without a sequence number")
    stated.number = number.number
    for key, value in members.items():
        if not isinstance(key, int):
            continue
        if key == _COMMON:
            inner = Cbor(bytes(cbor.data(value)), _NAME)
            common = inner.mapping(inner.whole())
            if _SHARED in common:
                _read_sequence(bytes(inner.data(common[_SHARED])), stated, 0)
        elif key in _MEMBERS and value.kind == BYTES:
            try:
                _read_sequence(bytes(cbor.data(value)), stated, 0)
            except MalformedInput:
                continue  # text, or what a later draft puts here: its contents are not covered
        elif key in _MEMBERS and value.kind == ARRAY:  # 4
            stated.severed[key] = encoded[value.start : value.end]
    return stated


def _read_sequence(encoded: bytes, stated: _Stated, depth: int) -> None:
    """Collect the contents that a command sequence states."""
    cbor = Cbor(encoded, _NAME)
    commands = cbor.array(cbor.whole())
    if len(commands) % 2 or depth > _DEEPEST:
        raise MalformedInput(_NAME, 0, "no command sequence, or one in too many others")
    for command, argument in zip(commands[::2], commands[1::2], strict=True):
        if command.kind != UNSIGNED:
            continue
        if command.number in (_OVERRIDE, _SET):  # 5
            parameters = cbor.mapping(argument)
            digest, uri = parameters.get(_IMAGE_DIGEST), parameters.get(_URI)
            if uri is not None:
                stated.fetched.add(cbor.text(uri))
            if digest is not None:
                inner = Cbor(bytes(cbor.data(digest)), _NAME)
                algorithm, value = _pair(inner, inner.whole())
                if algorithm == _SHA256 and len(value) == sha256().digest_size:
                    stated.contents.add(value)
                else:
                    stated.others += 1
        elif command.number == _TRY_EACH:
            for each in cbor.array(argument):
                if each.kind == BYTES:
                    _read_sequence(bytes(cbor.data(each)), stated, depth + 1)
        elif command.number == _RUN:
            _read_sequence(bytes(cbor.data(argument)), stated, depth + 1)


def _coverage(site: Site, stated: _Stated) -> Coverage:
    paths: list[str] = []
    excludes: list[str] = []
    envelope = Cbor(site.view(), _NAME)
    keys = envelope.read().parts[0].parts[::2]
    names = {number: envelope.text(key) for number, key in enumerate(keys) if key.kind == TEXT}
    for part in sorted(
        site.children(), key=lambda each: each.name.startswith("payload")
    ):  # what is severed may state them
        kind, _, key = part.name.rpartition("-")
        if part.name == "authentication":
            continue
        if part.name == "manifest":
            paths.append(part.path)
        elif kind == "payload" and key.isdigit():
            if sha256(part.view()).digest() in stated.contents and names.get(int(key)) in stated.fetched:
                paths.append(part.path)
            else:
                excludes.append(f"{part.name}, whose digest or name the manifest does not state")
        elif key.isdigit() and int(key) in stated.severed:
            data = bytes(part.view())
            if _is_digest_of(stated.severed[int(key)], _head(len(data)) + data):
                paths.append(part.path)
                try:
                    _read_sequence(data, stated, 0)
                except MalformedInput:
                    continue  # text
            else:
                excludes.append(f"{part.name}, which is not the one that was severed")
        else:
            excludes.append(f"{part.name}, which the manifest does not state")
    whole = not excludes
    if stated.others:
        excludes.append(f"{stated.others} contents that are stated by another digest than SHA-256")
    return Coverage(whole, tuple(paths), frozenset(stated.contents), tuple(excludes))


_: type[Scheme] = Suit
