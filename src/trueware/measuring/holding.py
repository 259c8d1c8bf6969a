"""How much unpacked content is held at once: by what is under way and by the containers that are open, all levels together."""

from trueware.model.limits import Limits

_LEAST = 8
"""Part of the ceiling that a container may always have, however much is held above it."""


class Holding:
    """Counts in the order in which structure is read, not in which contents are done: what may be held depends on no thread."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.max_held
        self._held = 0

    def ceiling(self) -> int:
        """Return the bytes that the contents of one more container may hold together."""
        return max(self._most - self._held, self._most // _LEAST)

    def take(self, size: int) -> None:
        """Account for what is held from now on, or may come to be."""
        self._held += size

    def give(self, size: int) -> None:
        """Account for what is not held any more."""
        self._held -= size
