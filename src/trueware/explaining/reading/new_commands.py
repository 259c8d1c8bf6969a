"""What a changed script runs that the genuine one does not; where in it, and in which order, makes no difference.

A script is known by where it lies (start scripts) or by its first two bytes.
"""

from collections import Counter
from collections.abc import Iterator

from trueware.explaining.patterns import regex
from trueware.explaining.reading.invocations import Invocation, script_runs

START_SCRIPTS = (
    r"etc/(?:init\.d|rc\.d|rc[0-9S]?\.d|hotplug\.d|uci-defaults|preinit\.d|cron\.(?:hourly|daily|weekly|monthly))/.+|etc/rc(?:\.local|S|[0-9]+)?"
    r"|lib/preinit/[^/]+|etc/preinit|(?:.*/)?[^/]+\.sh"
)
"""Paths of what is run at start, or ends as scripts do."""

_BEGINS = regex(START_SCRIPTS)
_LARGEST = 1 << 18
"""Bytes of a script that is read; those of devices have a few thousand."""


def new_commands(path: str, before: bytes, after: bytes) -> Iterator[Invocation]:
    """Yield the programs that only the second of two scripts runs, or runs more often; nothing where it is no script."""
    if len(after) > _LARGEST or not (after.startswith(b"#!") or _BEGINS.fullmatch(path)) or b"\0" in after:
        return
    known = Counter(each.text for each in script_runs(before[:_LARGEST]))
    for each in script_runs(after):
        if known[each.text]:
            known[each.text] -= 1
        else:
            yield each
