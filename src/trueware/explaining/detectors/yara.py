"""YARA rules that were asked for, on what changed. A rule that matches the genuine bytes as well says nothing of the change.

Rules are compiled elsewhere (`trueware.sources.yara_rules`); how long they may take is theirs, and where that was not enough, it is
said. A match is a lead with the rule's name, and never decides a verdict: rules match more than they mean to.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

MATCH = Rule(
    "yara-match",
    "A YARA rule matches what was changed, and not what was there",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Read the rule, and look at what it found. Rules match more than they mean to.",
    effect="known-malicious",
)
UNFINISHED = Rule(
    "yara-unfinished",
    "YARA rules took too long on a changed file",
    Severity.LOW,
    help="What they would have found is not known. Try fewer rules, or rules without patterns that are slow.",
    effect="unexplained-change",
)

_LARGEST = 1 << 26


class YaraRules:
    """Matches of YARA rules."""

    subject: ClassVar[str] = "YARA rules"
    rules: ClassVar[tuple[Rule, ...]] = (MATCH, UNFINISHED)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")  # all changes, once others have spoken

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (the form)
        yield from ()  # what a change does is for others to say first

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (the form)
        for altered in case.altered if case.watchlists.matcher is not None else ():
            with suppress(InputError):  # what cannot be read is told by those who had to
                yield from _look(altered, case)


def _look(altered: Altered, case: Case) -> Iterator[Finding]:
    matcher = case.watchlists.matcher
    part = altered.change.found
    if matcher is None or part is None or altered.is_moved or not part.size or part.size > _LARGEST:
        return
    if part.kind not in (Kind.FILE, Kind.REGION, Kind.GAP) or (after := altered.after()) is None:
        return
    scanned = matcher.scan(after)
    if not scanned.finished:
        yield altered.finding(UNFINISHED, f"{part.size} bytes")
    if not scanned.matches:
        return
    before = b"" if altered.is_added else altered.before()
    old = {(each.file, each.rule) for each in matcher.scan(before).matches} if before else set()
    for match in scanned.matches:
        if (match.file, match.rule) in old:
            continue
        told = [each for each in (match.about, match.source) if each]
        yield altered.finding(
            MATCH,
            excerpt(f"{match.rule}" + (f": {'; '.join(told)}" if told else "")),
            Evidence("rule", None, excerpt(f"{match.rule} of {match.file}")),
            *(Evidence(f"offset {offset:#x}", None, excerpt(name)) for name, offset in match.found),
            confidence=Confidence.LOW if before is None else None,
        )


_: type[Concluding] = YaraRules
