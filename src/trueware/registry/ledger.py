"""The ledger: a store whose every change is a signed statement in its log, so that its own operator cannot rewrite it unseen.

It fills the port as the store within it does. A method that writes does, in one transaction of the store:

1. the change itself;
2. for each thing that is new, a Signed Statement (`signed.py`): the publisher's own for a release that they signed, else the
   registrar's; checked as everybody will who replays the log (`registration.Registrations.check`);
3. a leaf for each statement, and the tiles that grow by them (`trueware.tlog.growth`);
4. a checkpoint over the tree with them, signed with the key of the log.

Durable before visible: the store's commit is the only moment at which any of the four is seen, by this process or another, and
when the method returns all are on disk (`ports`, Durability; for SQLite, the write path in `trueware.storage.sqlite`). A process
killed before that leaves none of it, also not the signature over a checkpoint, which nobody saw. Write transactions exclude each
other, so there are no two trees of one size. A store that was put back to an older copy of itself would make a second history when
it is next written to: that is what witnesses and published checkpoints are for (`log_audit`, `trueware.publishing`).

The one-leaf trap: no inclusion proof of RFC 9942 can be written for a tree of one leaf. A log begins with two, its registration
policy and the registrar's key, before anything can be asked of it; that is also what RFC 9943 §5.1.1 wants.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from trueware.errors import UntrustedStatement
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus
from trueware.model.release import Publisher
from trueware.model.verdict import Authority
from trueware.registry import changes, payload, signed
from trueware.registry.changes import (
    Admitted,
    Certified,
    Change,
    Distrust,
    Enrolment,
    RegistrarKey,
    Registration,
    Revocation,
    Withdrawal,
)
from trueware.registry.ports import Leaf, RegistryStore, Submission
from trueware.registry.registration import Attached, Registered, Registrations, apply
from trueware.registry.signed import SignedStatement, public_key
from trueware.registry.statement import sign_as_registrar
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.growth import grow, root
from trueware.tlog.merkle import leaf_hash
from trueware.tlog.note import Verifier, verifier_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

RULES = """\
1. A publisher is enrolled, and its keys and the claims that are its own are admitted, by the registrar.
2. A release that is publisher-signed is taken under a key its publisher is enrolled with, and if no other publisher alone may make \
the claims of the artefact.
3. What others state is entered by the registrar, with the authority of whoever states it.
4. A release is withdrawn by its publisher or by the registrar. Nothing is deleted.
5. Whoever replays the log can make the same checks (trueware.registry.registration).
"""
"""The registration policy that a registry begins with; the checks are the code's."""

_DISTRUST_TOGETHER = 100
"""Entries of one statement at most."""

_RUN = 32 * 1024
"""Bytes of what is listed in one statement at most, so that its payload is attached (`signed`) with names and keys beside it."""

_HEAD = 9
"""Bytes that CBOR takes before a text or list at most."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Registrar:
    """Who runs the registry: in whose name statements are entered, and the key that signs them and the log."""

    origin: str
    """What the log is called (C2SP tlog-checkpoint): like a URL without a scheme, ``registry.example.org/genuine``."""

    key: "Ed25519PrivateKey"

    @property
    def verifier(self) -> Verifier:
        """The key that its checkpoints are verified with."""
        return verifier_of(self.origin, self.key)


def ledger(store: RegistryStore, registrar: Registrar, now: int) -> RegistryStore:
    """Return a store that logs what is written to `store`; its log is begun if there is none.

    What was in a store before it had a log is entered into it too, as of now, as far as its statements hold and fit into a leaf.

    Raises:
        UntrustedStatement: the log is another registrar's.
    """
    made = _Ledger(store, registrar)
    made.begin(now)
    return cast("RegistryStore", made)


def register(store: RegistryStore, statement: bytes, payload: bytes, attached: Attached = Attached()) -> Registered:  # noqa: B008
    """Register a statement that somebody else signed, as RFC 9943 has it: checked, done, and a leaf of the log.

    Args:
        store: a ledger.
        statement: a release by its publisher, or a withdrawal by the publisher of the release.
        payload: what is said; the statement may have only its digest.
        attached: what goes with a release.

    Raises:
        UntrustedStatement: whoever signed it may not say this, or it says nothing new.
        ValueError: `store` is no ledger.
    """
    if not isinstance(store, _Ledger):
        raise ValueError("a statement is registered in a ledger")  # noqa: TRY004 (a protocol has no instances)
    return store.register(statement, payload, attached)


class _Ledger:
    """Overrides what writes, hands on what reads, and refuses what it does not know."""

    def __init__(self, store: RegistryStore, registrar: Registrar) -> None:
        self._store, self._registrar = store, registrar
        self._pending: dict[bytes, Leaf] | None = None
        """By hash."""
        self._state = Registrations(store)

    def __getattr__(self, name: str) -> Any:
        if name not in READING:
            raise AttributeError(f"a ledger has no {name}")
        return getattr(self._store, name)

    def begin(self, now: int) -> None:
        if self._store.log_size() == 0:
            with self.transaction():
                if self._store.log_size() == 0:  # nobody else was quicker
                    self._found(now)
        self._state.catch_up()
        if self._state.origin != self._registrar.origin or self._spki() not in self._state.keys:
            raise UntrustedStatement(f"the log of this registry is that of another registrar, {self._state.origin!r}")

    def _found(self, now: int) -> None:
        registrar = self._registrar
        self._say(Registration(registrar.origin, RULES, self._spki()), now)
        self._say(RegistrarKey(self._spki(), str(registrar.verifier)), now)
        for publisher in self._store.publishers():
            self._enrolled(publisher, now)
        for release in reversed(self._store.releases()):
            data = self._store.get_payload(release.id)
            assert data is not None  # noqa: S101 (of a release just listed)
            try:
                self._enter(Submission(data, now, release.source, release.statement))
            except UntrustedStatement:
                continue  # too large for a leaf, or not its publisher's: it stays beside the log, which every use of it says
            if release.withdrawn is not None:
                self._say(Withdrawal(release.id, release.withdrawn), now)
        for anchor in self._store.anchors():
            self._say(Admitted(replace(anchor, source="", revoked=None)), now, anchor.source)
            if anchor.revoked is not None:
                self._say(Revocation(anchor.publisher, anchor.id, anchor.revoked), now)
        self._distrust(list(self._store.distrusted()), now)
        for word in self._store.certificates():
            self._say(Certified(word), now)

    # --- what writes ---------------------------------------------------------------------------------------------------

    def transaction(self) -> AbstractContextManager[object]:
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._pending is not None:
            yield
            return
        with self._store.transaction():
            self._pending = {}
            try:
                self._state.catch_up()  # with what other writers added
                yield
                self._append(list(self._pending.values()))
            except BaseException:
                self._state = Registrations(self._store)  # it saw what is undone now
                raise
            finally:
                self._pending = None

    def add_publisher(self, publisher: Publisher, now: int) -> None:
        with self.transaction():
            known = self._store.get_publisher(publisher.name)
            before = known or Publisher(publisher.name)
            keys = tuple(key for key in publisher.keys if key not in before.keys)
            entitlements = tuple(each for each in publisher.entitlements if each not in before.entitlements)
            self._store.add_publisher(publisher, now)
            if known is None or keys or entitlements:
                self._enrolled(Publisher(publisher.name, keys, entitlements), now)

    def add_releases(self, submissions: Iterable[Submission]) -> tuple[bool, ...]:
        with self.transaction():
            given = tuple(replace(each, source=signed.plain(each.source)) for each in submissions)
            added = self._store.add_releases(given)
            for submission, new in zip(given, added, strict=True):
                if new:
                    self._enter(submission)
        return added

    def withdraw(self, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the port's)
        with self.transaction():
            done = self._store.withdraw(id, reason, now)
            if done:
                self._say(Withdrawal(id, reason), now)
        return done

    def add_anchors(self, anchors: Iterable[Anchor], now: int) -> int:
        with self.transaction():
            new = 0
            for given in anchors:
                anchor = replace(given, source=signed.plain(given.source))  # as the statement has it
                if self._store.add_anchors([anchor], now):
                    self._say(Admitted(replace(anchor, source="")), now, anchor.source)
                    new += 1
        return new

    def revoke_anchor(self, publisher: str, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the port's)
        with self.transaction():
            done = self._store.revoke_anchor(publisher, id, reason, now)
            if done:
                self._say(Revocation(publisher, id, reason), now)
        return done

    def add_distrusted(self, entries: Iterable[Distrusted], now: int) -> int:
        with self.transaction():
            given = {each.id: each for each in reversed(tuple(entries))}
            known = self._store.find_distrusted(given)
            new = [each for each in given.values() if each.id not in known]
            self._store.add_distrusted(new, now)
            self._distrust(new, now)
        return len(new)

    def add_certificates(self, words: Iterable[CertificateStatus], now: int) -> int:
        with self.transaction():
            new = 0
            for word in words:
                if self._store.add_certificates([word], now):
                    self._say(Certified(word), now)
                    new += 1
        return new

    def register(self, statement: bytes, data: bytes, attached: Attached) -> Registered:
        with self.transaction():
            entry = signed.entry_of(statement)
            registered = self._state.check(entry, data)
            apply(self._store, registered, entry, attached)
            self._leave(entry, data)
        return registered

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the log -------------------------------------------------------------------------------------------------------

    def _say(self, change: Change, now: int, source: str = "") -> None:
        """Sign a change as the registrar and put it among the leaves to come."""
        content_type, data = changes.encode(change)
        now = max(now, self._state.latest)  # a clock that was put back does not put the log back
        subject = changes.subjects_of(change)[0]
        said = SignedStatement(content_type, self._registrar.origin, subject, now, b"", None, source)
        statement = signed.seal(said, data, self._registrar.key)
        while self._is_leaf(statement):  # the same said again within a second, as of a certificate
            said = replace(said, issued_at=said.issued_at + 1)
            statement = signed.seal(said, data, self._registrar.key)
        self._leave(statement, data)

    def _distrust(self, new: list[Distrusted], now: int) -> None:
        for some in _fitting(new, lambda each: (each.id, each.reason, each.source), _DISTRUST_TOGETHER):
            self._say(Distrust(some), now)

    def _enrolled(self, publisher: Publisher, now: int) -> None:
        """Say of a publisher what is new, in as many statements as it takes for each payload to be attached."""
        for number, some in enumerate(_fitting(publisher.entitlements, lambda each: (each.name, each.pattern)) or [()]):
            keys = publisher.keys if number == 0 else ()
            self._say(Enrolment(Publisher(publisher.name, keys, some)), now)

    def _enter(self, submission: Submission) -> None:
        """Put the statement of a release among the leaves to come."""
        said = payload.decode(submission.payload)
        if said.authority is Authority.PUBLISHER:
            if submission.statement is None:
                raise UntrustedStatement(f"{said.product} {said.version}: publisher-signed, yet without a statement")
            statement = submission.statement
        else:
            now = max(submission.published, self._state.latest)
            registrar = self._registrar
            statement = sign_as_registrar(said, registrar.key, registrar.origin, now, submission.source)
        self._leave(statement, submission.payload)

    def _leave(self, statement: bytes, data: bytes) -> None:
        assert self._pending is not None  # noqa: S101 (within a transaction)
        entry = signed.entry_of(statement)
        registered = self._state.check(entry, data)
        self._state.took(registered)
        digest = leaf_hash(entry)
        if digest in self._pending:
            raise ValueError("a leaf is in the log already")
        self._pending[digest] = Leaf(digest, entry, registered.subjects)

    def _is_leaf(self, statement: bytes) -> bool:
        digest = leaf_hash(statement)
        return digest in (self._pending or {}) or self._store.find_leaf(digest) is not None

    def _append(self, leaves: list[Leaf]) -> None:
        if not leaves:
            return
        size = self._store.log_size()
        self._store.put_tiles(grow(size, (leaf.hash for leaf in leaves), self._store.get_tile))
        self._store.add_leaves(leaves)
        size += len(leaves)
        at = Checkpoint(self._registrar.origin, size, root(size, self._store.get_tile))
        self._store.put_checkpoint(size, bytes(checkpoint.sign(at, self._registrar.key)))

    def _spki(self) -> bytes:
        return public_key(self._registrar.key)


def _fitting(
    items: Iterable[_Item], texts: Callable[[_Item], tuple[str, ...]], most: int = 1 << 16
) -> list[tuple[_Item, ...]]:
    """Return items in runs, each short enough to be attached to one statement."""
    runs: list[list[_Item]] = []
    room = 0
    for item in items:
        need = sum(len(text.encode("utf-8", "surrogateescape")) + _HEAD for text in texts(item)) + _HEAD
        if not runs or need > room or len(runs[-1]) == most:
            runs.append([])
            room = _RUN
        runs[-1].append(item)
        room -= need
    return list(map(tuple, runs))


READING = frozenset({
    "get_publisher", "publishers", "get_release", "releases", "find_by_sha256", "find_by_tree", "find_by_claims", "find_sharing",
    "count_products", "get_manifest", "find_packings", "get_packings", "get_portraits", "get_content", "statistics", "fsck",
    "anchors", "distrusted", "find_distrusted", "certificates", "get_payload", "log_size", "find_leaf", "entries", "leaves_about",
    "get_tile",
    "checkpoint", "checkpoints", "put_checkpoint",
})  # fmt: skip
"""What is handed on to the store: everything that changes nothing. A checkpoint may be put, since only its signatures can change."""
