"""Which bytes of a disc are whose: structures have an owner each, files may share all their bytes with each other, not some."""

from collections.abc import Iterable, Iterator

from trueware.formats.claims import Claims
from trueware.formats.contract import Reading
from trueware.formats.scattered import HOLE, Run

SECTOR = 2048
_FILLED_UP = 1 << 20
"""Bytes behind its end that belong to a disc all the same."""


class Space(Claims):
    """The claims on one disc."""

    def __init__(self, view: memoryview) -> None:
        super().__init__(view)
        self._files: set[tuple[int, int]] = set()
        self._structures: set[tuple[int, int]] = set()

    def take(self, start: int, end: int) -> None:
        """As `Claims.take`; two trees may have the very same structure."""
        if (start, end) not in self._structures:
            self._structures.add((start, end))
            super().take(start, end)

    def give(self, runs: Iterable[Run]) -> None:
        """Claim the runs of a file's content."""
        self._files.update([(start, start + length) for start, length in runs if start != HOLE])

    def unclaimed(self) -> Iterator[tuple[int, int]]:
        """As `Claims.unclaimed`, with the files that are known by now."""
        for start, end in self._files:
            self.share(start, end)
        return super().unclaimed()

    def settle(self, reading: Reading, unit: int, grain: int = 1) -> None:
        """Account for everything, as `account` does; files of which one has some bytes of another are reported."""
        reached = 0
        for start, end in sorted(self._files):
            if start < reached:
                reading.note_anomaly("overlap", "two files share some of their bytes", start)
                break
            reached = max(reached, end)
        for start, end in self._files:
            self.share(start, end)
        self.account(reading, unit, grain)


def end_of(view: memoryview, stated: int) -> int:
    """Return where a disc ends that states a size: tools fill images up beyond it, and hybrid ones end with a partition table."""
    return len(view) if len(view) - stated <= _FILLED_UP else stated
