"""TUF repositories in a folder: from a root that is trusted to the files that are targets.

Source: The Update Framework Specification 1.0.33, §5 "Detailed client workflow"; the numbers are its.

 5.3  From the root at hand on, each newer root (``N.root.json``) is signed by the one before and by itself. The last one must not
      have expired.
 5.4  ``timestamp.json`` is signed by its role, and has not expired.
 5.5  The snapshot is the one that the timestamp names, signed by its role, and has not expired.
 5.6  So are the targets that the snapshot names, and those that they delegate to. A target is that of the first role, in order, that
      may speak of its path and does; a role that ends the search does so whether or not it has the target.
 5.7  Files are at their paths below ``targets`` beside the metadata (or below the metadata), with their SHA-256 or SHA-512 in front
      of their name in consistent snapshots. One that is there has the length and the digests that its target states.

Nothing is known of what was seen before: whether metadata was rolled back to an older state that has not expired cannot be told
(5.4.3, 5.5.5). Metadata that has expired proves nothing about now, and is not checkable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import new, sha256
from typing import Any, ClassVar

from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures import json_text
from trueware.signatures.contract import Context, Key, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.tuf.metadata import Metadata, PublicKey, Role, read_metadata, read_role
from trueware.signatures.x509 import spki_id

_NAME = "tuf"
_LARGEST, _LARGEST_TOGETHER = 1 << 24, 1 << 26
_MOST_ROOTS, _MOST_KEYS, _MOST_ROLES, _MOST_STEPS = 256, 32, 64, 1 << 20
_LONGEST = 1024
_DIGESTS = ("sha256", "sha512")


class Tuf:
    """Repositories."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "TUF repository",
        ("https://theupdateframework.github.io/specification/v1.0.33/",),
        (
            "Rollback to older metadata that has not expired cannot be told from one folder.",
            "Delegations by prefixes of hashes of paths are followed; no repository with them was at hand.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`. `site` is ``timestamp.json``."""
        if site.is_folder or not 0 < site.size <= _LARGEST:
            return
        data = bytes(site.view())
        if b'"signed"' not in data or b'"timestamp"' not in data:
            return  # another program's file
        keys = context.keyring.of_kind("tuf-root")[:_MOST_KEYS]
        try:
            yield _by_any(keys, site, context.now)
        except Refusal as refusal:
            yield Signature(_NAME, _about(site), refusal.outcome, refusal.detail)


def _about(timestamp: Site) -> str:
    """Return the path of the repository: the folder of metadata and targets, or that of the metadata."""
    folder = timestamp.above()
    above = folder.above() if folder is not None else None
    repository = above if above is not None and above.child("targets") is not None else folder
    return repository.path if repository is not None else timestamp.path


def _by_any(keys: tuple[Key, ...], site: Site, now: int) -> Signature:
    refusals: list[Refusal] = []
    for key in keys:
        repository = _Repository(site, now)
        try:
            repository.read_root(key.data)
        except Refusal as refusal:
            refusals.append(refusal)
            continue
        return repository.verified(key)
    if not refusals:
        uncheckable("no root of the repository is at hand")
    raise Refusal(Outcome.UNCHECKABLE, f"by no root at hand: {refusals[0].detail}")


@dataclass(slots=True)
class _Repository:
    site: Site
    now: int
    root: Any = None
    held: int = 0
    covered: dict[str, str] = field(default_factory=dict)
    """Paths of what was verified."""

    def read_root(self, trusted: bytes) -> None:  # 5.3
        """Follow the roots from the trusted one to the newest that is there.

        Raises:
            Refusal: it leads to none by which the timestamp is signed.
        """
        current = read_metadata(trusted, "root")
        for _ in range(_MOST_ROOTS):
            same = self._beside(f"{current.version}.root.json")
            if same is not None and read_metadata(self._read(same), "root").canonical == current.canonical:
                self.covered[same.path] = same.path
            following = self._beside(f"{current.version + 1}.root.json")
            if following is None:
                break
            newer = read_metadata(self._read(following), "root")
            newer.signers(_role(current, "root"))
            newer.signers(_role(newer, "root"))
            if newer.version != current.version + 1:
                uncheckable("a root of another version than its name says")
            current = newer
        newest = self._beside("root.json")
        if newest is not None and read_metadata(self._read(newest), "root").canonical == current.canonical:
            self.covered[newest.path] = newest.path
        self.root = current
        if not self.covered:  # it may be the root of another repository
            timestamp = read_metadata(self._read(self.site), "timestamp")
            timestamp.signers(_role(current, "timestamp"))

    def verified(self, key: Key) -> Signature:
        """Verify what the root leads to.

        Raises:
            Refusal: it does not hold, or cannot be told.
        """
        self._require_lasting(self.root, "root")
        timestamp = read_metadata(self._read(self.site), "timestamp")  # 5.4
        timestamp.signers(_role(self.root, "timestamp"))
        self._require_lasting(timestamp, "timestamp")
        self.covered[self.site.path] = self.site.path
        meta = json_text.at(timestamp.signed, "meta", "snapshot.json")
        snapshot = self._named("snapshot", meta, "snapshot", _role(self.root, "snapshot"))[0]  # 5.5
        targets, found = self._roles(json_text.at(snapshot.signed, "meta"))  # 5.6
        present, digests = self._files(targets)  # 5.7
        # keys of roles are no names of the signer, or whoever else is known by one would answer for all: they can only bar it
        rests_on = dict.fromkeys(spki_id(each.spki) for each in found)
        lasts = min(each.expires for each in (self.root, timestamp, snapshot))
        return Signature(
            _NAME,
            _about(self.site),
            Outcome.VALID,
            f"{len(present)} of {len(targets)} targets are there",
            Signer((key.id,), key.name),
            Coverage(paths=(*self.covered.values(), *present), digests=digests),
            subjects=tuple(rests_on),
            statements=(("version", str(timestamp.version)), ("expires", str(lasts))),
        )

    def _named(self, role: str, meta: Any, kind: str, by: Role) -> tuple[Metadata, tuple[PublicKey, ...]]:
        """Return metadata that other metadata names, and who signed it."""
        version = json_text.number(meta, "version")
        consistent = json_text.at(self.root.signed, "consistent_snapshot") is True
        name = f"{version}.{role}.json" if consistent else f"{role}.json"
        site = self._beside(name)
        if site is None or "/" in role:
            uncheckable(f"{name} is not there")
        data = self._read(site)
        _compare(data, meta, name)
        found = read_metadata(data, kind)
        signers = found.signers(by)
        if found.version != version:
            broken(f"{name} is of version {found.version}, not {version}")
        self._require_lasting(found, name)
        self.covered[site.path] = site.path
        return found, signers

    def _roles(self, listed: Any) -> tuple[dict[str, Any], list[PublicKey]]:
        """Return the targets by their paths, and whose signatures they rest on."""
        top, signers = self._named(
            "targets", json_text.at(listed, "targets.json"), "targets", _role(self.root, "targets")
        )
        roles: dict[str, Metadata] = {"targets": top}
        by = list(signers)
        queue = [top]
        for each in queue:
            keys = json_text.at(each.signed, "delegations", "keys")
            for one in _delegations(each):
                name = json_text.text(one, "name")
                if name in roles:
                    roles[name].signers(read_role(one, keys))  # whoever delegates to it too, by other keys perhaps
                    continue
                if len(roles) >= _MOST_ROLES:
                    uncheckable(f"more than {_MOST_ROLES} roles")
                meta = json_text.at(listed, f"{name}.json")
                delegated, signers = self._named(name, meta, "targets", read_role(one, keys))
                roles[name] = delegated
                by += signers
                queue.append(delegated)
        paths = {path for each in roles.values() for path in _targets(each)}
        patterns = sum(len(_patterns(one)) for each in roles.values() for one in _delegations(each))
        if len(paths) * (patterns + len(roles)) > _MOST_STEPS:
            uncheckable("more targets and delegations than can be looked at")
        found = {path: _found(path, roles) for path in sorted(paths)}
        return {path: target for path, target in found.items() if target is not None}, by

    def _files(self, targets: Mapping[str, Any]) -> tuple[list[str], frozenset[bytes]]:
        """Compare the files that are there; return their paths, and the SHA-256 of all targets."""
        folder = self.site.above()
        above = folder.above() if folder is not None else None
        places = [each.child("targets") for each in (above, folder) if each is not None]
        present: list[str] = []
        digests: set[bytes] = set()
        for path, target in targets.items():
            hashes = {name: _digest(target, name) for name in _DIGESTS}
            if not any(hashes.values()):
                uncheckable(f"a target {path!r} without a digest that is known")
            if (digest := hashes["sha256"]) is not None:
                digests.add(digest)
            front, slash, name = path.rpartition("/")
            names = [path, *(f"{front}{slash}{each.hex()}.{name}" for each in hashes.values() if each is not None)]
            for place in places:
                for each in (place.child(one) for one in names) if place is not None else ():
                    if each is not None and not each.is_folder:
                        _require_same(each, json_text.number(target, "length"), hashes, path)
                        present.append(each.path)
        return present, frozenset(digests)

    def _require_lasting(self, metadata: Metadata, name: str) -> None:
        if metadata.expires <= self.now:
            uncheckable(f"{name} has expired: whether there is something newer cannot be told")

    def _beside(self, name: str) -> Site | None:
        found = self.site.beside(name)
        return None if found is None or found.is_folder else found

    def _read(self, site: Site) -> bytes:
        self.held += site.size
        if site.size > _LARGEST or self.held > _LARGEST_TOGETHER:
            uncheckable(f"{site.name} is larger than metadata is")
        return bytes(site.view())


def _role(root: Metadata, name: str) -> Role:
    return read_role(json_text.at(root.signed, "roles", name), json_text.at(root.signed, "keys"))


def _delegations(metadata: Metadata) -> list[Any]:
    return json_text.items(metadata.signed, "delegations", "roles", most=_MOST_ROLES)


def _targets(metadata: Metadata) -> Mapping[str, Any]:
    found = json_text.at(metadata.signed, "targets")
    return found if isinstance(found, dict) else {}


def _found(path: str, roles: Mapping[str, Metadata]) -> Any:
    """Return the target that counts for a path (5.6.7)."""
    stack, seen = ["targets"], set[str]()
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        metadata = roles[name]
        if (target := _targets(metadata).get(path)) is not None:
            return target
        below: list[str] = []
        for each in _delegations(metadata):
            if _may_speak(each, path):
                below.append(json_text.text(each, "name"))
                if json_text.at(each, "terminating") is True:
                    stack.clear()
                    break
        stack += reversed(below)
    return None


def _may_speak(delegation: Any, path: str) -> bool:
    """Tell whether a role may speak of a path: by patterns, in which nothing but ``/`` itself stands for one, or by its digest."""
    if json_text.at(delegation, "path_hash_prefixes") is not None:
        digest = sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
        return any(isinstance(each, str) and each and digest.startswith(each) for each in _patterns(delegation))
    return any(isinstance(each, str) and _matches(each, path) for each in _patterns(delegation))


def _patterns(delegation: Any) -> list[Any]:
    name = "path_hash_prefixes" if json_text.at(delegation, "path_hash_prefixes") is not None else "paths"
    return json_text.items(delegation, name, most=4096)


def _matches(pattern: str, path: str) -> bool:
    parts, names = pattern.split("/"), path.split("/")
    if len(parts) != len(names) or len(pattern) > _LONGEST or len(path) > _LONGEST:
        return False
    return all(_fits(part, name) for part, name in zip(parts, names, strict=True))


def _fits(pattern: str, name: str) -> bool:
    """Tell whether a name fits a pattern, in which ``*`` and ``?`` alone mean something."""
    at, star, tried, number = 0, -1, 0, 0
    while number < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, tried = at, number
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[number]):
            at, number = at + 1, number + 1
        elif star >= 0:
            tried += 1
            at, number = star + 1, tried
        else:
            return False
    return not pattern[at:].strip("*")


def _compare(data: bytes, meta: Any, name: str) -> None:
    """Compare metadata with what other metadata states of it, as far as it does."""
    if json_text.at(meta, "length") is not None and json_text.number(meta, "length") != len(data):
        broken(f"{name} is not of the length that is signed")
    for algorithm in _DIGESTS:
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


def _require_same(site: Site, length: int, hashes: Mapping[str, bytes | None], path: str) -> None:
    if site.size != length:
        broken(f"{path!r} has {site.size} bytes, not {length}")
    made = {name: new(name) for name, digest in hashes.items() if digest is not None}
    for chunk in site.chunks():
        for each in made.values():
            each.update(chunk)
    if any(each.digest() != hashes[name] for name, each in made.items()):
        broken(f"{path!r} is not the file that is signed")


_: type[Scheme] = Tuf
