"""The page of a rule or an effect: what it means, whom it harms, what people are told to do. Text that is also Markdown."""

from collections.abc import Iterator
from difflib import get_close_matches
from textwrap import fill

from trueware.model.explanation import Effect, Harm, Scenario
from trueware.model.finding import Rule

_WIDTH = 100


def page_of(id_: str) -> str:
    """Return the page of the rule or effect of that id.

    Raises:
        KeyError: there is none; the message names what is near.
    """
    from trueware.explaining.catalogue import catalogue
    from trueware.knowledge.effects import effect_ids, load_effect
    from trueware.model.rules import RULES

    if id_ in effect_ids():
        effect = load_effect(id_)
        shown_by = [rule.id for rule, _ in catalogue().values() if rule.effect == id_]
        return "".join(_effect(effect, shown_by))
    if id_ in catalogue():
        rule, subject = catalogue()[id_]
        return "".join(_rule(rule, subject, load_effect(rule.effect)))
    if id_ in RULES:
        return "".join(_rule(RULES[id_], "", None))
    near = get_close_matches(id_, [*catalogue(), *RULES, *effect_ids()], 4)
    raise KeyError(f"no rule or effect {id_!r}" + (f"; near it are {', '.join(near)}" if near else ""))


def _rule(rule: Rule, subject: str, effect: Effect | None) -> Iterator[str]:
    yield f"# {rule.id}\n\n{_text(rule.title)}.\n\n"
    yield f"- severity: {rule.severity.value}\n- confidence: {rule.confidence.value}\n"
    if rule.uncertain:
        yield "- equality by content proves nothing any more, only equal bytes do\n"
    if rule.unread:
        yield "- bytes may be missing from the reading, so that absence proves nothing\n"
    if subject:
        yield f"- looked for among: {subject}\n"
    if effect is not None:
        yield f"- effect: {effect.id}\n"
    if rule.help:
        yield f"\n{_text(rule.help)}\n"
    if effect is not None:
        yield "\n## What that does\n\n"
        yield from _body(effect)
        yield f"\nWhat to do about it: `trueware explain {effect.id}`.\n"


def _effect(effect: Effect, shown_by: list[str]) -> Iterator[str]:
    yield f"# {effect.id}\n\n{_text(effect.title)}.\n\n"
    yield from _body(effect)
    yield from _guidelines(effect)
    yield "\n## Rules that show it\n\n"
    yield from (f"- {rule}\n" for rule in sorted(shown_by))


def _body(effect: Effect) -> Iterator[str]:
    yield f"{_text(effect.owner)}\n\n{_text(effect.technical)}\n"
    if effect.references:
        yield f"\nSee {', '.join(effect.references)}.\n"
    yield from _harms(effect)


def _guidelines(effect: Effect) -> Iterator[str]:
    """Yield what owners and what professionals are told, and what is special to one kind of product."""
    from trueware.knowledge.guidelines import OWNER, PROFESSIONAL, load_guideline

    guideline = load_guideline(effect.id)
    advice = [("", guideline.general)]
    advice += [(f", {scenario.value.replace('-', ' ')}", each) for scenario, each in guideline.special.items()]
    for readers, headings in (("owners", OWNER), ("professionals", PROFESSIONAL)):
        for kind, each in advice:
            sections = each.owner if readers == "owners" else each.professional
            for name in (name for name in headings if name in sections):
                yield f"\n## {headings[name]}, for {readers}{kind}\n\n"
                only = len(sections[name]) == 1
                yield from (
                    _text(text if only else f"- {text}", "" if only else "  ") + "\n" for text in sections[name]
                )


def _harms(effect: Effect) -> Iterator[str]:
    """Yield harm for each stakeholder, 0 to 4, in each kind of product in which the effect is met."""
    from trueware.explaining.impact import assess
    from trueware.knowledge.impact import load_impact
    from trueware.model.finding import Finding, Severity

    finding = Finding("", "", "", Severity.HIGH)
    alike: dict[tuple[Harm, ...], list[str]] = {}
    for scenario in effect.scenarios or (Scenario.OTHER,):
        told = assess(effect.id, (finding,), scenario, configured=False, rules=load_impact())
        alike.setdefault(told.harms, []).append(scenario.value.replace("-", " "))
    yield "\n## Whom it harms, 0 to 4\n"
    for harms, scenarios in alike.items():
        yield f"\nIn products of kind {', '.join(scenarios)}:\n\n"
        for harm in harms:
            yield f"{_text(f'- {harm.stakeholder.value}: {harm.level}. {harm.reason}', '  ')}\n"


def _text(text: str, hanging: str = "") -> str:
    return fill(text, _WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
