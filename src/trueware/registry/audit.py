"""The audit of one stored release: everything about it that can be proved from its bytes. `fsck` of every store uses it."""

from collections.abc import Iterator
from dataclasses import dataclass

from trueware.errors import InputError
from trueware.model.part import Part
from trueware.model.release import Publisher, Release
from trueware.registry import packings as packing_lists
from trueware.registry import payload as payloads
from trueware.registry import portraits as portrait_lists
from trueware.registry.indexing import claim_keys, subtrees
from trueware.registry.proof import prove_manifest, prove_packings, prove_portraits, prove_release


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index of a store says of a release, each list sorted."""

    columns: tuple[bytes, str, str]
    """Digest of the artefact, publisher, product."""

    claims: list[tuple[str, str]]
    trees: list[bytes]
    packings: list[bytes]


def audit_index(release: Release, manifest: Part | None, packings: bytes | None, indexed: Indexed) -> Iterator[str]:
    """Yield what is wrong with the index rows of a release, the contents it holds left to its store.

    Raises:
        InputError: `packings` is no list of them.
    """
    if indexed.columns != (release.sha256, release.publisher, release.product):
        yield "its index columns are not what its payload says"
    if indexed.claims != claim_keys(release.claims):
        yield "its claims are indexed wrongly"
    if indexed.trees != sorted(subtrees(manifest) if manifest is not None else ()):
        yield "its subtrees are indexed wrongly"
    if indexed.packings != (
        sorted(packing_lists.sketch(packing_lists.decode(packings))) if packings is not None else []
    ):
        yield "its packings are indexed wrongly"


def audit_release(
    release: Release,
    payload: bytes,
    publisher: Publisher | None,
    manifest: Part | None,
    packings: bytes | None,
    portraits: bytes | None,
) -> list[str]:
    """Return what is wrong with a release.

    Args:
        release: as the store hands it out.
        payload: the bytes its id is the digest of.
        publisher: the one enrolled under its publisher's name.
        manifest: decoded, its digests computed.
        packings: its list, as stored.
        portraits: likewise.
    """
    wrong = []
    if payloads.identify(payload) != release.id:
        wrong.append(f"its id is not the digest of its payload, {payloads.identify(payload)}")
    try:
        prove_release(release, publisher, lambda: payload)
    except InputError as error:
        wrong.append(str(error))
    if manifest is None:
        if release.tree is not None:
            wrong.append("its manifest is missing")
    else:
        try:
            prove_manifest(release, manifest)
        except InputError as error:
            wrong.append(str(error))
    if packings is None:
        if release.packings is not None:
            wrong.append("its packings are missing")
    else:
        try:
            prove_packings(release, packings)
            packing_lists.decode(packings)
        except InputError as error:
            wrong.append(str(error))
    if portraits is None:
        if release.portraits is not None:
            wrong.append("its portraits are missing")
    else:
        try:
            prove_portraits(release, portraits)
            portrait_lists.decode(portraits)
        except InputError as error:
            wrong.append(str(error))
    return wrong
