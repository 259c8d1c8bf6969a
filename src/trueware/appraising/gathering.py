"""What is found out while evidence is appraised, piece by piece."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trueware.appraising.fleet import Fleet
from trueware.appraising.wish import Wish
from trueware.attestation.ima.walking import ImaState
from trueware.attestation.tpm.attest import Clock
from trueware.model.attested import Matched
from trueware.model.check import Aspect, Check, Outcome
from trueware.model.claim import Claim


@dataclass(slots=True)
class Gathering:
    """All that was found out so far."""

    wish: Wish
    fleet: Fleet

    attester: str = ""
    """What the evidence calls it."""

    clock: Clock | None = None
    """Of the quote that covers most."""

    key: bytes = b""
    """TPM name of the key that signed it."""

    files: ImaState | None = None
    """Where the walk along the list of files ended."""

    kinds: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    matches: list[Matched] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether some of the evidence must not be believed, so that the rest of it needs no look-up."""
        return any(
            each.aspect is Aspect.EVIDENCE and each.outcome is Outcome.CONTRADICTS and each.value >= 96
            for each in self.checks
        )

    def add(self, *checks: Check) -> None:
        """Add checks."""
        self.checks += checks

    def take(
        self, kind: str, checks: Iterable[Check], matches: Iterable[Matched] = (), claims: Iterable[Claim] = ()
    ) -> None:
        """Add what one type of evidence came to."""
        self.kinds.append(kind)
        self.checks += checks
        self.matches += matches
        self.claims += claims
