"""Sigstore bundles: a signature, who made it by whose word, and that a log made it public.

Sources: sigstore protobuf-specs ``Bundle`` 0.1 to 0.3, "Sigstore Client Specification: Verification"; the parts in `certificate`,
`log`, `root`.

 1. The bundle is of a version that is known, and a trusted root is at hand, which says whose word counts.
 2. Times: time stamps of authorities of the root over the signature (RFC 3161), and what logs promise. There is one at least.
 3. The certificate counts at each of these times; or the signature is by a key that is at hand.
 4. Log entries hold, there is one at least, and each is about this signature, this key and these contents.
 5. The signature is over the contents: their digest, or an envelope (`trueware.signatures.dsse`).
 6. The file beside the bundle is the one that was signed.

What does not come out at 2 to 4 is not checkable: it says that nobody vouches for this, not that something was changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import new, sha256
from re import sub
from typing import Any, ClassVar

from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures import der, json_text
from trueware.signatures.certificate import Certificate
from trueware.signatures.contract import Context, Key, Scheme, SchemeDoc, Site
from trueware.signatures.dsse import Envelope, read_envelope, said
from trueware.signatures.keys import identity_id
from trueware.signatures.public_key import digest_name, signs, signs_digest
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.sigstore.certificate import identity_of, require_issued
from trueware.signatures.sigstore.log import Entry, read_entry
from trueware.signatures.sigstore.root import Root, read_root
from trueware.signatures.timestamp import read_token
from trueware.signatures.x509 import certificate_ids, find_path, spki_id

_NAME = "sigstore"
_LARGEST = 1 << 24
_VERSIONS = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": 1,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": 2,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": 3,
    "application/vnd.dev.sigstore.bundle.v0.3+json": 3,
}
_DIGESTS = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_ENDINGS = r"\.(?:sigstore\.json|sigstore)$"
_MOST_KEYS, _MOST_ENTRIES = 64, 8


class Sigstore:
    """Bundles."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Sigstore bundle",
        ("https://docs.sigstore.dev", "sigstore protobuf-specs"),
        ("Signatures of witnesses in checkpoints are not asked for.",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        if site.is_folder or not 0 < site.size <= _LARGEST:
            return
        data = bytes(site.view())
        if b"dev.sigstore.bundle" not in data:
            return  # another program's file
        try:
            bundle = json_text.parse(data)
            version = _VERSIONS.get(json_text.text(bundle, "mediaType"))
            roots = context.keyring.of_kind("sigstore-root")
            if version is None:  # 1
                uncheckable("a bundle of a version that is not known")
            if not roots:
                uncheckable("no trusted root of a Sigstore is at hand")
            yield _by_any(roots, site, bundle, version, context)
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail)


def _by_any(roots: tuple[Key, ...], site: Site, bundle: Any, version: int, context: Context) -> Signature:
    """Return what the first root says by which it holds.

    Raises:
        Refusal: it holds by none; the reason of one that knows most.
    """
    refusals: list[Refusal] = []
    for key in roots[:_MOST_KEYS]:
        try:
            return _verified(site, bundle, version, read_root(key.data), context)
        except Refusal as refusal:
            refusals.append(refusal)
    raise next((each for each in refusals if each.outcome is Outcome.BROKEN), refusals[0])


@dataclass(frozen=True, slots=True)
class _Material:
    """What a bundle says of who signed: a certificate, or keys that it may be."""

    certificate: bytes | None
    spkis: tuple[tuple[bytes, str], ...]


def _verified(site: Site, bundle: Any, version: int, root: Root, context: Context) -> Signature:
    material = _material(bundle, context)
    envelope = read_envelope(bundle["dsseEnvelope"]) if json_text.at(bundle, "dsseEnvelope") is not None else None
    if envelope is not None and len(envelope.signatures) != 1:
        uncheckable("an envelope with more than one signature")
    signature = envelope.signatures[0] if envelope else json_text.octets(bundle, "messageSignature", "signature")
    values = json_text.items(bundle, "verificationMaterial", "tlogEntries", most=_MOST_ENTRIES)
    if not values:
        uncheckable("it is in no log")  # 4
    entries = [read_entry(each, root, needs_proof=version > 1) for each in values]
    stamps = list(_stamped(bundle, signature, root))
    times = [each.at for each in entries if each.at is not None] + stamps
    if not times:  # 2
        uncheckable("nobody who counts says when it was signed")
    if not all(at in each.span for each in entries for at in times):
        uncheckable("the log that it is in did not count when it was signed")
    authority = b""
    if material.certificate is not None:
        authority = require_issued(material.certificate, times, root)  # 3
    name, digest, subject = _digest(site, bundle, envelope)
    spki, key_name = _signing(material, signature, envelope, name, digest, subject)  # 5
    for entry in entries:
        if not _is_about(entry, signature, material.certificate, spki, envelope, digest):  # 4
            uncheckable("the log has another signature, key or content")
    signer, statements = _signer(material.certificate, authority, spki, key_name)
    if envelope is not None:
        found = said(envelope)
        statements += found.statements
        coverage, detail = found.coverage, found.detail
        if subject is not None:
            about = found.is_about(subject)
            if about is False:  # 6
                broken(f"{subject.name} is none of the contents that are signed")
            if about and found.vouches:
                coverage = Coverage(paths=(subject.path,), digests=coverage.digests, excludes=coverage.excludes)
    else:
        detail = f"{name} {digest.hex()}"
        paths = (subject.path,) if subject is not None else ()
        coverage = Coverage(paths=paths, digests=frozenset({digest} if name == "sha256" else ()))
    return Signature(
        _NAME,
        site.path,
        Outcome.VALID,
        detail,
        signer,
        coverage,
        signed_at=min(times),
        statements=statements,
    )


def _material(bundle: Any, context: Context) -> _Material:
    material = json_text.at(bundle, "verificationMaterial")
    chain = json_text.items(material, "x509CertificateChain", "certificates", most=8)
    single = json_text.at(material, "certificate")
    if chain or single is not None:
        encoded = json_text.octets(chain[0] if chain else single, "rawBytes")
        spki = Certificate.parse(encoded).spki
        return _Material(encoded, ((spki, ""),))
    if json_text.at(material, "publicKey") is None:
        uncheckable("it does not say whose signature it is")
    keys = context.keyring.of_kind("spki")[:_MOST_KEYS]
    if not keys:
        uncheckable("the key is not at hand")
    return _Material(None, tuple((each.data, each.name) for each in keys))


def _digest(site: Site, bundle: Any, envelope: Envelope | None) -> tuple[str, bytes, Site | None]:
    """Return what is signed, by its digest, and the file beside the bundle that it is about, if there is one.

    Raises:
        Refusal: the file has another digest.
    """
    name = sub(_ENDINGS, "", site.name)
    subject = site.beside(name) if name != site.name else None
    subject = None if subject is not None and subject.is_folder else subject
    if envelope is not None:
        return "sha256", sha256(envelope.signed).digest(), subject
    algorithm = json_text.text(bundle, "messageSignature", "messageDigest", "algorithm")
    stated = json_text.octets(bundle, "messageSignature", "messageDigest", "digest")
    if algorithm not in _DIGESTS:
        uncheckable(f"a digest {algorithm!r} that is not known")
    if subject is not None:
        made = new(_DIGESTS[algorithm])
        for chunk in subject.chunks():
            made.update(chunk)
        if made.digest() != stated:  # 6
            broken(f"{subject.name} is not the file that was signed")
    return _DIGESTS[algorithm], stated, subject


def _signing(
    material: _Material, signature: bytes, envelope: Envelope | None, name: str, digest: bytes, subject: Site | None
) -> tuple[bytes, str]:
    """Return the key that made the signature.

    Raises:
        Refusal: none of those did.
    """
    for spki, key_name in material.spkis:
        if envelope is not None:
            made = signs(spki, signature, envelope.signed)
        elif (wanted := digest_name(spki)) is None:
            if subject is None:
                uncheckable("a key of Ed25519 signs the file itself, which is not at hand")
            made = signs(spki, signature, bytes(subject.view()))
        else:
            made = name in (wanted, "sha256") and signs_digest(spki, signature, name, digest)
        if made:
            return spki, key_name
    if material.certificate is None:
        uncheckable("no key at hand made the signature")
    raise Refusal(Outcome.BROKEN, "the signature is not over this")


def _is_about(
    entry: Entry, signature: bytes, certificate: bytes | None, spki: bytes, envelope: Envelope | None, digest: bytes
) -> bool:
    """Tell whether a log's entry is about this signature, by this certificate or key, over this content."""
    body = json_text.at(entry.body, "spec")
    match entry.kind, entry.version:
        case "hashedrekord", "0.0.1":
            key = json_text.octets(body, "signature", "publicKey", "content")
            about = _hex(body, "data", "hash", "value")
            made = json_text.octets(body, "signature", "content")
        case "hashedrekord", "0.0.2":
            about = json_text.octets(body, "hashedRekordV002", "data", "digest")
            made = json_text.octets(body, "hashedRekordV002", "signature", "content")
            key = _verifier(json_text.at(body, "hashedRekordV002", "signature", "verifier"))
        case "dsse", "0.0.1":
            (one,) = _single(json_text.items(body, "signatures"))
            key, made = json_text.octets(one, "verifier"), json_text.octets(one, "signature")
            about = _hex(body, "payloadHash", "value")
        case "dsse", "0.0.2":
            (one,) = _single(json_text.items(body, "dsseV002", "signatures"))
            key, made = _verifier(json_text.at(one, "verifier")), json_text.octets(one, "content")
            about = json_text.octets(body, "dsseV002", "payloadHash", "digest")
        case "intoto", "0.0.2":
            (one,) = _single(json_text.items(body, "content", "envelope", "signatures"))
            key = json_text.octets(one, "publicKey")
            made = json_text.octets({"sig": json_text.octets(one, "sig").decode("latin-1")}, "sig")
            about = _hex(body, "content", "payloadHash", "value")
        case _:
            uncheckable(f"a log entry of kind {entry.kind} {entry.version} that is not known")
    if entry.kind != "hashedrekord":
        if envelope is None:
            return False
        digest = sha256(envelope.payload).digest()
    elif entry.version == "0.0.1" and envelope is not None:
        return False
    return made == signature and about == digest and _plain(key) in (certificate, None if certificate else spki)


def _hex(value: Any, *names: str) -> bytes:
    try:
        return bytes.fromhex(json_text.text(value, *names))
    except ValueError:
        uncheckable("a digest that is none")


def _single(values: list[Any]) -> list[Any]:
    if len(values) != 1:
        uncheckable("a log entry with several signatures")
    return values


def _verifier(value: Any) -> bytes:
    name = "x509Certificate" if json_text.at(value, "x509Certificate") is not None else "publicKey"
    return json_text.octets(value, name, "rawBytes")


def _plain(encoded: bytes) -> bytes:
    """Return the DER of a certificate or key that may be PEM."""
    if not encoded.startswith(b"-----BEGIN "):
        return encoded
    lines = encoded.strip().split(b"\n")
    if len(lines) < 3 or not lines[-1].startswith(b"-----END "):
        uncheckable("a log entry with a malformed key")
    return json_text.octets({"pem": b"".join(each.strip() for each in lines[1:-1]).decode("latin-1")}, "pem")


def _stamped(bundle: Any, signature: bytes, root: Root) -> Iterator[int]:
    """Yield the times that authorities of the root stamped the signature at; other stamps say nothing."""
    data = json_text.at(bundle, "verificationMaterial", "timestampVerificationData")
    for each in json_text.items(data, "rfc3161Timestamps", most=_MOST_ENTRIES):
        encoded = "".join(json_text.text(each, "signedTimestamp").split())  # some tools write it in lines
        response = der.read(json_text.octets({"stamp": encoded}, "stamp"))
        status, token = der.parts(response.sequence(), 2, "a time stamp")[:2]
        if der.parts(status.sequence(), 1, "a time stamp")[0].number() not in (0, 1):
            continue
        for authority in root.stampers:
            try:
                known = tuple(Certificate.parse(one) for one in authority.certificates)
                stamp = read_token(token.whole, signature, known)
            except Refusal:
                continue
            if stamp is None or stamp.at not in authority.span:
                continue
            chain = (stamp.by.encoded, *(one.encoded for one in known[:-1]))
            path = find_path(chain, (known[-1].encoded,))
            if path is not None and path.since <= stamp.at <= path.until:
                yield stamp.at
                break


def _signer(
    certificate: bytes | None, authority: bytes, spki: bytes, name: str
) -> tuple[Signer, tuple[tuple[str, str], ...]]:
    if certificate is None:
        return Signer((spki_id(spki),), name), ()
    issuer, identity = identity_of(certificate)
    named = identity_id(sha256(authority).hexdigest(), issuer, identity)
    statements = (("identity", identity), ("vouched for by", issuer)) if identity and issuer else ()
    ids = (*((named,) if statements else ()), *certificate_ids(certificate))
    return Signer(ids, identity, (certificate,)), statements


_: type[Scheme] = Sigstore
