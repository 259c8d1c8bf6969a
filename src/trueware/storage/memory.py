"""The registry in memory: for library use, a single run without a file (`diff`), and as the measure of the other stores."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256 as _sha256

from trueware.errors import InputError
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.release import Entitlement, Publisher, Release
from trueware.registry import manifest_codec
from trueware.registry import packings as packing_lists
from trueware.registry.audit import audit_release
from trueware.registry.indexing import Spread, claim_keys, contents, subtrees, weigh_rarest
from trueware.registry.payload import as_release
from trueware.registry.ports import (
    Leaf,
    Problem,
    RegistryStore,
    Sharing,
    Statistics,
    Submission,
    check_anchor,
    check_kept,
    check_lists,
    check_tile,
)


@dataclass(frozen=True, slots=True)
class _Stored:
    release: Release
    payload: bytes
    manifest: bytes | None
    packings: bytes | None
    portraits: bytes | None


class MemoryStore:
    """A store that lives as long as its object. Manifests are held encoded, so that nobody's later change reaches them."""

    def __init__(self) -> None:
        self._publishers: dict[str, Publisher] = {}
        self._stored: dict[str, _Stored] = {}
        self._by_product: dict[tuple[str, str], set[str]] = {}
        self._by_sha256: dict[bytes, set[str]] = {}
        self._by_tree: dict[bytes, set[str]] = {}
        self._by_claim: dict[tuple[str, str], set[str]] = {}
        self._holders: dict[bytes, dict[str, tuple[str, str]]] = {}
        self._by_packing: dict[bytes, set[str]] = {}
        self._kept: dict[bytes, bytes] = {}
        self._anchors: dict[tuple[str, str], Anchor] = {}
        self._distrusted: dict[str, Distrusted] = {}
        self._certificates: list[CertificateStatus] = []
        self._last_words: dict[tuple[str, str], CertificateStatus] = {}
        self._entries: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self._about: dict[str, tuple[int, ...]] = {}
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._checkpoints: dict[int, bytes] = {}
        self._within = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._within:
            yield
            return
        before = {name: _copied(value) for name, value in vars(self).items()}
        self._within = True
        try:
            yield
        except BaseException:
            vars(self).update(before)
            raise
        finally:
            self._within = False

    def add_publisher(self, publisher: Publisher, now: int) -> None:  # noqa: ARG002 (the port's)
        known = self._publishers.get(publisher.name, Publisher(publisher.name))
        keys = tuple(sorted({*known.keys, *publisher.keys}))
        entitlements = {*known.entitlements, *publisher.entitlements}
        self._publishers[publisher.name] = Publisher(
            publisher.name, keys, tuple(sorted(entitlements, key=_entitlement_order))
        )

    def get_publisher(self, name: str) -> Publisher | None:
        return self._publishers.get(name)

    def publishers(self) -> tuple[Publisher, ...]:
        return tuple(self._publishers[name] for name in sorted(self._publishers))

    def add_releases(self, submissions: Iterable[Submission]) -> tuple[bool, ...]:
        prepared = [
            self._prepare(submission) for submission in submissions
        ]  # all that can fail, before anything changes
        return tuple(self._file(submission, stored) for submission, stored in prepared)

    def get_release(self, id: str) -> Release | None:  # noqa: A002 (the port's)
        stored = self._stored.get(id)
        return stored.release if stored is not None else None

    def releases(self, publisher: str | None = None, product: str | None = None) -> tuple[Release, ...]:
        if publisher is not None and product is not None:
            return self._named(self._by_product.get((publisher, product), ()))
        return _latest_first(
            stored.release
            for stored in self._stored.values()
            if publisher in (None, stored.release.publisher) and product in (None, stored.release.product)
        )

    def find_by_sha256(self, sha256: bytes) -> tuple[Release, ...]:
        return self._named(self._by_sha256.get(sha256, ()))

    def find_by_tree(self, tree: bytes, limit: int = 64) -> tuple[Release, ...]:
        return self._named(self._by_tree.get(tree, ()))[:limit]

    def find_by_claims(self, claims: Iterable[Claim], limit: int = 16) -> tuple[Release, ...]:
        names: dict[str, set[str]] = {}
        for key in claim_keys(claims):
            for each in self._by_claim.get(key, ()):
                names.setdefault(each, set()).add(key[0])
        enough = [each for each in names if len(names[each]) >= 2]
        return tuple(sorted(self._named(enough), key=lambda release: -len(names[release.id])))[:limit]

    def find_sharing(self, sizes: Mapping[bytes, int], limit: int = 16) -> Sharing:
        spread = {
            digest: Spread(len(set(holders.values())), len(holders))
            for digest in sizes
            if (holders := self._holders.get(digest))
        }
        shared: dict[str, float] = {}
        for digest, weight in weigh_rarest(sizes, spread).items():
            for each in self._holders[digest]:
                shared[each] = shared.get(each, 0.0) + weight
        ranked = sorted(shared, key=lambda each: (-shared[each], each))[:limit]
        releases = tuple((self._stored[each].release, shared[each]) for each in ranked)
        return Sharing(releases, {digest: each.products for digest, each in spread.items()})

    def count_products(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        return {each: len(set(self._holders[each].values())) for each in digests if each in self._holders}

    def get_manifest(self, id: str) -> Part | None:  # noqa: A002 (the port's)
        stored = self._stored.get(id)
        return manifest_codec.decode(stored.manifest) if stored is not None and stored.manifest is not None else None

    def find_packings(self, packings: Iterable[bytes], limit: int = 4) -> tuple[Release, ...]:
        shared: dict[str, int] = {}
        for packing in set(packings):
            for each in self._by_packing.get(packing, ()):
                shared[each] = shared.get(each, 0) + 1
        return tuple(sorted(self._named(shared), key=lambda release: -shared[release.id]))[:limit]

    def get_packings(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        stored = self._stored.get(id)
        return stored.packings if stored is not None else None

    def get_portraits(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        stored = self._stored.get(id)
        return stored.portraits if stored is not None else None

    def get_content(self, sha256: bytes) -> bytes | None:
        return self._kept.get(sha256)

    def withdraw(self, id: str, reason: str, now: int) -> bool:  # noqa: A002, ARG002 (the port's)
        stored = self._stored.get(id)
        if stored is None or stored.release.withdrawn is not None:
            return False
        self._stored[id] = replace(stored, release=replace(stored.release, withdrawn=reason))
        return True

    def statistics(self) -> Statistics:
        withdrawn = sum(stored.release.withdrawn is not None for stored in self._stored.values())
        size = sum(map(len, self._kept.values()))
        return Statistics(
            *(len(self._publishers), len(self._stored), withdrawn, len(self._holders), len(self._kept), size),
            *(len(self._anchors), len(self._distrusted), len(self._certificates), len(self._entries)),
        )

    def add_anchors(self, anchors: Iterable[Anchor], now: int) -> int:  # noqa: ARG002 (the port's)
        anchors = tuple(anchors)
        for anchor in anchors:
            check_anchor(anchor, self._publishers)
        new = {(each.publisher, each.id): each for each in reversed(anchors)}
        new = {key: each for key, each in new.items() if key not in self._anchors}
        self._anchors |= new
        return len(new)

    def anchors(self) -> tuple[Anchor, ...]:
        return tuple(self._anchors[key] for key in sorted(self._anchors))

    def revoke_anchor(self, publisher: str, id: str, reason: str, now: int) -> bool:  # noqa: A002, ARG002 (the port's)
        anchor = self._anchors.get((publisher, id))
        if anchor is None or anchor.revoked is not None:
            return False
        self._anchors[publisher, id] = replace(anchor, revoked=reason)
        return True

    def add_distrusted(self, entries: Iterable[Distrusted], now: int) -> int:  # noqa: ARG002 (the port's)
        before = len(self._distrusted)
        for entry in entries:
            self._distrusted.setdefault(entry.id, entry)
        return len(self._distrusted) - before

    def find_distrusted(self, ids: Iterable[str]) -> dict[str, Distrusted]:
        return {each: self._distrusted[each] for each in ids if each in self._distrusted}

    def distrusted(self) -> Iterator[Distrusted]:
        yield from (self._distrusted[each] for each in sorted(self._distrusted))

    def add_certificates(self, words: Iterable[CertificateStatus], now: int) -> int:  # noqa: ARG002 (the port's)
        new = 0
        for word in words:
            if self._last_words.get((word.issuer, word.number)) != word:
                self._certificates.append(word)
                self._last_words[word.issuer, word.number] = word
                new += 1
        return new

    def certificates(self, sha256: bytes | None = None) -> tuple[CertificateStatus, ...]:
        return tuple(each for each in self._certificates if sha256 in (None, each.sha256))

    def get_payload(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        stored = self._stored.get(id)
        return stored.payload if stored is not None else None

    def log_size(self) -> int:
        return len(self._entries)

    def add_leaves(self, leaves: Iterable[Leaf]) -> int:
        first = len(self._entries)
        with self.transaction():
            for leaf in leaves:
                if leaf.hash in self._numbers:
                    raise ValueError(f"leaf {leaf.hash.hex()} is in the log already")
                number = len(self._entries)
                self._numbers[leaf.hash] = number
                self._entries.append(leaf.entry)
                for subject in set(leaf.subjects):
                    self._about[subject] = (*self._about.get(subject, ()), number)
        return first

    def find_leaf(self, hash: bytes) -> int | None:  # noqa: A002 (the port's)
        return self._numbers.get(hash)

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        yield from self._entries[start:end]

    def leaves_about(self, subject: str) -> tuple[tuple[int, bytes], ...]:
        return tuple((number, self._entries[number]) for number in self._about.get(subject, ()))

    def put_tiles(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        for place, data in tiles.items():
            check_tile(place, self._tiles.get(place), data)
        self._tiles.update(tiles)

    def get_tile(self, level: int, number: int) -> bytes | None:
        return self._tiles.get((level, number))

    def put_checkpoint(self, size: int, note: bytes) -> None:
        self._checkpoints[size] = note

    def checkpoint(self, size: int | None = None) -> bytes | None:
        return self._checkpoints.get(max(self._checkpoints, default=0) if size is None else size)

    def checkpoints(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        yield from sorted(each for each in self._checkpoints.items() if each[0] >= start)

    def fsck(self) -> list[Problem]:
        problems = []
        for each, stored in sorted(self._stored.items()):
            publisher = self._publishers.get(stored.release.publisher)
            try:
                manifest = self.get_manifest(each)
            except InputError as error:
                problems.append(Problem(f"release {each}", str(error)))
            else:
                lists = stored.packings, stored.portraits
                found = audit_release(stored.release, stored.payload, publisher, manifest, *lists)
                problems += [Problem(f"release {each}", detail) for detail in found]
        problems += [
            Problem(f"content {digest.hex()}", "the bytes have another digest")
            for digest, data in self._kept.items()
            if _sha256(data).digest() != digest
        ]
        return problems

    def close(self) -> None:
        """Nothing to give back: the memory goes with the object."""

    def _prepare(self, submission: Submission) -> tuple[Submission, _Stored]:
        release = as_release(
            submission.payload, statement=submission.statement, published=submission.published, source=submission.source
        )
        check_kept(submission)
        check_lists(submission, release.packings, release.portraits)
        manifest = manifest_codec.encode(submission.manifest) if submission.manifest is not None else None
        return submission, _Stored(release, submission.payload, manifest, submission.packings, submission.portraits)

    def _file(self, submission: Submission, stored: _Stored) -> bool:
        release = stored.release
        if release.id in self._stored:
            return False
        self._stored[release.id] = stored
        self._by_product.setdefault((release.publisher, release.product), set()).add(release.id)
        self._by_sha256.setdefault(release.sha256, set()).add(release.id)
        for key in claim_keys(release.claims):
            self._by_claim.setdefault(key, set()).add(release.id)
        if submission.packings is not None:
            for packing in packing_lists.sketch(packing_lists.decode(submission.packings)):
                self._by_packing.setdefault(packing, set()).add(release.id)
        if submission.manifest is not None:
            for tree in subtrees(submission.manifest):
                self._by_tree.setdefault(tree, set()).add(release.id)
            for digest in contents(submission.manifest):
                self._holders.setdefault(digest, {})[release.id] = (release.publisher, release.product)
            self._kept.update({digest: bytes(data) for digest, data in submission.kept.items()})
        return True

    def _named(self, ids: Iterable[str]) -> tuple[Release, ...]:
        return _latest_first(self._stored[each].release for each in ids)


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(each) if isinstance(each, set | dict) else each for key, each in value.items()}
    return set(value) if isinstance(value, set) else list(value) if isinstance(value, list) else value


def _latest_first(releases: Iterable[Release]) -> tuple[Release, ...]:
    return tuple(sorted(releases, key=lambda release: (-release.published, release.id)))


def _entitlement_order(entitlement: Entitlement) -> tuple[str, str]:
    return entitlement.name, entitlement.pattern


_: type[RegistryStore] = MemoryStore
