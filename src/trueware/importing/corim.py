"""CoRIM and CoSWID (`trueware.exchange.corim`): manifests of reference values, their COSE signatures verified.

1. A signature that is broken yields no reference. Verified by the certificate that came along, else by a key at hand; the source says
   by whose, and whether that key was admitted. A manifest that is not signed, or by nobody who is known, is told as that.
2. What must be discarded is refused with the reason: a manifest or its signature outside its validity, tags that are not valid, are
   replaced, or link to what is not there (`trueware.exchange.corim.selecting`).
3. Each CoSWID with a payload is a list of files, hence a manifest; the very tree, where a registry wrote it. Where a CoMID links an
   environment to it, it is what is in the artefact that the reference triple of that environment has the digest of.
4. Each measurement of a reference triple with a SHA-256 is a reference by digest; what has only others is refused.

Whoever signs, these are the words of somebody else than a publisher's release statement: their authority is that of a third party.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from trueware.cose.foreign_cbor import Tagged, Value, encode
from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.exchange.corim import coswid, manifest, signed
from trueware.exchange.corim.codec import Notes, each
from trueware.exchange.corim.comid import ENVIRONMENT, ConciseMidTag, Environment, Measurement
from trueware.exchange.corim.common import SHA256, SVN, Digest, text_of
from trueware.exchange.corim.comparing import algorithm_of
from trueware.exchange.corim.coswid import SOFTWARE_CREATOR, ConciseSwidTag
from trueware.exchange.corim.file_list import is_own, paths_of, tree_of, unpack_text
from trueware.exchange.corim.from_release import CLAIMS, POLICY, TREE
from trueware.exchange.corim.manifest import Corim
from trueware.exchange.corim.selecting import select, why_discard
from trueware.exchange.packages import UNKNOWN, Files
from trueware.exchange.packages import text_of as line_of
from trueware.importing.contract import Context, Document, Importer
from trueware.model.claim import LISTED, SIGNER, Claim
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part
from trueware.model.signature import Outcome, Signature, Signer, Standing
from trueware.registry.references import Reference, Refused

_HEADS = (b"\xd9\x01\xf5", b"\xd2\x84", b"\xda\x53\x57\x49\x44", b"\xd9\x01\xf4")
_MEDIA = b"application/rim+cbor"
_NAMES = {SHA256: "SHA-256", 2: "SHA-256-128", 7: "SHA-384", 8: "SHA-512"}


@dataclass(frozen=True, slots=True)
class _Listed:
    """A CoSWID as a list of files."""

    tag: ConciseSwidTag
    tree: Part | None
    is_exact: bool
    """Whether it is the very tree that a registry wrote."""

    claims: tuple[Claim, ...] = ()
    policy: str = "generic"
    refused: tuple[Refused, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What is needed while a manifest is read."""

    context: Context
    source: str
    listed: dict[str | bytes, _Listed] = field(default_factory=dict)
    used: set[str | bytes] = field(default_factory=set)


def _recognises(document: Document) -> bool:
    if document.is_folder or not document.head.startswith(_HEADS):
        return False
    if not document.head.startswith(_HEADS[1]):
        return True
    return _MEDIA in document.head or b"application/corim-unsigned+cbor" in document.head


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    data = document.mirror.read(document.path, signed.MAX_BYTES) or b""
    name = document.path.rpartition("/")[2]
    if data.startswith(_HEADS[2]):
        notes = Notes()
        tag = coswid.parse(data, notes)
        yield from _software(tag, _Reading(context, f"{name}, CoSWID, unsigned"))
        return
    if signed.is_signed(data):
        found = signed.parse(data, _beside(document, data))
        corim, said, known = found.corim, *_signature(found, context)  # 1
    else:
        corim, said, known = manifest.parse(data, Notes()), "unsigned", False
    reason = why_discard(corim, context.now, authenticated=known, accept_unsigned=True)  # 2
    if reason is not None:
        yield Refused(name, f"the manifest must be discarded: {reason}")
        return
    reading = _Reading(context, f"{name}, CoRIM {line_of(text_of(corim.id), 100)}, {said}")
    yield from _manifest(corim, name, reading)


def _beside(document: Document, data: bytes) -> bytes | None:
    """Return the manifest that lies beside a signature over its digest: the same name without ``.cose`` or with ``.corim``."""
    if not signed.needs_manifest(data):
        return None
    stem = document.path.removesuffix(".cose").removesuffix(".sig")
    for path in (stem, f"{stem}.corim", f"{stem}.cbor"):
        if path != document.path and document.mirror.size(path) is not None:
            return document.mirror.read(path, manifest.MAX_BYTES)
    return None


def _signature(found: signed.SignedCorim, context: Context) -> tuple[str, bool]:
    """Return in words how far the signature was verified, and whether by somebody who is known.

    Raises:
        UntrustedStatement: it is broken, or by a key that must not be trusted, or not valid now.
    """
    from trueware.exchange.corim.selecting import outside  # noqa: PLC0415 (beside its only use)
    from trueware.signatures.candidates import candidates  # noqa: PLC0415 (start-up time)
    from trueware.signatures.contract import Context as Verification  # noqa: PLC0415
    from trueware.signatures.contract import Keyring  # noqa: PLC0415
    from trueware.signatures.x509 import certificate_ids, name_of  # noqa: PLC0415

    if (reason := outside(found.validity, context.now)) is not None:
        raise UntrustedStatement(f"the signature: {reason}")
    issuer = line_of(found.issuer, 100) or "nobody"
    chain = found.message.certificates
    if chain:
        if signed.self_signed_by(found) is None:
            raise UntrustedStatement("the signature is not that of the certificate that came along")
        signer = Signer(certificate_ids(chain[0]), name_of(chain[0]), chain)
    else:
        tried = candidates(Verification(context.keyring or Keyring(), context.now, context.limits))
        made = next((key for key in tried if found.message.verifies(key.spki, found.payload)), None)
        if made is None:
            return f"its signature not checkable: signed, it says, by {issuer}, with no key at hand", False
        signer = made.signer
    statements = (("issuer", found.issuer), ("content type", found.content_type))
    signature = Signature("corim", "", Outcome.VALID, "COSE_Sign1 over the manifest", signer, statements=statements)
    name = line_of(signer.name or signer.ids[0], 100)
    if context.judge is None:
        return f"signed by {name} as {issuer}, whom nobody was asked about", False
    judged = context.judge(signature, ())
    if judged.standing in (Standing.NEVER_TRUST, Standing.REVOKED):
        raise UntrustedStatement(judged.reason)
    if judged.standing is Standing.ENTITLED:
        return f"signed by {name} as {issuer}, an admitted key of {judged.publisher}", True
    return f"signed by {name} as {issuer}, not known: {judged.reason}"[:400], False


def _manifest(corim: Corim, name: str, reading: _Reading) -> Iterator[Reference | Refused]:
    for number, tag in enumerate(corim.tags):
        if tag.content is None:
            yield Refused(f"{name}: tag {number + 1}", f"tags of type {tag.number} are not read")
    selected = select([corim], reading.context.now)
    yield from (Refused(f"{name}: {line_of(each_.what, 200)}", each_.reason) for each_ in selected.discarded)
    modules = [tag for tag in selected.tags if isinstance(tag, ConciseMidTag)]
    for content in selected.tags:
        if isinstance(content, ConciseSwidTag):
            reading.listed[content.tag_id] = _list(content, reading.context.limits)
    for module in modules:
        yield from _module(module, reading)
    for name_, listed in reading.listed.items():
        if name_ not in reading.used:
            yield from _alone(listed, reading)


def _module(tag: ConciseMidTag, reading: _Reading) -> Iterator[Reference | Refused]:
    links: dict[bytes, list[str | bytes]] = {}
    for triple in tag.triples.coswid_triples or ():
        links.setdefault(encode(ENVIRONMENT.encode(triple.environment)), []).extend(triple.tag_ids)
    creators = [entity.entity_name for entity in tag.entities or () if 1 in entity.role] or [
        entity.entity_name for entity in tag.entities or ()
    ]
    creator = line_of(creators[0]) if creators else ""
    by_place: dict[bytes, list[tuple[Environment, Measurement]]] = {}
    for reference in tag.triples.reference_triples or ():
        place = encode(ENVIRONMENT.encode(reference.ref_env))
        by_place.setdefault(place, []).extend((reference.ref_env, claim) for claim in reference.ref_claims)
    others = _others(tag)
    if others:
        yield Refused(line_of(text_of(tag.tag_identity.tag_id), 200), f"{others} triples are no reference values")
    for place, measured in by_place.items():
        names = links.get(place, [])
        listed = reading.listed.get(names[0]) if len(names) == 1 else None
        yield from _environment(measured, creator, listed, reading)


def _others(tag: ConciseMidTag) -> int:
    triples = tag.triples
    kinds = (
        triples.endorsed_triples,
        triples.identity_triples,
        triples.attest_key_triples,
        triples.dependency_triples,
        triples.membership_triples,
        triples.conditional_endorsement_series_triples,
        triples.conditional_endorsement_triples,
        triples.extensions,
    )
    return sum(len(kind or ()) for kind in kinds)


def _environment(
    measured: list[tuple[Environment, Measurement]], creator: str, listed: _Listed | None, reading: _Reading
) -> Iterator[Reference | Refused]:
    """Yield the references of one environment; what it links to belongs to the artefact, where there is one."""
    trees = {digest.val for _, each_ in measured if each_.mkey == TREE for digest in _sha256(each_)}
    artefacts = [pair for pair in measured if pair[1].mkey != TREE]
    tree = listed.tree if listed is not None else None
    whole = [measurement for _, measurement in measured if measurement.mkey is None]
    stated = {digest.val for each_ in whole for digest in _sha256(each_)}
    other_bytes = tree is not None and tree.sha256 is not None and stated and tree.sha256 not in stated
    if tree is not None and ((trees and tree.tree not in trees) or other_bytes):
        yield Refused(_where(measured[0][0], measured[0][1]), "its list of files is not the one it has the digest of")
        if listed is not None:
            reading.used.add(listed.tag.tag_id)  # nor is it taken by itself
        return
    if not artefacts:  # a folder: known by what is in it
        for environment, measurement in measured:
            yield from _reference(environment, measurement, creator, listed, reading)
        return
    for environment, measurement in artefacts:
        has_list = len(whole) == 1 and measurement is whole[0]
        yield from _reference(environment, measurement, creator, listed if has_list else None, reading)


def _sha256(measurement: Measurement) -> list[Digest]:
    digests = measurement.mval.digests or ()
    return [each_ for each_ in digests if algorithm_of(each_) == SHA256 and len(each_.val) == 32]


def _name_of(digest: Digest) -> str:
    return _NAMES.get(digest.alg, f"algorithm {digest.alg}") if isinstance(digest.alg, int) else digest.alg[:40]


def _reference(
    environment: Environment, measurement: Measurement, creator: str, listed: _Listed | None, reading: _Reading
) -> Iterator[Reference | Refused]:
    where = _where(environment, measurement)
    values = measurement.mval
    found = _sha256(measurement)
    if not found:
        names = [_name_of(each_) for each_ in values.digests or ()]
        reason = f"only {', '.join(names)}, SHA-256 is needed" if names else "a reference value that is no digest"
        yield Refused(where, reason[:400])
        return
    known = environment.class_
    publisher = reading.context.publisher or line_of(known.vendor if known else "") or creator
    if not publisher:
        yield Refused(where, "it does not say whose software it is (--publisher)")
        return
    element = line_of(values.name) or (
        "" if measurement.mkey in (None, TREE) else line_of(text_of(measurement.mkey), 100)
    )
    model = line_of(known.model if known else "") or line_of(text_of(known.class_id if known else None), 200)
    product = " ".join(part for part in (model, element) if part)[:512] or "unknown"
    version = line_of(values.version.version) if values.version is not None else ""
    claims = _claims(environment, product, version, values.svn)
    tree, policy = None, "generic"
    if listed is not None and listed.tree is not None:
        reading.used.add(listed.tag.tag_id)
        yield from listed.refused
        tree, policy = listed.tree, listed.policy
        claims = tuple(dict.fromkeys((*listed.claims, *(() if listed.is_exact else claims))))
    size = tree.size if tree is not None and tree.sha256 == found[0].val else 0
    yield Reference(
        publisher,
        product,
        version or UNKNOWN,
        found[0].val,
        size,
        claims,
        tree,
        policy=policy,
        source=reading.source,
    )


def _claims(environment: Environment, product: str, version: str, svn: int | Tagged | None) -> tuple[Claim, ...]:
    """Return what an environment says, as claims: a number of security is one only where it is no minimum."""
    known = environment.class_
    said = [("vendor", line_of(known.vendor) if known else ""), ("product", product), ("version", version)]
    number = svn.value if isinstance(svn, Tagged) and svn.tag == SVN else svn
    if isinstance(number, int):
        said.append(("svn", str(number)))
    if environment.instance is not None:
        said.append(("instance", line_of(text_of(environment.instance), 200)))
    return tuple(Claim(name, value, LISTED, "") for name, value in said if value)


def _where(environment: Environment, measurement: Measurement) -> str:
    known = environment.class_
    names = [known.vendor, known.model, text_of(known.class_id)] if known else [text_of(environment.instance)]
    names += [measurement.mval.name, text_of(measurement.mkey)]
    return line_of(" ".join(name for name in names if name), 200) or "an environment"


def _list(tag: ConciseSwidTag, limits: Limits) -> _Listed:
    """Return the files of a tag as a tree (3)."""
    name = line_of(tag.software_name, 200)
    payload = tag.payload
    if payload is None:
        return _Listed(tag, None, is_exact=False, refused=(Refused(name, "no payload: it names no files"),))
    try:
        if is_own(payload):
            said = {key: value for key, value in tag.extensions if isinstance(key, str)}
            policy = said.get(POLICY)
            claims = _own_claims(said.get(CLAIMS))
            return _Listed(tag, tree_of(payload), is_exact=True, claims=claims, policy=line_of(policy) or "generic")
        files = Files(limits)
        for path, entry in paths_of(payload):
            is_sha256 = entry.hash is not None and algorithm_of(entry.hash) == SHA256 and len(entry.hash.val) == 32
            files.add(path, entry.hash.val if entry.hash is not None and is_sha256 else None, entry.size or 0)
    except InputError as error:
        return _Listed(tag, None, is_exact=False, refused=(Refused(name, str(error)),))
    refused = [Refused(f"{name}: {path}", reason) for path, reason in files.refused]
    if files.refusals > len(files.refused):
        refused.append(Refused(name, f"{files.refusals - len(files.refused)} more files were refused"))
    if files.without:
        refused.append(Refused(name, f"{files.without} files without SHA-256 cannot be compared"))
    others = len(each(payload.process)) + len(each(payload.resource))
    if others:
        refused.append(Refused(name, f"{others} entries of the payload are no files (processes, resources)"))
    tree = files.listing.manifest(name, files.extent) if files.comparable else None
    return _Listed(tag, tree, is_exact=False, refused=tuple(refused))


def _own_claims(value: Value) -> tuple[Claim, ...]:
    if value is None:
        return ()
    if not isinstance(value, tuple) or len(value) % 4:
        raise MalformedInput("coswid", 0, "claims that are not by fours")
    texts = [unpack_text(text) for text in value]
    claims = (Claim(*texts[at : at + 4]) for at in range(0, len(texts), 4))
    return tuple(claim for claim in claims if claim.name != SIGNER)  # who signed is nobody's to say but a signature's


def _software(tag: ConciseSwidTag, reading: _Reading) -> Iterator[Reference | Refused]:
    """Yield the reference of a tag by itself."""
    from trueware.exchange.corim.selecting import why_invalid  # noqa: PLC0415 (beside its only use)

    if (reason := why_invalid(tag)) is not None:
        yield Refused(line_of(tag.software_name, 200), reason)
        return
    yield from _alone(_list(tag, reading.context.limits), reading)


def _alone(listed: _Listed, reading: _Reading) -> Iterator[Reference | Refused]:
    """Yield the reference of a list of files that no environment links to: known by the Merkle digest of its tree."""
    tag, tree = listed.tag, listed.tree
    yield from listed.refused
    where = line_of(tag.software_name, 200)
    if tree is None:
        if not listed.refused:
            yield Refused(where, "no file with a SHA-256")
        return
    makers = [entity for entity in each(tag.entity) if SOFTWARE_CREATOR in each(entity.role)] or list(each(tag.entity))
    publisher = reading.context.publisher or (line_of(makers[0].entity_name) if makers else "")
    if not publisher:
        yield Refused(where, "it does not say whose software it is (--publisher)")
        return
    version = line_of(tag.software_version) or UNKNOWN
    said = (("package", where), ("version", "" if version == UNKNOWN else version))
    claims = listed.claims or tuple(Claim(name, value, LISTED, "") for name, value in said if value)
    digest = tree.tree if tree.kind is Kind.DIRECTORY or tree.sha256 is None else tree.sha256
    yield Reference(
        publisher,
        f"{where or 'unknown'}{' (patch)' if tag.patch else ''}",
        version,
        digest,
        tree.size,
        claims,
        tree,
        policy=listed.policy,
        source=reading.source,
    )


IMPORTER = Importer(
    "corim",
    "CoRIM (CoMID and CoSWID in it), signed or not, and CoSWID by itself",
    _recognises,
    _read,
    ("draft-ietf-rats-corim-11", "RFC 9393", "RFC 9052", "RFC 9995"),
)
