"""The main use case: an artefact in, a result out.

A file whose digest is registered is answered without being read further. Anything else is measured, matched with the releases
that share content with it or claim to be it, and appraised.
"""

import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from trueware.appraisal.appraise import appraise, appraise_exact
from trueware.appraisal.conformity import judge_certificates
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.appraisal.signed import Signed
from trueware.appraisal.strength import weakened
from trueware.appraisal.trust import Trust, judge
from trueware.appraisal.vouched import main_names
from trueware.appraisal.wrapping import unwrap
from trueware.artefact import Measured, Report, artefact_name, default_pool, digest_file, measure_artefact
from trueware.collecting.measurement import with_known_contents
from trueware.collecting.redaction import RedactedSource
from trueware.composing import Composition, compose_of_packages
from trueware.errors import InputError, LimitExceeded
from trueware.explained import KeptSource, MeasuredSource, case_of, signed_changes, with_explanations
from trueware.explaining.contract import Sibling, Source
from trueware.knowledge import load_policies, load_public_keys, policy_for
from trueware.measuring import Fallback, KnownList
from trueware.model.change import Change
from trueware.model.finding import Finding
from trueware.model.limits import Limits
from trueware.model.part import Kind
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.result import Result
from trueware.model.rules import RULES
from trueware.model.signature import Judged
from trueware.model.verdict import Authority, Verdict
from trueware.model.watchlists import Watchlists
from trueware.registry.known import KnownPackings
from trueware.registry.lookup import Candidate, Registry
from trueware.signatures import Signatures
from trueware.signatures.contract import Context, Keyring

_SIBLINGS = 4
"""Other releases of the same product that are looked into for changed contents."""

_CANDIDATES = 6
"""Releases an artefact is compared with by shared content, and as many more by what it claims."""


def verify(
    path: str | os.PathLike[str],
    registry: Registry,
    *,
    pool: Executor | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Report | None = None,
    fallback: Fallback | None = None,
    now: int | None = None,
    watchlists: Watchlists = Watchlists(),  # noqa: B008 (frozen)
) -> Result:
    """Return the result for the file or folder at `path`.

    Args:
        path: the artefact.
        registry: what is known to be genuine, and who says so.
        pool: where contents are hashed; by default one of its own on all cores.
        limits: ceilings.
        report: told the bytes of content read so far.
        fallback: another program, asked for what stays opaque; see `trueware.fallback`.
        now: seconds since 1970, at which keys are judged; by default the time of the call.
        watchlists: what else to look for in changes.

    Raises:
        SourceError: the artefact cannot be opened.
        StoreError: the registry cannot be read.
    """
    digest = None
    now = int(time.time()) if now is None else now
    if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for a name that is too long)
        digest, size = digest_file(path, report)
        found = registry.find_exact(digest)
        if found.releases and not any(map(registry.barred, found.releases)):
            exact = appraise_exact(artefact_name(path), size, digest, found.releases, found.findings)
            return with_conformity(exact, registry, now)
    # what releases say of packed contents is gone by, and where their word may not count, all is measured anew
    known = KnownPackings(registry)
    signatures = Signatures(Context(registry.keyring(), now, limits))
    for asked in (known, None):
        measured = measure_artefact(
            path,
            pool=pool,
            limits=limits,
            digest=digest,
            report=report,
            known=asked,
            fallback=fallback,
            verify=signatures,
            contents=True,
        )
        composition = compose_of_packages(measured, registry)
        result = appraise_measured(artefact_name(path), measured, registry, known.used, now, composition)
        if known.all_support(result.match.release if result.match is not None else None):
            break
    if measured.listing is not None:
        result = _concluded(measured, registry, limits, watchlists, now)
    else:
        result = _explained(result, measured, registry, limits, watchlists, composition)
    return with_conformity(result, registry, now)


def _concluded(measured: Measured, registry: Registry, limits: Limits, watchlists: Watchlists, now: int) -> Result:
    """Return the result for what a device said: where a layer lies over its image, the worse of the two, the other one told."""
    assert measured.listing is not None  # noqa: S101 (by its caller)
    results = []
    for root in (measured.listing.root, measured.listing.layer):
        if root is not None:
            told = replace(measured, measurement=replace(measured.measurement, root=root))
            told = _with_known_contents(told, registry)
            composition = compose_of_packages(told, registry)
            result = appraise_measured(root.name, told, registry, now=now, composition=composition)
            results.append(_explained(result, told, registry, limits, watchlists, composition))
    if len(results) == 1:
        return results[0]
    over, under = results
    worse, other, where, there = (
        (under, over, "below", "over") if _gravity(under) > _gravity(over) else (over, under, "over", "below")
    )
    rule = RULES["listing-layer"]
    detail = f"this is about the layer {where}; the one {there} it is {other.verdict.value}: {other.reason}"
    note = Finding(rule.id, "", detail, rule.severity, rule.confidence)
    return replace(worse, findings=(*worse.findings, note))


def _gravity(result: Result) -> int:
    return (Verdict.GENUINE, Verdict.UNKNOWN, Verdict.TAMPERED, Verdict.COUNTERFEIT).index(result.verdict)


def _with_known_contents(measured: Measured, registry: Registry) -> Measured:
    """Return what a device said, with what is in those of its files that releases like it have too."""
    root = measured.measurement.root
    found = registry.candidates(root, measured.claims, _CANDIDATES, frozenset())
    root = with_known_contents(root, (each.manifest for each in found.releases))
    return replace(measured, measurement=replace(measured.measurement, root=root))


def with_conformity(result: Result, registry: Registry, now: int) -> Result:
    """Return the result with what certificates say: of its very bytes, and of the release it was compared with.

    Args:
        result: what was concluded about authenticity; it does not change.
        registry: where the words about certificates are.
        now: seconds since 1970, at which they are judged.

    Raises:
        StoreError: the registry cannot be read.
    """
    release = result.match.release if result.match is not None else None
    other = release.sha256 if release is not None and release.sha256 != result.sha256 else None
    judged = judge_certificates(registry.certificates(result.sha256), now, registry.certificates(other))
    if not judged.certificates and not judged.elsewhere:
        return result
    return replace(result, conformity=judged)


def signatures_of(
    path: str | os.PathLike[str],
    registry: Registry,
    *,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Report | None = None,
    now: int | None = None,
) -> tuple[Judged, ...]:
    """Return the signatures in the file or folder at `path`, and what may be made of each; for the arguments see `verify`.

    Raises:
        SourceError: the artefact cannot be opened.
        StoreError: the registry cannot be read.
    """
    now = int(time.time()) if now is None else now
    checker = Signatures(Context(registry.keyring(), now, limits))
    measured = measure_artefact(path, limits=limits, report=report, verify=checker)
    signatures = measured.measurement.signatures
    trust = replace(registry.trust(signatures), public=load_public_keys())
    publishers = registry.publishers()
    return tuple(judge(each, trust, publishers, measured.claims, now) for each in signatures)


def appraise_measured(
    artefact: str,
    measured: Measured,
    registry: Registry,
    packed_like: Collection[str] = frozenset(),
    now: int = 0,
    composition: Composition | None = None,
) -> Result:
    """Return the result for an artefact that was measured already.

    Args:
        artefact: its name.
        measured: what was found.
        registry: what is known.
        packed_like: ids of releases whose contents are packed as the artefact's, see `Registry.candidates`.
        now: seconds since 1970, at which keys are judged.
        composition: what it should be, where packages are installed in it.

    Raises:
        StoreError: the registry cannot be read.
    """
    root = measured.measurement.root
    signatures = measured.measurement.signatures
    evidence = Evidence(root, measured.claims, measured.measurement.findings, signatures, measured.strength)
    names = main_names(root)
    exact = _appraise_exact(artefact, measured, registry)
    if exact is not None:
        known = References(publishers=registry.publishers(), trust=registry.trust(signatures, names), now=now)
        if Signed.of(evidence, known).barred is None:
            return exact
    found = registry.find_tree(root.tree)
    if not found.releases:
        found = registry.candidates(root, measured.claims, _CANDIDATES, packed_like)
    names += tuple(f"sha256:{each.release.sha256.hex()}" for each in found.releases)
    trust = replace(registry.trust(signatures, names), public=load_public_keys())
    references = _references(found.releases, registry, found.products, found.findings)
    if composition is not None:
        others = (each for each in references.candidates if each.release.id not in composition.members)
        references = replace(
            references,
            candidates=(composition.reference, *others),
            findings=(*references.findings, *composition.findings),
        )
    return appraise(artefact, evidence, replace(references, trust=trust, now=now))


def _explained(
    result: Result,
    measured: Measured,
    registry: Registry,
    limits: Limits,
    watchlists: Watchlists,
    composition: Composition | None = None,
) -> Result:
    """Return the result with what its changes do, told from the bytes that the registry keeps of the release."""
    root = measured.measurement.root
    if composition is not None and (result.match is None or result.match.release != composition.reference.release):
        composition = None
    genuine = registry.manifest(result.match.release) if result.match is not None else None
    if composition is not None:
        genuine = composition.reference.manifest
    changes = result.changes
    if result.match is None and result.verdict is Verdict.TAMPERED:  # no release, but a signature that is broken
        genuine, changes = root, signed_changes(result.signatures, root)
    result, changes = _looked_at(result, changes, limits)
    if genuine is None or (not changes and result.verdict is not Verdict.TAMPERED):
        return result
    sources = (
        _as_told(
            KeptSource(
                registry.content if composition is None else partial(_content, registry, composition),
                partial(_portraits, registry, _owners(result, changes, composition)),
            ),
            measured,
            changes,
        ),
        MeasuredSource(measured.measurement, _found(changes), limits),
    )
    siblings = _siblings(result, changes, registry)
    made = case_of(result, changes, root, genuine, sources, watchlists, siblings)
    return with_explanations(result, made, limits)


def _as_told(genuine: Source, measured: Measured, changes: Iterable[Change]) -> Source:
    """Return the genuine bytes without what a device left out of its own files, so that the two compare."""
    return genuine if measured.listing is None else RedactedSource(genuine, changes, measured.listing.redacted)


def _siblings(result: Result, changes: Iterable[Change], registry: Registry) -> tuple[Sibling, ...]:
    """Return the other releases of the matched product that hold contents which the artefact has instead of the release's own."""
    sizes = {each.found.sha256: each.found.size for each in changes if each.found is not None and each.found.sha256}
    if result.match is None or not sizes:
        return ()
    found = registry.siblings(result.match.release, sizes, _SIBLINGS)
    return tuple(Sibling(release, holds) for release, holds in found)


def _looked_at(result: Result, changes: tuple[Change, ...], limits: Limits) -> tuple[Result, tuple[Change, ...]]:
    """Return the changes whose doings are told, and the result with a finding where there are more of them."""
    most = limits.max_explained_changes
    if len(changes) <= most:
        return result, changes
    rule = RULES["limit-reached"]
    detail = f"{LimitExceeded('max_explained_changes', most)}: what {len(changes) - most} more changes do is not told"
    note = Finding(rule.id, "", detail, rule.severity, rule.confidence)
    return replace(result, findings=(*result.findings, note)), changes[:most]


def _content(registry: Registry, composition: Composition, digest: bytes) -> bytes | None:
    return composition.made.get(digest) or registry.content(digest)


def _owners(result: Result, changes: Iterable[Change], composition: Composition | None) -> tuple[Release, ...]:
    """Return the releases that the genuine programs among the changes are of."""
    if composition is None:
        return (result.match.release,) if result.match is not None else ()
    owners = (composition.owners.get(digest) for digest in _expected(changes))
    return tuple({each.id: each for each in owners if each is not None}.values())


def _portraits(registry: Registry, releases: Iterable[Release]) -> Mapping[bytes, bytes]:
    """Return what is kept of the programs of releases; nothing of one where that cannot be proved, which hides no change."""
    found: dict[bytes, bytes] = {}
    for each in releases:
        with suppress(InputError):
            found.update(registry.portraits(each))
    return found


def _found(changes: Iterable[Change]) -> Iterator[bytes]:
    return (each.found.sha256 for each in changes if each.found is not None and each.found.sha256 is not None)


def _expected(changes: Iterable[Change]) -> Iterator[bytes]:
    return (each.expected.sha256 for each in changes if each.expected is not None and each.expected.sha256 is not None)


def _appraise_exact(artefact: str, measured: Measured, registry: Registry) -> Result | None:
    """Return the result where the registry has the very bytes of what the artefact wraps (for a folder, its tree)."""
    root = measured.measurement.root
    for each in unwrap(root):
        digest = each.part.tree if each.part.kind is Kind.DIRECTORY else each.part.sha256
        if digest is not None and (each.path or root.kind is Kind.DIRECTORY):
            found = registry.find_exact(digest)
            if found.releases and not any(map(registry.barred, found.releases)):
                whole = root.tree if root.kind is Kind.DIRECTORY else root.sha256
                findings = (*measured.measurement.findings, *found.findings)
                exact = appraise_exact(artefact, root.size, whole or digest, found.releases, findings, each)
                return weakened(exact, measured.strength)
    return None


def _references(
    candidates: Iterable[Candidate], registry: Registry, products: Mapping[bytes, int], findings: tuple[Finding, ...]
) -> References:
    policies = load_policies()
    references = tuple(
        Reference(each.release, each.manifest, policies.get(each.release.policy) or _strictest(each.release.policy))
        for each in candidates
    )
    return References(references, products, registry.publishers(), findings)


def _strictest(name: str) -> Policy:
    """Return a policy that lets nothing change, for a release whose own is not known here."""
    return Policy(name, "not known here: nothing may change", ())


def diff(
    genuine: str | os.PathLike[str],
    suspect: str | os.PathLike[str],
    *,
    policy: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Report | None = None,
    watchlists: Watchlists = Watchlists(),  # noqa: B008 (frozen)
) -> Result:
    """Return the result for `suspect` as if `genuine` were the only release there is.

    Signatures are told, and decide nothing: the one who asks knows which of the two is genuine. Only where one proves that something
    was written after it was made, that is no damage.

    Args:
        genuine: the artefact to trust.
        suspect: the artefact in question.
        policy: name of the policy; by default the one that fits `genuine`.
        limits: ceilings, for each of the two.
        report: told the bytes of content read so far.
        watchlists: what else to look for in changes.

    Raises:
        SourceError: one of them cannot be opened.
        ValueError: there is no policy of that name.
    """
    policies = load_policies()
    if policy is not None and policy not in policies:
        raise ValueError(f"no policy {policy!r}; there are {', '.join(sorted(policies))}")
    now = int(time.time())
    signatures = Signatures(Context(Keyring(), now, limits))
    with default_pool() as pool:
        there = measure_artefact(
            genuine,
            pool=pool,
            limits=limits,
            report=report,
            record_packings=True,
            verify=signatures,
            contents=True,
        )
        here = measure_artefact(
            suspect,
            pool=pool,
            limits=limits,
            report=report,
            known=KnownList(there.measurement.packings, lambda: there.measurement.root),
            verify=signatures,
            contents=True,
        )
    root = there.measurement.root
    if here.listing is not None:
        known = with_known_contents(here.measurement.root, (root,))
        here = replace(here, measurement=replace(here.measurement, root=known))
    name = policy or policy_for(root)
    release = Release(
        "",
        "",
        artefact_name(genuine),
        "",
        Authority.COMPARISON,
        root.sha256 or root.tree,
        root.tree,
        name,
        there.claims,
    )
    proved = tuple(each for each in here.measurement.signatures if each.as_signed)
    evidence = Evidence(here.measurement.root, here.claims, here.measurement.findings, proved, here.strength)
    result = appraise(artefact_name(suspect), evidence, References((Reference(release, root, policies[name]),)))
    trust = Trust(public=load_public_keys())
    told = tuple(judge(each, trust, (), here.claims, now) for each in here.measurement.signatures)
    result = replace(result, signatures=told)
    result, changes = _looked_at(result, result.changes, limits)
    if not changes:
        return result
    sources = (
        _as_told(MeasuredSource(there.measurement, _expected(changes), limits), here, changes),
        MeasuredSource(here.measurement, _found(changes), limits),
    )
    return with_explanations(result, case_of(result, changes, here.measurement.root, root, sources, watchlists), limits)
