"""Draws an estimate's losses as one SVG that stands alone: a bar from 5 to 95 % for each stakeholder and effect, a line at 50 %.

It runs no script, loads nothing, needs no colour, and says in words what it shows (`title`, `desc`, and the numbers beside the bars).
Text of the study is escaped; it was held to printable characters when it was read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from trueware.cli.impact_text import WORDS, quantity, three
from trueware.impact.estimate import Estimate, Interval, Outcome, ScenarioOutcome
from trueware.impact.study import Study

_WIDTH, _LEFT, _RIGHT = 1180, 430, 270
_PLOT = _WIDTH - _LEFT - _RIGHT
_TOP, _ROW, _HEADING, _FOOT = 74, 34, 30, 92
_BAR = 14
_LETTERS = 54
"""Letters of a label that fit left of the bars."""

_SPREAD = 30.0
"""How many times larger the largest median may be than the smallest before the axis goes by powers of ten."""

_DECADES = 9
"""Powers of ten that are shown at most; what is smaller is at the left edge."""


def interval_picture(study: Study, estimate: Estimate, titles: Mapping[str, str]) -> str:
    """Return the picture as SVG; `titles` are those of the effects."""
    illustrative = {each.name for each in study.inputs if each.illustrative}
    groups = [
        _Group("by who bears it", [_row(WORDS[who], outcome, illustrative) for who, outcome in estimate.stakeholders]),
        _Group(
            "by effect",
            [
                _row(f"{titles[each.effect]}{_place(each, estimate)}", each.total, illustrative)
                for each in estimate.scenarios
                if each.total is not None
            ],
        ),
    ]
    return "".join(_svg(study, estimate, [each for each in groups if each.rows]))


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    mark: str
    """A star where it rests on inputs that nobody has measured."""

    interval: Interval


@dataclass(frozen=True, slots=True)
class _Group:
    title: str
    rows: list[_Row]


class _Axis:
    """Where a loss stands: even steps, or powers of ten where losses are too unlike for them."""

    def __init__(self, intervals: list[Interval]) -> None:
        self.highest = max((each.high for each in intervals), default=0.0) or 1.0
        medians = [each.median for each in intervals if each.median > 0]
        self.by_tens = bool(medians) and max(medians) > _SPREAD * min(medians)
        if self.by_tens:
            lows = [each.low for each in intervals if each.low > 0]
            self.last = ceil(log10(self.highest))
            self.first = max(floor(log10(min(lows))), self.last - _DECADES)
            self.ticks = [10.0**each for each in range(self.first, self.last + 1)]
        else:
            step = 10.0 ** floor(log10(self.highest))
            step = next(each for each in (step / 5, step / 2, step, 2 * step) if self.highest / each <= 6)
            self.ticks = [step * each for each in range(ceil(self.highest / step) + 1)]

    def at(self, value: float) -> float:
        """Return the abscissa of a loss."""
        if not self.by_tens:
            return _LEFT + _PLOT * value / self.ticks[-1]
        if value <= 0:
            return _LEFT
        return _LEFT + _PLOT * max(0.0, (log10(value) - self.first) / max(1, self.last - self.first))


def _place(scenario: ScenarioOutcome, estimate: Estimate) -> str:
    """Return in which population an effect is, where it is in several."""
    several = sum(each.effect == scenario.effect for each in estimate.scenarios) > 1
    return f", {scenario.population}" if several else ""


def _row(label: str, outcome: Outcome, illustrative: set[str]) -> _Row:
    mark = "" if illustrative.isdisjoint(outcome.inputs) else " *"
    return _Row(label, mark, outcome.interval)


def _svg(study: Study, estimate: Estimate, groups: list[_Group]) -> Iterator[str]:
    axis = _Axis([row.interval for group in groups for row in group.rows])
    body = sum(_HEADING + _ROW * len(group.rows) for group in groups)
    bottom = _TOP + body
    height = bottom + _FOOT
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" '
        f'aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="14" fill="#000">\n'
    )
    yield f'<title id="title">{escape(study.title)}: loss in a year</title>\n'
    yield f'<desc id="desc">{escape(_words(study, groups))}</desc>\n'
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n'
    yield _text(20, 32, _short(study.title, 80), "start", 'font-size="20" font-weight="bold"')
    yield _text(20, 54, f"loss in a year, {study.currency} of {study.year}", "start")
    for tick in axis.ticks:
        x = axis.at(tick)
        yield f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#bbb"/>\n'
    for tick in _labelled(axis.ticks):
        yield _text(axis.at(tick), bottom + 18, quantity(tick, 1 if axis.by_tens else 2), "middle", 'font-size="12"')
    y = _TOP
    for group in groups:
        yield _text(20, y + 22, group.title, "start", 'font-weight="bold"')
        y += _HEADING
        for row in group.rows:
            yield from _bar(row, axis, y)
            y += _ROW
    yield _text(_WIDTH - 20, _TOP + 22, "5 %  ·  50 %  ·  95 %", "end", 'font-size="12"')
    if axis.by_tens:
        yield _text(20, bottom + 40, "Each line is ten times the one before.", "start", 'font-size="12"')
    yield _text(
        20,
        bottom + 58,
        "Of 100 draws, 90 lie within the bar; the line in it is the middle."
        + (
            " * rests on inputs that nobody has measured."
            if any(row.mark for group in groups for row in group.rows)
            else ""
        ),
        "start",
        'font-size="12"',
    )
    yield _text(20, bottom + 76, f"{estimate.draws:,} draws, seed {estimate.seed}", "start", 'font-size="12"')
    yield "</svg>\n"


def _bar(row: _Row, axis: _Axis, y: int) -> Iterator[str]:
    low, median, high = (axis.at(each) for each in (row.interval.low, row.interval.median, row.interval.high))
    middle = y + _ROW / 2
    yield _text(_LEFT - 12, middle + 5, _short(row.label, _LETTERS) + row.mark, "end", 'font-size="13"')
    yield (
        f'<rect x="{low:.1f}" y="{middle - _BAR / 2}" width="{max(high - low, 2):.1f}" height="{_BAR}" '
        'fill="#999" stroke="#000"/>\n'
    )
    yield f'<path d="M{median:.1f} {middle - _BAR / 2 - 4}v{_BAR + 8}" stroke="#000" stroke-width="3"/>\n'
    yield _text(_WIDTH - 20, middle + 5, " · ".join(_abbreviated(row.interval)), "end", 'font-size="13"')


def _abbreviated(interval: Interval) -> tuple[str, ...]:
    """Return the three numbers, a word that all share told once."""
    told = three(interval)
    words = {each.partition(" ")[2] for each in told}
    return (*(each.partition(" ")[0] for each in told[:2]), told[2]) if len(words) == 1 else told


def _labelled(ticks: list[float]) -> list[float]:
    """Return those ticks beside which there is room for words."""
    return ticks[:: max(1, ceil(len(ticks) / 6))]


def _words(study: Study, groups: list[_Group]) -> str:
    said = [
        f"{row.label}{row.mark}: {low} to {high}, half of the draws below {median}"
        for group in groups
        for row in group.rows
        for low, median, high in (three(row.interval),)
    ]
    return f"Loss in a year in {study.currency} of {study.year}, 5 to 95 percent of the draws. {'; '.join(said) or 'None is given'}."


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" {style}>{escape(text)}</text>\n'.replace(" >", ">")
