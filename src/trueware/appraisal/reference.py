"""What an appraisal is given: the evidence of one artefact, and the references it may be held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trueware.appraisal.trust import Trust
from trueware.identifying.identity import Identity
from trueware.model.claim import Claim
from trueware.model.finding import Finding
from trueware.model.part import Part
from trueware.model.policy import Policy
from trueware.model.release import Publisher, Release
from trueware.model.signature import Signature
from trueware.model.strength import Strength


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured of one artefact, and what it claims."""

    root: Part
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What reading it brought up."""

    signatures: tuple[Signature, ...] = ()
    """Checked against the bytes, by path."""

    strength: Strength = Strength.MEASURED
    """Who measured."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A release with its manifest, proved to be what its publisher (or a weaker authority) said."""

    release: Release
    manifest: Part
    policy: Policy
    unproved: tuple[str, ...] = ()
    """What of the manifest nobody vouches for, and would have to be known: where it is composed of packages. Equality with such a
    reference proves nothing, a difference does."""

    is_foundation: bool = False
    """Whether so much of what was found is of nobody known that it is rather another product which stands on this one. It does not
    come from it then, however much of it it has."""


@dataclass(frozen=True, slots=True)
class References:
    """All that the registry contributes to one appraisal."""

    candidates: tuple[Reference, ...] = ()
    """Releases that share content with the artefact or claim to be the same, most shared first."""

    products: Mapping[bytes, int] = field(default_factory=dict)
    """By SHA-256 of a content: how many distinct products of the registry ship it."""

    publishers: tuple[Publisher, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Why a release could not be used."""

    trust: Trust = field(default_factory=Trust)
    now: int = 0
    """Seconds since 1970, at which keys are judged."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare with."""
        return not self.candidates


def identity_of(release: Release) -> Identity:
    """Return what the genuine artefact of a release says it is."""
    return Identity.of(release.claims)
