"""What the log of a registry vouches for: releases and publishers are compared with the statements in it before they are used.

The store is not trusted, and neither is its index of the log: a leaf counts only where its hash stands in the tiles whose root the
checkpoint has, and the checkpoint only under the key of the log. With that, whoever alters a registry can hide what its log says, but
not add to it. What is hidden (a withdrawal, say) shows when the log is replayed (`log_audit`) or watched (`watch`).
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from trueware.errors import InputError, UntrustedStatement
from trueware.model.release import Entitlement, Publisher, Release
from trueware.model.verdict import Authority
from trueware.registry import changes, payload, signed
from trueware.registry.changes import Change, Enrolment, Revocation, Withdrawal
from trueware.registry.ports import RegistryStore
from trueware.registry.registration import Registrations
from trueware.registry.signed import SignedStatement
from trueware.tlog.checkpoint import Checkpoint, open_checkpoint
from trueware.tlog.growth import holds, root
from trueware.tlog.merkle import inclusion_proof, leaf_hash
from trueware.tlog.note import read_verifier
from trueware.tlog.offline_proof import OfflineProof
from trueware.tlog.policy import Policy

_MOST = 10_000
"""Leaves about one thing that are looked through."""


class LogView:
    """The log of a store at its last checkpoint, which was proved."""

    def __init__(self, store: RegistryStore, state: Registrations, at: Checkpoint) -> None:
        self._store, self._state, self.at = store, state, at
        self._publishers: dict[str, Publisher] = {}

    def is_logged(self, release: Release) -> bool:
        """Tell whether `leaf_of` finds one."""
        return self.leaf_of(release) is not None

    def leaf_of(self, release: Release) -> tuple[int, bytes] | None:
        """Return number and entry of the statement that says of this release what the registry says of it.

        It is the publisher's own where the release is publisher-signed (and its signature holds under a key of theirs that is in
        the log too), else the registrar's.
        """
        for number, said, entry in self._statements(f"release:{release.id}"):
            if said.content_type != payload.MEDIA_TYPE or said.digest.hex() != release.id:
                continue
            own = release.authority is Authority.PUBLISHER
            keys = self.publisher(release.publisher).keys if own else self._state.keys
            try:
                proved = signed.unseal(entry, keys)
            except UntrustedStatement:
                continue
            if proved.issuer == (release.publisher if own else self._state.origin):
                return number, entry
        return None

    def withdrawn(self, release: Release) -> str | None:
        """Return why the log says that a release is withdrawn, by the registrar or its publisher; None where it does not."""
        for _, said, entry in self._statements(f"release:{release.id}"):
            try:
                change = changes.decode(said.content_type, said.payload or b"")
                own = said.issuer != self._state.origin
                keys = self.publisher(release.publisher).keys if own else self._state.keys
                issuer = signed.unseal(entry, keys).issuer
            except InputError:
                continue
            by = signed.plain(release.publisher) if own else self._state.origin
            if isinstance(change, Withdrawal) and change.release == release.id and issuer == by:
                return change.reason
        return None

    def revoked(self, publisher: str, id_: str) -> str | None:
        """Return why the log says that an anchor was taken back; None where it does not."""
        for _, said, entry in self._statements(f"anchor:{publisher}:{id_}"):
            try:
                change = changes.decode(said.content_type, said.payload or b"")
            except InputError:
                continue
            if not isinstance(change, Revocation) or (change.publisher, change.id) != (publisher, id_):
                continue
            if self._by_registrar(entry):
                return change.reason
        return None

    def says(self, change: Change) -> bool:
        """Tell whether the log has the registrar's statement of exactly this change."""
        content_type, data = changes.encode(change)
        digest = sha256(data).digest()
        return any(
            (said.content_type, said.digest) == (content_type, digest) and self._by_registrar(entry)
            for _, said, entry in self._statements(changes.subjects_of(change)[0])
        )

    def publisher(self, name: str) -> Publisher:
        """Return a publisher with the keys and entitlements that the log says are theirs; without any where it knows none."""
        if name not in self._publishers:
            keys: dict[bytes, None] = {}
            entitlements: dict[Entitlement, None] = {}
            for _, said, entry in self._statements(f"publisher:{name}"):
                if not self._by_registrar(entry) or said.payload is None:
                    continue
                try:
                    change = changes.decode(said.content_type, said.payload)
                except InputError:
                    continue
                if isinstance(change, Enrolment) and change.publisher.name == name:
                    keys |= dict.fromkeys(change.publisher.keys)
                    entitlements |= dict.fromkeys(change.publisher.entitlements)
            self._publishers[name] = Publisher(name, tuple(keys), tuple(entitlements))
        return self._publishers[name]

    def _by_registrar(self, entry: bytes) -> bool:
        try:
            return signed.unseal(entry, self._state.keys).issuer == self._state.origin
        except UntrustedStatement:
            return False

    def _statements(self, subject: str) -> Iterator[tuple[int, SignedStatement, bytes]]:
        """Yield the statements about something that really are leaves of the tree; their signatures are not proved."""
        for number, entry in self._store.leaves_about(subject)[:_MOST]:
            if not holds(self.at.size, number, leaf_hash(entry), self._store.get_tile):
                continue
            try:
                said = signed.read(entry)
            except UntrustedStatement:
                continue
            yield number, said, entry


def prove(store: RegistryStore, release: Release) -> tuple[bytes, OfflineProof]:
    """Return the statement of a release, and the proof that it is in the log at the last checkpoint.

    Raises:
        UntrustedStatement: the registry has no log, or the release is not in it.
    """
    view = log_of(store)
    note = store.checkpoint()
    if view is None or note is None:
        raise UntrustedStatement("the registry has no log")
    found = view.leaf_of(release)
    if found is None:
        raise UntrustedStatement(f"{release.title} is not in the log")
    number, entry = found
    return entry, OfflineProof(number, tuple(inclusion_proof(number, view.at.size, store.get_tile)), note)


def log_of(store: RegistryStore, policy: Policy | None = None) -> LogView | None:
    """Return the log of a store, its last checkpoint proved; None where it has none.

    Args:
        store: the registry's.
        policy: whose signatures make its checkpoint believed; None: the key that the log names itself, which proves that it is
            whole, and not whose it is.

    Raises:
        UntrustedStatement: there is a log and it does not hold; or a policy, and no log.
    """
    note = store.checkpoint()
    if note is None:
        if policy is not None:
            raise UntrustedStatement("the registry has no log, and a policy asks for one")
        if store.log_size():
            raise UntrustedStatement(
                "the registry has a log without a checkpoint: it was altered, or a copy was broken off"
            )
        return None
    state = Registrations(store)
    state.catch_up(times=False)
    at = policy.prove(note).checkpoint if policy is not None else proved(note, state.verifiers)
    if at.origin != state.origin:
        raise UntrustedStatement(f"the checkpoint is of {at.origin!r}, the log of {state.origin!r}")
    if at.size > store.log_size() or root(at.size, store.get_tile) != at.root:
        raise UntrustedStatement("the tiles of the log are not those of its checkpoint")
    view = LogView(store, state, at)
    for number, entry in store.leaves_about("registry"):
        if not holds(at.size, number, leaf_hash(entry), store.get_tile):
            raise UntrustedStatement("what the log says of its registrar is not in it")
    if policy is not None and not {str(log) for log in policy.logs} & set(state.verifiers):
        raise UntrustedStatement("the log names another key of its registrar than the one that is trusted")
    return view


def proved(note: bytes, verifiers: Iterable[str]) -> Checkpoint:
    """Return a checkpoint that one of these keys of its log signed.

    Raises:
        UntrustedStatement: none did, or it is no checkpoint.
    """
    last: InputError = UntrustedStatement("no key of the log is known")
    for verifier in verifiers:
        try:
            return open_checkpoint(note, read_verifier(verifier))[0]
        except InputError as error:
            last = error
    raise UntrustedStatement(str(last)) from last
