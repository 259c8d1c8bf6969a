"""Looking up: what the registry knows of an artefact, every release proved before it is handed out.

A release that cannot be proved is left out and reported as a finding (`reference-untrusted`); whoever alters a registry can make
it forget, which shows, but cannot make it vouch.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from trueware.appraisal.trust import Trust
from trueware.errors import InputError, UntrustedStatement
from trueware.measuring import Listed
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus
from trueware.model.claim import Claim
from trueware.model.finding import Finding
from trueware.model.part import Part
from trueware.model.release import Publisher, Release
from trueware.model.rules import RULES
from trueware.model.signature import Signature
from trueware.model.verdict import Authority
from trueware.registry import portraits as portrait_lists
from trueware.registry.changes import Admitted, Certified
from trueware.registry.indexing import contents, subtrees
from trueware.registry.logged import log_of
from trueware.registry.packings import decode, sketch
from trueware.registry.ports import RegistryStore
from trueware.registry.proof import prove_manifest, prove_packings, prove_portraits, prove_release
from trueware.registry.trust import find_barred, trust_in
from trueware.signatures.contract import Keyring
from trueware.tlog.policy import Policy

_AS_MUCH = 0.9
_EQUALS = 64
"""Releases looked through for those packed as the artefact: one content is published in many ways."""

_REMEMBERED = 4
_STRENGTH = {authority: rank for rank, authority in enumerate(Authority)}


@dataclass(frozen=True, slots=True)
class Found:
    """Releases that have one digest."""

    releases: tuple[Release, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release worth comparing with."""

    release: Release
    manifest: Part = field(repr=False)
    shared: float = 0.0
    """Weight of the content it is known to share with the artefact; 0 where it was found by its claims or subtree."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Releases worth comparing with, most shared content first."""

    releases: tuple[Candidate, ...] = ()
    products: Mapping[bytes, int] = field(default_factory=dict, repr=False)
    """By SHA-256 of a content of the artefact or of a candidate: how many distinct products ship it."""

    findings: tuple[Finding, ...] = ()


class Registry:
    """What verifying asks of a registry. Bound to one thread, as its store is."""

    def __init__(self, store: RegistryStore, policy: Policy | None = None) -> None:
        """Look up in `store`; `policy` says whose signatures make its log believed, by default the key that it names itself.

        Raises:
            UntrustedStatement: its log does not hold, or there is a policy and no log.
        """
        self._store = store
        self._log = log_of(store, policy)
        self._publishers: dict[str, Publisher | None] = {}
        self._logged: dict[str, bool] = {}
        self._admitted: tuple[Anchor, ...] | None = None
        self._manifests: dict[str, Part] = {}
        """By id of a release, those asked for last; of one artefact, and of a fleet of them, the same is asked again."""

    @property
    def version(self) -> bytes:
        """What tells this state of the registry from all others: a digest of its log's checkpoint; empty where it has no log."""
        return sha256(str(self._log.at).encode()).digest() if self._log is not None else b""

    def find_exact(self, sha256: bytes) -> Found:
        """Return the releases whose artefact has these very bytes (for a folder, this tree)."""
        findings: list[Finding] = []
        releases = []
        for release in self._proved(self._store.find_by_sha256(sha256), findings):
            if release.sha256 == sha256:
                releases.append(release)
            else:  # the store's index says what the release does not
                findings.append(untrusted(release, UntrustedStatement("it is found by a digest that is not its own")))
        return Found(tuple(releases), tuple(findings))

    def find_tree(self, tree: bytes) -> Candidates:
        """Return the releases that are, or hold, this very tree: same content in whatever container."""
        findings: list[Finding] = []
        held = self._with_manifests(((release, 0.0) for release in self._store.find_by_tree(tree)), findings)
        return Candidates(tuple(each for each in held if tree in subtrees(each.manifest)), findings=tuple(findings))

    def candidates(
        self, root: Part, claims: Iterable[Claim] = (), limit: int = 8, packed_like: Collection[str] = frozenset()
    ) -> Candidates:
        """Return the releases that share most with an artefact, and those it claims to be.

        Args:
            root: the artefact, measured.
            claims: what it says of itself.
            limit: how many to return by content, and how many more by claims.
            packed_like: ids of releases whose contents are packed as the artefact's. Where they share as much as any, it
                was made from them, and others are left out unless they have a stronger authority.
        """
        findings: list[Finding] = []
        sharing = self._store.find_sharing(contents(root), max(limit, _EQUALS) if packed_like else limit)
        claimed = ((release, 0.0) for release in self._store.find_by_claims(claims, limit))
        nearest = (_made_from(sharing.releases, packed_like) or sharing.releases)[:limit]
        unique = {release.id: (release, shared) for release, shared in (*claimed, *nearest)}
        ranked = sorted(unique.values(), key=lambda each: -each[1])
        found = tuple(self._with_manifests(ranked, findings))
        digests = {digest for each in found for digest in contents(each.manifest)} - sharing.products.keys()
        return Candidates(found, {**sharing.products, **self._store.count_products(digests)}, tuple(findings))

    def manifest(self, release: Release) -> Part | None:
        """Return the manifest of a release, proved; None where the registry has none.

        Raises:
            InputError: it cannot be proved.
        """
        if (proved := self._manifests.get(release.id)) is not None:
            return proved
        manifest = self._store.get_manifest(release.id)
        if manifest is not None:
            prove_manifest(release, manifest)
            if len(self._manifests) == _REMEMBERED:
                del self._manifests[next(iter(self._manifests))]
            self._manifests[release.id] = manifest
        return manifest

    def find_holding(self, sizes: Mapping[bytes, int], limit: int, findings: list[Finding]) -> tuple[Release, ...]:
        """Return the releases, proved, that hold most of some contents (bytes by SHA-256); what cannot be proved is a finding."""
        found = self._store.find_sharing(sizes, limit).releases
        return tuple(self._proved((release for release, _ in found), findings))

    def find_claiming(self, claims: Iterable[Claim], findings: list[Finding]) -> tuple[Release, ...]:
        """Return the releases, proved, that claim all of these; what cannot be proved is a finding.

        Two of the claims at least must be such that releases are found by (`trueware.registry.indexing`).
        """
        wanted = {(each.name, each.value) for each in claims}
        found = self._store.find_by_claims(tuple(claims), _EQUALS)
        fitting = (each for each in found if wanted <= {(claim.name, claim.value) for claim in each.claims})
        return tuple(self._proved(fitting, findings))

    def find_packings(self, packings: Iterable[bytes], findings: list[Finding]) -> tuple[Release, ...]:
        """Return the releases, proved, whose contents look packed like these; what cannot be proved is a finding."""
        return tuple(self._proved(self._store.find_packings(sketch(packings)), findings))

    def packings(self, release: Release) -> Listed:
        """Return what a release says of packed contents, proved.

        Raises:
            InputError: it cannot be proved.
        """
        data = self._store.get_packings(release.id)
        if data is None:
            return {}
        prove_packings(release, data)
        return decode(data)

    def siblings(
        self, release: Release, sizes: Mapping[bytes, int], limit: int
    ) -> tuple[tuple[Release, frozenset[bytes]], ...]:
        """Return other releases of the same publisher's same product that hold some of these contents, proved, and which.

        Args:
            release: the one they are siblings of.
            sizes: bytes by SHA-256 of what is looked for.
            limit: releases at most, those that share most.
        """
        shared = self._store.find_sharing(sizes, _EQUALS).releases
        product = release.publisher, release.product
        alike = [
            each for each in shared if each[0].id != release.id and (each[0].publisher, each[0].product) == product
        ]
        found = self._with_manifests(alike[:limit], [])
        return tuple((each.release, frozenset(sizes.keys() & contents(each.manifest).keys())) for each in found)

    def portraits(self, release: Release) -> Mapping[bytes, bytes]:
        """Return what is kept of the programs of a release, proved, by SHA-256 of each.

        Raises:
            InputError: it cannot be proved.
        """
        data = self._store.get_portraits(release.id)
        if data is None:
            return {}
        prove_portraits(release, data)
        return portrait_lists.decode(data)

    def content(self, sha256: bytes) -> bytes | None:
        """Return a kept content of some release by its digest."""
        return self._store.get_content(sha256)

    def keyring(self) -> Keyring:
        """Return the keys of all publishers, for signatures that only name theirs."""
        return Trust(self._anchors()).keyring()

    def trust(self, signatures: Iterable[Signature], others: Iterable[str] = ()) -> Trust:
        """Return whom to believe as far as it matters to these signatures; `others`: more ids that may be listed."""
        return trust_in(self._store, self._anchors(), signatures, others)

    def anchors(self) -> tuple[Anchor, ...]:
        """Return the keys of publishers that count."""
        return self._anchors()

    def _anchors(self) -> tuple[Anchor, ...]:
        """Return the anchors that count: where there is a log, those that it says were admitted."""
        if self._admitted is None:
            log = self._log
            self._admitted = tuple(
                each
                if log is None or each.revoked is not None
                else replace(each, revoked=log.revoked(each.publisher, each.id))
                for each in self._store.anchors()
                if log is None or log.says(Admitted(replace(each, source="", revoked=None)))
            )
        return self._admitted

    def barred(self, release: Release) -> Distrusted | None:
        """Return why a registered artefact must not be trusted all the same."""
        return find_barred(self._store, release)

    def certificates(self, sha256: bytes | None) -> tuple[CertificateStatus, ...]:
        """Return what was said of certificates about the artefact of that digest, in order."""
        words = self._store.certificates(sha256) if sha256 is not None else ()
        return tuple(each for each in words if self._log is None or self._log.says(Certified(each)))

    def publishers(self) -> tuple[Publisher, ...]:
        """Return all enrolled publishers, by name."""
        return self._store.publishers()

    def prove(self, release: Release) -> Release:
        """Return a release as it is used: proved, and with whether the log has it.

        Raises:
            InputError: it cannot be proved.
        """
        if release.publisher not in self._publishers:
            self._publishers[release.publisher] = self._store.get_publisher(release.publisher)
        publisher = self._publishers[release.publisher]
        prove_release(release, publisher, lambda: self._store.get_payload(release.id))
        withdrawn = release.withdrawn
        if withdrawn is None and self._log is not None:
            withdrawn = self._log.withdrawn(release)
        return replace(release, logged=self._is_logged(release), withdrawn=withdrawn)

    def _proved(self, releases: Iterable[Release], findings: list[Finding]) -> Iterable[Release]:
        for release in releases:
            try:
                yield self.prove(release)
            except InputError as error:
                findings.append(untrusted(release, error))

    def _is_logged(self, release: Release) -> bool | None:
        if self._log is None:
            return None
        if release.id not in self._logged:
            self._logged[release.id] = self._log.is_logged(release)
        return self._logged[release.id]

    def _with_manifests(self, ranked: Iterable[tuple[Release, float]], findings: list[Finding]) -> Iterable[Candidate]:
        for release, shared in ranked:
            for proved in self._proved((release,), findings):
                try:
                    manifest = self.manifest(proved)
                except InputError as error:
                    findings.append(untrusted(release, error))
                else:
                    if manifest is not None:
                        yield Candidate(release, manifest, shared)


def _made_from(
    sharing: tuple[tuple[Release, float], ...], packed_like: Collection[str]
) -> tuple[tuple[Release, float], ...]:
    """Return the releases an artefact was made from, by how it is packed, then those of a stronger authority; none: not told."""
    most = max((shared for _, shared in sharing), default=0.0)
    made_from = tuple(each for each in sharing if each[0].id in packed_like and each[1] >= _AS_MUCH * most)
    if not made_from:
        return ()
    strongest = min(_STRENGTH[release.authority] for release, _ in made_from)
    return (*made_from, *(each for each in sharing if _STRENGTH[each[0].authority] < strongest))


def untrusted(release: Release, error: InputError) -> Finding:
    """Return the finding that a release could not be proved."""
    rule = RULES["reference-untrusted"]
    detail = f"{release.product} {release.version} of {release.publisher} ({release.id[:12]}): {error}"
    return Finding(rule.id, "", detail, rule.severity, rule.confidence)
