"""Loads what is known of impact, for `trueware.explaining.impact`: reviewed data, each rule with an id, each level with its source.

=================== ====================================================================================================
``data.csv``        categories of personal data (W3C DPV 2.3, ``pd``), with plain words for each
``reach.yaml``      components and what they may access; what tokens touch; what each effect makes of that
``harms/``          one file for each effect: level 0 to 4, reason and sources for each stakeholder, by scenario where it differs
``sources.yaml``    what harms rest on
``actions.yaml``    actions, and the table that says when
=================== ====================================================================================================

A file of ``harms/`` holds, under ``any`` for all scenarios and under a scenario for what differs there::

    user: [3, "Why that level, one sentence.", source, source]

and is read when its effect is met.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from trueware.explaining.impact import Component, ImpactRules, Opens, Reach, Row
from trueware.knowledge.shipped import names_in, read_yaml
from trueware.model.explanation import Harm, Scenario, Stakeholder
from trueware.model.finding import Confidence, Severity

ANY = "any"


@cache
def load_impact() -> ImpactRules:
    """Return all rules; the harms of an effect are read when it is asked for.

    Raises:
        ValueError, KeyError, TypeError: a file does not have its shape (a defect of this package).
    """
    reach: Any = read_yaml("impact", "reach")
    told: Any = read_yaml("impact", "actions")
    sources: Any = _sources()
    return ImpactRules(
        tuple(load_words()),
        tuple(_component(each) for each in reach["components"]),
        _touches(reach["touches"]),
        {effect: _reach(each) for effect, each in reach["effects"].items()},
        Severity(reach["doubt"]),
        _Harms(),
        {Severity(name): level for name, level in sources["most"].items()},
        {
            (Stakeholder(who), id_): _by_scenario(text)
            for who, texts in told["actions"].items()
            for id_, text in texts.items()
        },
        tuple(_row(each) for each in told["table"]),
        _row(told["otherwise"]),
    )


@cache
def load_words() -> Mapping[str, str]:
    """Return plain words for each category of data, in the order in which they are told."""
    text = files("trueware.knowledge.impact").joinpath("data.csv").read_text("utf-8")
    return {row["term"]: row["words"] for row in csv.DictReader(text.splitlines())}


class _Harms(Mapping[str, Mapping[Scenario | None, tuple[Harm, ...]]]):
    """The harms of each effect, read when asked for."""

    def __getitem__(self, effect: str) -> Mapping[Scenario | None, tuple[Harm, ...]]:
        return _harms(effect)

    def __iter__(self) -> Iterator[str]:
        return iter(names_in("impact/harms"))

    def __len__(self) -> int:
        return len(names_in("impact/harms"))


@cache
def _harms(effect: str) -> Mapping[Scenario | None, tuple[Harm, ...]]:
    data: Any = read_yaml("impact/harms", effect)
    sources: Any = _sources()
    return {
        None if scenario == ANY else Scenario(scenario): tuple(
            Harm(Stakeholder(who), level, reason, _source(cited, who, sources))
            for who, (level, reason, *cited) in by_stakeholder.items()
        )
        for scenario, by_stakeholder in data.items()
    }


@cache
def _sources() -> object:
    return read_yaml("impact", "sources")


def _source(cited: list[str], who: str, sources: Any) -> str:
    return "; ".join([*(sources["sources"][each] for each in cited), sources["level"][who]])


def _component(data: dict[str, Any]) -> Component:
    return Component(
        data["id"],
        frozenset(Scenario(each) for each in data["scenarios"]),
        re.compile(rf"(?:.*/)?(?:{'|'.join(data['paths'])})", re.DOTALL),
        frozenset(data["may"]),
        data.get("kind", ""),
        data.get("permissions", False),
    )


def _touches(data: list[dict[str, Any]]) -> dict[str, tuple[tuple[str, frozenset[str]], ...]]:
    by_kind: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for each in data:
        by_kind.setdefault(each["token"].partition(":")[0], []).append((each["token"], frozenset(each["data"])))
    return {kind: tuple(patterns) for kind, patterns in by_kind.items()}


def _reach(data: dict[str, Any]) -> Reach:
    return Reach(
        Opens(data["data"]),
        data.get("as", ""),
        frozenset(data.get("reached", ())),
        frozenset(data.get("reachable", ())),
    )


def _by_scenario(text: str | dict[str, str | None]) -> dict[Scenario, str]:
    if isinstance(text, str):
        return dict.fromkeys(Scenario, text)
    told = {scenario: text.get(scenario.value, text.get(ANY)) for scenario in Scenario}
    return {scenario: each for scenario, each in told.items() if each is not None}


def _row(data: dict[str, Any]) -> Row:
    severity, confidence = data.get("severity"), data.get("confidence")
    return Row(
        data["id"],
        tuple((Stakeholder(who), id_) for who, ids in data["then"].items() for id_ in ids),
        frozenset(data.get("effects", ())),
        frozenset(Scenario(each) for each in data.get("scenarios", ())),
        None if severity is None else Severity(severity),
        None if confidence is None else Confidence(confidence),
        data.get("unsure"),
        data.get("configured"),
    )
