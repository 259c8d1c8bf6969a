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


class Detector:
    """Finds the formats that match, in the order of the list it was made from."""

    def __init__(self, formats: Iterable[type[Format]]) -> None:
        places: dict[tuple[int, int], _Magics] = {}
        for rank, format_ in enumerate(formats):
            for magic in format_.magics:
                place = places.setdefault((magic.offset, magic.offset + len(magic.value)), {})
                place.setdefault(magic.value, []).append((rank, format_))
        self._front = sorted((start, end, magics) for (start, end), magics in places.items() if start >= 0)
        self._tail = sorted((start, end, magics) for (start, end), magics in places.items() if start < 0)
        self._reach = max((end for _, end, _ in self._front), default=0)
        self._front_glance = _glance(self._front, 0)
        self._tail_glances = [(-start, _glance(self._tail[at:], start)) for at, (start, _, _) in enumerate(self._tail)]

    def front(self, head: memoryview) -> list[type[Format]]:
        """Return the formats whose magic is in `head` and that say it is theirs; `head` is the start of the bytes."""
        return self._ask(head, self._found_in_front(head)) if self._front_glance.match(head) else []

    def all(self, view: memoryview) -> list[type[Format]]:
        """Return all formats that match `view`, which is all of the bytes."""
        if self._front_glance.match(view) is None and not self.may_have_tail(view):
            return []
        return self._ask(view, self._found_in_front(view) + self._found_in_tail(view))

    def may_have_tail(self, view: Buffer) -> bool:
        """Tell whether the last bytes of something hold a magic that is read from the end; `view` ends there."""
        length = len(view)
        for reach, glance in self._tail_glances:
            if reach <= length:
                return glance.match(view, length - reach) is not None
        return False

    def _found_in_front(self, view: memoryview) -> list[tuple[int, type[Format]]]:
        head = bytes(view[: self._reach])  # one copy: slices of bytes cost a third of slices of a view
        length = len(head)
        found: list[tuple[int, type[Format]]] = []
        for start, end, magics in self._front:
            if start >= length:
                break
            if announced := magics.get(head[start:end]):
                found += announced
        return found

    def _found_in_tail(self, view: memoryview) -> list[tuple[int, type[Format]]]:
        length = len(view)
        found: list[tuple[int, type[Format]]] = []
        for start, end, magics in self._tail:
            if length + start >= 0 and (announced := magics.get(bytes(view[length + start : length + end]))):
                found += announced
        return found

    @staticmethod
    def _ask(view: memoryview, found: list[tuple[int, type[Format]]]) -> list[type[Format]]:
        candidates = sorted(set(found), key=lambda candidate: candidate[0])
        return [format_ for _, format_ in candidates if format_.matches(view)]


def _glance(places: Iterable[tuple[int, int, _Magics]], base: int) -> re.Pattern[bytes]:
    """Return an expression that matches, from `base` on, the bytes in which one of the magics stands at its place."""
    alternatives = [b".{%d}(?:%b)" % (start - base, b"|".join(map(re.escape, magics))) for start, _, magics in places]
    return re.compile(b"|".join(alternatives) or rb"(?!)", re.DOTALL)
