"""Holds an artefact against one release: which parts correspond, how they differ, and whether the artefact comes from it."""

from dataclasses import dataclass

from trueware.appraisal.compare import Comparison, compare
from trueware.appraisal.place import DISK, medium, policy_path, vouches
from trueware.appraisal.reference import Reference, References, identity_of
from trueware.appraisal.similarity import Alignment, align
from trueware.identifying.identity import Identity
from trueware.model.change import Change
from trueware.model.part import Part
from trueware.model.verdict import Authority

DERIVED_CLAIMING = 0.3
"""Share of a release's weighted content that makes an artefact which claims to be that very release one derived from it."""

DERIVED = 0.5
"""The same where the artefact dropped the release's claims."""

DERIVED_SILENT = 0.8
"""The same where neither says what it is: another version of the same product often shares half."""


_PACKAGE = "package"
"""Policy of what is delivered to be installed beside others."""


@dataclass(frozen=True, slots=True)
class Held:
    """The artefact held against one candidate."""

    reference: Reference
    alignment: Alignment
    comparison: Comparison
    conflicts: tuple[str, ...]
    agrees: bool

    vouched: bool
    """Whether equality says something: in a folder of a device, everything may be settings."""

    told: bool
    """Whether the artefact may stay silent about what it lost: a folder on a disk is an analyst's copy, an archive may be
    what a device is given."""

    @property
    def immutable(self) -> tuple[Change, ...]:
        """The changes that no policy excuses."""
        return tuple(change for change in self.comparison.changes if not change.mutable)

    @property
    def covers(self) -> bool:
        """Whether all of the artefact that holds content was compared."""
        return self.alignment.covers

    @property
    def is_equal(self) -> bool:
        """Whether the artefact is the release, or that part of it, in everything that may not change."""
        stated = self.comparison.unstated.decides_nothing
        return self.covers and self.vouched and self.told and stated and not self.immutable


def hold(root: Part, identity: Identity, reference: Reference, references: References) -> Held:
    """Return how the artefact `root`, which says that it is `identity`, and one of the `references` compare."""
    alignment = align(reference.manifest, root, references.products)
    inner, policy = policy_path(reference.manifest, alignment.expected_path), reference.policy
    media = medium(reference.manifest, alignment.expected_path), medium(root, alignment.found_path)
    comparison = compare(
        alignment.expected,
        alignment.found,
        policy,
        alignment.found_path,
        inner=inner,
        media=media,
        observed=reference.release.authority is Authority.CONSENSUS,
    )
    theirs = identity_of(reference.release)
    whole = inner is None or not comparison.changes
    vouched = whole or (alignment.shared >= DERIVED and vouches(alignment.expected, inner, policy))
    told = comparison.lost.is_nothing or media[1] == DISK
    return Held(reference, alignment, comparison, identity.conflicts(theirs), identity.agrees(theirs), vouched, told)


def is_derived(each: Held) -> bool:
    """Whether the artefact comes from this release and does not claim to be another one."""
    if each.conflicts or each.reference.is_foundation or (_is_beyond_package(each) and each.alignment.shared < DERIVED):
        return False
    share = each.alignment.contained
    if each.agrees:
        return share >= DERIVED_CLAIMING
    theirs = identity_of(each.reference.release)
    silent = not theirs.says_version
    return share >= (DERIVED_SILENT if silent else DERIVED)


def _is_beyond_package(each: Held) -> bool:
    """Whether what was compared is no package by itself: that in which one is installed has all of it, and does not come from it."""
    pair = each.alignment
    inside = pair.expected_path != "" or pair.expected.format != pair.found.format
    return inside and each.reference.release.policy == _PACKAGE
