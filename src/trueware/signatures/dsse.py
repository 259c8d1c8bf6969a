"""DSSE envelopes, and the statements of in-toto in them: who says what of which contents.

Sources: "DSSE: Dead Simple Signing Envelope" v1.0 (secure-systems-lab/dsse), in-toto "Statement" v0.1 and v1.

 1. The envelope has a payload, its type and signatures; each signature is over the type and the payload, with their lengths (PAE).
 2. A key is named by a hint at most: the keys at hand are tried. A signature whose key is not at hand proves nothing, and breaks
    nothing either.
 3. The payload is parsed after it was verified. The subjects of a statement are known by their SHA-256.
 4. What is said of a subject counts as publishing only where the type of the statement is one that a publisher makes about what it
    releases (provenance, release, publication). Any other is told, and vouches for nothing: a report of a failed test is signed too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import new
from typing import Any, ClassVar

from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures import json_text
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, uncheckable
from trueware.signatures.x509 import spki_id

_NAME = "dsse"
_LARGEST = 1 << 24
_MOST_KEYS, _MOST_SIGNATURES, _MOST_SUBJECTS, _MOST_LINES = 64, 16, 1 << 16, 64
STATEMENT = "application/vnd.in-toto+json"
_LENGTHS = {"sha256": 32, "sha512": 64}
_STATEMENTS = frozenset({"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"})
_PUBLISHING = (
    "https://slsa.dev/provenance/",
    "https://in-toto.io/attestation/release/",
    "https://github.com/npm/attestation/tree/main/specs/publish/",
    "https://docs.pypi.org/attestations/publish/",
    "https://sigstore.dev/cosign/sign/",
    "https://cosign.sigstore.dev/attestation/sign/",
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope, not verified."""

    type: str
    payload: bytes
    signatures: tuple[bytes, ...]

    @property
    def signed(self) -> bytes:
        """What signatures are over: the pre-authentication encoding (protocol.md)."""
        kind = self.type.encode("utf-8", "surrogatepass")
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)


@dataclass(frozen=True, slots=True)
class Said:
    """What a payload that was verified says."""

    detail: str
    coverage: Coverage
    statements: tuple[tuple[str, str], ...] = ()
    subjects: frozenset[tuple[str, bytes]] = frozenset()
    """Algorithm and digest of all contents that it is about, whether or not it vouches for them."""

    vouches: bool = False

    def is_about(self, site: Site) -> bool | None:
        """Tell whether it is about the bytes of `site`; None where it states no digest that is known.

        Raises:
            InputError: its bytes cannot be had.
        """
        for name in ("sha256", "sha512"):
            stated = {digest for algorithm, digest in self.subjects if algorithm == name}
            if stated:
                made = new(name)
                for chunk in site.chunks():
                    made.update(chunk)
                return made.digest() in stated
        return None


def read_envelope(value: Any) -> Envelope:
    """Return the envelope that JSON holds.

    Raises:
        Refusal: it is none.
    """
    signatures = json_text.items(value, "signatures", most=_MOST_SIGNATURES)
    if not signatures:
        uncheckable("an envelope without signatures")
    made = tuple(json_text.octets(each, "sig") for each in signatures)
    return Envelope(json_text.text(value, "payloadType"), json_text.octets(value, "payload"), made)


def said(envelope: Envelope) -> Said:
    """Return what an envelope says whose signature was verified (checks 3 and 4).

    Raises:
        Refusal: it says it is a statement and is none.
    """
    if envelope.type != STATEMENT:
        return Said(f"{len(envelope.payload)} bytes of type {envelope.type!r}", Coverage())
    statement = json_text.parse(envelope.payload)
    kind = json_text.text(statement, "predicateType")
    if json_text.text(statement, "_type") not in _STATEMENTS:
        uncheckable("a statement of a version that is not known")
    subjects = json_text.items(statement, "subject", most=_MOST_SUBJECTS)
    stated = [(name, json_text.at(each, "digest", name)) for each in subjects for name in _LENGTHS]
    known = frozenset((name, bytes.fromhex(each)) for name, each in stated if _is_digest(each, _LENGTHS[name]))
    digests = frozenset(digest for name, digest in known if name == "sha256")
    vouches = kind.startswith(_PUBLISHING)
    undigested = f"{len(subjects) - len(digests)} subjects without SHA-256"
    excludes = (undigested,) if vouches and len(digests) < len(subjects) else ()
    if not vouches:
        excludes = (f"a statement of type {kind!r} does not say that its subjects were published",)
    coverage = Coverage(digests=digests if vouches else frozenset(), excludes=excludes)
    return Said(f"a statement about {len(subjects)} contents", coverage, (("statement", kind),), known, vouches)


def _is_digest(value: Any, length: int) -> bool:
    return isinstance(value, str) and len(value) == 2 * length and all(each in "0123456789abcdef" for each in value)


class Dsse:
    """Envelopes in files of their own, one a line or one a file."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "DSSE envelope with an in-toto statement (SLSA provenance)",
        ("https://github.com/secure-systems-lab/dsse", "https://github.com/in-toto/attestation"),
        ("What a statement says beyond its subjects and its type is not judged.",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        if site.is_folder or not 0 < site.size <= _LARGEST:
            return
        data = bytes(site.view())
        if b'"payloadType"' not in data or b'"verificationMaterial"' in data:
            return  # another program's file
        try:
            envelopes = [read_envelope(each) for each in _documents(data)]
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail)
            return
        for envelope in envelopes:
            try:
                yield from _verified(site, envelope, context)
            except Refusal as refusal:
                yield Signature(_NAME, site.path, refusal.outcome, refusal.detail)


def _documents(data: bytes) -> Iterator[Any]:
    """Yield the JSON texts of a file: the file, or its lines."""
    try:
        yield json_text.parse(data)
    except Refusal:
        lines = [line for line in data.split(b"\n", _MOST_LINES + 1) if line.strip()]
        if len(lines) < 2 or len(lines) > _MOST_LINES:
            raise
        for line in lines:
            yield json_text.parse(line)


def _verified(site: Site, envelope: Envelope, context: Context) -> Iterator[Signature]:
    from trueware.signatures.public_key import signs  # noqa: PLC0415 (start-up time)

    keys = context.keyring.of_kind("spki")[:_MOST_KEYS]
    found = None
    for key in keys:
        try:
            if not any(signs(key.data, each, envelope.signed) for each in envelope.signatures):
                continue
        except Refusal:
            continue
        found = found or said(envelope)
        signer = Signer((spki_id(key.data),), key.name)
        yield Signature(
            _NAME, site.path, Outcome.VALID, found.detail, signer, found.coverage, statements=found.statements
        )
    if found is None:
        uncheckable("none of the keys at hand made one of its signatures")


_: type[Scheme] = Dsse
