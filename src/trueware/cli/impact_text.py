"""Renders an estimate as text that a ministry can read: a table of intervals, what to measure next, and every input with its source.

No number stands alone: each is three, and what rests on an input that nobody has measured is marked.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from trueware.impact.distribution import Beta, Constant, Distribution, Pert
from trueware.impact.estimate import Estimate, Interval, Outcome
from trueware.impact.study import Input, Study
from trueware.model.explanation import Stakeholder

WORDS = {
    Stakeholder.USER: "user",
    Stakeholder.OPERATOR: "operator",
    Stakeholder.MAKER: "maker",
    Stakeholder.STATE: "state",
    Stakeholder.CONTENT_OWNER: "content owner",
}

_WIDTH = 110
_COLUMN = 15
_LABEL = _WIDTH - 3 * _COLUMN
_TOLD = 0.01
"""Share of the spread from which on an input is named."""

_LARGE = ((1e15, "quadrillion"), (1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def render_impact(study: Study, estimate: Estimate, titles: Mapping[str, str], words: Mapping[str, str]) -> str:
    """Return the estimate as lines of text, ending with a newline.

    Args:
        study: what was estimated.
        estimate: what follows from it.
        titles: of its effects, by their ids.
        words: for categories of data.
    """
    return "".join(f"{line}".rstrip() + "\n" for line in _lines(study, estimate, titles, words))


def _lines(study: Study, estimate: Estimate, titles: Mapping[str, str], words: Mapping[str, str]) -> Iterator[str]:
    marks = _Marks(study)
    yield study.title
    if study.caution:
        yield from _wrapped(study.caution, "  ")
    yield ""
    yield "  Of 100 draws, 5 lie below the first number, 50 below the second and 95 below the third."
    if marks.illustrative:
        yield from _wrapped(
            f"* rests on inputs that nobody has measured ({len(marks.illustrative)} of {len(study.inputs)}); "
            "replace them by your own before you quote it.",
            "  ",
        )
    yield ""
    yield _row(f"loss in a year, {study.currency} of {study.year}", ("5 %", "50 %", "95 %"), "  ")
    for stakeholder, outcome in estimate.stakeholders:
        yield marks.row(WORDS[stakeholder], outcome, "    ")
    if not estimate.stakeholders:
        yield "    none is given"
    yield ""
    yield "  by effect"
    for each in estimate.scenarios:
        yield ""
        yield f"    {titles[each.effect]} ({each.effect}), in {each.population}"
        if each.events.inputs != dict(estimate.populations)[each.population].inputs:
            yield marks.row("events", each.events, "      ")
        for stakeholder, outcome in each.losses:
            yield marks.row(f"loss of the {WORDS[stakeholder]}", outcome, "      ")
        if each.total is not None and len(each.losses) > 1:
            yield marks.row("loss of all", each.total, "      ")
    yield ""
    yield "  devices"
    for name, outcome in estimate.populations:
        yield marks.row(name, outcome, "    ")
    yield marks.row("affected, each counted once", estimate.devices, "    ")
    if estimate.people:
        yield ""
        yield "  people whose data is within reach"
        for category, outcome in estimate.people:
            yield marks.row(words[category], outcome, "    ")
    yield from _next(estimate)
    yield ""
    yield "  inputs"
    for given in study.inputs:
        yield f"    {given.name}{' *' if given.illustrative else ''}: {given.title}"
        yield f"      {_told(given)}"
        yield from _wrapped(f"{given.source} ({given.date})", "      ")
    yield ""
    yield from _wrapped(_footing(estimate), "  ")
    for note in estimate.notes:
        yield from _wrapped(f"Note: {note}.", "  ")


def _next(estimate: Estimate) -> Iterator[str]:
    told = [
        (WORDS[stakeholder], [each for each in outcome.shares if each.share >= _TOLD])
        for stakeholder, outcome in estimate.stakeholders
    ]
    if not any(shares for _, shares in told):
        return
    yield ""
    yield "  what to measure next: how much of the spread each input explains"
    for name, shares in told:
        if shares:
            yield f"    {name:<14}  {', '.join(f'{each.input} {100 * each.share:.0f} %' for each in shares)}"


def _footing(estimate: Estimate) -> str:
    errors = [outcome.interval.error for _, outcome in (*estimate.stakeholders, *estimate.populations)]
    return (
        f"{estimate.draws:,} draws, seed {estimate.seed}. Because only so many were made, the ends of an interval may be off by "
        f"{100 * max(errors):.1f} % of its width (95 % confidence). Inputs are taken as independent of each other."
    )


class _Marks:
    """Rows, with a mark where an input behind them is illustrative."""

    def __init__(self, study: Study) -> None:
        self.illustrative = {each.name for each in study.inputs if each.illustrative}

    def row(self, label: str, outcome: Outcome, margin: str) -> str:
        mark = "" if self.illustrative.isdisjoint(outcome.inputs) else " *"
        return _row(label + mark, three(outcome.interval), margin)


def _row(label: str, cells: Sequence[str], margin: str) -> str:
    return f"{margin}{label:<{_LABEL - len(margin)}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)


def _wrapped(text: str, margin: str) -> list[str]:
    return wrap(
        text, _WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False, break_long_words=False
    )


def three(interval: Interval) -> tuple[str, str, str]:
    """Return the three numbers of an interval with as few digits as tell them apart, two at least."""
    values = interval.low, interval.median, interval.high
    distinct = len(set(values))
    for digits in (2, 3, 4):
        told = [quantity(each, digits) for each in values]
        if len(set(told)) == distinct:
            break
    return told[0], told[1], told[2]


def quantity(value: float, digits: int = 2) -> str:
    """Return a number from 0 in words, rounded to some digits that count.

    >>> [quantity(each) for each in (0, 0.123, 7.25, 1234, 94_600, 999_999, 1.26e9)]
    ['0', '0.12', '7.2', '1,200', '95,000', '1.0 million', '1.3 billion']
    """
    rounded = float(f"{value:.{digits - 1}e}")
    for size, word in _LARGE:
        if rounded >= size:
            return f"{_plain(rounded / size, digits)} {word}"
    return _plain(rounded, digits)


def _plain(value: float, digits: int) -> str:
    whole = len(str(int(value)))
    if value == 0 or whole >= digits:
        return f"{value:,.0f}"
    return f"{value:.{digits - whole}f}" if value >= 1 else f"{value:.{digits}g}"


def _told(given: Input) -> str:
    """Return what is known of an input, with its unit, exactly as it was given."""
    known = _known(given.distribution, given.sample)
    return f"{known}, {given.unit}" if isinstance(given.distribution, Beta) else f"{known} {given.unit}"


def _known(distribution: Distribution, sample: tuple[int, int] | None) -> str:
    match distribution:
        case Constant(value):
            return exact(value)
        case Pert(low, likely, high, weight):
            weighed = "" if weight == 4 else f" (lambda {exact(weight)})"
            return f"{exact(low)} to {exact(high)}, likely {exact(likely)}{weighed}"
        case Beta(a, b):
            if sample is not None:
                return f"{sample[0]:,} found in a sample of {sample[1]:,}"
            return f"beta with {exact(a)} for and {exact(b)} against"


def exact(value: float) -> str:
    """Return a number as it was given.

    >>> [exact(each) for each in (5e6, 0.0939, 2.79, 0)]
    ['5,000,000', '0.0939', '2.79', '0']
    """
    return f"{value:,.0f}" if value == int(value) else f"{value:,.15g}"
