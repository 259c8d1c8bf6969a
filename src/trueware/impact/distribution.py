"""What is known of one number: the number itself, three estimates of it (PERT), or a sample in which it was counted (beta).

All three have a finite range, so that no draw is absurd, and a mean and variance in closed form, which the tests hold the draws to.

PERT (D. G. Malcolm et al., Operations Research 7(5), 1959; with the weight of the likely value as in D. Vose, "Risk Analysis",
3rd ed. 2008): ``low + (high - low) · Beta(a, b)`` with ``a = 1 + λ (likely - low) / (high - low)`` and
``b = 1 + λ (high - likely) / (high - low)``. λ is 4 by custom; less trusts the likely value less, and 0 is the uniform distribution.
"""

from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

LARGEST = 1e18
"""No number about devices, people or money is larger."""

_LARGEST_WEIGHT = 100.0
_LARGEST_SHAPE = 1e12


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that is known."""

    value: float

    def __post_init__(self) -> None:
        _check("constant", self.value)

    @property
    def low(self) -> float:
        """The smallest value that can be drawn."""
        return self.value

    @property
    def high(self) -> float:
        """The largest value that can be drawn."""
        return self.value

    @property
    def mean(self) -> float:
        """The expected value."""
        return self.value

    @property
    def variance(self) -> float:
        """The square of the standard deviation."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Pert:
    """A number of which the lowest, the likeliest and the highest value are estimated."""

    low: float
    likely: float
    high: float
    weight: float = 4.0
    """λ: how much the likely value counts beside the two ends."""

    def __post_init__(self) -> None:
        for name, value in (("low", self.low), ("likely", self.likely), ("high", self.high)):
            _check(name, value)
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"low, likely and high must not fall: found {self.low:g}, {self.likely:g}, {self.high:g}")
        if self.low == self.high:
            raise ValueError(f"low and high are both {self.low:g}: what is known for certain is a constant")
        if not 0 <= self.weight <= _LARGEST_WEIGHT:
            raise ValueError(f"lambda must be from 0 to {_LARGEST_WEIGHT:g}, found {self.weight:g}")

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes of the beta distribution between low and high."""
        span = self.high - self.low
        return 1 + self.weight * (self.likely - self.low) / span, 1 + self.weight * (self.high - self.likely) / span

    @property
    def mean(self) -> float:
        """The expected value."""
        return (self.low + self.weight * self.likely + self.high) / (self.weight + 2)

    @property
    def variance(self) -> float:
        """The square of the standard deviation: (mean - low)(high - mean) / (λ + 3)."""
        return (self.mean - self.low) * (self.high - self.mean) / (self.weight + 3)


@dataclass(frozen=True, slots=True)
class Beta:
    """A share from 0 to 1, of which shape `a` speaks for and shape `b` against."""

    a: float
    b: float

    def __post_init__(self) -> None:
        for name, value in (("a", self.a), ("b", self.b)):
            if not 0 < value <= _LARGEST_SHAPE:
                raise ValueError(f"{name} must be above 0 and at most {_LARGEST_SHAPE:g}, found {value:g}")

    @property
    def low(self) -> float:
        """The smallest value that can be drawn."""
        return 0.0

    @property
    def high(self) -> float:
        """The largest value that can be drawn."""
        return 1.0

    @property
    def mean(self) -> float:
        """The expected value."""
        return self.a / (self.a + self.b)

    @property
    def variance(self) -> float:
        """The square of the standard deviation."""
        return self.mean * (1 - self.mean) / (self.a + self.b + 1)


Distribution: TypeAlias = Constant | Pert | Beta


def observed(found: int, of: int) -> Beta:
    """Return what `found` of `of` devices that were looked at say about all devices they were drawn from by lot.

    Beta(found + ½, of - found + ½): the posterior of Jeffreys' prior, whose intervals hold what they promise also for small
    samples and for none found (L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science 16(2), 2001).

    Raises:
        ValueError: more were found than looked at, or none was looked at.
    """
    if not 0 <= found <= of or not of:
        raise ValueError(f"{found} found of {of} is no sample")
    return Beta(found + 0.5, of - found + 0.5)


def _check(name: str, value: float) -> None:
    if not isfinite(value) or not 0 <= value <= LARGEST:
        raise ValueError(f"{name} must be a number from 0 to {LARGEST:g}, found {value:g}")
