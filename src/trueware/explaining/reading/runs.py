"""What changed files run: shell scripts, and what starts programs otherwise. Several detectors ask, so that it is read once."""

import re

from trueware.explaining.contract import Altered
from trueware.explaining.patterns import regex
from trueware.explaining.reading.invocations import Invocation, script_runs
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.starters import STARTERS, starts
from trueware.model.part import Kind, Part

_LARGEST = 1 << 20
"""Bytes of a script; the largest of real systems have some hundred thousand."""

COULD_RUN = regex(
    r"(?!(?:[^/]*/)*[^/]+\.(?:so(?:\.\d+)*|ko|a|o|dex|apk|jar|odex|vdex|png|jpe?g|gif|ico|svg|ttf|woff2?|html?|css|js|mo|lmo|pyc|gz|xz|bin)\Z)"
    r"[\s\S]+"
)
"""Inner paths of what may be a script, or start something otherwise: all but those whose names say that they are something else."""

_PLACES = regex(
    r"""(?:.*/)?(?:[^/]+\.(?:sh|ash|bash|user)|etc/(?:init\.d|rc[^/]*|uci-defaults|hotplug\.d/[^/]+|profile\.d|ppp/ip-(?:up|down)\.d)/[^/]+
    |etc/(?:rc\.local|profile|preinit|rc\.common)|lib/(?:upgrade|preinit|functions|netifd)/.+)""",
    re.VERBOSE,
)
"""Scripts by name or place, which need no first line that says so."""

_FIRST = regex(rb"#!\s*\S*?(?:sh|busybox)\b|#!\s*/usr/bin/env\s+(?:\w*sh)\b|#!\s*\S*rc\.common\b")


def could_be_script(altered: Altered) -> bool:
    """Tell, without its bytes, whether a change may be a script or another text."""
    return all(_could_be_text(part) for part in (altered.change.expected, altered.change.found))


def is_script(altered: Altered, data: bytes) -> bool:
    """Tell whether the bytes of one side of a change are a shell script."""
    return (_FIRST.match(data) or _PLACES.fullmatch(altered.inner)) is not None and b"\0" not in data[:512]


def runs(data: bytes) -> tuple[Invocation, ...]:
    """Return what a script runs, in order; nothing for one that is too large to be read."""
    return script_runs(data) if len(data) <= _LARGEST else ()


def changed_runs(altered: Altered) -> tuple[list[Invocation], list[Invocation]]:
    """Return what a changed file no longer runs, and what it runs only now; nothing of what runs nothing.

    Raises:
        InputError: its bytes cannot be unpacked.
    """
    if not could_be_script(altered) or (sides := both_sides(altered)) is None:
        return [], []
    old, new = (_runs_of(altered, side) for side in sides)
    was, now = {each.text for each in old}, {each.text for each in new}
    return [each for each in old if each.text not in now], [each for each in new if each.text not in was]


def _runs_of(altered: Altered, data: bytes) -> tuple[Invocation, ...]:
    if is_script(altered, data):
        return runs(data)
    return tuple(start.run for start in starts(altered.inner, data)) if STARTERS.fullmatch(altered.inner) else ()


def _could_be_text(part: Part | None) -> bool:
    return part is None or part.kind is not Kind.FILE or (part.format is None and part.size <= _LARGEST)
