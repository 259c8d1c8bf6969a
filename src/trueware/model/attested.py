"""The result of appraising live evidence of one attester: a verdict with every check it rests on."""

from dataclasses import dataclass
from typing import NoReturn

from trueware.model.check import Aspect, Check, Outcome
from trueware.model.claim import Claim
from trueware.model.release import Release
from trueware.model.verdict import Authority, Tier, TrustVector, Verdict


@dataclass(frozen=True, slots=True)
class Matched:
    """A release that measured values belong to."""

    aspect: Aspect
    """What of the device: `BOOT`, `EXECUTABLES`, …"""

    release: Release
    shown_by: str
    """What of the evidence equals it: ``PCR 0, 2, 4, 7, 9``, ``63 of 65 files``."""

    complete: bool = True
    """Whether everything that evidence and policy hold important equals it; else it is the nearest."""


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What trueware concluded from the evidence of one attester. It has no truth value: read `verdict`."""

    attester: str
    """Its name: the device's if it is enrolled, else what the evidence calls it."""

    kinds: tuple[str, ...]
    """Types of evidence that were appraised: ``tpm-quote``, ``event-log``, ``ima-log``, ``psa-token``, …"""

    verdict: Verdict
    tier: Tier
    vector: TrustVector
    reason: str
    """One sentence that says why."""

    checks: tuple[Check, ...]
    """All that were made and could not be made: the gravest first, then in the order of the evidence."""

    authority: Authority | None = None
    """Who says that what was found is genuine, the weakest that the verdict needs."""

    matches: tuple[Matched, ...] = ()
    claims: tuple[Claim, ...] = ()
    """Attested identity and versions."""

    nonce: bytes | None = None
    """The challenge that the evidence answered; None where there was none."""

    settle: tuple[str, ...] = ()
    """Where the verdict is UNKNOWN: what would settle it."""

    @property
    def refused(self) -> tuple[Check, ...]:
        """The checks by which the evidence itself must not be believed; then nothing else it says counts."""
        return tuple(each for each in self.contradicted if each.aspect is Aspect.EVIDENCE)

    @property
    def contradicted(self) -> tuple[Check, ...]:
        """The checks that speak against the device."""
        return tuple(each for each in self.checks if each.outcome is Outcome.CONTRADICTS)

    @property
    def not_shown(self) -> tuple[Check, ...]:
        """What the evidence could not show: its coverage is all the rest."""
        return tuple(each for each in self.checks if each.outcome is Outcome.NOT_SHOWN)

    def __bool__(self) -> NoReturn:
        """Refuse: `if appraise(x):` would read every verdict as a pass."""
        raise TypeError("an Appraisal has no truth value; compare appraisal.verdict with Verdict.GENUINE")
