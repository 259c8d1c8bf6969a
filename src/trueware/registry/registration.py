"""Registering a statement: the checks that a registry makes before it takes one, and what each does to its store.

One definition for those who write (`ledger`), who replay a log (`log_audit`) and who copy one (`sync`), so that the state of a
registry is what its log says and nothing else. In the order of the code (RFC 9943 §5.1.1):

1. The first leaf is the registration policy, the second the registrar's key; both are signed by the key in the policy, in the
   name of the registry's origin. Later keys of the registrar are registered under an earlier one.
2. A release that is publisher-signed by its own words verifies under a key its publisher had been enrolled with by then.
3. A withdrawal verifies under the registrar's key, or under one of the publisher of the release.
4. Everything else verifies under the registrar's key, in the name of the origin.
5. The statement says it is about what its payload is about.
6. A registrar's statement is not issued before the one before it: time does not go back. (A publisher's own clock decides on the time
   of theirs; `log_audit` compares all of them with the checkpoints that witnesses saw.)
7. What it speaks of is there: the publisher enrolled, the release known, the anchor admitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeAlias

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.model.part import Part
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
from trueware.registry.payload import Payload
from trueware.registry.ports import RegistryStore, Submission
from trueware.registry.signed import SignedStatement
from trueware.registry.statement import subject_of

Said: TypeAlias = Change | Payload

_LOOKED_BACK = 64
_REGISTRAR, _ENROLMENT = changes.content_type("registrar"), changes.content_type("publisher")


@dataclass(frozen=True, slots=True)
class Attached:
    """What belongs to a release and is not signed itself: its digests are, in the payload."""

    manifest: Part | None = None
    kept: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    packings: bytes | None = field(default=None, repr=False)
    portraits: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """A statement that passed the checks."""

    statement: SignedStatement
    said: Said
    payload: bytes = field(repr=False)

    @property
    def subjects(self) -> tuple[str, ...]:
        """What its leaf is found by."""
        if isinstance(self.said, Payload):
            return f"release:{payload.identify(self.payload)}", f"artefact:{self.said.sha256.hex()}"
        return changes.subjects_of(self.said)


class Registrations:
    """The state that the checks need besides the store: who the registrar is, and when it spoke last."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self.origin: str | None = None
        self._first = b""
        self.keys: list[bytes] = []
        """The registrar's, DER SubjectPublicKeyInfo."""
        self.verifiers: list[str] = []
        """The same, as verifier keys of notes."""
        self.count = 0
        self.latest = 0
        self._publishers: dict[str, Publisher] = {}

    def catch_up(self, *, times: bool = True) -> None:
        """Take in what a store's log says of the registrar, from where this state stands to the last leaf.

        The leaves about the registry itself are checked; of the others only who issued them when is looked at.

        Args:
            times: whether the time of the registrar's last statement is needed, which only who adds to the log does.

        Raises:
            UntrustedStatement: the log does not begin as it must.
        """
        size = self._store.log_size()
        if not self.count:
            for _, entry in self._store.leaves_about("registry"):
                self.took(self.check(entry, None))
            if times:
                self.latest = max(self.latest, self._latest_before(size))
        else:
            for entry in self._store.entries(self.count, size):
                said = signed.read(entry)
                if said.content_type == _REGISTRAR:
                    self.took(self.check(entry, None))
                    continue
                if said.content_type == _ENROLMENT:
                    self._publishers.clear()  # asked for again
                if said.issuer == self.origin:
                    self.latest = max(self.latest, said.issued_at)
        self.count = size

    def _latest_before(self, end: int) -> int:
        """Return when the registrar spoke last, looking back from a leaf: mostly it is the very last."""
        while end > 0:
            start = max(0, end - _LOOKED_BACK)
            times = [
                said.issued_at
                for said in map(signed.read, self._store.entries(start, end))
                if said.issuer == self.origin
            ]
            if times:
                return times[-1]
            end = start
        return 0

    def check(self, statement: bytes, whole: bytes | None) -> Registered:
        """Return what a statement says if it may be the next leaf; the numbers are the module's.

        Args:
            statement: its bytes.
            whole: its payload, where the statement has only the digest.

        Raises:
            UntrustedStatement: it may not.
        """
        try:
            return self._check(statement, whole)
        except MalformedInput as error:
            raise UntrustedStatement(str(error)) from error

    def _check(self, statement: bytes, whole: bytes | None) -> Registered:
        claimed = signed.read(statement)
        data = claimed.payload if claimed.payload is not None else whole
        if data is None:
            raise UntrustedStatement("signed is only the digest of a payload that is not at hand")
        said = _decode(claimed.content_type, data)
        if claimed.payload is None and not isinstance(said, Payload | Admitted):
            raise UntrustedStatement(
                "its payload is not attached, and could be had from nowhere when the log is replayed"
            )
        issuer, keys = self._entitled(said, claimed)
        proved = signed.unseal(statement, keys)
        registered = Registered(proved, said, data)
        if sha256(data).digest() != proved.digest:
            raise UntrustedStatement("the payload is not the one that was signed")
        if proved.issuer != signed.plain(issuer):
            raise UntrustedStatement(f"issued by {proved.issuer!r}, which only {issuer!r} may say")
        about = subject_of(said) if isinstance(said, Payload) else changes.subjects_of(said)[0]
        if proved.subject != signed.plain(about):  # 5
            raise UntrustedStatement(f"it says it is about {proved.subject!r}, and speaks of {about!r}")
        if issuer == self.origin and proved.issued_at < self.latest:  # 6
            raise UntrustedStatement(f"issued at {proved.issued_at}, before the one before it, at {self.latest}")
        return registered

    def _entitled(self, said: Said, claimed: SignedStatement) -> tuple[str, list[bytes]]:
        """Return in whose name, and with which keys, this may be said."""
        if isinstance(said, Enrolment) and self.origin in (said.publisher.name, signed.plain(said.publisher.name)):
            raise UntrustedStatement(
                f"a publisher of the registrar's name, {self.origin!r}: nobody could tell their words apart"
            )
        if self.count == 0 or self.origin is None:  # 1
            if not isinstance(said, Registration):
                raise UntrustedStatement("the first leaf of a log is its registration policy")
            return said.origin, [said.spki]
        if isinstance(said, Registration):
            raise UntrustedStatement("a registration policy, and the registry has one")
        if not self.keys:
            if not isinstance(said, RegistrarKey) or said.spki != self._first:
                raise UntrustedStatement("the second leaf of a log is its registrar's key")
            return self.origin, [self._first]
        if isinstance(said, Payload) and said.authority is Authority.PUBLISHER:  # 2
            publisher = self.publisher(said.publisher)
            if publisher is None:
                raise UntrustedStatement(f"publisher {said.publisher!r} is not enrolled")
            return publisher.name, list(publisher.keys)
        if isinstance(said, Withdrawal) and claimed.issuer != self.origin:  # 3
            release = self._store.get_release(said.release)
            publisher = self.publisher(release.publisher) if release is not None else None
            if publisher is None:
                raise UntrustedStatement(f"a withdrawal of {said.release} by nobody who published it")
            return publisher.name, list(publisher.keys)
        return self.origin, self.keys  # 4

    def publisher(self, name: str) -> Publisher | None:
        """Return a publisher as the log says; None where it knows none of that name.

        What a store says beside its log does not count: a statement under a key that was slipped in would spoil the log for ever.
        """
        if name not in self._publishers:
            for _, entry in self._store.leaves_about(f"publisher:{name}"):
                said = signed.unseal(entry, self.keys)
                change = changes.decode(said.content_type, said.payload or b"")
                if said.issuer == self.origin and isinstance(change, Enrolment):
                    self._enrolled(change.publisher)
        return self._publishers.get(name)

    def _enrolled(self, more: Publisher) -> None:
        known = self._publishers.get(more.name, Publisher(more.name))
        keys = dict.fromkeys((*known.keys, *more.keys))
        entitlements = dict.fromkeys((*known.entitlements, *more.entitlements))
        self._publishers[more.name] = Publisher(more.name, tuple(keys), tuple(entitlements))

    def took(self, registered: Registered) -> None:
        """Note that a statement became a leaf."""
        said = registered.said
        if isinstance(said, Registration):
            self.origin, self._first = said.origin, said.spki
        elif isinstance(said, RegistrarKey):
            self.keys.append(said.spki)
            self.verifiers.append(said.verifier)
        elif isinstance(said, Enrolment):
            self.publisher(said.publisher.name)  # what the log says before
            self._enrolled(said.publisher)
        if registered.statement.issuer == self.origin:
            self.latest = max(self.latest, registered.statement.issued_at)
        self.count += 1


def _decode(content_type: str, data: bytes) -> Said:
    if content_type == payload.MEDIA_TYPE:
        return payload.decode(data)
    return changes.decode(content_type, data)


def apply(store: RegistryStore, registered: Registered, statement: bytes, attached: Attached = Attached()) -> None:
    """Do what a statement says to a store.

    Raises:
        UntrustedStatement: what it speaks of is not there, or it says nothing new.
    """
    now = registered.statement.issued_at
    try:
        new = _apply(store, registered, statement, attached, now)
    except ValueError as error:
        raise UntrustedStatement(str(error)) from error
    if not new:  # 7
        raise UntrustedStatement(
            f"it says of {registered.statement.subject!r} nothing that is not known, or can be done"
        )


def _apply(store: RegistryStore, registered: Registered, statement: bytes, attached: Attached, now: int) -> bool:
    match registered.said:
        case Payload() as said:
            word = statement if said.authority is Authority.PUBLISHER else None
            source = registered.statement.source
            rest = attached.manifest, attached.kept, attached.packings, attached.portraits
            return store.add_releases([Submission(registered.payload, now, source, word, *rest)])[0]
        case Enrolment(publisher):
            before = store.get_publisher(publisher.name)
            store.add_publisher(publisher, now)
            return store.get_publisher(publisher.name) != before
        case Withdrawal(release, reason):
            return store.withdraw(release, reason, now)
        case Admitted(anchor):
            return store.add_anchors([replace(anchor, source=registered.statement.source)], now) == 1
        case Revocation(name, id_, reason):
            return store.revoke_anchor(name, id_, reason, now)
        case Distrust(entries):
            return store.add_distrusted(entries, now) == len(entries)
        case Certified(status):
            return store.add_certificates([status], now) == 1
        case Registration() | RegistrarKey():
            return True
