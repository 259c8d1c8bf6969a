"""What a fleet's vote comes to: groups of devices, what each group agrees on, and what is said of each device."""

from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn

from trueware.consensus.evidence import Copies
from trueware.consensus.rule import Rule
from trueware.model.change import Change
from trueware.model.claim import Claim
from trueware.model.part import Part


class Standing(Enum):
    """What is said of one device; values are on the wire."""

    AGREES = "agrees"
    """It has everything that its group agrees on, and nothing else but where devices differ by themselves."""

    OTHER_VERSION = "other-version"
    """It agrees with its group, which is another version than that of most: by what those few devices say and hold, no more."""

    OUTLIER = "outlier"
    """It differs from what its group agrees on, or is unlike all others. Why is for people, or for its maker, to say."""

    NO_MAJORITY = "no-majority"
    """The votes do not tell: too few of its version, or too divided."""

    NOT_READ = "not-read"
    """It agrees as far as it could be read, which was not all of it."""


class Relation(Enum):
    """What a group is beside the leading one; values are on the wire."""

    LEADING = "leading"
    """The one with most votes."""

    VERSION = "version"
    """It claims to be another release and differs from the leading one as releases do: in many paths."""

    NEAR = "near"
    """It claims to be another release and differs in a few paths, as a point release does, and tampering that calls itself one."""

    UNLIKE = "unlike"
    """It claims nothing else than the leading one (or nothing at all), and its content is another."""


class Why(Enum):
    """Why the devices of a group may differ at a path; values are on the wire."""

    POLICY = "policy"
    """The policy of the class lets a device change it."""

    OBSERVED = "observed"
    """Its content is another on most devices."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """A path on which not all devices of a group say the same, and most do."""

    path: str
    votes: int
    of: int
    """In parts of `trueware.consensus.rule.WHOLE`."""

    choices: int
    """Different things that devices have there, nothing included."""

    removed: bool = False
    """Whether what is agreed on is that nothing is there."""


@dataclass(frozen=True, slots=True)
class Varying:
    """A path at which the devices of a group differ by themselves: nothing there is judged, nor vouched for."""

    path: str
    aspects: tuple[str, ...]
    """As in `trueware.model.varying`; `content`, `presence`, `members`, …"""

    why: Why
    choices: int
    most: int
    """Votes of the commonest."""

    of: int
    alike: tuple[tuple[str, ...], ...] = ()
    """Devices that have one content where each has its own: a default that was never changed, or one hand on all of them."""

    odd: tuple[str, ...] = ()
    """Devices whose content has another length than that which most have: a hint, no more."""

    size: int = 0
    """Bytes there on the device that has most."""


@dataclass(frozen=True, slots=True)
class Contested:
    """A path on which devices are divided: nothing has the quorum, and it is not noise. No device of the group can agree."""

    path: str
    aspect: str
    camps: tuple[tuple[str, ...], ...]
    """Devices of the largest camps, the largest first."""

    choices: int
    of: int


@dataclass(frozen=True, slots=True)
class Group:
    """Devices that run, or are about to run, the same software."""

    relation: Relation
    devices: tuple[str, ...]
    votes: int
    sources: int
    """Through how many hands they came; not known counts as one."""

    stated: int
    """How many of them are somebody's word rather than our measurement."""

    decided: bool
    """Whether their agreement counts; if not, `reason` says why."""

    reason: str
    evidence: str
    """What tells this group from the leading one."""

    claims: tuple[Claim, ...] = ()
    """Those that have the quorum within the group."""

    manifest: Part | None = field(default=None, repr=False)
    """What is agreed on, parts that vary marked (`trueware.model.varying`); None where not `decided`."""

    unanimous: int = 0
    """Files, links and regions that all have alike."""

    agreements: tuple[Agreement, ...] = ()
    varying: tuple[Varying, ...] = ()
    contested: tuple[Contested, ...] = ()

    tolerated: int = 0
    """How many of the devices may be tampered, whatever they agree on, and all of it is found."""

    unseen: int = 0
    """From how many on, tampered alike, nothing is found and the others are called outliers."""

    @property
    def is_reference(self) -> bool:
        """Whether the agreement can serve as a reference: decided on every path."""
        return self.decided and not self.contested and self.manifest is not None


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one device. It has no truth value: read `standing`."""

    device: str
    source: str
    group: int
    """Index of its group."""

    standing: Standing
    reason: str
    changes: tuple[Change, ...] = ()
    """What differs from what its group agrees on, or from the leading group where its own has nothing to say."""

    allowed: tuple[Change, ...] = ()
    """What differs where devices may: not judged, and not hidden."""

    more: int = 0
    """Changes that are not listed."""

    share: float | None = None
    """Of a device that is unlike: what it has in common with the leading group, 0 to 1."""

    def __bool__(self) -> NoReturn:
        """Refuse, as a result does."""
        raise TypeError("what is told of a device has no truth value; compare told.standing with Standing.AGREES")


@dataclass(frozen=True, slots=True)
class Consensus:
    """What came of a fleet."""

    rule: Rule
    groups: tuple[Group, ...]
    """The leading one first."""

    devices: tuple[Told, ...]
    """By name; copies of one evidence have each their own line."""

    copies: tuple[Copies, ...] = ()
    """What counted once."""

    def of(self, standing: Standing) -> tuple[Told, ...]:
        """Return the devices of which that is said."""
        return tuple(each for each in self.devices if each.standing is standing)

    def __bool__(self) -> NoReturn:
        """Refuse, as a result does."""
        raise TypeError("a Consensus has no truth value; read its groups and devices")
