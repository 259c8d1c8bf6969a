"""Builds docs/reference/checks.md: what is checked of live evidence, from the rules themselves."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from trueware import attestation
from trueware.appraisal.ar4si_values import value_name
from trueware.appraisal.live import checks as live
from trueware.appraisal.live.catalogue import CHECKS
from trueware.model.check import Aspect, CheckRule
from trueware.model.verdict import tier_of

_TITLES = {
    "tpm": "Quotes by a TPM 2.0",
    "event_log": "The log of a boot",
    "ima": "The list of files that ran (IMA)",
    "eat": "Attestation tokens",
    "android_key": "Android key attestation",
    "freshness": "Challenges",
}
_DISTRUST = "one of the six tests of RFC 9683 §3.2"


def checks_page() -> Iterator[str]:
    """Yield the checks, by the type of evidence that they are of."""
    yield "# Checks of live evidence\n\nWhat `trueware appraise` and `trueware case` check. Ids are stable. Each check *supports*, "
    yield "*contradicts*, or could *not show* what it says, and then tells why.\n\n"
    yield "- **Needed**: nothing else that the evidence says counts until this supports.\n"
    yield "- **Compares**: where it could have been made and was not, nobody says GENUINE.\n"
    yield "- **Vouches**: where it supports, its signer answers for all of the software.\n"
    yield "- Values are those of AR4SI that a check asks for ([attestation results](../concepts/ear.md)); one that finds less than "
    yield "its rule says asks for a milder one.\n"
    left = dict(CHECKS)
    for name, title in _packages():
        rules = [left.pop(each.id) for each in import_module(name).RULES if each.id in left]
        if rules:
            yield f"\n## {title}\n"
            for rule in rules:
                yield from _rule(rule)
    if left:
        raise ValueError(f"rules of no package: {', '.join(left)}")


def _packages() -> Iterator[tuple[str, str]]:
    names = [each.name for each in iter_modules(attestation.__path__) if each.ispkg]
    for name in sorted(names, key=lambda each: (list(_TITLES).index(each) if each in _TITLES else len(_TITLES), each)):
        yield f"{attestation.__name__}.{name}.checks", _TITLES.get(name, name.replace("_", " "))
    yield live.__name__, "What evidence of any type comes to"


def _rule(rule: CheckRule) -> Iterator[str]:
    yield f"\n### {rule.id}\n\n{rule.title[0].upper()}{rule.title[1:]}.\n\n"
    marks = [f"speaks of {rule.aspect.value}"]
    marks += ["needed"] * rule.needed + ["compares"] * rule.compares + ["vouches"] * rule.vouches
    if rule.distrust is not None:
        marks.append(f"`{rule.distrust.value}`, {_DISTRUST}")
    line = "; ".join(marks)
    yield f"- {line[0].upper()}{line[1:]}.\n"
    yield f"- Contradicted: {_value(rule, rule.contradicted)}.\n"
    if rule.supported:
        yield f"- Supported: {_value(rule, rule.supported)}.\n"
    if rule.help:
        yield f"\n{rule.help}\n"


def _value(rule: CheckRule, value: int) -> str:
    claim = _claim(rule.aspect)
    return f"{claim} {value} ({tier_of(value).value}): {value_name(claim, value)}"


def _claim(aspect: Aspect) -> str:
    """Return the claim of AR4SI that an aspect is counted in."""
    return {Aspect.EVIDENCE: Aspect.IDENTITY, Aspect.BOOT: Aspect.EXECUTABLES}.get(aspect, aspect).value
