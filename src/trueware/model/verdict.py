"""The words of a verdict: authenticity, tier, the authority it rests on, and the AR4SI trustworthiness vector."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """Authenticity of the software (design: two axes, never one; conformity is the other)."""

    GENUINE = "GENUINE"
    TAMPERED = "TAMPERED"
    COUNTERFEIT = "COUNTERFEIT"
    UNKNOWN = "UNKNOWN"


class Tier(Enum):
    """Trustworthiness tiers of draft-ietf-rats-ar4si §2.3.2, by their JSON names."""

    NONE = "none"
    AFFIRMING = "affirming"
    WARNING = "warning"
    CONTRAINDICATED = "contraindicated"


class Authority(Enum):
    """Who says that a release is what it says, strongest first. The result names the one it rests on."""

    PUBLISHER = "publisher-signed"
    ASSESSOR = "assessor-signed"
    """A regulator or a laboratory that is enrolled for it."""
    THIRD_PARTY = "third-party-index"
    """A distribution's index, a library of digests, an SBOM: whoever lists it did not make it, or did not sign it."""
    CONSENSUS = "fleet-consensus"
    """What most devices of one model agree on."""
    GOLDEN_SAMPLE = "golden-sample"
    COMPARISON = "comparison"
    """Not a registry's word: the user put two artefacts side by side."""


@dataclass(frozen=True, slots=True)
class TrustVector:
    """AR4SI trustworthiness claims; 0 says nothing (§2.3.2), and is left out of the JSON.

    Values used here: 2 affirmed as approved; 32 (file-system) and 33 (executables) unrecognised; 96 contraindicated;
    32 (executables) genuine with a known fault. Which of them an image at rest may claim is our reading of §2.3.4, which was
    written for devices in service: an image never says what runs, so `executables` speaks of the programs in it.
    """

    instance_identity: int = 0
    configuration: int = 0
    executables: int = 0
    file_system: int = 0
    hardware: int = 0
    runtime_opaque: int = 0
    storage_opaque: int = 0
    sourced_data: int = 0

    @property
    def tier(self) -> Tier:
        """The worst tier among the claims."""
        return tier_of(max(map(tier_floor, self.as_claims().values()), default=0))

    def as_claims(self) -> dict[str, int]:
        """Return the claims that say something, by their AR4SI JSON names."""
        values = {name.replace("_", "-"): getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value}


def tier_floor(value: int) -> int:
    """Return the least positive value of the tier that an AR4SI value is in: 96, 32, 2, or 0 for "none" (§2.3.2)."""
    if value >= 96 or value <= -97:
        return 96
    if value >= 32 or value <= -33:
        return 32
    return 2 if value >= 2 or value <= -2 else 0


def tier_of(value: int) -> Tier:
    """Return the tier that an AR4SI value is in."""
    return {96: Tier.CONTRAINDICATED, 32: Tier.WARNING, 2: Tier.AFFIRMING, 0: Tier.NONE}[tier_floor(value)]
