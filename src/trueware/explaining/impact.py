"""Assesses an effect: which personal data it reaches, whom it harms how much, and what each of them should do.

Everything comes from reviewed rules (`ImpactRules`, loaded by `trueware.knowledge.impact`); here is only how they are applied.

1. Each finding's part is a *component*: the first whose paths and scenario fit. An effect may amount to another one: who is root
   through an account in ``etc/passwd`` is root.
2. *Reached* is what the component may access of what the change touches, and what the effect handles by its very nature.
3. *Reachable*, could be reached, is all that the component may access: where nothing is known of what a change touches, unless
   that is slight, and where it gives somebody else all that the component has.
4. Harm is a vector, one level for each stakeholder with its reason and source, for the scenario where it differs. There is no sum.
   Slight findings have a highest level.
5. Actions come from every row of the decision table whose conditions hold, the first five for each who comes to harm.

More touches never reach less. The ids of all rules that took part are returned, so that the answer can be followed back.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from trueware.model.explanation import Action, Assessment, Harm, Scenario, Stakeholder
from trueware.model.finding import Confidence, Finding, Severity

MOST_ACTIONS = 5
"""Of one stakeholder: more are not done."""

_SEVERITIES, _CONFIDENCES = tuple(Severity), tuple(Confidence)


class Opens(Enum):
    """What an effect makes of the data of its component."""

    NONE = "none"
    """By itself it opens none."""

    TOUCHED = "touched"
    """What the change touches; all, where that is not known."""

    WHOLE = "whole"
    """Somebody else, or code that nobody knows, gets all that the component may access."""


@dataclass(frozen=True, slots=True)
class Component:
    """A kind of part, by where it lies, and what it may access."""

    id: str
    scenarios: frozenset[Scenario]
    paths: re.Pattern[str]
    """Matched as a whole with the path in the artefact."""

    may: frozenset[str]
    """Categories of data."""

    kind: str = ""
    """By which effects refer to it, whatever the scenario."""

    by_permission: bool = False
    """Whether it may access what its permissions grant besides."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one effect makes of data."""

    opens: Opens
    amounts_to: str = ""
    """Kind of the component that it amounts to; empty: that of the part."""

    reached: frozenset[str] = frozenset()
    reachable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the decision table. A condition that is empty or None always holds."""

    id: str
    then: tuple[tuple[Stakeholder, str], ...]
    """Who should do which action, by its id."""

    effects: frozenset[str] = frozenset()
    scenarios: frozenset[Scenario] = frozenset()
    severity: Severity | None = None
    """The gravest finding is at least this."""

    confidence: Confidence | None = None
    """The surest finding is at least this."""

    unsure: bool | None = None
    """Whether even the surest finding is of low confidence."""

    configured: bool | None = None


@dataclass(frozen=True, slots=True)
class ImpactRules:
    """All that is known of impact."""

    data: tuple[str, ...]
    """Every category of data, in the order in which they are told."""

    components: tuple[Component, ...]
    touches: Mapping[str, tuple[tuple[str, frozenset[str]], ...]]
    """By kind of token (what stands before the colon): patterns of whole tokens, and the categories that they stand for."""

    reaches: Mapping[str, Reach]
    """By effect."""

    doubt: Severity
    """The least severity of a finding that may reach anything as long as nothing is known of what it touches."""

    harms: Mapping[str, Mapping[Scenario | None, tuple[Harm, ...]]]
    """By effect and scenario: under None for every scenario, and else what differs there."""

    most: Mapping[Severity, int]
    """The highest level of harm where the gravest finding is of that severity."""

    texts: Mapping[tuple[Stakeholder, str], Mapping[Scenario, str]]
    """Of each action, in the scenarios in which it makes sense."""

    table: tuple[Row, ...]
    otherwise: Row
    """For who comes to harm and has no action by the table."""


def assess(
    effect: str,
    findings: Iterable[Finding],
    scenario: Scenario,
    *,
    configured: bool,
    rules: ImpactRules,
    permissions: Iterable[str] | None = None,
) -> Assessment:
    """Return what follows from an effect.

    Args:
        effect: its id.
        findings: those that show it, at least one.
        scenario: what kind of product it is.
        configured: whether it shows only where policy lets a device change things in service.
        rules: what is known of impact.
        permissions: all that the app concerned holds, where that is known; else what it touches is believed.

    Raises:
        KeyError: no such effect.
        ValueError: no findings.
    """
    findings = tuple(findings)
    reached, reachable, parts = _data(effect, findings, scenario, rules, permissions)
    gravest = max((finding.severity for finding in findings), key=_SEVERITIES.index)
    harms, told = _harms(effect, scenario, gravest, rules)
    actions, rows = _actions(effect, findings, scenario, harms, rules, configured=configured)
    return Assessment(
        _sorted(reached, rules),
        _sorted(reachable - reached, rules),
        harms,
        actions,
        (f"reach/{effect}", *(f"component/{part}" for part in parts), *told, *(f"action/{row}" for row in rows)),
    )


def component_of(path: str, scenario: Scenario, rules: ImpactRules) -> Component:
    """Return what a part is, by its path in the artefact.

    Raises:
        LookupError: no component fits; the rules end with one for each scenario.
    """
    for component in rules.components:
        if scenario in component.scenarios and component.paths.fullmatch(path):
            return component
    raise LookupError(f"no component for {path!r} in a {scenario.value}")


def touched(tokens: Iterable[str], rules: ImpactRules) -> frozenset[str]:
    """Return the categories of data that tokens stand for; empty where none says anything of data."""
    return frozenset(
        term
        for token in tokens
        for pattern, data in rules.touches.get(token.partition(":")[0], ())
        if re.fullmatch(pattern, token)  # compiled when first met: few kinds are
        for term in data
    )


def _data(
    effect: str,
    findings: tuple[Finding, ...],
    scenario: Scenario,
    rules: ImpactRules,
    permissions: Iterable[str] | None,
) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """Return what is reached, what could be, and the ids of the components that this rests on."""
    reach = rules.reaches[effect]
    granted = None if permissions is None else touched((f"permission:{each}" for each in permissions), rules)
    reached, reachable, parts = set(reach.reached), set(reach.reachable), dict[str, None]()
    for finding in findings:
        component = _amounting_to(reach, finding, scenario, rules)
        parts[component.id] = None
        data = touched(finding.touches, rules)
        may = component.may | (granted or frozenset())
        reached |= data if component.by_permission and granted is None else data & may
        if reach.opens is Opens.WHOLE or (reach.opens is Opens.TOUCHED and not data and _doubtful(finding, rules)):
            reachable |= may
    return frozenset(reached), frozenset(reachable), tuple(parts)


def _doubtful(finding: Finding, rules: ImpactRules) -> bool:
    return _SEVERITIES.index(finding.severity) >= _SEVERITIES.index(rules.doubt)


def _amounting_to(reach: Reach, finding: Finding, scenario: Scenario, rules: ImpactRules) -> Component:
    if reach.amounts_to:
        for component in rules.components:
            if component.kind == reach.amounts_to and scenario in component.scenarios:
                return component
    return component_of(finding.part, scenario, rules)


def _harms(
    effect: str, scenario: Scenario, gravest: Severity, rules: ImpactRules
) -> tuple[tuple[Harm, ...], tuple[str, ...]]:
    """Return one harm for each stakeholder, and the ids of the rules."""
    by_scenario = rules.harms[effect]
    general = {harm.stakeholder: harm for harm in by_scenario[None]}
    special = {harm.stakeholder: harm for harm in by_scenario.get(scenario, ())}
    ids = [f"harm/{effect}"] + [f"harm/{effect}/{scenario.value}"] * bool(special)
    harms = [(general | special)[who] for who in Stakeholder]
    most = rules.most.get(gravest)
    if most is not None and any(harm.level > most for harm in harms):
        ids.append(f"harm/at-most/{gravest.value}")
        harms = [replace(harm, level=min(harm.level, most)) for harm in harms]
    return tuple(harms), tuple(ids)


def _actions(
    effect: str,
    findings: tuple[Finding, ...],
    scenario: Scenario,
    harms: tuple[Harm, ...],
    rules: ImpactRules,
    *,
    configured: bool,
) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """Return the actions of all who come to harm, and the ids of the rows that they come from."""
    severity = max(_SEVERITIES.index(finding.severity) for finding in findings)
    confidence = max(_CONFIDENCES.index(finding.confidence) for finding in findings)
    rows = [row for row in rules.table if _holds(row, effect, scenario, severity, confidence, configured=configured)]
    actions: list[Action] = []
    used: dict[str, None] = {}
    for harm in harms:
        if not harm.level:
            continue
        chosen = _chosen(rows, harm.stakeholder, scenario, rules)
        chosen = chosen or _chosen([rules.otherwise], harm.stakeholder, scenario, rules)
        for row, action in chosen.values():
            actions.append(action)
            used[row] = None
    return tuple(actions), tuple(used)


def _chosen(
    rows: Iterable[Row], who: Stakeholder, scenario: Scenario, rules: ImpactRules
) -> dict[str, tuple[str, Action]]:
    """Return by id the first actions of a stakeholder that make sense in a scenario, each with the row it comes from."""
    chosen: dict[str, tuple[str, Action]] = {}
    for row in rows:
        for stakeholder, id_ in row.then:
            if len(chosen) == MOST_ACTIONS:
                return chosen
            if stakeholder is who and (text := rules.texts[who, id_].get(scenario)) is not None:
                chosen.setdefault(id_, (row.id, Action(who, id_, text)))
    return chosen


def _holds(row: Row, effect: str, scenario: Scenario, severity: int, confidence: int, *, configured: bool) -> bool:
    return (
        (not row.effects or effect in row.effects)
        and (not row.scenarios or scenario in row.scenarios)
        and (row.severity is None or severity >= _SEVERITIES.index(row.severity))
        and (row.confidence is None or confidence >= _CONFIDENCES.index(row.confidence))
        and (row.unsure is None or row.unsure is (confidence == 0))
        and (row.configured is None or row.configured is configured)
    )


def _sorted(data: frozenset[str], rules: ImpactRules) -> tuple[str, ...]:
    return tuple(term for term in rules.data if term in data)
