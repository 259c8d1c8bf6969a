"""Draws what an artefact consists of: its containers and regions as an outline, each with its place and what is in it.

Files and folders of a file system are counted, not listed, except a file that is itself a container and a good part of the
whole. What lies in the artefact as it is has a place in it, what had to be unpacked has none.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from trueware.artefact import Measured, Report, measure_artefact
from trueware.formats import BY_NAME
from trueware.measuring import Fallback
from trueware.measuring.opaque import Cell, cells, looks_like
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part, join
from trueware.sources import open_file

CELLS = 1000
"""Ranges the bytes of an artefact are judged in: more than a page is wide."""

_RANGES = frozenset({Kind.REGION, Kind.PADDING, Kind.GAP})
_LISTED = 1 / 50
"""Share of the artefact, or of what holds it, from which a container in a file system is shown by itself."""

_SHOWN = 2_000
"""Blocks of one outline; what an artefact has more is counted in the block above."""

_WORTH_A_LOOK = 16


@dataclass(frozen=True, slots=True)
class Block:
    """One line of the outline."""

    path: str
    part: Part
    depth: int

    start: int | None
    """First byte in the artefact, None where the content had to be unpacked."""

    counts: Mapping[Kind, int]
    """Entries of the file system below that have no block of their own, by kind."""

    bytes_below: int
    """Sizes of the files among them together."""

    hidden: int
    """Ranges and containers directly below that are not shown because there are too many."""

    looks: str | None
    """What the bytes look like, where no format claims them."""

    @property
    def end(self) -> int | None:
        """First byte behind it in the artefact."""
        return None if self.start is None else self.start + self.part.size


@dataclass(frozen=True, slots=True)
class Inspection:
    """An artefact taken apart for a person to look at."""

    measured: Measured
    blocks: tuple[Block, ...]
    """The outline: parents first, siblings as they lie."""

    cells: tuple[Cell, ...]
    """The bytes of the artefact in equal ranges; none for a folder."""


def inspect(
    path: str | os.PathLike[str],
    *,
    pool: Executor | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Report | None = None,
    fallback: Fallback | None = None,
) -> Inspection:
    """Take the file or folder at `path` apart.

    Raises:
        SourceError: it cannot be opened.
    """
    measured = measure_artefact(path, pool=pool, limits=limits, report=report, fallback=fallback)
    root = measured.measurement.root
    if root.kind is Kind.DIRECTORY:
        return Inspection(measured, tuple(outline(root, None)), ())
    with open_file(path) as file:
        return Inspection(measured, tuple(outline(root, file.view)), tuple(cells(file.view, CELLS)))


def outline(root: Part, view: memoryview | None) -> Iterator[Block]:
    """Yield the blocks of `root`, whose bytes are `view` (None for a folder)."""
    shown = 0
    stack: list[tuple[str, Part, int, int | None]] = [("", root, 0, 0 if view is not None else None)]
    while stack:
        path, part, depth, start = stack.pop()
        counts, bytes_below, found = _below(path, part, root.size)
        room = max(0, _SHOWN - shown)
        shown += min(room, len(found))
        looks = dict(part.notes).get("looks-like")
        if looks is None and view is not None and start is not None and _is_opaque(part, start, view):
            looks = looks_like(view[start : start + part.size])
        yield Block(path, part, depth, start, counts, bytes_below, max(0, len(found) - room), looks)
        below = [(where, child, depth + 1, _place(part, child, start)) for where, child in found[:room]]
        below.sort(key=lambda block: (block[3] is None, block[3] or 0))
        stack.extend(reversed(below))


def _is_opaque(part: Part, start: int, view: memoryview) -> bool:
    """Whether the part is bytes nobody understands, and not so few that looks mean nothing."""
    if part.format is not None or part.kind is Kind.PADDING or part.children:
        return False
    return part.size >= _WORTH_A_LOOK and start + part.size <= len(view)


def _below(path: str, part: Part, whole: int) -> tuple[dict[Kind, int], int, list[tuple[str, Part]]]:
    """Count the entries below `part` up to the next blocks, and find these."""
    counts: dict[Kind, int] = {}
    size, found = 0, []
    stack = [(path, part)]
    while stack:
        above, parent = stack.pop()
        for child in parent.children:
            where = join(above, parent, child.name)
            if child.kind in _RANGES or (
                child.format is not None and child.size >= _LISTED * min(whole, part.size or whole)
            ):
                found.append((where, child))
                continue
            counts[child.kind] = counts.get(child.kind, 0) + 1
            size += child.size if child.kind is Kind.FILE else 0
            if child.kind is Kind.DIRECTORY:
                stack.append((where, child))
    return counts, size, found


def _place(parent: Part, child: Part, start: int | None) -> int | None:
    """Return where `child` lies in the artefact if its container, at `start`, holds its bytes as they are."""
    if start is None or child.offset is None or child.offset + child.size > parent.size:
        return None
    if parent.format in BY_NAME and BY_NAME[parent.format].__module__.startswith("trueware.formats.compression."):
        return None if child.name == "data" else start + child.offset
    return start + child.offset
