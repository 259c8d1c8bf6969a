"""Batches the contents of one container into units of work for the pool, and settles what comes back in order."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future

from trueware.errors import MalformedInput
from trueware.formats.contract import Content, Held, Passing
from trueware.measuring.hashing import Hashed, Hasher
from trueware.measuring.holding import Holding
from trueware.measuring.node import Node
from trueware.measuring.packings import Packings
from trueware.model.kept import is_kept
from trueware.model.limits import Limits
from trueware.model.part import Kind

_UNIT_BYTES = 1 << 20
"""Content in one unit of work: about a millisecond of hashing, so that handing it over costs little."""

_UNIT_ITEMS = 256

_SMALL = 1 << 16
"""Average of contents in memory below which handing a unit over costs as much as hashing it: the reading thread does both."""

_COPIED = 1 << 20
"""Content of a passing stream up to this size is copied and hashed by the pool, larger content as it passes."""

_AHEAD = 24
"""Units that may be under way, as long as they could not hold more than they may (`trueware.measuring.holding`)."""

_Job = tuple[Node, Content, bool]
"""A content, whose it is, and whether its bytes are wanted even if no format claims them."""


class Jobs:
    """The contents of one container; `settle` is called for each, in order, by the thread that owns this object.

    It tells whether all that was learnt from the content is in its node and below.
    """

    def __init__(
        self,
        pool: Executor,
        hasher: Hasher,
        limits: Limits,
        packings: Packings,
        holding: Holding,
        settle: Callable[[Node, Hashed], bool],
        wants: Callable[[str], bool],
    ) -> None:
        """Prepare; `wants` tells by the name of a file that passes in a stream whether it will be asked for again."""
        self._wants = wants
        self._pool, self._hasher, self._limits, self._settle = pool, hasher, limits, settle
        self._packings, self._holding = packings, holding
        self._ceiling = holding.ceiling()
        self._waiting: list[_Job] = []
        self._unit: list[_Job] = []
        self._unit_bytes = 0
        self._flying: deque[tuple[list[_Job], int, Future[list[Hashed]] | None]] = deque()
        self._flying_held = 0
        """Bytes that what is under way may hold when it is done."""

        self._first_of: dict[int, Node] = {}

    def add(self, node: Node, content: Content) -> None:
        """Have the content of `node` hashed; what passes in a stream is taken before this returns."""
        if isinstance(content, Passing):
            self._take(node, content)
        elif (first := self._first_of.setdefault(id(content), node)) is not node:
            node.same_as = first
        else:
            self._waiting.append((node, content, self._is_wanted(node, content)))

    def finish(self) -> None:
        """Hash everything that was added and settle it."""
        waiting = self._unknown()
        waiting.sort(key=lambda job: job[1].group)
        for job in waiting:
            self._put(job)
        if self._unit and not self._flying:
            unit, self._unit = self._unit, []
            self._settle_unit(unit, self._work(unit))
        else:
            self._send()
        while self._flying:
            self._land()
        self._waiting.clear()

    def _unknown(self) -> list[_Job]:
        """Settle what is known by how it lies packed; return the rest."""
        waiting = self._waiting
        asked = {index: (node, content) for index, (node, content, wanted) in enumerate(waiting) if not wanted}
        if not (found := self._packings.find(asked)):
            return waiting
        for index, (digest, size, part) in found.items():
            self._settle(waiting[index][0], Hashed(size, digest, known=part))
        return [job for index, job in enumerate(waiting) if index not in found]

    def _take(self, node: Node, content: Passing) -> None:
        size = content.size or 0
        job = node, content, self._is_wanted(node, content)
        if size > _COPIED:
            self._settle_unit([job], self._work([job]))
            return
        data = content.stream.read(size)
        if len(data) < size:
            self._settle(node, Hashed(len(data), error=MalformedInput("stream", content.stream.offset, "ends early")))
            return
        self._put((node, Held(data), job[2]))

    def _is_wanted(self, node: Node, content: Content) -> bool:
        """Whether the bytes are wanted even if no format claims them: to be kept, or to be looked into."""
        if node.entry.kind is not Kind.FILE:
            return True
        size = content.size
        if not size:
            return False
        if size <= self._limits.max_kept_file and is_kept(node.entry.path):
            return True
        return isinstance(content, Passing) and size <= _COPIED and self._wants(node.name)

    def _put(self, job: _Job) -> None:
        self._unit.append(job)
        self._unit_bytes += _UNIT_BYTES if job[1].size is None else job[1].size
        if self._unit_bytes >= _UNIT_BYTES or len(self._unit) >= _UNIT_ITEMS:
            self._send()

    def _send(self) -> None:
        if not self._unit:
            return
        unit, size, self._unit, self._unit_bytes = self._unit, self._unit_bytes, [], 0
        in_memory = all(isinstance(content, Held) for _, content, _ in unit)
        held = 0 if in_memory else sum(self._most_held(content) for _, content, _ in unit)
        while self._flying and self._flying_held + held > self._ceiling:
            self._land()
        cheap = in_memory and size < _SMALL * len(unit)
        self._flying.append((unit, held, None if cheap else self._pool.submit(self._work, unit)))
        self._flying_held += held
        self._holding.take(held)
        while len(self._flying) > _AHEAD:
            self._land()

    def _most_held(self, content: Content) -> int:
        """Return how many of the bytes may be held when they are hashed."""
        if isinstance(content, Held):
            return 0
        return self._ceiling if content.size is None else min(content.size, self._ceiling)

    def _land(self) -> None:
        unit, held, future = self._flying.popleft()
        results = self._work(unit) if future is None else future.result()
        self._holding.give(held)
        self._settle_unit(unit, results)
        self._flying_held -= held

    def _settle_unit(self, unit: list[_Job], results: list[Hashed]) -> None:
        held = sum(
            len(hashed.view)
            for (_, content, _), hashed in zip(unit, results, strict=True)
            if hashed.view is not None and not isinstance(content, Held)
        )
        self._holding.take(held)
        for (node, content, _), hashed in zip(unit, results, strict=True):
            if self._settle(node, hashed):
                self._packings.record(node, content)
        self._holding.give(held)

    def _work(self, unit: list[_Job]) -> list[Hashed]:
        examine, most = self._hasher.examine, self._ceiling
        return [
            examine(content, whole=node.entry.kind is Kind.FILE, hold=wanted, most=most)
            for node, content, wanted in unit
        ]
