"""Renders appraisals and cases as text: the verdict, what speaks against the device, what was not shown, what holds."""

from collections.abc import Iterable, Iterator

from trueware.cli.printable import printable
from trueware.model.attested import Appraisal
from trueware.model.case import Case
from trueware.model.check import Check, Outcome
from trueware.model.verdict import Tier, Verdict

_SHOWN = 12
"""Lines of one group that are shown unless everything is asked for."""

_LONGEST = 200
"""Characters of a value from the evidence that are shown."""

_COLOURS = {Verdict.GENUINE: "32", Verdict.TAMPERED: "31", Verdict.COUNTERFEIT: "35", Verdict.UNKNOWN: "33"}


def render_appraisal(appraisal: Appraisal, *, colour: bool = False, everything: bool = False) -> str:
    """Return an appraisal as lines of text, ending with a newline; `everything`: all checks, however many."""
    lines = (
        *_head(appraisal.verdict, appraisal.tier, appraisal.attester, appraisal.reason, colour),
        *_appraised(appraisal, everything),
    )
    return "".join(f"{line}\n".rstrip(" ") for line in lines)


def render_case(case: Case, *, colour: bool = False, everything: bool = False) -> str:
    """Return a case as lines of text, ending with a newline."""
    lines = (*_head(case.verdict, case.tier, case.device, case.reason, colour), *_case(case, everything))
    return "".join(f"{line}\n".rstrip(" ") for line in lines)


def _head(verdict: Verdict, tier: Tier, name: str, reason: str, colour: bool) -> Iterator[str]:  # noqa: FBT001 (as asked)
    word = verdict.value
    if verdict is Verdict.GENUINE and tier is Tier.WARNING:
        word += " (with warnings)"
    if verdict is Verdict.UNKNOWN and tier is Tier.CONTRAINDICATED:
        word += " (contraindicated)"
    if colour:
        word = f"\x1b[1;{_COLOURS[verdict]}m{word}\x1b[0m"
    yield f"{word}  {printable(name)}"
    yield f"  {printable(reason)}"


def _appraised(appraisal: Appraisal, everything: bool) -> Iterator[str]:  # noqa: FBT001 (as asked)
    yield ""
    yield f"  evidence: {', '.join(appraisal.kinds) or 'none'}"
    for match in appraisal.matches if everything else appraisal.matches[:_SHOWN]:
        release = match.release
        near = "" if match.complete else ", and differs elsewhere"
        yield f"  {match.aspect.value}: {printable(release.title)} ({release.authority.value}) by {printable(match.shown_by)}{near}"
    if not everything and len(appraisal.matches) > _SHOWN:
        yield f"  … and {len(appraisal.matches) - _SHOWN} more releases (--all shows them)"
    for claim in appraisal.claims:
        yield f"  attested {claim.name}: {printable(claim.value[:_LONGEST])}"
    for title, outcome in (
        ("speaks against it", Outcome.CONTRADICTS),
        ("not shown", Outcome.NOT_SHOWN),
        ("holds", Outcome.SUPPORTS),
    ):
        checks = [each for each in appraisal.checks if each.outcome is outcome]
        yield from _checks(title, checks, everything)
    yield from _settle(appraisal.settle)


def _checks(title: str, checks: list[Check], everything: bool) -> Iterator[str]:  # noqa: FBT001 (as asked)
    if not checks:
        return
    yield ""
    yield f"  {title}"
    for each in checks if everything else checks[:_SHOWN]:
        where = f"{printable(each.place)}: " if each.place else ""
        source = f"  [{printable(each.source)}]" if each.source and each.outcome is Outcome.CONTRADICTS else ""
        test = f"  (RFC 9683 test: {each.distrust.value})" if each.distrust is not None else ""
        yield f"    {each.rule:<28} {where}{printable(each.detail)}{source}{test}"
        if each.outcome is Outcome.CONTRADICTS:
            yield from _values(each)
    if not everything and len(checks) > _SHOWN:
        yield f"    … and {len(checks) - _SHOWN} more (--all shows them)"


def _values(check: Check) -> Iterator[str]:
    for word, value in (("expected", check.expected), ("found", check.found)):
        if value is not None:
            short = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
            yield f"    {'':<28}   {word:<8} {printable(short)}"


def _case(case: Case, everything: bool) -> Iterator[str]:  # noqa: FBT001 (as asked)
    yield ""
    for each in case.facets:
        strength = f"{each.strength.value}" if each.strength is not None else "not shown"
        by = f", {printable(each.by)}" if each.by else ""
        yield f"  {each.facet.value:<14} {each.tier.value:<16} {strength}{by}: {printable(each.detail)}"
    yield from _checks("contradictions and agreements", list(case.contradictions), everything)
    yield ""
    yield "  rests on"
    for result in case.results:
        yield f"    {result.verdict.value:<12} {printable(result.artefact)}: {printable(result.reason)}"
    for appraisal in case.appraisals:
        kinds = ", ".join(appraisal.kinds)
        yield f"    {appraisal.verdict.value:<12} {printable(appraisal.attester)} ({kinds}): {printable(appraisal.reason)}"
    yield from _settle(case.settle)


def _settle(ways: Iterable[str]) -> Iterator[str]:
    ways = tuple(ways)
    if ways:
        yield ""
        yield "  what would settle it"
        yield from (f"    - {printable(line)}" for line in ways)
