"""Reads the inputs of a study from YAML, and refuses what is not plausible in words that name the place.

::

    title: TV boxes with an implant
    caution: what readers must know before they quote a number        # optional
    currency: {code: BRL, year: 2025}
    inputs:
      boxes:                                     # a name of your own
        title: TV boxes without approval in use
        unit: devices
        pert: {low: 5000000, likely: 6000000, high: 7000000}   # and, if not 4, lambda
        source: who says so, and where             # required
        date: 2023-12-14                         # of the source; required
      infected:
        title: share that was found infected
        unit: of boxes
        observed: {found: 31, of: 400}           # your own sample; or constant: 0.08, or beta: {a: 31.5, b: 369.5}
        source: our own laboratory
        date: 2026-10
        illustrative: true                       # optional: nobody has measured it
    populations:
      infected boxes: {devices: boxes, prevalence: infected, people: household}
      proxies: {within: infected boxes, prevalence: rented}
    scenarios:
      - effect: bandwidth-abused
        in: proxies
        rate: complaints                         # optional: without, losses are those of one device in one year
        losses: {user: own-cost, operator: call}
        data: [IPAddress]                        # optional

Only structure and plain values are taken: no aliases, no tags, no key twice, bounded in size and depth before anything is made of it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NoReturn, Self

import yaml

from trueware.errors import MalformedInput
from trueware.impact.distribution import Beta, Constant, Distribution, Pert, observed
from trueware.impact.study import Input, Population, Scenario, Study
from trueware.model.explanation import Stakeholder

_FORMAT = "impact inputs"

LARGEST_FILE = 256 * 1024
"""Bytes; a study with a hundred inputs has some 40,000."""

_DEEPEST = 8
_LARGEST_COUNT = 100
"""Inputs, populations, scenarios, or categories of one scenario."""

_LONGEST_NAME, _LONGEST_TEXT = 64, 1000

_KINDS = ("constant", "pert", "beta", "observed")
_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CATEGORY = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_study(data: bytes, effects: Collection[str] | None = None, categories: Collection[str] | None = None) -> Study:
    """Return the study that a file describes.

    Args:
        data: the file.
        effects: the ids there are; None to take any.
        categories: the categories of data there are; None to take any.

    Raises:
        MalformedInput: it is not of the form above, or says what cannot be; the reason names the place and the line.
    """
    top = _compose(data)
    fields = top.mapping(("title", "currency", "inputs", "populations", "scenarios"), ("caution",))
    currency = fields["currency"].mapping(("code", "year"))
    inputs = tuple(_inputs(fields["inputs"]))
    by_name = {each.name: each for each in inputs}
    populations = tuple(_populations(fields["populations"], by_name))
    scenarios = tuple(_scenarios(fields["scenarios"], by_name, populations, (effects, categories)))
    used = {name for each in populations for name in (each.devices, each.prevalence, each.people)}
    used |= {name for each in scenarios for name in (each.rate, *(name for _, name in each.losses))}
    for name, place in fields["inputs"].entries():
        if name not in used:
            place.refuse("nothing uses this input")
    lived_in = {each.population for each in scenarios} | {each.within for each in populations}
    for name, place in fields["populations"].entries():
        if name not in lived_in:
            place.refuse("no scenario is about this population")
    return Study(
        fields["title"].text(),
        currency["code"].pattern(_CURRENCY, "a code of three letters (ISO 4217), such as KES"),
        currency["year"].whole(1900, 2999),
        inputs,
        populations,
        scenarios,
        fields["caution"].text() if "caution" in fields else "",
    )


def _inputs(place: "_Place") -> Iterator[Input]:
    _require_sources(place)
    for name, entry in place.entries(_NAME):
        kinds = [kind for kind in _KINDS if kind in dict(entry.entries())]
        if len(kinds) != 1:
            entry.refuse(f"one of {', '.join(_KINDS)} is needed, found {' and '.join(kinds) or 'none'}")
        fields = entry.mapping(("title", "unit", "source", "date", kinds[0]), ("illustrative",))
        sample = None
        if kinds[0] == "observed":
            counts = fields["observed"].mapping(("found", "of"))
            sample = counts["found"].whole(0, 10**12), counts["of"].whole(1, 10**12)
        yield Input(
            name,
            fields["title"].text(),
            fields["unit"].text(),
            _distribution(kinds[0], fields[kinds[0]], sample),
            fields["source"].text(),
            fields["date"].pattern(_DATE, "a date: 2025, 2025-07 or 2025-07-17"),
            "illustrative" in fields and fields["illustrative"].truth(),
            sample,
        )


def _require_sources(place: "_Place") -> None:
    """Refuse a study in which any number has nobody who says so, and name all of them at once."""
    told = {name: dict(entry.entries()) for name, entry in place.entries()}
    missing = [
        f"{name} has no {' and no '.join(lacking)}"
        for name, keys in told.items()
        if (lacking := [key for key in ("source", "date") if key not in keys])
    ]
    if missing:
        place.refuse(f"every input needs its source and date: {'; '.join(missing)}")


def _distribution(kind: str, place: "_Place", sample: tuple[int, int] | None) -> Distribution:
    try:
        if sample is not None:
            return observed(*sample)
        if kind == "constant":
            return Constant(place.number())
        if kind == "beta":
            shapes = place.mapping(("a", "b"))
            return Beta(shapes["a"].number(), shapes["b"].number())
        points = place.mapping(("low", "likely", "high"), ("lambda",))
        three = points["low"].number(), points["likely"].number(), points["high"].number()
        return Pert(*three, points["lambda"].number()) if "lambda" in points else Pert(*three)
    except ValueError as error:
        place.refuse(str(error), cause=error)


def _populations(place: "_Place", inputs: dict[str, Input]) -> Iterator[Population]:
    named: set[str] = set()
    for name, entry in place.entries():
        fields = entry.mapping(("prevalence",), ("devices", "within", "people"))
        if ("devices" in fields) == ("within" in fields):
            entry.refuse("either `devices` (an input) or `within` (a population) is needed")
        within = fields["within"].text() if "within" in fields else None
        if within is not None and within not in named:
            fields["within"].refuse(f"no population {within!r} stands before this one")
        prevalence = fields["prevalence"].one_of(inputs, "input")
        if inputs[prevalence].distribution.high > 1:
            fields["prevalence"].refuse(
                f"{prevalence} can be {inputs[prevalence].distribution.high:g}, but a share is at most 1"
            )
        named.add(name)
        yield Population(
            name,
            prevalence,
            fields["devices"].one_of(inputs, "input") if "devices" in fields else None,
            within,
            fields["people"].one_of(inputs, "input") if "people" in fields else None,
        )


def _scenarios(
    place: "_Place",
    inputs: dict[str, Input],
    populations: tuple[Population, ...],
    known: tuple[Collection[str] | None, Collection[str] | None],
) -> Iterator[Scenario]:
    effects, categories = known
    by_name = {each.name: each for each in populations}
    stakeholders = {each.value: each for each in Stakeholder}
    seen = set()
    for entry in place.items():
        fields = entry.mapping(("effect", "in"), ("rate", "losses", "data"))
        effect = fields["effect"].pattern(_NAME, "an effect's id, such as remote-access")
        if effects is not None and effect not in effects:
            fields["effect"].refuse(f"there is no effect {effect!r}; `trueware explain` lists them")
        population = fields["in"].one_of(by_name, "population")
        if (effect, population) in seen:
            entry.refuse(f"{effect} in {population} is there twice, and would count twice")
        seen.add((effect, population))
        data = tuple(
            each.pattern(_CATEGORY, "a category of data (W3C DPV), such as IPAddress")
            for each in (fields["data"].items() if "data" in fields else ())
        )
        for each in data:
            if categories is not None and each not in categories:
                fields["data"].refuse(f"there is no category {each!r}; there are {', '.join(categories)}")
        if data and not _has_people(by_name[population], by_name):
            fields["data"].refuse(f"how many people use a device of {population} is needed (`people`)")
        losses = tuple(
            (stakeholders[amount.known(name, stakeholders, "stakeholder")], amount.one_of(inputs, "input"))
            for name, amount in (fields["losses"].entries() if "losses" in fields else ())
        )
        if not losses and not data:
            entry.refuse("`losses`, or `data` that is within reach, is needed")
        yield Scenario(
            effect, population, fields["rate"].one_of(inputs, "input") if "rate" in fields else None, losses, data
        )


def _has_people(population: Population, by_name: dict[str, Population]) -> bool:
    while population.people is None and population.within is not None:
        population = by_name[population.within]
    return population.people is not None


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of the file, and where it stands."""

    node: yaml.Node
    path: str

    def refuse(self, reason: str, cause: Exception | None = None) -> NoReturn:
        """Raise for what is here."""
        mark = self.node.start_mark
        where = self.path or "the file"
        raise MalformedInput(_FORMAT, mark.index, f"{where} (line {mark.line + 1}): {reason}") from cause

    def entries(self, names: re.Pattern[str] | None = None) -> Iterator[tuple[str, Self]]:
        """Yield name and value of a mapping, each name once."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"names with values are needed, found {_told(self.node)}")
        if not 0 < len(self.node.value) <= _LARGEST_COUNT:
            self.refuse(f"1 to {_LARGEST_COUNT} entries are needed, found {len(self.node.value)}")
        seen = set()
        for key, value in self.node.value:
            name = type(self)(key, self.path).text(_LONGEST_NAME)
            place = type(self)(value, f"{self.path}.{name}" if self.path else name)
            if name in seen:
                place.refuse("is there twice")
            if names is not None and not names.fullmatch(name):
                place.refuse("names are lower-case words joined by hyphens")
            seen.add(name)
            yield name, place

    def mapping(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Self]:
        """Return the values of a mapping that has all required names and no others than these."""
        fields = dict(self.entries())
        missing = [name for name in required if name not in fields]
        if missing:
            self.refuse(f"lacks {', '.join(missing)}")
        for name, place in fields.items():
            if name not in required and name not in optional:
                place.refuse(f"is not known here; known are {', '.join((*required, *optional))}")
        return fields

    def items(self) -> list[Self]:
        """Return the values of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse(f"a list is needed, found {_told(self.node)}")
        if not 0 < len(self.node.value) <= _LARGEST_COUNT:
            self.refuse(f"1 to {_LARGEST_COUNT} entries are needed, found {len(self.node.value)}")
        return [type(self)(node, f"{self.path}[{index}]") for index, node in enumerate(self.node.value)]

    def text(self, longest: int = _LONGEST_TEXT) -> str:
        """Return text on one line, each blank as one space."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse(f"text is needed, found {_told(self.node)}")
        text = " ".join(self.node.value.split())
        if not 0 < len(text) <= longest or not text.isprintable():
            self.refuse(f"1 to {longest} printable characters are needed")
        return text

    def pattern(self, pattern: re.Pattern[str], wanted: str) -> str:
        """Return text of a form."""
        text = self.text()
        if not pattern.fullmatch(text):
            self.refuse(f"{wanted}, is needed, found {text[:_LONGEST_NAME]!r}")
        return text

    def one_of(self, known: Collection[str], what: str) -> str:
        """Return a name that is known."""
        return self.known(self.text(), known, what)

    def known(self, name: str, known: Collection[str], what: str) -> str:
        """Return `name` if it is known."""
        if name not in known:
            self.refuse(f"there is no {what} {name[:_LONGEST_NAME]!r}; there are {', '.join(sorted(known))}")
        return name

    def number(self) -> float:
        """Return a number; what YAML calls infinite or no number is none."""
        text = self.text()
        if not _NUMBER.fullmatch(text):
            self.refuse(f"a number is needed, found {text[:_LONGEST_NAME]!r}")
        return float(text)

    def whole(self, lowest: int, highest: int) -> int:
        """Return a whole number."""
        text = self.text()
        if not text.isascii() or not text.isdecimal() or len(text) > 15 or not lowest <= int(text) <= highest:
            self.refuse(f"a whole number from {lowest} to {highest} is needed, found {text[:_LONGEST_NAME]!r}")
        return int(text)

    def truth(self) -> bool:
        """Return true or false."""
        text = self.text()
        if text not in ("true", "false"):
            self.refuse(f"true or false is needed, found {text[:_LONGEST_NAME]!r}")
        return text == "true"


def _told(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "names with values"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _compose(data: bytes) -> _Place:
    """Return the outermost value of a YAML document whose size and depth were looked at first."""
    if len(data) > LARGEST_FILE:
        raise MalformedInput(_FORMAT, LARGEST_FILE, f"{len(data)} bytes are more than {LARGEST_FILE}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedInput(_FORMAT, error.start, "text in UTF-8 is needed") from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(partial(yaml.parse, text, loader))
        node = yaml.compose(text, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        index, line = (mark.index, mark.line + 1) if mark is not None else (0, 1)
        raise MalformedInput(_FORMAT, index, f"line {line} is no YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise MalformedInput(_FORMAT, 0, "it is no YAML") from error
    if node is None:
        raise MalformedInput(_FORMAT, 0, "it is empty")
    return _Place(node, "")


def _check_events(parse: "partial[Iterator[yaml.Event]]") -> None:
    """Refuse what is deep or refers to itself before a tree is made of it."""
    depth = 0
    for event in parse():
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            reason = "anchors and aliases are not taken"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth <= _DEEPEST:
                continue
            reason = f"values are nested deeper than {_DEEPEST}"
        else:
            depth -= isinstance(event, yaml.CollectionEndEvent)
            continue
        mark = event.start_mark
        index, line = (mark.index, mark.line + 1) if mark is not None else (0, 1)
        raise MalformedInput(_FORMAT, index, f"line {line}: {reason}")
