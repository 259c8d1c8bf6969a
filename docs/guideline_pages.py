"""Builds docs/guidelines (two pages for each effect) and docs/reference/rules (one for each rule that says what a change does)."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from trueware.explaining.catalogue import catalogue
from trueware.explaining.impact import assess
from trueware.knowledge.effects import effect_ids, load_effect
from trueware.knowledge.guidelines import ALL, OWNER, PROFESSIONAL, Guideline, Sections, load_guideline
from trueware.knowledge.impact import load_impact, load_words
from trueware.model.explanation import Assessment, Effect, Scenario
from trueware.model.finding import Finding, Rule, Severity

GUIDELINES = Path(__file__).resolve().parent / "guidelines"
RULES = Path(__file__).resolve().parent / "reference/rules"

_MOST = 8
"""Kinds of data that an owner is told, the most private first."""

LEVELS = ("none", "slight", "noticeable", "serious", "severe")
IN = {
    Scenario.PHONE: "Phone",
    Scenario.NETWORK_DEVICE: "Network device",
    Scenario.RECEIVER: "Receiver",
    Scenario.APP: "App",
    Scenario.OTHER: "Other product",
}


def guideline_pages() -> dict[Path, str]:
    """Return every page of docs/guidelines by its path."""
    pages = {GUIDELINES / "README.md": "".join(_index())}
    for id_ in effect_ids():
        pages[GUIDELINES / f"{id_}.md"] = "".join(_owner(load_effect(id_)))
        pages[GUIDELINES / f"{id_}-professional.md"] = "".join(_professional(load_effect(id_)))
    return pages


def rule_pages() -> dict[Path, str]:
    """Return a page for each rule by its path."""
    return {RULES / f"{id_}.md": "".join(_rule(rule, subject)) for id_, (rule, subject) in catalogue().items()}


def rule_list() -> Iterator[str]:
    """Yield what the list of all rules says of these."""
    yield "\n# Rules that say what a change does\n\n"
    yield "Found by `verify` and `diff` in the changes only, each with an [effect](../guidelines/README.md) and a page.\n\n"
    yield "| rule | what is so | effect | severity |\n|---|---|---|---|\n"
    for id_, (rule, _) in sorted(catalogue().items()):
        yield f"| [{id_}](rules/{id_}.md) | {rule.title} | {_link(rule.effect, '../guidelines/')} | {rule.severity.value} |\n"


def _index() -> Iterator[str]:
    yield "# What a change does, and what to do about it\n\n"
    yield "One page for owners and one for professionals for each effect that `trueware verify` and `trueware diff` name.\n"
    yield "They are written for handing on: in workshops, with a result, on a public page.\n\n"
    yield "| effect | for owners | for professionals |\n|---|---|---|\n"
    for id_ in effect_ids():
        yield f"| {load_effect(id_).title} | [{id_}]({id_}.md) | [{id_}]({id_}-professional.md) |\n"
    yield "\nHarm is a level from 0 to 4 for each of five stakeholders, with reason and source; there is no sum\n"
    yield "([ADR 10](../adr/0010-harm-is-a-vector.md)). No public study counts altered software, so that the levels are judgements,\n"
    yield "and each says whose review it wants. Clauses of ITU-T Recommendations are cited by their titles: read the text\n"
    yield "before you claim conformity. Ids of ATT&CK, CAPEC, EMB3D (MITRE), CWE and RFC 9124 are cited without their text.\n"


def _owner(effect: Effect) -> Iterator[str]:
    yield f"# {effect.title}\n\n{effect.owner}\n\n"
    yield f"For professionals: [{effect.id}]({effect.id}-professional.md). All effects: [guidelines](README.md).\n"
    every, own = load_guideline(ALL), load_guideline(effect.id)
    for name, heading in OWNER.items():
        told = _texts(own.general.owner, name)
        if name == "do":
            told = (*_texts(every.general.owner, "first"), *told)
        special = {scenario: advice.owner for scenario, advice in own.special.items()}
        if told:
            yield from _section(heading, told, special, name, numbered=name == "do")
    yield from _data_for_owners(effect)


def _data_for_owners(effect: Effect) -> Iterator[str]:
    """Yield what may be at risk, in plain words, by kind of product."""
    words = load_words()
    rows = []
    for scenario in effect.scenarios:
        told = _assessed(effect, scenario)
        terms = sorted((*told.reached, *told.reachable), key=list(words).index)
        if terms:
            more = " and more" if len(terms) > _MOST else ""
            rows.append(f"- {IN[scenario]}: {', '.join(words[term] for term in terms[:_MOST])}{more}.\n")
    if rows:
        yield "\n## What could be at risk for you\n\nWhat of it really is, depends on what was changed; the result says it.\n\n"
        yield from rows


def _professional(effect: Effect) -> Iterator[str]:
    yield f"# {effect.title}: for professionals\n\n{effect.technical}\n\n"
    yield f"Effect `{effect.id}`; met in: {', '.join(IN[each].lower() for each in effect.scenarios)}. "
    yield f"For owners: [{effect.id}]({effect.id}.md). All effects: [guidelines](README.md).\n\n"
    yield f"References: {', '.join(f'[{each}]({_links()[each]})' for each in effect.references)}.\n"
    every, own = load_guideline(ALL), load_guideline(effect.id)
    for name, heading in PROFESSIONAL.items():
        told = (*_texts(own.general.professional, name), *_texts(every.general.professional, name))
        special: dict[Scenario, Sections] = {}
        for scenario in effect.scenarios:
            texts = tuple(text for guideline in (own, every) for text in _special(guideline, scenario, name))
            special[scenario] = {name: texts}
        if told or any(each[name] for each in special.values()):
            yield from _section(heading, told, special, name, numbered=False)
    yield from _harms(effect)
    yield from _data(effect)
    found = sorted(id_ for id_, (rule, _) in catalogue().items() if rule.effect == effect.id)
    if found:
        yield f"\n## Found by\n\n{', '.join(f'[{id_}](../reference/rules/{id_}.md)' for id_ in found)}.\n"


def _special(guideline: Guideline, scenario: Scenario, name: str) -> tuple[str, ...]:
    advice = guideline.special.get(scenario)
    return () if advice is None else _texts(advice.professional, name)


def _section(
    heading: str, told: tuple[str, ...], special: dict[Scenario, Sections], name: str, *, numbered: bool
) -> Iterator[str]:
    yield f"\n## {heading}\n\n"
    if name in ("what", "how"):
        yield "\n\n".join(told) + "\n"
    else:
        yield "".join(f"{f'{number}.' if numbered else '-'} {text}\n" for number, text in enumerate(told, 1))
    for scenario, sections in special.items():
        if texts := _texts(sections, name):
            yield f"\n{IN[scenario]}:\n\n" + "".join(f"- {text}\n" for text in texts)


def _harms(effect: Effect) -> Iterator[str]:
    yield "\n## Whom it harms\n\n"
    columns = effect.scenarios
    yield f"| stakeholder | {' | '.join(IN[each].lower() for each in columns)} |\n|---|{'---|' * len(columns)}\n"
    told = [_assessed(effect, scenario).harms for scenario in columns]
    for row in zip(*told, strict=True):
        cells = (f"{harm.level} {LEVELS[harm.level]}" for harm in row)
        yield f"| {row[0].stakeholder.value} | {' | '.join(cells)} |\n"
    yield "\nReasons:\n\n"
    reasons: dict[tuple[str, int, str, str], list[str]] = defaultdict(list)
    for scenario, harms in zip(columns, told, strict=True):
        for harm in harms:
            reasons[harm.stakeholder.value, harm.level, harm.reason, harm.source].append(IN[scenario].lower())
    for (who, level, reason, source), where in reasons.items():
        if level:
            place = "" if len(where) == len(columns) else f" ({', '.join(where)})"
            yield f"- {who} {level}{place}: {reason} *{source[0].upper()}{source[1:]}.*\n"


def _data(effect: Effect) -> Iterator[str]:
    rows = []
    for scenario in effect.scenarios:
        told = _assessed(effect, scenario)
        if told.reached or told.reachable:
            rows.append(f"| {IN[scenario].lower()} | {', '.join(told.reached)} | {', '.join(told.reachable)} |\n")
    if rows:
        yield "\n## Data within reach\n\n"
        yield "Categories of the W3C Data Privacy Vocabulary 2.3 (`pd`), where the change lies in the system itself and nothing is\n"
        yield "known of what it touches; a result names what applies to it.\n\n"
        yield "| product | handled by its nature | could be reached |\n|---|---|---|\n"
        yield from rows


def _rule(rule: Rule, subject: str) -> Iterator[str]:
    yield f"# {rule.id}\n\n{rule.title}.\n\n"
    yield f"Severity {rule.severity.value}, confidence {rule.confidence.value}; a finding may differ from that and says so.\n"
    if rule.help:
        yield f"\n{rule.help}\n"
    effect = load_effect(rule.effect)
    yield f"\nWhat that does: {effect.title} ([{effect.id}](../../guidelines/{effect.id}.md), "
    yield f"[for professionals](../../guidelines/{effect.id}-professional.md)).\n"
    yield f"\nLooked for among: {subject}. [All rules](../rules.md).\n"


def _assessed(effect: Effect, scenario: Scenario) -> Assessment:
    """Return what follows where the effect lies in the system and nothing is known of what it touches."""
    finding = Finding("", "", "", Severity.HIGH)
    return assess(effect.id, (finding,), scenario, configured=False, rules=load_impact())


def _texts(sections: Sections, name: str) -> tuple[str, ...]:
    return sections.get(name, ())


def _link(effect: str, folder: str) -> str:
    return f"[{effect}]({folder}{effect}.md)"


@cache
def _links() -> dict[str, str]:
    text = files("trueware.knowledge").joinpath("catalogues.csv").read_text("utf-8")
    return {row["reference"]: row["link"] for row in csv.DictReader(text.splitlines())}
