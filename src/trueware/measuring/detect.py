"""Which formats some bytes may be of: one dictionary look-up for each place a magic can stand, then the format's own word."""

from collections.abc import Iterable, Iterator

from trueware.formats.contract import Format

HEAD = 1 << 16
"""Bytes from the start that are enough to ask every format whose magic stands at the front."""


class Detector:
    """Finds the formats that match, in the order of the list it was made from."""

    def __init__(self, formats: Iterable[type[Format]]) -> None:
        self._places: dict[tuple[int, int], dict[bytes, list[tuple[int, type[Format]]]]] = {}
        for rank, format_ in enumerate(formats):
            for magic in format_.magics:
                place = self._places.setdefault((magic.offset, len(magic.value)), {})
                place.setdefault(magic.value, []).append((rank, format_))
        self._front = [(offset, offset + size, found) for (offset, size), found in self._places.items() if offset >= 0]
        self._tail = [(offset, offset + size, found) for (offset, size), found in self._places.items() if offset < 0]

    def front(self, head: memoryview) -> list[type[Format]]:
        """Return the formats whose magic is in `head` and that say it is theirs; `head` is the start of the bytes."""
        return self._ask(head, self._found(head, self._front))

    def tail(self, view: memoryview) -> list[type[Format]]:
        """Return the formats that are recognised by the end of `view` and say it is theirs; `view` is all of the bytes."""
        return self._ask(view, self._found(view, self._tail))

    def all(self, view: memoryview) -> list[type[Format]]:
        """Return all formats that match `view`, which is all of the bytes."""
        return self._ask(view, [*self._found(view, self._front), *self._found(view, self._tail)])

    def may_have_tail(self, tail: bytes) -> bool:
        """Tell whether the last bytes of something hold a magic that is read from the end."""
        return next(self._found(memoryview(tail), self._tail), None) is not None

    @staticmethod
    def _found(
        view: memoryview, places: list[tuple[int, int, dict[bytes, list[tuple[int, type[Format]]]]]]
    ) -> Iterator[tuple[int, type[Format]]]:
        length = len(view)
        for start, end, magics in places:
            if start < 0:
                found = magics.get(bytes(view[length + start : length + end])) if length + start >= 0 else None
            else:
                found = magics.get(bytes(view[start:end]))
            if found:
                yield from found

    @staticmethod
    def _ask(view: memoryview, found: Iterable[tuple[int, type[Format]]]) -> list[type[Format]]:
        candidates = sorted(set(found), key=lambda candidate: candidate[0])
        return [format_ for _, format_ in candidates if format_.matches(view)]
