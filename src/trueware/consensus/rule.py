"""The rule by which devices decide: what share is needed, how many, and how much one source may say; and what follows from it.

With n votes in a group of devices on one version, and the share q of them needed (the quorum, at least a half):

* Found. If fewer than (1 - q) n votes are tampered, then wherever untampered devices agree, their content has more than q n votes
  and nothing else can have as many: it is decided, and decided rightly. Each tampered device that differs there is named. What is
  left undecided differs among untampered devices.
* Refused. Whatever is tampered, a wrong content is decided only where more than q n votes have that very content. Where fewer do,
  the path is right or undecided.
* Not to be known. Where more than q n votes are tampered alike, the tampering is what is agreed on, and the others are called
  outliers. No majority rule can tell; only somebody who knows the genuine software can.

This is the classic bound of majority voting among replicas: a value held by more than half is the right one as long as more than
half are right. It rests on devices that are independent: copies of one image, and many devices by way of one hand, are one witness.
"""

from dataclasses import dataclass
from fractions import Fraction

from trueware.model.policy import Policy

WHOLE = 1_000_000
"""A vote of one device, where nothing divides it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How devices decide.

    Raises:
        ValueError: a quorum below a half or of all and more; no device.
    """

    quorum: Fraction = Fraction(2, 3)
    """A content is agreed on where more than this share of the votes has it."""

    min_devices: int = 5
    """Fewer devices on one version decide nothing."""

    noise: Fraction = Fraction(1, 3)
    """A path whose commonest content has less than this share of the votes differs from device to device. If untampered devices
    had one content there, all others, more than two thirds, would be tampered."""

    distinct: bool = False
    """Whether the caller says that identical evidence comes from different devices; otherwise it counts once."""

    most_per_source: int = 0
    """Devices that one source may speak for: of more, each has a part of a vote. 0: no ceiling."""

    policy: Policy = Policy("none", "nothing may change", ())  # noqa: RUF009 (frozen)
    """What a device of the class may change in service: there no majority is needed."""

    may_vary: Policy = Policy("none", "nobody said that anything varies", ())  # noqa: RUF009 (frozen)
    """What the caller says that devices of this model change, by path in the root file system or in the evidence. Where devices
    differ there, nothing is agreed on; a mere majority does not make the others outliers."""

    def __post_init__(self) -> None:
        if not Fraction(1, 2) <= self.quorum < 1:
            raise ValueError(f"a quorum of {self.quorum}; at least 1/2 and less than 1 is needed")
        if not 0 < self.noise <= Fraction(1, 2):
            raise ValueError(f"a noise of {self.noise}; above 0 and at most 1/2 is needed")
        if self.min_devices < 2 or self.most_per_source < 0:
            raise ValueError("at least 2 devices are needed to agree, and no source speaks for less than none")

    def decides(self, votes: int, of: int) -> bool:
        """Tell whether `votes` are more than the quorum of `of`."""
        return votes * self.quorum.denominator > of * self.quorum.numerator

    def is_noise(self, most: int, of: int) -> bool:
        """Tell whether the commonest content has so few votes that devices differ there by themselves."""
        return most * self.noise.denominator < of * self.noise.numerator

    def is_said(self, path: str, inner: str | None) -> bool:
        """Tell whether the caller says that devices change what is at a path (`inner`: in the root file system)."""
        said = self.may_vary
        return bool(said.mutable) and (said.is_mutable(path) or (inner is not None and said.is_mutable(inner)))

    def is_rare(self, votes: int, of: int) -> bool:
        """Tell whether so few have it that the others outvote it."""
        return self.decides(of - votes, of)

    def tolerated(self, devices: int) -> int:
        """Return how many of `devices` may be tampered, in whatever way, so that all of it is found: fewer than (1 - q) n.

        >>> Rule().tolerated(30), Rule(quorum=Fraction(1, 2)).tolerated(30), Rule().tolerated(5)
        (9, 14, 1)
        """
        left = devices * (1 - self.quorum)
        return max(0, -(-left.numerator // left.denominator) - 1)

    def unseen(self, devices: int) -> int:
        """Return from how many of `devices` on, tampered alike, the tampering is what is agreed on: more than q n.

        >>> Rule().unseen(30), Rule(quorum=Fraction(1, 2)).unseen(30)
        (21, 16)
        """
        return int(devices * self.quorum) + 1
