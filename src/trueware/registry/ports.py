"""The port that stores fill. `trueware.storage` has the implementations; one contract suite holds them to this page.

Durability
    When a method that writes returns, what it wrote survives the death of the process, and for a store on disk that of the
    machine. When it raises, or the process dies within it, nothing of it was written.
Consistency
    Every method sees one state of the store and leaves a consistent one. A release is there with its statement, manifest, index
    and kept contents, or not at all. Nothing is deleted: a withdrawal is an addition.
Concurrency
    One store object belongs to one thread. Any number of them, in any number of processes, may have the same registry open:
    readers see committed states and are not blocked, writers wait for each other up to a time out.
The log
    A store with a log (`trueware.registry.ledger`) holds its leaves, tiles and checkpoints, written in the transaction of the
    change they speak of. Leaves and checkpoints are only ever added; a checkpoint may gain signatures.
Trust
    A store proves nothing about who said what: `trueware.registry.lookup` does, on every look-up.

Methods raise `StoreError` where the store cannot be read or written, or its bytes are damaged.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256 as _sha256
from typing import Protocol

from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.release import Publisher, Release
from trueware.registry.indexing import contents


@dataclass(frozen=True, slots=True)
class Submission:
    """A release on its way into a store."""

    payload: bytes
    """`trueware.registry.payload`; its SHA-256 is the release's id."""

    published: int
    """Seconds since 1970."""

    source: str = ""
    statement: bytes | None = field(default=None, repr=False)
    manifest: Part | None = field(default=None, repr=False)
    kept: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    """Content of small files of the manifest by SHA-256."""

    packings: bytes | None = field(default=None, repr=False)
    """`trueware.registry.packings`; its SHA-256 stands in the payload."""

    portraits: bytes | None = field(default=None, repr=False)
    """`trueware.registry.portraits`; its SHA-256 stands in the payload."""


def check_lists(submission: Submission, packings: bytes | None, portraits: bytes | None) -> None:
    """Return if the lists are those that the payload has the digests of; stores call it before they write.

    One may be absent, as a manifest may: `fsck` says that it is missing.

    Raises:
        ValueError: one is not.
    """
    for name, data, stated in (
        ("packings", submission.packings, packings),
        ("portraits", submission.portraits, portraits),
    ):
        if data is not None and _sha256(data).digest() != stated:
            raise ValueError(f"the list of {name} is not the one the release speaks of")


def check_kept(submission: Submission) -> None:
    """Return if every kept content is what its digest says and belongs to the manifest; stores call it before they write.

    Raises:
        ValueError: one is not.
    """
    if not submission.kept:
        return
    held = contents(submission.manifest) if submission.manifest is not None else {}
    for digest, data in submission.kept.items():
        if _sha256(data).digest() != digest or (digest not in held and data):
            raise ValueError(f"kept content {digest.hex()} is not one of the manifest")


def check_anchor(anchor: Anchor, publishers: Container[str]) -> None:
    """Return if an anchor may be added; stores call it before they write.

    Raises:
        ValueError: it may not.
    """
    if anchor.publisher not in publishers:
        raise ValueError(f"publisher {anchor.publisher!r} is not enrolled")
    if anchor.revoked is not None:
        raise ValueError("an anchor enters as one that stands")


def check_tile(place: tuple[int, int], before: bytes | None, data: bytes) -> None:
    """Return if a tile may stand in the place of `before`; stores call it before they write.

    Raises:
        ValueError: it does not begin with what is there.
    """
    if before is not None and not data.startswith(before):
        raise ValueError(f"tile {place[1]} of level {place[0]} does not begin with what is there")


@dataclass(frozen=True, slots=True)
class Sharing:
    """The releases that hold some of the contents asked for."""

    releases: tuple[tuple[Release, float], ...] = ()
    """With the weight they share (`trueware.appraisal.similarity.weigh`), most first. A lower bound where contents are so widely
    shipped that following all of them was not worth it; those are the ones that weigh least."""

    products: Mapping[bytes, int] = field(default_factory=dict)
    """By SHA-256 of each content asked for that the registry knows: how many distinct products ship it."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much a registry holds."""

    publishers: int
    releases: int
    withdrawn: int
    contents: int
    """Distinct contents that releases can be found by."""

    kept: int
    """Contents kept as bytes."""

    kept_bytes: int
    """Their length together, before compression."""

    anchors: int = 0
    distrusted: int = 0
    certificates: int = 0
    """Words about certificates, all of them."""

    leaves: int = 0
    """Of the log."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A statement on its way into the log."""

    hash: bytes
    """Its leaf hash (RFC 9162 §2.1.1)."""

    entry: bytes = field(repr=False)
    """At most 65,535 bytes (C2SP tlog-tiles)."""

    subjects: tuple[str, ...] = ()
    """What it is about, to be found by: ``publisher:Acme``, ``release:<id>``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something `fsck` found wrong."""

    subject: str
    """What it is about: ``release <id>``, ``content <sha256>``, ``registry``."""

    detail: str


class RegistryStore(Protocol):
    """Where the registry's publishers, releases, manifests and kept contents live."""

    def add_publisher(self, publisher: Publisher, now: int) -> None:
        """Add a publisher, or what is new in it to the one of that name; nothing is taken away."""
        ...

    def get_publisher(self, name: str) -> Publisher | None:
        """Return the publisher of that exact name."""
        ...

    def publishers(self) -> tuple[Publisher, ...]:
        """Return all publishers, by name."""
        ...

    def add_releases(self, submissions: Iterable[Submission]) -> tuple[bool, ...]:
        """Add releases, all in one transaction; tells for each whether it is new. One that is known stays as it was.

        Raises:
            MalformedInput: a payload is none.
            LimitExceeded: a manifest is beyond what `trueware.registry.manifest_codec` writes.
            ValueError: a kept content is not what its digest says, or no content of the manifest; or a list is another
                than the payload says.
        """
        ...

    def get_release(self, id: str) -> Release | None:  # noqa: A002 (the domain's noun)
        """Return the release of that id."""
        ...

    def releases(self, publisher: str | None = None, product: str | None = None) -> tuple[Release, ...]:
        """Return releases, those of one publisher or product where asked, latest first, then by id."""
        ...

    def find_by_sha256(self, sha256: bytes) -> tuple[Release, ...]:
        """Return the releases whose artefact has that digest, latest first, then by id."""
        ...

    def find_by_tree(self, tree: bytes, limit: int = 64) -> tuple[Release, ...]:
        """Return releases that are, or hold, an indexed subtree of that Merkle digest, latest first, then by id."""
        ...

    def find_by_claims(self, claims: Iterable[Claim], limit: int = 16) -> tuple[Release, ...]:
        """Return the releases that share two or more kinds of identifying claims, most first, then latest, then by id."""
        ...

    def find_sharing(self, sizes: Mapping[bytes, int], limit: int = 16) -> Sharing:
        """Return the releases that share most of the contents given (bytes by SHA-256)."""
        ...

    def count_products(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Return, for each content the registry knows, how many distinct products ship it."""
        ...

    def get_manifest(self, id: str) -> Part | None:  # noqa: A002 (the domain's noun)
        """Return the manifest of a release, its digests computed anew; None where it has none, or is not there.

        Raises:
            MalformedInput: what is stored is no manifest, or was altered.
        """
        ...

    def find_packings(self, packings: Iterable[bytes], limit: int = 4) -> tuple[Release, ...]:
        """Return the releases that have most of these in the sketch of theirs, most first, then latest, then by id."""
        ...

    def get_packings(self, id: str) -> bytes | None:  # noqa: A002 (the domain's noun)
        """Return the list of packings of a release as it was given; None where it has none, or is not there."""
        ...

    def get_portraits(self, id: str) -> bytes | None:  # noqa: A002 (the domain's noun)
        """Return the list of portraits of a release as it was given; None where it has none, or is not there."""
        ...

    def get_content(self, sha256: bytes) -> bytes | None:
        """Return a kept content, proved to have that digest; None where it is not kept."""
        ...

    def withdraw(self, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the domain's noun)
        """Withdraw a release; False where there is no such release or it is withdrawn already (the first reason stands)."""
        ...

    def statistics(self) -> Statistics:
        """Return how much there is."""
        ...

    def fsck(self) -> list[Problem]:
        """Prove every digest, statement, manifest and index row from the stored bytes alone; return what is wrong."""
        ...

    def add_anchors(self, anchors: Iterable[Anchor], now: int) -> int:
        """Add keys of publishers, all in one transaction; returns how many are new. One that is known stays as it was.

        Raises:
            ValueError: its publisher is not enrolled, or it is revoked already.
        """
        ...

    def anchors(self) -> tuple[Anchor, ...]:
        """Return all anchors, by publisher and id, those taken back included."""
        ...

    def revoke_anchor(self, publisher: str, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the domain's noun)
        """Take back an anchor; False where there is none or it was taken back already (the first reason stands)."""
        ...

    def add_distrusted(self, entries: Iterable[Distrusted], now: int) -> int:
        """Add to the list of what must never be trusted; returns how many are new. One that is known stays as it was."""
        ...

    def find_distrusted(self, ids: Iterable[str]) -> dict[str, Distrusted]:
        """Return by id those of the ids that must never be trusted."""
        ...

    def distrusted(self) -> Iterator[Distrusted]:
        """Yield all that must never be trusted, by id."""
        ...

    def add_certificates(self, words: Iterable[CertificateStatus], now: int) -> int:
        """Add words about certificates; returns how many are new, which those are that differ from the last about the same."""
        ...

    def certificates(self, sha256: bytes | None = None) -> tuple[CertificateStatus, ...]:
        """Return all words, about the artefact of that digest where given, in the order they were added."""
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """Run what is within as one transaction: all of it is written, durably, or nothing. Within another, it is part of it."""
        ...

    def get_payload(self, id: str) -> bytes | None:  # noqa: A002 (the domain's noun)
        """Return the payload of a release as it was given."""
        ...

    def log_size(self) -> int:
        """Return how many leaves there are."""
        ...

    def add_leaves(self, leaves: Iterable[Leaf]) -> int:
        """Add leaves after the last; returns the number of the first of them.

        Raises:
            ValueError: one is in the log already.
        """
        ...

    def find_leaf(self, hash: bytes) -> int | None:  # noqa: A002 (the domain's noun)
        """Return the number of the leaf of that hash, from 0."""
        ...

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the entries of leaves ``start`` to ``end - 1``, as far as there are any."""
        ...

    def leaves_about(self, subject: str) -> tuple[tuple[int, bytes], ...]:
        """Return number and entry of the leaves that were added with that subject, in order."""
        ...

    def put_tiles(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        """Write hash tiles by level and number; one that is there grows and keeps what it has.

        Raises:
            ValueError: one does not begin with what is there.
        """
        ...

    def get_tile(self, level: int, number: int) -> bytes | None:
        """Return a hash tile, as wide as it is by now."""
        ...

    def put_checkpoint(self, size: int, note: bytes) -> None:
        """Write the signed checkpoint of a tree of that size, in the place of one with fewer signatures."""
        ...

    def checkpoint(self, size: int | None = None) -> bytes | None:
        """Return the checkpoint of the tree of that size; by default that of the largest."""
        ...

    def checkpoints(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield sizes and checkpoints from a size on, smallest first."""
        ...

    def close(self) -> None:
        """Give back what the store holds; it cannot be used afterwards."""
        ...
