"""Bytes that no format claims: what they say of themselves, the containers found in them, and what they look like."""

from collections.abc import Callable, Iterable
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from trueware.errors import InputError
from trueware.formats.contract import Entry, Format, Reading
from trueware.measuring.carve import Candidate, Carver, Search
from trueware.measuring.gaps import split_padding, uniform_byte
from trueware.measuring.ledger import Ledger
from trueware.measuring.node import Node
from trueware.measuring.opaque import looks_like
from trueware.model.limits import Limits
from trueware.model.part import Kind

_CARVED = 512
"""Opaque bytes from which it is worth looking for containers inside."""

CARVED = "carved"
"""Stands for a format where containers were found in bytes that no format claims."""

_DESCRIBED, _DESCRIBED_IN_FILE, _DESCRIPTIONS = 1 << 12, 1 << 20, 64
"""Opaque bytes that are worth a description, of the artefact and within one of its files; and how many descriptions."""

Scanner = Callable[[memoryview], Iterable[str]]
"""Asked what an opaque region says of itself."""

Fallback = Callable[[memoryview], Reading | None]
"""Another program's reading of bytes that stay opaque here; None where it makes nothing of them. Raises `InputError`."""

FALLBACK = "fallback"
"""Stands for a format where a fallback read."""


class Driver(Protocol):
    """What runs the measurement: takes in the containers that are found."""

    limits: Limits
    ledger: Ledger

    def take_in(
        self, node: Node, reading: Reading, view: memoryview | None, depth: int, *, carved: bool = False
    ) -> int:
        """Build the children of `node` from a reading; return where it ends in `view`."""
        ...

    def settle(self, node: Node, view: memoryview) -> None:
        """Make sure that `node` has a digest to stand for it."""
        ...

    def add_unclaimed(self, node: Node, start: int, size: int, kind: Kind) -> Node:
        """Add a numbered part for bytes that no entry describes."""
        ...


class Unclaimed:
    """The opaque bytes of one measurement.

    Attributes:
        banners: by path of a region, what the scanner found in it.
    """

    def __init__(
        self, run: Driver, formats: tuple[type[Format], ...], scan: Scanner | None, fallback: Fallback | None
    ) -> None:
        self._run, self._formats, self._scan, self._fallback = run, formats, scan, fallback
        self._described = 0
        self.banners: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _carver(self) -> Carver:
        return Carver(self._formats)  # most images have nothing to look through, and its making is dear

    def open(self, node: Node, view: memoryview, depth: int) -> None:
        """Ask what an opaque region says of itself, look for containers in it, and say what it looks like."""
        if node.entry.kind is Kind.FILE and node.parent is not None and node.parent.format != FALLBACK:
            return  # a file of a file system that no format claims is just a file
        if self._scan is not None and (told := tuple(self._scan(view))):
            self.banners[node.path()] = told
        if len(view) >= _CARVED and depth < self._run.limits.max_depth:
            self._carve(node, view, depth)
            if node.format is None and self._fallback is not None:
                self._ask(self._fallback, node, view, depth)
        if node.format is None and self._described < _DESCRIPTIONS and len(view) >= _least_described(node):
            self._described += 1
            node.notes += (("looks-like", looks_like(view)),)

    def _ask(self, fallback: Fallback, node: Node, view: memoryview, depth: int) -> None:
        """Take in what a fallback makes of opaque bytes; they stand for themselves all the same."""
        try:
            reading = fallback(view)
        except InputError as error:
            self._run.ledger.note(node, "not-checkable", f"the fallback failed: {error}", None)
            return
        if reading is not None:
            node.format = FALLBACK
            self._run.take_in(node, reading, None, depth)

    def _carve(self, node: Node, view: memoryview, depth: int) -> None:
        """Split opaque bytes into the containers found in them and what lies between."""
        search = Search(self._carver, view, self._run.limits)
        at = start = 0
        numbers: dict[str, int] = {}
        while (candidate := search.next(at)) is not None:
            offset, name = candidate.offset, candidate.format.name
            number = numbers.get(name, 0)
            child = Node(f"{name}-{number}", Entry("", Kind.REGION, offset=offset), node)
            end = self._open_candidate(child, candidate, view, depth)
            if end is None:
                search.count_refused()
                at = offset + 1
                continue
            numbers[name] = number + 1
            self._add_between(node, view, start, offset)
            node.add(child)
            self._run.settle(child, view[offset:end])
            start = at = end
        if search.given_up:
            self._run.ledger.note(
                node, "not-checkable", "too many places look like containers; the rest was not searched", start
            )
        if start:
            node.format = CARVED
            self._add_between(node, view, start, len(view))

    def _open_candidate(self, child: Node, candidate: Candidate, view: memoryview, depth: int) -> int | None:
        """Read what was found into `child` and return where it ends in `view`; None if it is no container after all."""
        offset = candidate.offset
        mark = self._run.ledger.mark()
        try:
            reading = candidate.format.read(view[offset:], self._run.limits)
        except InputError:
            return None
        child.format = candidate.format.name
        end = self._run.take_in(child, reading, view[offset:], depth + 1, carved=True)
        if end <= 0 or (child.broken and not child.children):
            self._run.ledger.forget(mark)
            return None
        return offset + end

    def _add_between(self, node: Node, view: memoryview, start: int, end: int) -> None:
        """Add what lies between two containers that were found."""
        for first, last in split_padding(view[start:end]):
            data = view[start + first : start + last]
            kind = Kind.REGION if uniform_byte(data) is None else Kind.PADDING
            child = self._run.add_unclaimed(node, start + first, len(data), kind)
            if kind is Kind.REGION:
                child.sha256 = sha256(data).digest()


def _least_described(node: Node) -> int:
    above = node.parent
    while above is not None and above.parent is not None:
        if above.entry.kind is Kind.FILE:
            return _DESCRIBED_IN_FILE
        above = above.parent
    return _DESCRIBED
