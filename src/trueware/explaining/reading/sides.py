"""Both sides of a change as bytes, and of many changes as two lists of what is in them: keys, origins, certificates."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered
from trueware.explaining.patterns import regex
from trueware.model.part import Kind

_HOLDS_BYTES = (Kind.FILE, Kind.REGION, Kind.GAP)
_STEP = regex(r"!?/")


_Item = TypeVar("_Item")


class Sides(NamedTuple):
    """The bytes of one change; empty where that side has no file there."""

    before: bytes
    after: bytes


def both_sides(altered: Altered, wants: re.Pattern[str] | None = None) -> Sides | None:
    """Return the bytes of both sides; None where those of one are not at hand, so that nothing can be said of a difference.

    Args:
        altered: the change.
        wants: inner paths at which such a file has an effect. What moved there from elsewhere had none before, and what moved
            from there has none any more. None: wherever it lies.

    Raises:
        InputError: the bytes cannot be unpacked.
    """
    before, after = altered.before(), altered.after()
    expected, found = altered.change.expected, altered.change.found
    if before is None and expected is not None and expected.kind in _HOLDS_BYTES:
        return None
    if after is None and found is not None and found.kind in _HOLDS_BYTES:
        return None
    if wants is not None and altered.is_moved and not _lay_in(altered.change.origin or "", wants):
        before = b""
    return Sides(before or b"", after or b"")


def _lay_in(origin: str, wants: re.Pattern[str]) -> bool:
    """Tell whether a path of a release ends with an inner path that matches."""
    starts = [0, *(step.end() for step in _STEP.finditer(origin))]
    return any(wants.fullmatch(origin, start) for start in starts)


def lacks_genuine(altered: Iterable[Altered], wants: re.Pattern[str]) -> bool:
    """Tell whether the bytes of a side of some change are not at hand: what seems new may then have been there all the time."""
    for each in altered:
        try:
            if both_sides(each, wants) is None:
                return True
        except InputError:
            return True
    return False


Gathered = list[tuple[_Item, Altered]]
"""Items, each with the change that it was read from."""


def gathered(
    altered: Iterable[Altered], wants: re.Pattern[str], read: Callable[[Altered, bytes], Iterable[_Item]]
) -> tuple[Gathered[_Item], Gathered[_Item]]:
    """Return what was in many files and what is in them, in order; a change of which one side cannot be read adds nothing.

    Args:
        altered: the changes.
        wants: as for `both_sides`.
        read: yields the items of a file, or raises `InputError`.
    """
    old: Gathered[_Item] = []
    new: Gathered[_Item] = []
    for each in altered:
        with suppress(InputError):
            if (sides := both_sides(each, wants)) is not None:
                was, now = (tuple(read(each, side)) if side else () for side in sides)
                old += ((item, each) for item in was)
                new += ((item, each) for item in now)
    return old, new
