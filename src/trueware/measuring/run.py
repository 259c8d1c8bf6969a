"""One measurement under way: containers are read, their contents hashed and looked into, and what they leave over accounted for.

One thread (the caller's) reads structure and builds the tree; contents are hashed by a pool, since codecs and SHA-256 release
the interpreter lock. Contents that share work (`Content.group`) travel together. The outcome does not depend on the number of
workers.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Buffer, Entry, Format, Held, Passing, Reading, StreamFormat
from trueware.formats.stream import Stream
from trueware.measuring.budget import Budget
from trueware.measuring.detect import Detector
from trueware.measuring.gaps import split_padding, uncovered, uniform_byte
from trueware.measuring.hashing import Hashed, Hasher
from trueware.measuring.holding import Holding
from trueware.measuring.jobs import Jobs
from trueware.measuring.ledger import Ledger
from trueware.measuring.node import Node, container_of
from trueware.measuring.packings import Packings
from trueware.measuring.passed import Passed
from trueware.measuring.placing import Placer
from trueware.measuring.sites import Views
from trueware.measuring.unclaimed import Driver, Fallback, Scanner, Unclaimed
from trueware.model.kept import is_kept
from trueware.model.limits import Limits
from trueware.model.part import Kind
from trueware.signatures.contract import Verifier


@dataclass(frozen=True, slots=True)
class Asked:
    """What a measurement was asked for, and with what it is done; see `trueware.measuring.engine.measure`."""

    pool: Executor
    formats: tuple[type[Format], ...]
    packings: Packings
    scan: Scanner | None = None
    fallback: Fallback | None = None
    verify: Verifier | None = None


class Run:
    """One measurement under way.

    Attributes:
        kept: content of small security-relevant files by SHA-256.
        banners: by path of an opaque region, what the scanner found in it.
        views: the bytes of parts, for those who verify signatures.
    """

    def __init__(self, asked: Asked, limits: Limits, budget: Budget, artefact: memoryview | None) -> None:
        self._asked, self.limits, self._budget = asked, limits, budget
        self.detector, self.ledger = Detector(asked.formats), Ledger(limits)
        self._hasher, self._holding = Hasher(self.detector, budget, limits), Holding(limits)
        self._unclaimed = Unclaimed(self, asked.formats, asked.scan, asked.fallback)
        self.views = Views(artefact, limits, budget)
        self.kept: dict[bytes, bytes] = {}
        self._kept_size = 0
        self._numbers: dict[tuple[Node, Kind], int] = {}
        """How many parts of a kind that stand for unclaimed bytes a container has so far; they are numbered."""

    @property
    def banners(self) -> dict[str, tuple[str, ...]]:
        """See the class."""
        return self._unclaimed.banners

    def _wants(self, name: str) -> bool:
        return self._asked.verify is not None and self._asked.verify.wants(name=name)

    # --- a container ---------------------------------------------------------------------------------------------------

    def open_view(self, node: Node, view: memoryview, formats: Iterable[type[Format]], depth: int) -> None:
        """Read `view` by the first of `formats` that can; without one, leave `node` a leaf and look for containers in it."""
        for format_ in formats:
            try:
                self._enter(node, format_, view, depth)
            except InputError as error:
                self._fail(node, error)
                break
            try:
                reading = format_.read(view, self.limits)
            except InputError as error:
                self._fail(node, error)
                continue
            node.format = format_.name
            if self._asked.verify is not None and self._asked.verify.wants(format=format_.name):
                self.views.keep(node, view)
            self.take_in(node, reading, view, depth)
            break
        else:
            self._unclaimed.open(node, view, depth)
        self.settle(node, view)

    def _enter(self, node: Node, format_: type[Format], view: memoryview | None, depth: int) -> None:
        """Account for the container that is about to be read.

        Raises:
            LimitExceeded: `max_depth` or `max_containers`.
            MalformedInput: it is one of those it lies in.
        """
        if depth >= self.limits.max_depth:
            raise LimitExceeded("max_depth", self.limits.max_depth)
        self._budget.count_container()
        if view is not None and (above := _again(node, format_, len(view))) is not None:
            raise MalformedInput(
                format_.name, node.entry.offset or 0, f"contains itself: {above.path() or 'the artefact'}"
            )

    def _open_stream(self, node: Node, format_: type[StreamFormat], chunks: Iterator[Buffer], depth: int) -> None:
        """Read a stream front to back.

        Its digest is that of the bytes as they pass where one is wanted in any case, or where they cannot be had again. Most
        streams are regions that are known by their parts, and are not hashed.
        """
        content = node.entry.content
        again = None if content is None or isinstance(content, Passing) or node.entry.kind is Kind.FILE else content
        passing = Passed(chunks, self._budget, hashed=again is None)
        stream = Stream(passing)
        try:
            self._enter(node, format_, None, depth)
            reading = format_.read_stream(stream, self.limits)
        except InputError as error:
            self._fail(node, error)
        else:
            node.format = format_.name
            self.take_in(node, reading, None, depth)
        try:
            self._account_rest(node, stream)
            if again is not None and node.is_leaf:
                passing.hash_again(again.chunks())
        except InputError as error:
            self._fail(node, error)
            return
        node.size = stream.offset
        if node.entry.kind is Kind.FILE or node.is_leaf:
            node.sha256 = passing.digest.digest()

    def _account_rest(self, node: Node, stream: Stream) -> None:
        """Measure what a reader left of a passing stream."""
        start, size, digest, filler = stream.offset, 0, sha256(), None
        for piece in stream.rest():
            uniform = uniform_byte(piece)
            filler = uniform if not size or uniform == filler else None
            digest.update(piece)
            size += len(piece)
        if size and node.format is not None:
            self._add_gap(node, start, size, filler).sha256 = digest.digest()

    def take_in(
        self, node: Node, reading: Reading, view: memoryview | None, depth: int, *, carved: bool = False
    ) -> int:
        """Build the children of `node` from a reading, hash them and descend into them; return where it ends in `view`.

        Where the container was carved out of other bytes, what follows its end is not its own.
        """
        placer = Placer(node, self.limits, self._budget)
        jobs = Jobs(
            self._asked.pool,
            self._hasher,
            self.limits,
            self._asked.packings,
            self._holding,
            lambda child, hashed: self._settle_content(child, hashed, depth),
            self._wants,
        )
        try:
            for entry in reading.entries:
                self._budget.count_entry(len(entry.path))
                child = placer.place(entry, reading)
                if child is not None and entry.content is not None:
                    jobs.add(child, entry.content)
        except InputError as error:
            self._fail(node, error)
        placer.resolve(reading)
        jobs.finish()
        node.facts += tuple(sorted(reading.facts.items()))
        node.notes += tuple(sorted(reading.notes.items()))
        if reading.attributes is not None and node.entry.kind is not Kind.DIRECTORY:
            attributes = reading.attributes
            told = f"{attributes.mode or 0:04o} {attributes.uid}:{attributes.gid}"
            told += "".join(f" {name}={value.hex()}" for name, value in attributes.xattrs)
            node.facts += (("root", told),)
        end = 0
        if view is not None:
            end = len(view) if reading.end is None else min(reading.end, len(view))
            self._account(node, reading, view[:end] if carved else view, end, depth)
        for anomaly in reading.anomalies:
            where = placer.find(anomaly.path) or node
            if self.ledger.note(where, anomaly.rule, anomaly.detail, anomaly.offset).uncertain:
                node.broken = True
        return end

    def _account(self, node: Node, reading: Reading, view: memoryview, end: int, depth: int) -> None:
        """Turn what the reading, whose container ends at `end`, does not cover of `view` into padding or gaps."""
        if node.broken and not reading.spans and reading.end is None:
            return  # nothing is known about the layout; the container is a leaf by its bytes
        spans = list(reading.spans)
        for child in node.below():
            entry = child.entry
            if entry.offset is not None and isinstance(entry.content, Held):
                spans.append((entry.offset, entry.offset + len(entry.content.view)))
        for first, last in uncovered(spans, end, len(view)):
            for at, to in split_padding(view[first:last]):
                try:
                    self._budget.count_entry()
                except LimitExceeded as error:
                    self._fail(node, error)  # its bytes stand for what is left
                    return
                start, gap = first + at, view[first + at : first + to]
                child = self._add_gap(node, start, len(gap), uniform_byte(gap))
                if child.entry.kind is Kind.GAP:
                    self._unclaimed.open(child, gap, depth + 1)
                    self.settle(child, gap)

    def _add_gap(self, node: Node, start: int, size: int, filler: int | None) -> Node:
        """Add padding, or bytes that the format of `node` leaves over, which is a finding."""
        child = self.add_unclaimed(node, start, size, Kind.GAP if filler is None else Kind.PADDING)
        if filler is None:
            self.ledger.note(child, "unread-bytes", f"{size} bytes that {node.format} does not account for", start)
        return child

    def add_unclaimed(self, node: Node, start: int, size: int, kind: Kind) -> Node:
        """Add a numbered part for bytes that no entry describes."""
        number = self._numbers[node, kind] = self._numbers.get((node, kind), -1) + 1
        prefix = "bytes" if kind is Kind.REGION else kind.value
        child = Node(f"{prefix}-{number}", Entry("", kind, size=size, offset=start), node)
        node.add(child)
        return child

    # --- leaves --------------------------------------------------------------------------------------------------------

    def _settle_content(self, node: Node, hashed: Hashed, depth: int) -> bool:
        """Put what the hasher learnt into the tree, and descend; tell whether nothing was learnt that is not in the tree."""
        before = self.ledger.count, len(self.kept), len(self._unclaimed.banners)
        node.size, node.sha256, node.known = hashed.size, hashed.sha256, hashed.known
        if hashed.error is not None:
            self._fail(node, hashed.error)
            if node.parent is not None:
                container_of(node).broken = True  # its bytes must stand for what cannot be had from it
        if hashed.view is not None:
            if hashed.formats or node.entry.kind is not Kind.FILE:
                self.open_view(node, hashed.view, hashed.formats, depth + 1)
            self._keep(node, hashed.view)
            if isinstance(node.entry.content, Passing) and self._wants(node.name):
                self.views.keep(node, hashed.view)
        elif hashed.stream is not None:
            self._open_stream(node, hashed.formats[0], hashed.stream, depth + 1)  # type: ignore[arg-type]
        return before == (self.ledger.count, len(self.kept), len(self._unclaimed.banners))

    def _keep(self, node: Node, view: memoryview) -> None:
        size = len(view)
        if node.sha256 is None or size > self.limits.max_kept_file or not is_kept(node.entry.path):
            return
        if node.sha256 not in self.kept and self._kept_size + size <= self.limits.max_kept:
            self.kept[node.sha256] = bytes(view)
            self._kept_size += size

    def settle(self, node: Node, view: memoryview) -> None:
        """Make sure that `node` has a digest to stand for it: of its parts where these are certain, of its bytes otherwise."""
        node.size = len(view)
        if node.parent is None:
            return  # the artefact's own digest is made beside the reading
        if node.sha256 is None and node.is_leaf:
            node.sha256 = sha256(view).digest()

    def _fail(self, node: Node, error: InputError) -> None:
        """Record that `node` could not be read, or not to its end."""
        node.broken = True
        match error:
            case LimitExceeded():
                self.ledger.note(node, "limit-reached", str(error), node.entry.offset)
            case UnsupportedInput(offset=offset, format=name, reason=reason):
                self.ledger.note(node, "unsupported", f"{name}: {reason}", offset)
            case MalformedInput(offset=offset, format=name, reason=reason):
                self.ledger.note(node, "malformed", f"{name}: {reason}", offset)
            case _:
                self.ledger.note(node, "malformed", str(error), None)


_: type[Driver] = Run


def _again(node: Node, format_: type[Format], size: int) -> Node | None:
    """Return the container above `node` that it would be once more: read by the same format from the same byte on.

    A format that is known by its end may lie in itself, as when two trailers stand behind an image; another end is then another
    container. The bytes of a content are those of its container only where it lies there as it is.
    """
    by_its_end = all(magic.offset < 0 for magic in format_.magics)
    while (above := node.parent) is not None and node.entry.offset == 0 and isinstance(node.entry.content, Held):
        if above.format == format_.name and (above.size == size or not by_its_end):
            return above
        node = above
    return None
