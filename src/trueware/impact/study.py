"""What a study says: its inputs, the populations of tampered devices, and what the tampering does to whom.

::

    devices * prevalence                       = devices affected             (a population)
    … * people per device                      = people whose data is within reach
    devices affected * events per device, year = events                       (a scenario)
    events * loss per event                    = loss of a stakeholder

An input is named once and drawn once for each draw, wherever it is used: what is uncertain about the number of devices is
uncertain in the same way about all that follows from it. Inputs of different names are independent of each other.

Populations that draw on the same devices are disjoint, so that nothing is counted twice; one that lies within another says so.
"""

from dataclasses import dataclass

from trueware.impact.distribution import Distribution
from trueware.model.explanation import Stakeholder


@dataclass(frozen=True, slots=True)
class Input:
    """One number, and who says so."""

    name: str
    title: str
    """What it is, a few words."""

    unit: str
    distribution: Distribution
    source: str
    date: str
    """Of the source: ``2025``, ``2025-07`` or ``2025-07-17``."""

    illustrative: bool = False
    """Whether nobody has measured it: it shows the form, and is to be replaced by the reader's own."""

    sample: tuple[int, int] | None = None
    """For a share that was counted: how many were found, of how many."""


@dataclass(frozen=True, slots=True)
class Population:
    """Devices whose software was tampered with in one way."""

    name: str
    prevalence: str
    """Name of the input: which share of the devices is affected."""

    devices: str | None = None
    """Name of the input: how many devices are in use. None for a population within another."""

    within: str | None = None
    """Name of the population that this one is a part of: the prevalence is then the share of that one."""

    people: str | None = None
    """Name of the input: how many people use one device."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the tampering does in one population, and what that costs."""

    effect: str
    """Id of the effect (`trueware.knowledge.effects`)."""

    population: str
    rate: str | None
    """Name of the input: events for each affected device and year. None: the losses are those of one device in one year."""

    losses: tuple[tuple[Stakeholder, str], ...] = ()
    """Who loses, and the name of the input: how much in one event."""

    data: tuple[str, ...] = ()
    """Categories of data within reach (W3C DPV, personal data)."""


@dataclass(frozen=True, slots=True)
class Study:
    """All of one file."""

    title: str
    currency: str
    """ISO 4217 code."""

    year: int
    """The year whose prices the losses are in."""

    inputs: tuple[Input, ...]
    populations: tuple[Population, ...]
    """A population that lies within another comes after it."""

    scenarios: tuple[Scenario, ...]
    caution: str = ""
    """What readers must know before they quote a number."""
