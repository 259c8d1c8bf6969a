"""Renders what the changes do, as text: effects, the gravest first, each with its evidence, reach and harm; then what to do."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from trueware.cli.printable import printable
from trueware.model.explanation import Explanation, Stakeholder
from trueware.model.finding import Confidence, Evidence, Finding

_WIDTH = 108
_FINDINGS = 6
_EVIDENCE = 3
"""Lines of one effect, and of one finding, that are shown unless everything is asked for."""

_ACTIONS = 5
_NAMED = 3
_SERIOUS = 2
"""Harm from which on actions are shown unless everything is asked for."""

_FEW = 2
"""Categories of data that are named again and again."""

_LONGEST = 96
"""Characters of an excerpt that are shown unless everything is asked for."""


def effects(explanations: tuple[Explanation, ...], *, everything: bool) -> Iterator[str]:
    """Yield the lines of all effects."""
    if not explanations:
        return
    yield ""
    yield "  what the changes do"
    seen: dict[tuple[str, ...], int] = {}
    for number, explanation in enumerate(explanations, 1):
        yield from _effect(number, explanation, seen, everything=everything)
    yield from _actions(explanations, everything=everything)


def _effect(
    number: int, explanation: Explanation, seen: dict[tuple[str, ...], int], *, everything: bool
) -> Iterator[str]:
    """Yield the lines of one effect; `seen` has lists of data told before, by the number of the effect under which they stand."""
    effect, assessment = explanation.effect, explanation.assessment
    where = ", in settings a device may change" if explanation.configured else ""
    yield f"   {number:>2}. {effect.title}  ({effect.id}, {explanation.severity.value}{where})"
    yield from (f"       {line}" for line in wrap(effect.owner, _WIDTH - 7))
    if everything:
        references = f" ({', '.join(effect.references)})" if effect.references else ""
        yield from (f"       {line}" for line in wrap(f"Technically: {effect.technical}{references}", _WIDTH - 7))
    findings = explanation.findings
    for finding in findings if everything else findings[:_FINDINGS]:
        yield from _finding(finding, everything=everything)
    if not everything and len(findings) > _FINDINGS:
        yield f"       … {len(findings) - _FINDINGS} more (--all shows them)"
    for title, data in (("data it handles", assessment.reached), ("data it could reach", assessment.reachable)):
        if data in seen and len(data) > _FEW and not everything:
            yield f"       {title}: as under {seen[data]}"
        elif data:
            seen[data] = number
            yield from _listed(title, _words(data))
    if assessment.harms:
        told = ", ".join(f"{_who(harm.stakeholder)} {harm.level}" for harm in assessment.harms)
        yield f"       harm, 0 to 4: {told}"
    if everything:
        for harm in assessment.harms:
            told = f"{_who(harm.stakeholder)} {harm.level}: {harm.reason} [{harm.source}]"
            yield from _hanging(told, "         ")


def _finding(finding: Finding, *, everything: bool) -> Iterator[str]:
    place = printable(finding.part) or "the artefact"
    doubt = "" if finding.confidence is Confidence.HIGH else f" [{finding.confidence.value} confidence]"
    yield f"       - {place}: {printable(finding.detail)}{doubt}"
    shown = finding.evidence if everything else finding.evidence[:_EVIDENCE]
    for evidence in shown:
        yield f"           {_evidence(evidence, everything=everything)}"
    if len(shown) < len(finding.evidence):
        yield f"           … {len(finding.evidence) - len(shown)} more"


def _evidence(evidence: Evidence, *, everything: bool) -> str:
    where = f"{printable(evidence.where)}: " if evidence.where else ""
    expected = None if evidence.expected is None else _cut(evidence.expected, everything=everything)
    found = None if evidence.found is None else _cut(evidence.found, everything=everything)
    if expected is None:
        return where.rstrip(": ") if found is None else f"{where}{found}"
    return f"{where}gone: {expected}" if found is None else f"{where}{expected} -> {found}"


def _cut(text: str, *, everything: bool) -> str:
    told = printable(text)
    return told if everything or len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"


def _words(categories: Iterable[str]) -> Iterator[str]:
    """Yield plain words for categories of data, which in JSON go by their terms."""
    from trueware.knowledge.impact import load_words

    words = load_words()
    return (words.get(category, category) for category in categories)


def _listed(title: str, words: Iterable[str]) -> Iterator[str]:
    yield from _hanging(f"{title}: {'; '.join(words)}", "       ")


def _hanging(text: str, margin: str) -> Iterator[str]:
    """Yield the lines of a paragraph, all but the first further in."""
    first, *others = wrap(text, _WIDTH - len(margin) - 2) or [""]
    yield f"{margin}{first}"
    yield from (f"{margin}  {line}" for line in others)


def _actions(explanations: tuple[Explanation, ...], *, everything: bool) -> Iterator[str]:
    """Yield what each who may come to serious harm should do, whatever effect it follows from, the most urgent first."""
    told: dict[Stakeholder, list[str]] = {}
    for explanation in explanations:
        harmed = {harm.stakeholder for harm in explanation.assessment.harms if harm.level >= _SERIOUS or everything}
        for action in explanation.assessment.actions:
            if action.stakeholder not in harmed:
                continue
            texts = told.setdefault(action.stakeholder, [])
            if action.text not in texts and len(texts) < _ACTIONS:
                texts.append(action.text)
    ids = " ".join(explanation.effect.id for explanation in explanations[:_NAMED])
    if not told:
        return
    yield ""
    yield "  what to do"
    for stakeholder in Stakeholder:
        for number, text in enumerate(told.get(stakeholder, ())):
            name = f"{_who(stakeholder)}:" if not number else ""
            first, *others = wrap(text, _WIDTH - 20) or [""]
            yield f"    {name:<15} {first}"
            yield from (f"    {'':<15}   {line}" for line in others)
    yield f"    more:           trueware explain {ids}"


def _who(stakeholder: Stakeholder) -> str:
    return stakeholder.value.replace("-", " ")
