"""Draws every input many times and tells what follows from them (Monte Carlo): intervals, what widens them, how exact they are.

1. Draw. Each input has a stream of its own, seeded by the run's seed and the input's name, so that a run can be repeated and an
   input that is added leaves the draws of all others as they were.
2. Multiply and add, draw by draw, as `study` says. What follows are expected numbers of devices, people and events, given the inputs;
   that chance alone moves the number of affected devices is left out, which matters only below some hundred of them.
3. Sort: the quantiles, and their error from the ranks between which the true quantile lies at 95 % confidence (binomial; H. A. David,
   H. N. Nagaraja, "Order Statistics", 3rd ed. 2003, §7.1).
4. Rank: the squared rank correlation (Spearman) of each input with the outcome, as shares of their sum. Outcomes rise with each of
   their inputs, for which this is a fair measure; it says which number is worth measuring better, no more.

This is the only module that needs NumPy. Time and memory: draws x inputs, bounded by `LARGEST_DRAWS` and `LARGEST_RUN`.
"""

from collections.abc import Iterator
from hashlib import sha256
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trueware.errors import LimitExceeded
from trueware.impact.distribution import Constant, Distribution, Pert
from trueware.impact.estimate import QUANTILES, Estimate, Interval, Outcome, ScenarioOutcome, Share
from trueware.impact.study import Study
from trueware.model.explanation import Stakeholder

DRAWS = 100_000
FEWEST_DRAWS, LARGEST_DRAWS = 1_000, 1_000_000
LARGEST_SEED = (1 << 64) - 1
LARGEST_RUN = 20_000_000
"""Draws times inputs: 160 MB."""

_RANKED = 20_000
"""Draws that rank correlations are taken of; their error is 0.007, and ranking costs more than all the rest."""

_CONFIDENCE = 1.96
"""Standard deviations on either side, for 95 %."""

_COARSE = 0.02
"""Monte Carlo error from which on more draws are advised."""

Draws: TypeAlias = NDArray[np.float64]


def simulate(study: Study, draws: int = DRAWS, seed: int = 1) -> Estimate:
    """Return what follows from a study.

    Args:
        study: the inputs and what is done with them.
        draws: how many times each input is drawn, from `FEWEST_DRAWS` to `LARGEST_DRAWS`.
        seed: any whole number from 0; the same seed, the same answer.

    Raises:
        LimitExceeded: so many draws of so many inputs do not fit.
        ValueError: `draws` or `seed` is out of range.
    """
    if not FEWEST_DRAWS <= draws <= LARGEST_DRAWS or not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"draws must be {FEWEST_DRAWS} to {LARGEST_DRAWS} and the seed 0 to {LARGEST_SEED}")
    if draws * len(study.inputs) > LARGEST_RUN:
        raise LimitExceeded("draws x inputs", LARGEST_RUN, f"{draws} draws of {len(study.inputs)} inputs")
    return _Run(study, draws, seed).estimate()


def draw(distribution: Distribution, name: str, draws: int, seed: int) -> Draws:
    """Return the draws of one input, from the stream of its name."""
    if isinstance(distribution, Constant):
        return np.full(draws, distribution.value)
    words = np.frombuffer(sha256(name.encode()).digest(), "<u4")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *map(int, words)])))
    if isinstance(distribution, Pert):
        low, high = distribution.low, distribution.high
        # the two ends by rounding may lie a little outside
        return np.clip(low + (high - low) * generator.beta(*distribution.shapes, draws), low, high)
    return generator.beta(distribution.a, distribution.b, draws)


class _Run:
    """The draws of one study, and for each outcome the inputs that it is made of."""

    def __init__(self, study: Study, draws: int, seed: int) -> None:
        self.study, self.draws, self.seed = study, draws, seed
        self.inputs = {each.name: draw(each.distribution, each.name, draws, seed) for each in study.inputs}
        self._ranks: dict[str, Draws] = {}
        self.populations = {each.name: each for each in study.populations}
        self.affected: dict[str, Draws] = {}
        for each in study.populations:
            whole = self.inputs[each.devices] if each.devices is not None else self.affected[each.within or ""]
            self.affected[each.name] = whole * self.inputs[each.prevalence]

    def estimate(self) -> Estimate:
        """Return all outcomes."""
        scenarios, stakeholders = [], dict[Stakeholder, tuple[Draws, set[str]]]()
        for each in self.study.scenarios:
            made_of = self._made_of(each.population)
            events = self.affected[each.population]
            if each.rate is not None:
                events = events * self.inputs[each.rate]
                made_of = made_of | {each.rate}
            total, all_inputs, losses = np.zeros(self.draws), set(made_of), []
            for stakeholder, name in each.losses:
                loss, inputs = events * self.inputs[name], made_of | {name}
                losses.append((stakeholder, self._outcome(loss, inputs)))
                total, all_inputs = total + loss, all_inputs | inputs
                before, known = stakeholders.get(stakeholder, (np.zeros(self.draws), set()))
                stakeholders[stakeholder] = before + loss, known | inputs
            scenarios.append(
                ScenarioOutcome(
                    each.effect,
                    each.population,
                    self._outcome(events, made_of),
                    tuple(losses),
                    self._outcome(total, all_inputs) if losses else None,
                )
            )
        people = tuple((category, self._people(category)) for category in self._categories())
        told = tuple((each, self._outcome(*stakeholders[each])) for each in Stakeholder if each in stakeholders)
        all_devices = self._devices()
        outcomes = [all_devices, *(outcome for _, outcome in (*people, *told))]
        return Estimate(
            self.draws,
            self.seed,
            f"PCG64, NumPy {np.__version__}",
            all_devices,
            tuple((each, self._outcome(self.affected[each], self._made_of(each))) for each in self.affected),
            people,
            told,
            tuple(scenarios),
            tuple(self._notes(max(each.interval.error for each in outcomes))),
        )

    def _made_of(self, population: str) -> set[str]:
        """Return the inputs that the number of affected devices is made of."""
        each = self.populations[population]
        whole = {each.devices} if each.devices is not None else self._made_of(each.within or "")
        return {each.prevalence, *(name for name in whole if name is not None)}

    def _categories(self) -> list[str]:
        return sorted({category for each in self.study.scenarios for category in each.data})

    def _devices(self) -> Outcome:
        """Return the devices to which anything was done, each counted once."""
        total, made_of = np.zeros(self.draws), set[str]()
        for name in self._outermost({each.population for each in self.study.scenarios}):
            total = total + self.affected[name]
            made_of |= self._made_of(name)
        return self._outcome(total, made_of)

    def _people(self, category: str) -> Outcome:
        """Return the people whose data of one category is within reach, each counted once."""
        total, made_of = np.zeros(self.draws), set[str]()
        for name in self._outermost({each.population for each in self.study.scenarios if category in each.data}):
            people = self._people_of(name)
            total = total + self.affected[name] * self.inputs[people]
            made_of |= {people} | self._made_of(name)
        return self._outcome(total, made_of)

    def _outermost(self, names: set[str]) -> Iterator[str]:
        """Yield those of some populations that lie within no other of them, in the order of the study."""
        return (each for each in self.affected if each in names and names.isdisjoint(self._around(each)))

    def _around(self, name: str) -> Iterator[str]:
        within = self.populations[name].within
        while within is not None:
            yield within
            within = self.populations[within].within

    def _people_of(self, name: str) -> str:
        for each in (name, *self._around(name)):
            people = self.populations[each].people
            if people is not None:
                return people
        raise ValueError(f"nobody uses the devices of {name}")

    def _notes(self, error: float) -> Iterator[str]:
        shared: dict[str, list[str]] = {}
        for each in self.study.populations:
            shared.setdefault(f"the {each.devices}" if each.within is None else each.within, []).append(each.name)
        for whole, parts in shared.items():
            together = sum((self.inputs[self.populations[each].prevalence] for each in parts), np.zeros(self.draws))
            beyond = float(np.mean(together > 1))
            if beyond:
                yield f"{', '.join(parts)} are together more than all of {whole} in {100 * beyond:.1f} % of the draws"
        if error > _COARSE:
            yield f"an end of an interval may be off by {100 * error:.1f} % of its width: more draws (--draws) would settle it"

    def _outcome(self, values: Draws, made_of: set[str]) -> Outcome:
        inputs = tuple(each.name for each in self.study.inputs if each.name in made_of)
        return Outcome(_interval(values), inputs, tuple(self._shares(values, made_of)))

    def _shares(self, values: Draws, made_of: set[str]) -> Iterator[Share]:
        ranked = _ranks(values[:_RANKED])
        squares = {}
        for name in sorted(made_of):
            if name not in self._ranks:
                self._ranks[name] = _ranks(self.inputs[name][:_RANKED])
            squares[name] = float(np.mean(ranked * self._ranks[name])) ** 2
        total = sum(squares.values())
        for name in sorted(squares, key=lambda each: -squares[each]):
            if squares[name] > 0:
                yield Share(name, squares[name] / total)


def _interval(values: Draws) -> Interval:
    values = np.sort(values)
    last = len(values) - 1
    points = [float(values[round(each * last)]) for each in QUANTILES]
    error = 0.0
    for each in QUANTILES:
        reach = _CONFIDENCE * sqrt(each * (1 - each) * len(values))
        ends = values[max(0, round(each * last - reach))], values[min(last, round(each * last + reach))]
        error = max(error, float(ends[1] - ends[0]) / 2)
    low, median, high = points
    return Interval(low, median, high, float(values.mean()), error / (high - low) if high > low else 0.0)


def _ranks(values: Draws) -> Draws:
    """Return the ranks, as numbers of mean 0 and variance 1; all 0 where nothing varies."""
    if values.min() == values.max():
        return np.zeros(len(values))
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values), dtype=np.float64)
    standing: Draws = (ranks - ranks.mean()) / ranks.std()
    return standing
