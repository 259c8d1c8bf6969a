"""A case: all that is known of one device, from its image, its live evidence and what was reported of it, as one result."""

from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from trueware.model.attested import Appraisal
from trueware.model.check import Check
from trueware.model.result import Result
from trueware.model.strength import Strength
from trueware.model.verdict import Tier, TrustVector, Verdict


class Facet(Enum):
    """One side of a device that a case speaks of. Values are on the wire and never change."""

    HARDWARE = "hardware"
    IDENTITY = "identity"
    BOOT = "boot"
    EXECUTABLES = "executables"
    FILE_SYSTEM = "file-system"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of one facet."""

    facet: Facet
    tier: Tier
    """`NONE`: nothing was shown."""

    detail: str
    strength: Strength | None = None
    """Of the evidence that it rests on; None where nothing was shown."""

    by: str = ""
    """The artefact or the evidence that it rests on."""

    value: int = 0
    """AR4SI's, 0 where nothing was shown."""


@dataclass(frozen=True, slots=True)
class Case:
    """What trueware concluded about one device. It has no truth value: read `verdict`."""

    device: str
    verdict: Verdict
    tier: Tier
    vector: TrustVector
    reason: str
    facets: tuple[Said, ...]
    """All six, in the order of `Facet`."""

    contradictions: tuple[Check, ...] = ()
    """Where what is known from different sides cannot both be so."""

    results: tuple[Result, ...] = ()
    """Of its images and listings."""

    appraisals: tuple[Appraisal, ...] = ()
    """Of its live evidence."""

    settle: tuple[str, ...] = ()

    def __bool__(self) -> NoReturn:
        """Refuse: `if case_of(x):` would read every verdict as a pass."""
        raise TypeError("a Case has no truth value; compare case.verdict with Verdict.GENUINE")
