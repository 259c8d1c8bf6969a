"""Which bytes of a disc are whose: structures have an owner each, files may share all their bytes with each other, not some."""

from collections.abc import Iterable

from trueware.formats.claims import Claims
from trueware.formats.contract import Reading
from trueware.formats.scattered import HOLE, Run

SECTOR = 2048


class Space(Claims):
    """The claims on one disc."""

    def __init__(self, view: memoryview) -> None:
        super().__init__(view)
        self._files: set[tuple[int, int]] = set()

    def give(self, runs: Iterable[Run]) -> None:
        """Claim the runs of a file's content."""
        self._files.update([(start, start + length) for start, length in runs if start != HOLE])

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
