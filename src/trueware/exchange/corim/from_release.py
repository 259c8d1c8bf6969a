"""A registry's release as a CoRIM: what is genuine, for whoever appraises with the standard's own tools.

=============  ======================================================================================================
CoMID          environment: class with vendor (the publisher) and model (the product). Reference triples: its version, security
               version where claimed, and the artefact's SHA-256; and, by itself, with mkey ``trueware.tree``, the Merkle digest of
               what is in it, by which a registry proves the list of files. An endorsed triple with flags where they are given.
CoSWID         name, version, entities, and the files of the manifest with size and SHA-256 (`trueware.exchange.corim.file_list`);
               the claims of the artefact as an attribute. Only where the registry has a manifest. The CoMID links to it.
=============  ======================================================================================================

A folder has no bytes of its own: its release is known by its Merkle digest alone. The two reference triples are two states, so that a
verifier whose evidence has only one of the digests is not kept from matching (§5.1.5).
"""

from dataclasses import dataclass

from trueware.cose.foreign_cbor import Tagged, Value, encode
from trueware.exchange.corim.comid import (
    ClassMap,
    ConciseMidTag,
    CoswidTriple,
    EndorsedTriple,
    Environment,
    Flags,
    Measurement,
    MeasurementValues,
    ReferenceTriple,
    Triples,
)
from trueware.exchange.corim.common import SHA256, SVN, URI, Digest, Entity, TagIdentity, Validity, Version
from trueware.exchange.corim.coswid import SOFTWARE_CREATOR, TAG_CREATOR, ConciseSwidTag, SwEntity
from trueware.exchange.corim.file_list import pack_text, payload_of
from trueware.exchange.corim.manifest import COMID, COSWID, MANIFEST_CREATOR, Corim, Tag
from trueware.model.part import Kind, Part
from trueware.model.release import Release

TREE = "trueware.tree"
"""Measurement key of the Merkle digest of an artefact (`trueware.model.merkle`)."""

CLAIMS = "trueware.claims"
"""Attribute of a CoSWID: name, value, source and part of each claim of the artefact."""

POLICY = "trueware.policy"
"""Attribute of a CoSWID: name of the policy that says what a device may change."""

_COMID_TAG_CREATOR, _COMID_CREATOR = 0, 1


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who makes the manifest."""

    name: str
    uri: str | None = None


def manifest_id(release: Release) -> str:
    """Return the id of the CoRIM of a release; those of its tags begin with it."""
    return f"trueware:{release.id}"


def from_release(
    release: Release,
    manifest: Part | None,
    issuer: Issuer,
    *,
    validity: Validity | None = None,
    flags: Flags | None = None,
) -> Corim:
    """Return the manifest of a release; the same release gives the same bytes.

    Args:
        release: as the registry has it, proved.
        manifest: what is in it, proved; None where the registry does not know.
        issuer: who says so.
        validity: for how long.
        flags: what is endorsed of devices that run it.

    Raises:
        LimitExceeded: folders of the manifest are too deep within one another.
    """
    name = manifest_id(release)
    environment = Environment(ClassMap(vendor=release.publisher, model=release.product))
    reg_id: Value = Tagged(URI, issuer.uri) if issuer.uri is not None else None
    triples = Triples(
        reference_triples=tuple(
            ReferenceTriple(environment, (measurement,)) for measurement in measurements_of(release, manifest)
        ),
        endorsed_triples=(EndorsedTriple(environment, (Measurement(MeasurementValues(flags=flags)),)),)
        if flags
        else None,
        coswid_triples=(CoswidTriple(environment, (f"{name}:coswid",)),) if manifest is not None else None,
    )
    comid = ConciseMidTag(
        TagIdentity(f"{name}:comid"),
        triples,
        entities=(
            Entity(issuer.name, (_COMID_TAG_CREATOR,), reg_id),
            Entity(release.publisher, (_COMID_CREATOR,)),
        ),
    )
    tags = [Tag(COMID, comid)]
    if manifest is not None:
        tags.append(Tag(COSWID, _software(release, manifest, f"{name}:coswid", issuer, reg_id)))
    return Corim(name, tuple(tags), rim_validity=validity, entities=(Entity(issuer.name, (MANIFEST_CREATOR,), reg_id),))


def measurements_of(release: Release, manifest: Part | None = None) -> tuple[Measurement, ...]:
    """Return what evidence of a release would have: one measurement for each of its digests."""
    version = Version(release.version)
    number = next((claim.value for claim in release.claims if claim.name == "svn"), "")
    svn = Tagged(SVN, int(number)) if number.isascii() and number.isdecimal() and len(number) < 19 else None
    is_folder = release.sha256 == release.tree or (manifest is not None and manifest.kind is Kind.DIRECTORY)
    found = []
    if not is_folder:
        digests = (Digest(SHA256, release.sha256),)
        found.append(Measurement(MeasurementValues(version, svn, digests)))
    if release.tree is not None:
        digests = (Digest(SHA256, release.tree),)
        found.append(Measurement(MeasurementValues(version, svn, digests), TREE))
    return tuple(found)


def _software(release: Release, manifest: Part, name: str, issuer: Issuer, reg_id: Value) -> ConciseSwidTag:
    said: dict[str, Value] = {POLICY: release.policy}
    if release.claims:
        words = [pack_text(text) for each in release.claims for text in (each.name, each.value, each.source, each.part)]
        said[CLAIMS] = tuple(words)
    return ConciseSwidTag(
        name,
        0,
        release.product,
        (SwEntity(release.publisher, SOFTWARE_CREATOR), SwEntity(issuer.name, TAG_CREATOR, reg_id)),
        software_version=release.version,
        payload=payload_of(manifest),
        extensions=tuple(sorted(said.items(), key=lambda pair: encode(pair[0]))),
    )
