"""Matches measured components (of PSA, CCA and other tokens) with releases, by their digest.

A component is genuine if its digest is that of an artefact or content of a release. Other names for it prove nothing: evidence that
calls a component by the name of one in a release, with another digest, is not known to be that component altered; the name is the
device's own. So what is not found is "unrecognised" (AR4SI 33), not contraindicated.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from trueware.appraisal.live.boot import Judged
from trueware.appraisal.live.checks import COMPONENT_MIXED, COMPONENT_RELEASE, COMPONENT_WITHDRAWN
from trueware.model.attested import Matched
from trueware.model.check import Aspect, Check
from trueware.model.measured import MeasuredValue
from trueware.model.release import Release

LOOKED_UP = "sha256"
"""The digest that registries find contents by."""


def digest_of(value: MeasuredValue) -> bytes | None:
    """Return the digest that a component is looked up by; None: it has only others."""
    return next((digest for name, digest in value.digests if name == LOOKED_UP and len(digest) == 32), None)


def match_components(values: Iterable[MeasuredValue], known: Mapping[bytes, tuple[Release, ...]]) -> Judged:
    """Return what releases say of measured components.

    A component that several releases have is told as part of the one that has most of the others, a release that stands before one
    that was withdrawn.

    Args:
        values: as evidence has them.
        known: releases that have a content, by its SHA-256, those whose word counts most first.
    """
    measured = tuple(values)
    rank = _ranked(measured, known)
    checks: list[Check] = []
    found: dict[str, tuple[Release, list[str]]] = {}
    missing = False
    for number, value in enumerate(measured):
        name = value.name or f"component {number}"
        place = value.place or name
        digest = digest_of(value)
        if digest is None:
            held = ", ".join(algorithm for algorithm, _ in value.digests) or "no digest"
            checks.append(
                COMPONENT_RELEASE.not_shown(f"{name} is measured by {held}; contents are found by SHA-256", place)
            )
            missing = True
            continue
        releases = known.get(digest, ()) if digest != _NOTHING else ()
        if not releases:
            which = "is nothing at all" if digest == _NOTHING else "is in no release of the registry"
            detail = f"{name}{_version(value)} {which}"
            checks.append(COMPONENT_RELEASE.contradicts(detail, place, found=digest.hex()))
            missing = True
            continue
        release = min(releases, key=lambda each: rank[each.id])
        detail = f"{name}{_version(value)} is of {release.title}"
        checks.append(COMPONENT_RELEASE.supports(detail, place, found=digest.hex(), source=release.title))
        if release.at_fault:
            reason = release.withdrawn or "it should be in the registry's log and is not"
            checks.append(COMPONENT_WITHDRAWN.contradicts(f"{release.title}: {reason}", place, source=release.title))
        found.setdefault(release.id, (release, []))[1].append(name)
    checks += _mixed(release for release, _ in found.values())
    matches = tuple(
        Matched(Aspect.EXECUTABLES, release, ", ".join(names), complete=not missing)
        for release, names in found.values()
    )
    return Judged(tuple(checks), matches)


_NOTHING = sha256().digest()
"""Many releases have an empty file; a component of no bytes is none of them."""


def _ranked(
    measured: Iterable[MeasuredValue], known: Mapping[bytes, tuple[Release, ...]]
) -> Mapping[str, tuple[int, bool, int]]:
    """Return how releases are preferred, the least first: how many components they have, whether they stand, whose word counts."""
    counts: dict[str, int] = {}
    order: dict[str, tuple[bool, int]] = {}
    for digest in {digest_of(each) for each in measured} - {None}:
        for number, release in enumerate(known.get(digest, ()) if digest is not None else ()):
            counts[release.id] = counts.get(release.id, 0) + 1
            order[release.id] = (release.at_fault, min(number, order.get(release.id, (False, number))[1]))
    return {id_: (-count, *order[id_]) for id_, count in counts.items()}


def _mixed(releases: Iterable[Release]) -> list[Check]:
    """Return where versions differ; what others state is often one release for each component, all of one version."""
    versions: dict[tuple[str, str], dict[str, str]] = {}
    for each in releases:
        versions.setdefault((each.publisher, each.product), {}).setdefault(each.version, each.title)
    return [
        COMPONENT_MIXED.contradicts(f"components of {' and of '.join(titles.values())} run together")
        for titles in versions.values()
        if len(titles) > 1
    ]


def _version(value: MeasuredValue) -> str:
    return f" {value.version}" if value.version else ""
