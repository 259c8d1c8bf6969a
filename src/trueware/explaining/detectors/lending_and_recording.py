"""Commands that lend the line to strangers, or record sound and pictures: known by the programs that they run.

Which these are is a reviewed table (`trueware.explaining.known.lending_and_recording`). What runs in the genuine software with
other arguments is no news, nor is what only asks for a version, a list or help.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.lending_and_recording import CAPTURES, PROXIES, RECORDERS, SOURCES
from trueware.explaining.reading.invocations import Invocation
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.runs import COULD_RUN, changed_runs
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

LENT = Rule(
    "line-lent",
    "A program is run that lets others use the internet through this line",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="What they do there looks as if this household did it. Some owners run a proxy for themselves: look who may use it.",
    effect="bandwidth-abused",
)
RECORDED = Rule(
    "sound-or-picture-recorded",
    "A program is run that records from a microphone, a camera or the screen",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Look where the record goes. On a device that is made for recording it may be the maker's.",
    effect="surveillance",
)
_ASKS = frozenset({"-h", "--help", "-V", "--version", "-l", "-L", "--list-devices", "--list-pcms"})


class LendingAndRecording:
    """Lends the line, or records."""

    subject: ClassVar[str] = "proxies for strangers; records of sound and pictures"
    rules: ClassVar[tuple[Rule, ...]] = (LENT, RECORDED)
    wants: ClassVar[re.Pattern[str]] = COULD_RUN

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        gone, came = changed_runs(altered)
        before = {run.name for run in gone}
        for run in came:
            rule = _rule(run)
            if rule is not None and run.name not in before:
                before.add(run.name)
                yield altered.finding(rule, excerpt(run.text), Evidence(f"line {run.line}", None, excerpt(run.text)))


def _rule(run: Invocation) -> Rule | None:
    if run.name in PROXIES:
        return None if _ASKS.intersection(run.arguments[:1]) else LENT
    if run.name in RECORDERS:
        return None if _ASKS.intersection(run.arguments[:1]) else RECORDED
    if run.name == "ffmpeg" and any(word == "-f" and value in CAPTURES for word, value in pairwise(run.arguments)):
        at = next(at for at, (word, value) in enumerate(pairwise(run.arguments)) if word == "-f" and value in CAPTURES)
        return RECORDED if "-i" in run.arguments[at:] else None
    return RECORDED if run.name.startswith("gst-launch") and SOURCES.intersection(run.arguments) else None
