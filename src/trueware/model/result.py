"""The result of an appraisal: a verdict with everything it rests on."""

from dataclasses import dataclass
from typing import NoReturn

from trueware.model.certificate import ConformityResult
from trueware.model.change import Change
from trueware.model.claim import Claim
from trueware.model.explanation import Explanation
from trueware.model.finding import Finding
from trueware.model.release import Release
from trueware.model.signature import Judged
from trueware.model.strength import Strength
from trueware.model.verdict import Authority, Tier, TrustVector, Verdict


@dataclass(frozen=True, slots=True)
class Match:
    """The release an artefact was compared with."""

    release: Release
    similarity: float
    """Weighted share of content in common, 0 to 1; exactly 1 only where nothing differs, and all was compared."""

    part: str = ""
    """Path within the release of the part that was compared, empty for the whole."""


@dataclass(frozen=True, slots=True)
class Result:
    """What trueware concluded about one artefact. It has no truth value: read `verdict`."""

    artefact: str
    """The name it was given by."""

    size: int
    sha256: bytes | None
    """SHA-256 of its bytes; for a folder the Merkle digest; None where it could not be read."""

    verdict: Verdict
    tier: Tier
    vector: TrustVector
    reason: str
    """One sentence that says why."""

    authority: Authority | None = None
    match: Match | None = None
    claims: tuple[Claim, ...] = ()
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    settle: tuple[str, ...] = ()
    """For UNKNOWN: what would settle it."""

    signatures: tuple[Judged, ...] = ()
    """All that were found, by path, and what may be made of each."""

    explanations: tuple[Explanation, ...] = ()
    """What the changes do, the gravest first."""

    conformity: ConformityResult = ConformityResult()  # noqa: RUF009 (frozen)
    """The other axis: whether these very bytes are certified."""

    evidence: Strength = Strength.MEASURED
    """Who measured. What a device says of itself is never better than a warning."""

    def __bool__(self) -> NoReturn:
        """Refuse: `if verify(x):` would read every verdict as a pass."""
        raise TypeError("a Result has no truth value; compare result.verdict with Verdict.GENUINE")
