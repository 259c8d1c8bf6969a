"""Copies a registry by its log: every leaf of the one is checked and done in the other, in order, so that both say the same.

The copy is a replica: it has the history of the registry it comes from, leaf by leaf, and its checkpoints, and can be copied from
in turn; only the registrar of the first can add to it. In batches, each one transaction and proved to be the beginning of the tree
of the checkpoint before it is kept: broken off, the next one takes it up at the first leaf that is missing. What a statement speaks
of by digest alone (manifests, kept contents, lists) travels beside it and is proved by those digests, as on every look-up.
"""

from collections.abc import Callable
from dataclasses import dataclass

from trueware.errors import InputError, StoreError, UntrustedStatement
from trueware.model.part import Part
from trueware.model.release import Release
from trueware.registry.indexing import contents
from trueware.registry.log_audit import payload_of
from trueware.registry.payload import Payload, as_release
from trueware.registry.ports import Leaf, RegistryStore
from trueware.registry.proof import prove_manifest
from trueware.registry.registration import Attached, Registrations, apply
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.growth import grow, root
from trueware.tlog.merkle import consistency_proof, leaf_hash, verify_consistency
from trueware.tlog.policy import Policy

_TOGETHER = 64
"""Leaves copied in one transaction."""

Report = Callable[[int], None]
"""Told how many leaves are copied."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What was copied."""

    checkpoint: Checkpoint
    leaves: int
    """That were new."""


def sync(source: RegistryStore, target: RegistryStore, policy: Policy, report: Report | None = None) -> Synced:
    """Copy what is new in `source` to `target`.

    Args:
        source: the registry copied from; nothing of it is trusted.
        target: an empty store, or an earlier copy.
        policy: whose signatures make a checkpoint of the source believed.
        report: told how far it is.

    Raises:
        UntrustedStatement: the source's log does not hold, is another history than the target's, or a leaf of it may not be.
        StoreError: the target is no copy, or one of them cannot be read or written.
    """
    note = source.checkpoint()
    if note is None:
        raise UntrustedStatement("the registry copied from has no log")
    at = policy.prove(note).checkpoint
    start = target.log_size()
    if not start and target.statistics().publishers:
        raise StoreError("the registry copied to has contents and no log: it is no copy")
    if start > at.size:
        raise UntrustedStatement(
            f"the registry copied from has {at.size} leaves, {start} were copied before: it was put back"
        )
    try:
        if start and root(start, target.get_tile) != root(start, source.get_tile):
            raise UntrustedStatement("the registry copied from has another history than the copy")
        if root(at.size, source.get_tile) != at.root:
            raise UntrustedStatement("the tiles of the registry copied from are not those of its checkpoint")
    except ValueError as error:
        raise UntrustedStatement(f"a log is not whole: {error}") from error
    state = Registrations(target)
    state.catch_up()
    done = start
    while done < at.size:
        end = min(at.size, done + _TOGETHER)
        with target.transaction():
            for number, entry in enumerate(source.entries(done, end), done):
                _copy(source, target, state, number, entry)
            if target.log_size() != end:
                raise UntrustedStatement(f"the registry copied from lacks leaf {target.log_size()}")
            try:
                proof = consistency_proof(end, at.size, source.get_tile)
            except ValueError as error:
                raise UntrustedStatement(f"the log copied from is not whole: {error}") from error
            verify_consistency(end, at.size, proof, root(end, target.get_tile), at.root)
            if end == at.size:
                target.put_checkpoint(at.size, note)
        done = end
        if report is not None:
            report(done)
    if at.size == start and target.checkpoint() != note:  # more signatures
        target.put_checkpoint(at.size, note)
    return Synced(at, at.size - start)


def _copy(source: RegistryStore, target: RegistryStore, state: Registrations, number: int, entry: bytes) -> None:
    try:
        registered = state.check(entry, payload_of(source, entry))
        attached = Attached()
        if isinstance(registered.said, Payload):
            attached = attached_to(source, as_release(registered.payload))
        apply(target, registered, entry, attached)
    except InputError as error:
        raise UntrustedStatement(f"leaf {number} of the registry copied from: {error}") from error
    state.took(registered)
    leaf = Leaf(leaf_hash(entry), entry, registered.subjects)
    target.put_tiles(grow(number, [leaf.hash], target.get_tile))
    target.add_leaves([leaf])


def attached_to(source: RegistryStore, release: Release) -> Attached:
    """Return what a store has of a release besides its statement, its manifest proved. Other digests are checked where it is stored.

    Raises:
        InputError: what the store has is not what the release speaks of.
    """
    manifest: Part | None = None
    if release.tree is not None:
        manifest = source.get_manifest(release.id)
        if manifest is None:
            raise UntrustedStatement(f"the manifest of {release.title} is missing")
        prove_manifest(release, manifest)
    kept: dict[bytes, bytes] = {}
    for digest in contents(manifest) if manifest is not None else ():
        data = source.get_content(digest)
        if data is not None:
            kept[digest] = data
    return Attached(manifest, kept, source.get_packings(release.id), source.get_portraits(release.id))
