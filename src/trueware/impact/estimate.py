"""What follows from a study: intervals, never a number alone, with what makes them wide and how exact the drawing was."""

from dataclasses import dataclass, field

from trueware.model.explanation import Stakeholder

QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a number lies: below `low` in 5 of 100 draws, below `high` in 95."""

    low: float
    median: float
    high: float
    mean: float
    error: float
    """Monte Carlo error: how far off the worst of the three may be because only so many draws were made, at 95 % confidence, as a
    share of the distance from `low` to `high`."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the spread of an outcome one input explains."""

    input: str
    share: float
    """From 0 to 1; those of one outcome have the sum 1."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number that was asked for."""

    interval: Interval
    inputs: tuple[str, ...]
    """Names of all inputs that it is made of, in the order of the study."""

    shares: tuple[Share, ...] = ()
    """The inputs that make the interval wide, the most important first."""


@dataclass(frozen=True, slots=True)
class ScenarioOutcome:
    """What one effect does in one population."""

    effect: str
    population: str
    events: Outcome
    losses: tuple[tuple[Stakeholder, Outcome], ...]
    total: Outcome | None
    """All stakeholders together; None where no loss is given."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The outcomes of one run, and what is needed to repeat it."""

    draws: int
    seed: int
    generator: str
    """Which generator of which library in which version drew."""

    devices: Outcome
    """Affected by any of the populations, each device counted once."""

    populations: tuple[tuple[str, Outcome], ...]
    """Devices affected, by population."""

    people: tuple[tuple[str, Outcome], ...]
    """People whose data is within reach, by category of data."""

    stakeholders: tuple[tuple[Stakeholder, Outcome], ...]
    """Loss in one year, by who bears it."""

    scenarios: tuple[ScenarioOutcome, ...]
    notes: tuple[str, ...] = field(default=())
    """What is doubtful about the run."""
