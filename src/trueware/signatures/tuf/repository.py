"""A TUF repository in a folder, from a root that is trusted to its targets (TUF specification 1.0.33, §5; the numbers are its).

 5.3  From the root at hand on, each newer root (``N.root.json``) is signed by the one before and by itself. The last one must not
      have expired.
 5.4  ``timestamp.json`` is signed by its role, and has not expired.
 5.5  The snapshot is the one that the timestamp names, signed by its role, and has not expired.
 5.6  So are the targets that the snapshot names, and those that they delegate to. A target is that of the first role, in order, that
      may speak of its path and does; a role that ends the search does so whether or not it has the target.

Whether something newer was seen before (5.4.3, 5.5.5) is for whoever keeps it to ask.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import new, sha256
from typing import Any

from trueware.errors import InputError
from trueware.formats.moments import written
from trueware.model.signature import Outcome
from trueware.signatures import json_text
from trueware.signatures.contract import Key, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.tuf.delegations import MOST_ROLES, Budget, Delegated, Delegations
from trueware.signatures.tuf.metadata import Metadata, PublicKey, Role, read_metadata, read_role

LARGEST = 1 << 24
"""Bytes of one file of metadata."""

_LARGEST_TOGETHER = 1 << 26
_MOST_ROOTS, _MOST_KEYS = 256, 32
_MOST_COMPARED = 1 << 15
"""Signatures verified for one repository; PyPI's has a signature on each of 16,384 bins."""

DIGESTS = ("sha256", "sha512")


@dataclass(frozen=True, slots=True)
class Target:
    """What a repository states of one file."""

    path: str
    length: int
    hashes: Mapping[str, bytes]
    """By name of the algorithm, of those that are known."""

    custom: Any
    """What else is stated, as JSON has it; None where nothing is."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A repository whose metadata holds."""

    root: Metadata
    timestamp: Metadata
    snapshot: Metadata
    roles: Mapping[str, Metadata]
    """By name, ``targets`` first."""

    missing: Mapping[str, str]
    """By name, the roles that are delegated to and whose metadata does not lie there, with why: only where that is asked for."""

    targets: Mapping[str, Target | None]
    """By path; None where a role that is missing might have to say something about it first."""

    signers: tuple[PublicKey, ...]
    """Whose signatures the targets rest on."""

    files: tuple[str, ...]
    """Paths of the metadata that was verified."""

    @property
    def expires(self) -> int:
        """Seconds since 1970 from which on it holds no more."""
        return min(each.expires for each in (self.root, self.timestamp, self.snapshot))

    def keys_of(self, *roles: str) -> bytes:
        """Return a SHA-256 over the keys that the root has for some roles: another one where a key was replaced."""
        keys = sorted(key.spki for name in roles for key in _role(self.root, name).keys.values())
        return sha256(b"".join(sha256(each).digest() for each in keys)).digest()


def trusted_repository(
    keys: Iterable[Key], timestamp: Site, now: int, *, whole: bool = True
) -> tuple[Key, "Repository"]:
    """Return the root at hand from which a repository follows, the oldest that does, and the repository.

    Args:
        keys: roots at hand.
        timestamp: its ``timestamp.json``.
        now: seconds since 1970.
        whole: whether all metadata has to be there.

    Raises:
        Refusal: there is none.
    """
    refusals: list[Refusal] = []
    for key in sorted(tuple(keys)[:_MOST_KEYS], key=_age):
        repository = Repository(timestamp, now, whole=whole)
        try:
            repository.follow_roots(key.data)
        except Refusal as refusal:
            refusals.append(refusal)
            continue
        return key, repository
    detail = f"by no root at hand: {refusals[0].detail}" if refusals else "no root of the repository is at hand"
    raise Refusal(Outcome.UNCHECKABLE, detail)


def _age(key: Key) -> tuple[int, str]:
    try:
        return read_metadata(key.data, "root").version, key.id
    except Refusal:
        return -1, key.id


@dataclass(slots=True)
class Repository:
    """A repository that is being verified."""

    site: Site
    """``timestamp.json``."""

    now: int
    whole: bool = True
    root: Any = None
    _held: int = 0
    _compared: int = 0
    _covered: dict[str, str] = field(default_factory=dict)
    """Paths of what was verified."""

    _missing: dict[str, str] = field(default_factory=dict)

    def follow_roots(self, trusted: bytes) -> None:  # 5.3
        """Follow the roots from the trusted one to the newest that is there.

        Raises:
            Refusal: it leads to none by which the timestamp is signed.
        """
        current = read_metadata(trusted, "root")
        for _ in range(_MOST_ROOTS):
            same = self._beside(f"{current.version}.root.json")
            if same is not None and read_metadata(self._read(same), "root").canonical == current.canonical:
                self._covered[same.path] = same.path
            following = self._beside(f"{current.version + 1}.root.json")
            if following is None:
                break
            newer = read_metadata(self._read(following), "root")
            self._signers(newer, _role(current, "root"))
            self._signers(newer, _role(newer, "root"))
            if newer.version != current.version + 1:
                uncheckable("a root of another version than its name says")
            current = newer
        newest = self._beside("root.json")
        if newest is not None and read_metadata(self._read(newest), "root").canonical == current.canonical:
            self._covered[newest.path] = newest.path
        self.root = current
        if not self._covered:  # it may be the root of another repository
            timestamp = read_metadata(self._read(self.site), "timestamp")
            self._signers(timestamp, _role(current, "timestamp"))

    def verified(self) -> Verified:
        """Verify what the root leads to.

        Raises:
            Refusal: it does not hold, or cannot be told.
        """
        self._require_lasting(self.root, "root")
        timestamp = read_metadata(self._read(self.site), "timestamp")  # 5.4
        self._signers(timestamp, _role(self.root, "timestamp"))
        self._require_lasting(timestamp, "timestamp")
        self._covered[self.site.path] = self.site.path
        meta = json_text.at(timestamp.signed, "meta", "snapshot.json")
        snapshot = self._named("snapshot", meta, "snapshot", _role(self.root, "snapshot"))[0]  # 5.5
        listed = json_text.at(snapshot.signed, "meta")
        roles, delegations, signers = self._roles(listed if isinstance(listed, dict) else {})  # 5.6
        budget = Budget()
        paths = sorted({path for each in roles.values() for path in _targets(each)})
        targets: dict[str, Target | None] = {}
        for path in paths:
            try:
                found = _found(path, roles, delegations, budget)
            except KeyError as missing:  # a role
                if self.whole:
                    raise _NotThere(f"{missing.args[0]}.json") from None
                targets[path] = None
            else:
                if found is not None:
                    targets[path] = _target(path, found)
        files = tuple(self._covered.values())
        return Verified(self.root, timestamp, snapshot, roles, self._missing, targets, tuple(signers), files)

    def _named(self, role: str, meta: Any, kind: str, by: Role) -> tuple[Metadata, tuple[PublicKey, ...]]:
        """Return metadata that other metadata names, and who signed it."""
        if meta is None:
            raise _NotThere(f"{role}.json")
        version = json_text.number(meta, "version")
        consistent = json_text.at(self.root.signed, "consistent_snapshot") is True
        name = f"{version}.{role}.json" if consistent else f"{role}.json"
        site = self._beside(name)
        if site is None or "/" in role:
            raise _NotThere(name)
        data = self._read(site)
        _compare(data, meta, name)
        found = read_metadata(data, kind)
        signers = self._signers(found, by)
        if found.version != version:
            broken(f"{name} is of version {found.version}, not {version}")
        self._require_lasting(found, name)
        self._covered[site.path] = site.path
        return found, signers

    def _roles(self, listed: Mapping[str, Any]) -> tuple[dict[str, Metadata], dict[str, Delegations], list[PublicKey]]:
        """Return the roles that have targets, what they delegate, and whose signatures they rest on."""
        top, signers = self._named(
            "targets", json_text.at(listed, "targets.json"), "targets", _role(self.root, "targets")
        )
        roles: dict[str, Metadata] = {"targets": top}
        delegations = {"targets": Delegations(top)}
        by = list(signers)
        queue = ["targets"]
        for each in queue:
            for one in delegations[each].roles(listed):
                if one.name in roles:
                    self._signers(roles[one.name], one.role)  # whoever delegates to it too, by other keys perhaps
                    continue
                if len(roles) + len(self._missing) >= MOST_ROLES:
                    uncheckable(f"more than {MOST_ROLES} roles")
                if (found := self._delegated(one, listed)) is None:
                    continue
                roles[one.name], signers = found
                delegations[one.name] = Delegations(roles[one.name])
                by += signers
                queue.append(one.name)
        return roles, delegations, list(dict.fromkeys(by))

    def _delegated(self, one: Delegated, listed: Mapping[str, Any]) -> tuple[Metadata, tuple[PublicKey, ...]] | None:
        """Return a role that another delegates to; None where it is missing, and may be."""
        try:
            return self._named(one.name, json_text.at(listed, f"{one.name}.json"), "targets", one.role)
        except _NotThere as missing:
            if self.whole:
                raise
            self._missing[one.name] = missing.detail
            return None

    def _signers(self, metadata: Metadata, role: Role) -> tuple[PublicKey, ...]:
        self._compared += min(len(metadata.signatures), len(role.keys))
        if self._compared > _MOST_COMPARED:
            uncheckable(f"more than {_MOST_COMPARED} signatures")
        return metadata.signers(role)

    def _require_lasting(self, metadata: Metadata, name: str) -> None:
        if metadata.expires <= self.now:
            said = written(metadata.expires)
            uncheckable(f"{name} has expired on {said}: whether there is something newer cannot be told")

    def _beside(self, name: str) -> Site | None:
        found = self.site.beside(name)
        return None if found is None or found.is_folder else found

    def _read(self, site: Site) -> bytes:
        self._held += site.size
        if site.size > LARGEST or self._held > _LARGEST_TOGETHER:
            uncheckable(f"{site.name} is larger than metadata is")
        try:
            return bytes(site.view())
        except InputError as error:
            uncheckable(str(error))


class _NotThere(Refusal):
    """Metadata that is named and does not lie there."""

    def __init__(self, name: str) -> None:
        super().__init__(Outcome.UNCHECKABLE, f"{name} is not there")


def _role(root: Metadata, name: str) -> Role:
    return read_role(json_text.at(root.signed, "roles", name), json_text.at(root.signed, "keys"))


def _targets(metadata: Metadata) -> Mapping[str, Any]:
    found = json_text.at(metadata.signed, "targets")
    return found if isinstance(found, dict) else {}


def _found(path: str, roles: Mapping[str, Metadata], delegations: Mapping[str, Delegations], budget: Budget) -> Any:
    """Return the target that counts for a path (5.6.7).

    Raises:
        KeyError: a role that is asked is missing.
    """
    stack, seen = ["targets"], set[str]()
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        budget.spend(1)
        if (target := _targets(roles[name]).get(path)) is not None:
            return target
        below = list(delegations[name].asked(path, budget))
        if below and below[-1].terminating:
            stack.clear()
        stack += [each.name for each in reversed(below)]
    return None


def _target(path: str, stated: Any) -> Target:
    hashes = {name: digest for name in DIGESTS if (digest := _digest(stated, name)) is not None}
    return Target(path, json_text.number(stated, "length"), hashes, json_text.at(stated, "custom"))


def _compare(data: bytes, meta: Any, name: str) -> None:
    """Compare metadata with what other metadata states of it, as far as it does."""
    if json_text.at(meta, "length") is not None and json_text.number(meta, "length") != len(data):
        broken(f"{name} is not of the length that is signed")
    for algorithm in DIGESTS:
        digest = _digest(meta, algorithm)
        if digest is not None and new(algorithm, data).digest() != digest:
            broken(f"{name} is not the one that is signed")


def _digest(meta: Any, algorithm: str) -> bytes | None:
    stated = json_text.at(meta, "hashes", algorithm)
    if stated is None:
        return None
    try:
        return bytes.fromhex(json_text.text(meta, "hashes", algorithm))
    except ValueError:
        uncheckable("a digest that is none")
