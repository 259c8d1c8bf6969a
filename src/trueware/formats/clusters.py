"""The clusters of a file system with an allocation table: chains followed, each cluster claimed once, what nobody claims looked into.

An allocation table has one number for each cluster: the next one of the same file, a mark for the last one, 0 for a free one.
The first two numbers are not clusters.
"""

import re
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trueware.formats.contract import Reading
from trueware.formats.hidden import Hidden
from trueware.formats.scattered import Run

FIRST = 2
"""Number of the first cluster."""

_CLAIMED, _ALLOCATED = 0x02, 0x01
_OURS = re.compile(rb"[\x02\x03]+")
_FREE = re.compile(rb"\x00+")
_LOST = re.compile(rb"\x01+")
_UNMARKED = re.compile(rb"\x02+")
_STEPS = 4
"""Times that all clusters together may be visited; only chains that run into each other need more than one."""


class Chain(NamedTuple):
    """Where the content of a file lies."""

    runs: list[Run]
    clusters: int
    rule: str = ""
    """What is wrong with the chain, empty if nothing is."""
    fault: str = ""


class Clusters:
    """The clusters of one file system.

    Args:
        view: its bytes.
        start: first byte of the first cluster.
        size: bytes in a cluster.
        count: number of clusters, whether or not they are in `view`.
        table: the allocation table, at least `count` + 2 numbers.
        last: the smallest number that ends a chain.
    """

    def __init__(self, view: memoryview, start: int, size: int, count: int, table: Sequence[int], last: int) -> None:
        self._view, self._start, self.size, self._end = view, start, size, count + FIRST
        self._table, self._last = table, last
        self._claims = bytearray(self._end)
        self._steps = _STEPS * self._end
        self.slack = Hidden(view, "space behind the ends of files")

    def is_valid(self, number: int, count: int = 1) -> bool:
        """Tell whether there are such clusters."""
        return number >= FIRST and number + count <= self._end

    def offset(self, number: int) -> int:
        """Return where a cluster begins."""
        return self._start + (number - FIRST) * self.size

    def chain(self, first: int) -> Chain:
        """Follow the chain that begins with the cluster `first`, and claim it."""
        table, claims, end = self._table, self._claims, self._end
        runs: list[Run] = []
        seen: set[int] | None = None
        rule = fault = ""
        clusters, start, number = 0, first, first
        while True:
            if not FIRST <= number < end:
                rule, fault = "malformed", f"the chain leads to cluster {number:#x}, which does not exist"
                break
            if claims[number]:
                if seen is None:
                    seen = {each for at, size in runs for each in self._numbers(at, size)} | {*range(start, number)}
                    rule, fault = "overlap", f"cluster {number:#x} belongs to something else as well"
                if number in seen or self._steps < 0:
                    rule, fault = "cycle", f"the chain comes back to cluster {number:#x}"
                    if number > start:
                        runs.append((self.offset(start), (number - start) * self.size))
                    break
            if seen is not None:
                seen.add(number)
            claims[number] = _CLAIMED
            clusters += 1
            following = table[number]
            if following == number + 1:
                number = following
                continue
            runs.append((self.offset(start), (number - start + 1) * self.size))
            if following >= self._last:
                break
            start = number = following
        self._steps -= clusters
        return Chain(runs, clusters, rule, fault)

    def stretch(self, first: int, count: int) -> Chain:
        """Claim `count` clusters from `first`, which must be there."""
        before = self._claims[first : first + count]
        self._claims[first : first + count] = bytes((_CLAIMED,)) * count
        runs = [(self.offset(first), count * self.size)]
        if any(before):
            return Chain(runs, count, "overlap", f"clusters from {first:#x} belong to something else as well")
        return Chain(runs, count)

    def _numbers(self, at: int, size: int) -> range:
        first = (at - self._start) // self.size + FIRST
        return range(first, first + size // self.size)

    def look_behind(self, chain: Chain, size: int) -> None:
        """Look into what is left of the clusters of a file of `size` bytes."""
        if chain.clusters * self.size == size:
            return
        if len(chain.runs) == 1:
            start, length = chain.runs[0]
            self.slack.look(start + size, start + length, self.size)
            return
        at = 0
        for start, length in chain.runs:
            if at + length > size:
                self.slack.look(start + max(size - at, 0), start + length, self.size)
            at += length

    def account(self, reading: Reading, allocated: bytes, bad: int = 0) -> None:
        """Cover all clusters; report what of them is lost, and what lies in free ones.

        Args:
            reading: told.
            allocated: for each number of the table 1 where it says that the cluster is in use, else 0.
            bad: how many clusters the table takes out of use as damaged; they count as allocated.
        """
        states = (int.from_bytes(self._claims, "little") | int.from_bytes(allocated, "little")).to_bytes(
            self._end, "little"
        )
        reading.cover(self._start, min(self.offset(self._end), len(self._view)))
        self.slack.tell(reading)
        free = Hidden(self._view, "free clusters")
        for first, end in _runs(_FREE, states):
            free.look(self.offset(first), self.offset(end), self.size)
        free.tell(reading)
        if (lost := sum(end - first for first, end in _runs(_LOST, states)) - bad) > 0:
            place = next(first for first, _ in _runs(_LOST, states))
            reading.note_anomaly(
                "hidden-content", f"{lost} clusters are in use and belong to nothing", self.offset(place)
            )
        if wrong := sum(end - first for first, end in _runs(_UNMARKED, states)):
            reading.note_anomaly("contradiction", f"{wrong} clusters are in use and marked as free")


def _runs(pattern: re.Pattern[bytes], states: bytes) -> Iterator[tuple[int, int]]:
    """Yield first and end of the runs, the two numbers that are no clusters left out."""
    return (found.span() for found in pattern.finditer(states, FIRST))


def numbers(data: memoryview, bits: int) -> "array[int]":
    """Return an allocation table of numbers of 16 or 32 bits, little-endian."""
    table = array("H" if bits == 16 else "I", bytes(data))
    if sys.byteorder == "big":
        table.byteswap()
    return table


def trimmed(chain: Chain, size: int) -> list[Run] | None:
    """Return the runs of the first `size` bytes of a chain, None where it is shorter."""
    runs: list[Run] = []
    for start, length in chain.runs:
        if size <= 0:
            break
        runs.append((start, min(length, size)))
        size -= length
    return runs if size <= 0 else None
