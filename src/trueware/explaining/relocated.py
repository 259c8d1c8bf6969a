"""Files that went from ``/bin``, ``/sbin`` or ``/lib`` to the same place below ``/usr``, or back, and have another content there.

Since the folders of both were merged (file-hierarchy(7), "usr-merge"), a file is the same program, library or unit at either path,
and ``/bin`` is a link to ``/usr/bin``. Where the release has one and the artefact the other, they are one change and no arrival.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from trueware.explaining.patterns import regex
from trueware.explaining.places import Places
from trueware.model.change import Change, ChangeKind
from trueware.model.part import Kind

_MERGED = regex(r"(?:usr/)?((?:s?bin|lib(?:32|64|x32)?)/.+)", re.DOTALL)


def together(changes: Iterable[Change], places: Places) -> Iterator[Change]:
    """Yield the changes in order, of each file that went below ``/usr`` one, at the path it has now."""
    changes = tuple(changes)
    gone: dict[tuple[str, str], Change] = {}
    for change in changes:
        if (where := _merged(change, places)) is not None and change.kind is ChangeKind.REMOVED:
            gone.setdefault(where, change)
    pairs = {
        change.path: gone[where]
        for change in changes
        if change.kind is ChangeKind.ADDED and (where := _merged(change, places)) in gone
    }
    left = {change.path for change in pairs.values()}
    for change in changes:
        if (other := pairs.get(change.path)) is not None:
            yield replace(change, kind=ChangeKind.CHANGED, aspects=("content",), expected=other.expected)
        elif change.path not in left:
            yield change


def _merged(change: Change, places: Places) -> tuple[str, str] | None:
    """Return the root that a file lies in and its path below ``/`` or ``/usr``, None where that was never two folders."""
    part = change.found or change.expected
    inner = places.inner(change.path)
    place = _MERGED.fullmatch(inner)
    if part is None or part.kind is not Kind.FILE or place is None:
        return None
    return change.path.removesuffix(inner), place[1]
