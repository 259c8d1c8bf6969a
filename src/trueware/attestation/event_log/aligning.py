"""Aligns two sequences of digests: what stands in both in the same order, and what lies between.

Patience alignment: digests that occur once in both sequences are anchors; the longest run of anchors that is in order in both divides
the sequences, and what lies between two anchors is aligned again. The cost is n log n for each of a few levels, whatever the input:
a log that somebody made up cannot make it slow, as it can the longest common subsequence.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeAlias

Range: TypeAlias = tuple[int, int, int, int]
"""Half-open ranges of the first and of the second sequence that differ."""

_DEEPEST: Final = 8


def unequal(first: Sequence[bytes], second: Sequence[bytes]) -> list[Range]:
    """Return the ranges in which two sequences differ, in order; between them they are equal."""
    found: list[Range] = []
    stack = [(0, len(first), 0, len(second), 0)]
    while stack:
        i1, i2, j1, j2, depth = stack.pop()
        while i1 < i2 and j1 < j2 and first[i1] == second[j1]:
            i1, j1 = i1 + 1, j1 + 1
        while i1 < i2 and j1 < j2 and first[i2 - 1] == second[j2 - 1]:
            i2, j2 = i2 - 1, j2 - 1
        if i1 == i2 and j1 == j2:
            continue
        anchors = _anchors(first[i1:i2], second[j1:j2]) if depth < _DEEPEST else []
        if not anchors:
            found.append((i1, i2, j1, j2))
            continue
        points = [(i1 - 1, j1 - 1), *((i1 + i, j1 + j) for i, j in anchors), (i2, j2)]
        stack += [(before[0] + 1, after[0], before[1] + 1, after[1], depth + 1) for before, after in pairwise(points)]
    return sorted(found)


def _anchors(first: Sequence[bytes], second: Sequence[bytes]) -> list[tuple[int, int]]:
    """Return the longest run of elements that occur once in each sequence and are in the same order in both."""
    once, also = Counter(first), Counter(second)
    places = {element: at for at, element in enumerate(second) if also[element] == 1}
    pairs = [(at, places[element]) for at, element in enumerate(first) if once[element] == 1 and element in places]
    ends: list[int] = []  # the least last place of a run of each length
    which: list[int] = []  # the pair that ends it
    before: list[int | None] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(which[length - 1] if length else None)
        if length == len(ends):
            ends.append(place)
            which.append(number)
        else:
            ends[length], which[length] = place, number
    run: list[tuple[int, int]] = []
    at: int | None = which[-1] if which else None
    while at is not None:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]
