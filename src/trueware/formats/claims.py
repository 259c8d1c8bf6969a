"""Which bytes of an image are whose: a reader of a file system claims what it makes sense of, and accounts for it in the end.

Between what is claimed lies slack: the rest of a block behind the end of a file, the room between two inodes. Where it is zero
it counts as read; where it is not, it stays uncovered, so that it is measured and reported like anything no reader knows.
"""

from collections.abc import Iterator

from trueware.formats.contract import Reading

Range = tuple[int, int]
"""First byte, first byte after."""


class Claims:
    """The claims on one image."""

    def __init__(self, view: memoryview) -> None:
        self._view, self._size = view, len(view)
        self._own: list[Range] = []
        self._shared: list[Range] = []

    def take(self, start: int, end: int) -> None:
        """Claim ``[start, end)``, as far as it is there, for one owner; that anybody else claims some of it is reported."""
        end = min(end, self._size)
        if end > start:
            self._own.append((start, end))

    def share(self, start: int, end: int) -> None:
        """Claim ``[start, end)``, as far as it is there, which others may share."""
        end = min(end, self._size)
        if end <= start:
            return
        if self._shared and self._shared[-1][1] == start:
            start = self._shared.pop()[0]
        self._shared.append((start, end))

    def account(self, reading: Reading, unit: int, grain: int = 1) -> None:
        """Cover what is claimed and the slack around it within blocks of `unit` bytes; report what is claimed twice.

        What is in use of slack shorter than `grain` is added up into one anomaly.
        """
        own = list(_merged(self._own, reading))
        claimed = list(_merged([*own, *_merged(self._shared)], reading))
        at = small = 0
        for start, end in (*claimed, (len(self._view), len(self._view))):
            if start > at:
                behind, before = min(-(-at // unit) * unit, start), max(start // unit * unit, at)
                for first, last in ((at, start),) if before <= behind else ((at, behind), (before, start)):
                    used = bool(bytes(self._view[first:last]).strip(b"\0"))
                    if not used or last - first < grain:
                        reading.cover(first, last)
                        small += used and last - first
            reading.cover(start, end)
            at = end
        if small:
            reading.note_anomaly("hidden-content", f"{small} bytes of slack in pieces below {grain} are not all zero")

    def unclaimed(self) -> Iterator[Range]:
        """Yield the stretches that nobody claims."""
        at = 0
        for start, end in (*_merged([*self._own, *self._shared]), (len(self._view), len(self._view))):
            if start > at:
                yield at, start
            at = end

    def hidden(self) -> int:
        """Return how many bytes nobody claims in stretches that are not zero."""
        return sum(end - start for start, end in self.unclaimed() if bytes(self._view[start:end]).strip(b"\0"))


def _merged(ranges: list[Range], reading: Reading | None = None) -> Iterator[Range]:
    """Yield the ranges in order, those that touch as one; with a `reading`, the first two that overlap are reported to it."""
    start = end = 0
    for first, last in sorted(ranges):
        if first > end:
            if end > start:
                yield start, end
            start, end = first, last
            continue
        if first < end and reading is not None:
            reading.note_anomaly("overlap", f"the bytes until {min(last, end):#x} have two owners", first)
            reading = None
        end = max(end, last)
    if end > start:
        yield start, end
