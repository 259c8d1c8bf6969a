"""The main use case: an artefact in, a result out.

A file whose digest is registered is answered without being read further. Anything else is measured, matched with the releases
that share content with it or claim to be it, and appraised.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Executor

from trueware.appraisal.appraise import appraise, appraise_exact
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.appraisal.wrapping import unwrap
from trueware.artefact import Measured, Report, artefact_name, default_pool, digest_file, measure_artefact
from trueware.knowledge import load_policies, policy_for
from trueware.measuring import Fallback, KnownList
from trueware.model.finding import Finding
from trueware.model.limits import Limits
from trueware.model.part import Kind
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.result import Result
from trueware.model.verdict import Authority
from trueware.registry.known import KnownPackings
from trueware.registry.lookup import Candidate, Registry

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
) -> Result:
    """Return the result for the file or folder at `path`.

    Args:
        path: the artefact.
        registry: what is known to be genuine, and who says so.
        pool: where contents are hashed; by default one of its own on all cores.
        limits: ceilings.
        report: told the bytes of content read so far.
        fallback: another program, asked for what stays opaque; see `trueware.fallback`.

    Raises:
        SourceError: the artefact cannot be opened.
        StoreError: the registry cannot be read.
    """
    digest = None
    if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for a name that is too long)
        digest, size = digest_file(path, report)
        found = registry.find_exact(digest)
        if found.releases:
            return appraise_exact(artefact_name(path), size, digest, found.releases, found.findings)
    # what releases say of packed contents is gone by, and where their word may not count, all is measured anew
    known = KnownPackings(registry)
    for asked in (known, None):
        measured = measure_artefact(
            path, pool=pool, limits=limits, digest=digest, report=report, known=asked, fallback=fallback
        )
        result = appraise_measured(artefact_name(path), measured, registry, known.used)
        if known.all_support(result.match.release if result.match is not None else None):
            break
    return result


def appraise_measured(
    artefact: str, measured: Measured, registry: Registry, packed_like: Collection[str] = frozenset()
) -> Result:
    """Return the result for an artefact that was measured already.

    Args:
        artefact: its name.
        measured: what was found.
        registry: what is known.
        packed_like: ids of releases whose contents are packed as the artefact's, see `Registry.candidates`.

    Raises:
        StoreError: the registry cannot be read.
    """
    root = measured.measurement.root
    exact = _appraise_exact(artefact, measured, registry)
    if exact is not None:
        return exact
    evidence = Evidence(root, measured.claims, measured.measurement.findings)
    equal = registry.find_tree(root.tree)
    if equal.releases:
        return appraise(artefact, evidence, _references(equal.releases, registry, {}, equal.findings))
    sharing = registry.candidates(root, measured.claims, _CANDIDATES, packed_like)
    return appraise(artefact, evidence, _references(sharing.releases, registry, sharing.products, sharing.findings))


def _appraise_exact(artefact: str, measured: Measured, registry: Registry) -> Result | None:
    """Return the result where the registry has the very bytes of what the artefact wraps (for a folder, its tree)."""
    root = measured.measurement.root
    for each in unwrap(root):
        digest = each.part.tree if each.part.kind is Kind.DIRECTORY else each.part.sha256
        if digest is not None and (each.path or root.kind is Kind.DIRECTORY):
            found = registry.find_exact(digest)
            if found.releases:
                whole = root.tree if root.kind is Kind.DIRECTORY else root.sha256
                findings = (*measured.measurement.findings, *found.findings)
                return appraise_exact(artefact, root.size, whole or digest, found.releases, findings, each)
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
) -> Result:
    """Return the result for `suspect` as if `genuine` were the only release there is.

    Args:
        genuine: the artefact to trust.
        suspect: the artefact in question.
        policy: name of the policy; by default the one that fits `genuine`.
        limits: ceilings, for each of the two.
        report: told the bytes of content read so far.

    Raises:
        SourceError: one of them cannot be opened.
        ValueError: there is no policy of that name.
    """
    policies = load_policies()
    if policy is not None and policy not in policies:
        raise ValueError(f"no policy {policy!r}; there are {', '.join(sorted(policies))}")
    with default_pool() as pool:
        there = measure_artefact(genuine, pool=pool, limits=limits, report=report, record_packings=True)
        here = measure_artefact(
            suspect,
            pool=pool,
            limits=limits,
            report=report,
            known=KnownList(there.measurement.packings, lambda: there.measurement.root),
        )
    root = there.measurement.root
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
    evidence = Evidence(here.measurement.root, here.claims, here.measurement.findings)
    return appraise(artefact_name(suspect), evidence, References((Reference(release, root, policies[name]),)))
