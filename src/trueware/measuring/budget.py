"""What one artefact has cost so far, against its ceilings."""

from collections.abc import Callable

from trueware.errors import LimitExceeded
from trueware.model.limits import Limits

Clock = Callable[[], float]
"""Seconds from an arbitrary start, never going back (`time.monotonic`)."""

_ENTRY = 512
"""Bytes an entry takes, roughly."""


class Budget:
    """Counts bytes, entries and containers; raises when a ceiling is passed.

    Several threads spend at once without a lock: a lost update delays a refusal by one chunk, which no ceiling minds.
    """

    __slots__ = (
        "_ceiling",
        "_clock",
        "_deadline",
        "_limits",
        "containers",
        "entries",
        "report",
        "seen_again",
        "unpacked",
    )

    def __init__(self, limits: Limits, size: int, clock: Clock, report: Callable[[int], None] | None = None) -> None:
        self._limits, self._clock, self.report = limits, clock, report
        self._deadline = clock() + limits.max_seconds
        by_ratio = limits.ratio_free + int(limits.max_ratio * size)
        self._ceiling = min(limits.max_unpacked, by_ratio)
        self.unpacked = 0
        self.seen_again = 0
        self.entries = 0
        self.containers = 0

    def spend(self, size: int) -> None:
        """Account for `size` bytes of content.

        Raises:
            LimitExceeded: `max_unpacked`, `max_ratio` or `max_seconds`.
        """
        self.unpacked += size
        if self.unpacked > self._ceiling:
            if self._ceiling == self._limits.max_unpacked:
                raise LimitExceeded("max_unpacked", self._limits.max_unpacked)
            raise LimitExceeded("max_ratio", self._limits.max_ratio, f"{self.unpacked} bytes unpacked")
        if self._clock() > self._deadline:
            raise LimitExceeded("max_seconds", self._limits.max_seconds)
        if self.report is not None:
            self.report(self.unpacked)

    def see_again(self, size: int) -> None:
        """Account for `size` bytes that are at hand and are gone through once more, under the ceilings of what is unpacked.

        Raises:
            LimitExceeded: `max_unpacked`, `max_ratio` or `max_seconds`.
        """
        if self.seen_again + size > self._ceiling:
            name = "max_unpacked" if self._ceiling == self._limits.max_unpacked else "max_ratio"
            raise LimitExceeded(name, getattr(self._limits, name), f"{self.seen_again} bytes looked at for signatures")
        self.seen_again += size
        if self._clock() > self._deadline:
            raise LimitExceeded("max_seconds", self._limits.max_seconds)

    def count_entry(self, name: int = 0) -> None:
        """Account for one more entry, whose path has `name` characters: a long one takes the memory of several entries.

        Raises:
            LimitExceeded: `max_entries` or, asked every 1,024 entries, `max_seconds`.
        """
        self.entries += 1 + name // _ENTRY
        if self.entries > self._limits.max_entries:
            raise LimitExceeded("max_entries", self._limits.max_entries)
        if (not self.entries & 1023 or name >= _ENTRY) and self._clock() > self._deadline:
            raise LimitExceeded("max_seconds", self._limits.max_seconds)

    def count_container(self) -> None:
        """Account for one more container that is to be read.

        Raises:
            LimitExceeded: `max_containers` or `max_seconds`.
        """
        self.containers += 1
        if self.containers > self._limits.max_containers:
            raise LimitExceeded("max_containers", self._limits.max_containers)
        if self._clock() > self._deadline:
            raise LimitExceeded("max_seconds", self._limits.max_seconds)
