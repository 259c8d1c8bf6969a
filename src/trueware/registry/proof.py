"""Proof that a stored release is what its publisher said; done before every use, since the store is not trusted.

1. A publisher-signed release has a statement that verifies under a key enrolled for that publisher (`statement.verify`).
2. What the statement says is what the release says, in every field, and its id is the digest of that payload.
3. The Merkle digest of its manifest, computed from the leaves up, is the one in the payload.
4. The digests of its lists of packings and portraits are those in the payload.

A weaker authority signs nothing: for it only steps 3 and 4 can be made, and the result names the authority it rests on.
"""

from collections.abc import Callable
from hashlib import sha256

from trueware.errors import UntrustedStatement
from trueware.model.part import Part
from trueware.model.release import Publisher, Release
from trueware.model.verdict import Authority
from trueware.registry.signed import read
from trueware.registry.statement import verify


def prove_release(
    release: Release, publisher: Publisher | None, payload: Callable[[], bytes | None] = lambda: None
) -> None:
    """Return if steps 1 and 2 hold.

    Args:
        release: as the store has it.
        publisher: the one enrolled under the release's publisher's name, None if there is none.
        payload: asked for what was signed, where the statement has only its digest.

    Raises:
        UntrustedStatement: they do not.
    """
    if release.authority is not Authority.PUBLISHER:
        if release.statement is not None:
            raise UntrustedStatement(f"a statement, yet its authority is {release.authority.value}")
        return
    if release.statement is None:
        raise UntrustedStatement("publisher-signed, yet without a statement")
    if publisher is None or publisher.name != release.publisher:
        raise UntrustedStatement(f"publisher {release.publisher!r} is not enrolled")
    whole = payload() if read(release.statement).payload is None else None
    proved = verify(release.statement, publisher.keys, payload=whole)  # 1
    said = proved.payload
    stated = (
        proved.id,
        said.publisher,
        said.product,
        said.version,
        said.sha256,
        said.tree,
        said.policy,
        said.claims,
        said.packings,
        said.portraits,
    )
    stored = (
        release.id,
        release.publisher,
        release.product,
        release.version,
        release.sha256,
        release.tree,
        release.policy,
        release.claims,
        release.packings,
        release.portraits,
    )
    if stated != stored:  # 2
        raise UntrustedStatement("the statement says something else than the release")


def prove_manifest(release: Release, manifest: Part) -> None:
    """Return if step 3 holds; the digests of `manifest` must be computed, not stored ones.

    Raises:
        UntrustedStatement: it does not.
    """
    if release.tree is None:
        raise UntrustedStatement("a manifest, yet the release says nothing of one")
    if manifest.tree != release.tree:
        raise UntrustedStatement(
            f"the manifest has Merkle digest {manifest.tree.hex()}, the release says {release.tree.hex()}"
        )


def prove_packings(release: Release, data: bytes) -> None:
    """Return if step 4 holds for the list as bytes.

    Raises:
        UntrustedStatement: it does not.
    """
    if sha256(data).digest() != release.packings:
        raise UntrustedStatement("the list of packings is not the one the release speaks of")


def prove_portraits(release: Release, data: bytes) -> None:
    """Return if step 4 holds for the list of portraits as bytes.

    Raises:
        UntrustedStatement: it does not.
    """
    if sha256(data).digest() != release.portraits:
        raise UntrustedStatement("the list of portraits is not the one the release speaks of")
