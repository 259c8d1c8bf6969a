"""Which formats some bytes may be of: a glance at all places where a magic can stand, then the format's own word.

Most contents are of no format. One regular expression tells that of the front and one of the end, in a fraction of a
microsecond each; only where one finds something are the places looked up one by one.
"""

import re
from collections.abc import Iterable

from trueware.formats.contract import Buffer, Format

HEAD = 1 << 16
"""Bytes from the start that are enough to ask every format whose magic stands at the front."""


_Magics = dict[bytes, list[tuple[int, type[Format]]]]
"""By the bytes of a magic: the formats that begin or end so, each with its rank."""

_Place = tuple[int, int, _Magics]
"""Where magics begin and end, from the front or (negative) from the end."""

_SEEN = 4
"""Bytes of a magic that a glance looks at: more would make it slower to prepare, and it is right often enough."""


class Detector:
    """Finds the formats that match, in the order of the list it was made from."""

    def __init__(self, formats: Iterable[type[Format]]) -> None:
        places: dict[tuple[int, int], _Magics] = {}
        for rank, format_ in enumerate(formats):
            for magic in format_.magics:
                place = places.setdefault((magic.offset, magic.offset + len(magic.value)), {})
                place.setdefault(magic.value, []).append((rank, format_))
        ordered = sorted((start, end, magics) for (start, end), magics in places.items())
        self._first = [place for place in ordered if place[0] == 0]
        self._later = [place for place in ordered if place[0] > 0]
        self._tail = [place for place in ordered if place[0] < 0]
        self._tail_reach = -min((start for start, _, _ in self._tail), default=0)
        self._first_glance, self._later_glance = _glance(self._first, 0), _glance(self._later, 0)
        self._tail_glance = _glance(self._tail, self._tail_reach)

    def front(self, head: memoryview) -> list[type[Format]]:
        """Return the formats whose magic is in `head` and that say it is theirs; `head` is the start of the bytes."""
        return self._ask(head, tail=False)

    def all(self, view: memoryview) -> list[type[Format]]:
        """Return all formats that match `view`, which is all of the bytes."""
        return self._ask(view, tail=self.may_have_tail(view))

    def may_have_tail(self, view: Buffer) -> bool:
        """Tell whether the last bytes of something may hold a magic that is read from the end; `view` ends there."""
        start = len(view) - self._tail_reach
        if start < 0:
            return self._tail_glance.match(bytes(view).rjust(self._tail_reach)) is not None
        return self._tail_glance.match(view, start) is not None

    def _ask(self, view: memoryview, *, tail: bool) -> list[type[Format]]:
        places: list[_Place] = []
        if self._first_glance.match(view) is not None:
            places += self._first
        if self._later_glance.match(view) is not None:
            places += self._later
        if tail:
            places += self._tail
        if not places:
            return []
        length, found = len(view), set[tuple[int, type[Format]]]()
        for start, end, magics in places:
            at = start if start >= 0 else length + start
            if at >= 0 and (announced := magics.get(bytes(view[at : at + end - start]))):
                found.update(announced)
        candidates = sorted(found, key=lambda candidate: candidate[0])
        return [format_ for _, format_ in candidates if format_.matches(view)]


def _glance(places: Iterable[_Place], base: int) -> re.Pattern[bytes]:
    """Return an expression that matches, counted from `base` bytes before, bytes in which a magic may stand at its place."""
    alternatives = [
        b".{%d}(?:%b)" % (base + start, b"|".join({re.escape(magic[:_SEEN]): None for magic in magics}))
        for start, _, magics in places
    ]
    return re.compile(b"|".join(alternatives) or rb"(?!)", re.DOTALL)
