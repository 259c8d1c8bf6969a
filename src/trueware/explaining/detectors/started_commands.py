"""What the commands of start-up files do: a cron entry that fetches and runs something, a service that sends a file away.

Files that are no shell scripts but hold commands (crontabs, inittab, units, Android's init, inetd) are compared by the actions of
their commands, as scripts are (`trueware.explaining.reading.script_actions`); that something is started at all is told by
`trueware.explaining.detectors.start_up`.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.script_actions import Action, Kind, actions_of
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.starters import STARTERS, starts
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

DOWNLOADS = Rule(
    "start-downloads-code",
    "Something that runs of itself fetches a program from the network and runs it",
    Severity.HIGH,
    help="Whoever answers at that address, or sits on the way there, decides what the device runs, again and again.",
    effect="code-downloaded",
)
SENDS = Rule(
    "start-sends-data",
    "Something that runs of itself sends data to another machine",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="The command shows what is sent and where. Ask whose machine that is.",
    effect="data-sent-elsewhere",
)
_OF_KIND = {Kind.DOWNLOAD: DOWNLOADS, Kind.SEND: SENDS}


class StartedCommands:
    """What commands of start-up files do."""

    subject: ClassVar[str] = "commands of start-up files"
    rules: ClassVar[tuple[Rule, ...]] = (DOWNLOADS, SENDS)
    wants: ClassVar[re.Pattern[str]] = STARTERS

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, STARTERS)
        if sides is None or not sides.after:
            return
        old = {each.same for each in _actions(altered, sides.before)}
        for each in _actions(altered, sides.after):
            rule = _OF_KIND.get(each.kind)
            if rule is not None and each.same not in old:
                touches = [f"host:{host}" for host in each.hosts]
                evidence = Evidence(f"line {each.line}", None, excerpt(each.text))
                yield altered.finding(rule, excerpt(each.text, 120), evidence, touches=touches)


def _actions(altered: Altered, data: bytes) -> tuple[Action, ...]:
    return actions_of(start.run for start in starts(altered.inner, data) if start.label)
