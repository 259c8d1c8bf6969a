"""Freshness without a challenge for each answer: epochs and timestamps (RFC 9334 §10.1 and §10.3).

A handle is announced to all devices, and changed at intervals; evidence that holds the present handle, or the one before it, is not
older than two intervals. A timestamp is worth what the clock of the device is worth, and who signs for it.
"""

from dataclasses import dataclass

from trueware.attestation.freshness.checks import EPOCH_CURRENT
from trueware.errors import EvidenceRefused
from trueware.model.check import Check


@dataclass(frozen=True, slots=True)
class Epochs:
    """The handles that count."""

    current: bytes
    since: int
    """Seconds since 1970."""

    previous: bytes = b""
    overlap: int = 60
    """Seconds for which the previous handle still counts after the present one was announced."""

    def next(self, handle: bytes, now: int) -> "Epochs":
        """Return the epochs after `handle` was announced.

        Raises:
            ValueError: it is one of those that count, or too short to be unguessable.
        """
        if handle in (self.current, self.previous) or len(handle) < 8:
            raise ValueError("a new handle of 8 bytes or more is needed")
        return Epochs(handle, now, self.current, self.overlap)

    def check(self, handle: bytes, now: int, max_age: int | None = None) -> Check:
        """Return that a handle counts.

        Args:
            handle: what the evidence is to hold.
            now: seconds since 1970.
            max_age: seconds since an epoch began for which it counts; None: as long as nobody begins another.

        Raises:
            EvidenceRefused: it does not.
        """
        age = now - self.since
        if age < 0:
            raise EvidenceRefused(EPOCH_CURRENT.id, "the epoch began later than now: a clock went back")
        if max_age is not None and age > max_age:
            raise EvidenceRefused(EPOCH_CURRENT.id, f"the epoch began {age} s ago, {max_age} s are allowed")
        if handle == self.current:
            return EPOCH_CURRENT.supports(f"the present epoch, which began {age} s ago")
        if self.previous and handle == self.previous:
            if age <= self.overlap:
                return EPOCH_CURRENT.supports("the epoch before, which still counts")
            raise EvidenceRefused(EPOCH_CURRENT.id, f"the epoch before, which ended {age} s ago")
        raise EvidenceRefused(EPOCH_CURRENT.id, "no epoch that counts")


def is_recent(stamp: int, now: int, max_age: int, skew: int = 60) -> bool:
    """Tell whether a time is not older than allowed, nor further ahead than clocks differ (RFC 9683 §3.2: time(RG) - time(NS))."""
    return now - max_age <= stamp <= now + skew
