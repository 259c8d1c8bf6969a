"""The signatures in an update payload: over its manifest, and over all of it. What update_engine verifies.

As update_engine does (AOSP ``system/update_engine/payload_consumer/payload_metadata.cc``, ``payload_verifier.cc``):

 1. The metadata signature is over header and manifest. The manifest has the SHA-256 of the data of each operation.
 2. The payload signature is over header, manifest and data up to where it begins itself; the metadata signature is left out.
 3. Both are protocol buffers with any number of signatures (RSA or ECDSA over SHA-256), of which one by a trusted key is enough.
    An ECDSA signature states how long it is without padding.

No key is in a payload: those tried are that of ``META-INF/com/android/otacert`` beside it, and those at hand. A signature that none
of them made could not be checked; that it is broken is known only where one of them (RSA) signed another digest.

With a payload signature everything is covered. With a metadata signature alone a partition is covered where the data of all its
operations have the digests that the manifest states.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import ClassVar

from trueware.errors import InputError, MalformedInput
from trueware.formats.android.payload.manifest import Manifest, Update, read_manifest
from trueware.formats.contract import Reading
from trueware.formats.protobuf import Message, Source
from trueware.model.limits import Limits
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.certificate import Certificate
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.prehashed import is_signed, signed_digest
from trueware.signatures.refusal import Refusal
from trueware.signatures.x509 import certificate_ids, name_of, spki_id

_HEADER = Struct(">4sQQI")
_OTACERT = "com/android/otacert"
_MOST_SIGNATURES = 16
_MOST_KEYS = 256
_UNPADDED = 3


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A key that may have signed."""

    spki: bytes
    signer: Signer


class OtaPayload:
    """Signatures of update payloads."""

    name: ClassVar[str] = "ota-payload"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Android update payload",
        (
            "AOSP system/update_engine/payload_consumer/payload_verifier.cc",
            "AOSP system/update_engine/update_metadata.proto",
        ),
        (
            "No key is in a payload: it takes that of the package, or one at hand.",
            "No real signed payload was at hand; openssl signed the vectors.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        view = site.view()
        payload = _Payload.read(view, context.limits)
        if payload is None:
            return
        keys = list(_candidates(site, context))
        whole = payload.whole(site, keys)
        yield from whole
        covered = any(each.outcome is Outcome.VALID for each in whole)
        yield from payload.metadata(site, keys, covered=covered)


@dataclass(frozen=True, slots=True)
class _Payload:
    view: memoryview
    limits: Limits
    manifest: Manifest
    metadata_end: int
    data: int
    """Where the metadata signature ends and the data begin."""

    @classmethod
    def read(cls, view: memoryview, limits: Limits) -> "_Payload | None":
        """Read header and manifest; None where nothing is signed."""
        if len(view) < _HEADER.size:
            return None
        _, _, size, signature = _HEADER.unpack_from(view)
        end = _HEADER.size + size
        if end + signature > len(view):
            raise MalformedInput("payload", 12, f"a manifest of {size} bytes and a signature of {signature}")
        source = Source("payload", _HEADER.size, Reading(), limits.max_entries)
        manifest = read_manifest(bytes(view[_HEADER.size : end]), source, end + signature)
        if not signature and manifest.signatures is None:
            return None
        return cls(view, limits, manifest, end, end + signature)

    def whole(self, site: Site, keys: list[_Candidate]) -> list[Signature]:  # 2
        """Check the payload signature, if there is one."""
        if self.manifest.signatures is None:
            return []
        offset, size = self.manifest.signatures
        start = self.data + offset
        if start + size > len(self.view):
            detail = f"its signature of {size} bytes at {start:#x} is not all there"
            return [Signature(OtaPayload.name, site.path, Outcome.UNCHECKABLE, detail, offset=start, dated=False)]
        made = sha256(self.view[: self.metadata_end])
        made.update(self.view[self.data : start])
        outcome, detail, signer = self._checked(start, start + size, made.digest(), keys, "header, manifest and data")
        behind = len(self.view) - start - size
        excludes = (f"{behind} bytes behind the signature",) if behind else ()
        coverage = Coverage(not behind, excludes=excludes) if outcome is Outcome.VALID else Coverage()
        return [Signature(OtaPayload.name, site.path, outcome, detail, signer, coverage, start, dated=False)]

    def metadata(self, site: Site, keys: list[_Candidate], *, covered: bool) -> Iterator[Signature]:  # 1
        """Check the metadata signature, if there is one; with it the data, unless they are covered."""
        if self.data == self.metadata_end:
            return
        name = f"{OtaPayload.name}-metadata"
        digest = sha256(self.view[: self.metadata_end]).digest()
        outcome, detail, signer = self._checked(self.metadata_end, self.data, digest, keys, "header and manifest")
        coverage = Coverage()
        wrong: list[Signature] = []
        if outcome is Outcome.VALID and not covered:
            paths, excludes = [], []
            for update in self.manifest.updates:
                part = site.child(update.name) or site.child(f"{update.name}.delta")
                reason = self._differs(update)
                if reason is not None:
                    told = f"the data of {update.name} are not those that the manifest states: {reason}"
                    path = site.path if part is None else part.path
                    wrong.append(Signature(name, path, Outcome.BROKEN, told, signer, dated=False))
                elif part is None or any(each.size and each.sha256 is None for each in update.operations):
                    excludes.append(f"{update.name}, for whose data the manifest states no digests")
                else:
                    paths.append(part.path)
            coverage = Coverage(paths=tuple(paths), excludes=tuple(excludes))
        yield Signature(name, site.path, outcome, detail, signer, coverage, self.metadata_end, dated=False)
        yield from wrong

    def _differs(self, update: Update) -> str | None:
        """Return the first operation whose data are not those stated; None where all are."""
        for number, operation in enumerate(update.operations):
            if not operation.size or operation.sha256 is None:
                continue
            data = self.view[operation.start : operation.start + operation.size]
            if len(data) < operation.size or sha256(data).digest() != operation.sha256:
                return f"operation {number}, {operation.size} bytes at {operation.start:#x}"
        return None

    def _checked(
        self, start: int, end: int, digest: bytes, keys: list[_Candidate], what: str
    ) -> tuple[Outcome, str, Signer | None]:  # 3
        """Try the keys on the signatures that stand at a place."""
        try:
            made = list(_signatures(bytes(self.view[start:end]), start, self.limits))
        except InputError as error:
            return Outcome.UNCHECKABLE, str(error), None
        broken: Signer | None = None
        for key in keys:
            for signature in made:
                try:
                    if is_signed(key.spki, "sha256", digest, signature):
                        return Outcome.VALID, f"sha256 over {what}", key.signer
                    if signed_digest(key.spki, "sha256", signature) is not None:
                        broken = key.signer
                except Refusal:
                    continue
        if broken is not None:
            return Outcome.BROKEN, f"{what} are not those that were signed", broken
        tried = f"{len(keys)} keys at hand" if keys else "no key at hand"
        return Outcome.UNCHECKABLE, f"{len(made)} signatures over {what}, by none of {tried}", None


def _signatures(data: bytes, at: int, limits: Limits) -> Iterator[bytes]:
    """Yield the signatures of a message ``Signatures``; they lie in its field 1: 2 the signature, 3 its length without padding."""
    source = Source("payload", at, Reading(), limits.max_entries)
    for number, message in enumerate(Message.of(data, source).messages(1)):
        if number >= _MOST_SIGNATURES:
            raise MalformedInput("payload", at, f"more than {_MOST_SIGNATURES} signatures")
        signature = message.data(2) or b""
        unpadded = message.data(_UNPADDED)
        yield signature if unpadded is None else signature[: int.from_bytes(unpadded, "little")]


def _candidates(site: Site, context: Context) -> Iterator[_Candidate]:
    """Yield the keys to be tried: that of the package, then those at hand."""
    folder = site.beside("META-INF")
    beside = folder.child(_OTACERT) if folder is not None else None
    if beside is not None:
        yield from _of_certificate(_decoded(bytes(beside.view())))
    for key in context.keyring.of_kind("x509")[:_MOST_KEYS]:
        yield from _of_certificate(key.data)
    for key in context.keyring.of_kind("spki")[:_MOST_KEYS]:
        yield _Candidate(key.data, Signer((spki_id(key.data),), key.name))


def _of_certificate(encoded: bytes) -> Iterator[_Candidate]:
    try:
        certificate = Certificate.parse(encoded)
    except Refusal:
        return
    yield _Candidate(certificate.spki, Signer(certificate_ids(encoded), name_of(encoded), (encoded,)))


def _decoded(data: bytes) -> bytes:
    """Return a certificate as DER; ``otacert`` is PEM, and DER is taken too."""
    from base64 import b64decode  # noqa: PLC0415 (beside its use)

    _, found, rest = data.partition(b"-----BEGIN CERTIFICATE-----")
    if not found:
        return data
    try:
        return b64decode(b"".join(rest.partition(b"-----END")[0].split()), validate=True)
    except ValueError:
        return b""


_: type[Scheme] = OtaPayload
