"""The engine: asks formats to read, hands contents to the hasher on all cores, and descends into what is found inside.

One thread (the caller's) reads structure and builds the tree; contents are hashed by a pool, since codecs and SHA-256 release
the interpreter lock. Contents that share work (`Content.group`) travel together. The outcome does not depend on the number of
workers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats import FORMATS
from trueware.formats.contract import Buffer, Entry, Format, Held, Passing, Reading, StreamFormat
from trueware.formats.stream import Stream
from trueware.measuring.budget import Budget, Clock
from trueware.measuring.carve import Candidate, Carver, Search
from trueware.measuring.detect import Detector
from trueware.measuring.gaps import split_padding, uncovered, uniform_byte
from trueware.measuring.hashing import Hashed, Hasher
from trueware.measuring.holding import Holding
from trueware.measuring.jobs import Jobs
from trueware.measuring.ledger import Ledger
from trueware.measuring.node import Node, container_of, freeze
from trueware.measuring.opaque import looks_like
from trueware.measuring.packings import Known, Listed, Packings
from trueware.measuring.placing import Placer
from trueware.measuring.sites import NodeSite, Views
from trueware.model.finding import Finding
from trueware.model.kept import is_kept
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part
from trueware.model.signature import Signature
from trueware.signatures.contract import Verifier

_CARVED = 512
"""Opaque bytes from which it is worth looking for containers inside."""

CARVED = "carved"
"""Stands for a format where containers were found in bytes that no format claims."""

_DESCRIBED, _DESCRIBED_IN_FILE, _DESCRIPTIONS = 1 << 12, 1 << 20, 64
"""Opaque bytes that are worth a description, of the artefact and within one of its files; and how many descriptions."""

Scanner = Callable[[memoryview], Iterable[str]]


Fallback = Callable[[memoryview], Reading | None]
"""Another program's reading of bytes that stay opaque here; None where it makes nothing of them. Raises `InputError`."""

FALLBACK = "fallback"
"""Stands for a format where a fallback read."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What measuring one artefact gave."""

    root: Part
    findings: tuple[Finding, ...]
    kept: Mapping[bytes, bytes] = field(repr=False)
    """Content of small security-relevant files (`trueware.model.kept`) by SHA-256."""

    banners: Mapping[str, tuple[str, ...]]
    """By path of an opaque region: what the scanner found in it."""

    packings: Listed = field(repr=False, default_factory=dict)
    """Where asked for: what contents hold, by how they lie packed (`trueware.formats.contract.Packed`)."""

    signatures: tuple[Signature, ...] = ()
    """Where asked for: the signatures in it, by path."""


def measure(
    name: str,
    view: memoryview,
    *,
    pool: Executor,
    clock: Clock,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    digest: bytes | None = None,
    scan: Scanner | None = None,
    report: Callable[[int], None] | None = None,
    formats: Iterable[type[Format]] = FORMATS,
    known: Known | None = None,
    record_packings: bool = False,
    fallback: Fallback | None = None,
    verify: Verifier | None = None,
) -> Measurement:
    """Measure an artefact that is one run of bytes.

    Args:
        name: how to call it.
        view: its bytes, usually mapped; must stay valid and unchanged until this returns.
        pool: where contents are hashed.
        clock: for `Limits.max_seconds`.
        limits: ceilings; reaching one is a finding.
        digest: SHA-256 of `view`, where the caller has it already.
        scan: asked for each opaque region what it says of itself; its answers are in `Measurement.banners`.
        report: told how many bytes of content were read so far, from any thread.
        formats: what to look for.
        known: asked for contents by how they lie packed; what it answers is believed and not unpacked.
        record_packings: fill `Measurement.packings`.
        fallback: asked for regions in which nothing was found.
        verify: asked, once all has been read, for the signatures of the artefact.
    """
    limits = limits.fitted(len(view))
    budget = Budget(limits, len(view), clock, report)
    packings = Packings(known, record=record_packings)
    run = _Run(pool, budget, limits, tuple(formats), scan, packings, fallback, verify, view)
    root = Node(name, Entry("", Kind.FILE, size=len(view)), None)
    whole = None if digest is not None else pool.submit(_digest_all, view)
    run.open_view(root, view, run.detector.all(view), 0)
    root.sha256 = digest if whole is None else whole.result()
    return run.finish(root)


def measure_reading(
    name: str,
    reading: Reading,
    *,
    size: int,
    pool: Executor,
    clock: Clock,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    scan: Scanner | None = None,
    report: Callable[[int], None] | None = None,
    formats: Iterable[type[Format]] = FORMATS,
    known: Known | None = None,
    record_packings: bool = False,
    fallback: Fallback | None = None,
    verify: Verifier | None = None,
) -> Measurement:
    """Measure an artefact that is a folder, already read into entries; `size` is the sum of its contents. See `measure`."""
    limits = limits.fitted(size, len(reading.entries) if isinstance(reading.entries, Sized) else 0)
    budget = Budget(limits, size, clock, report)
    packings = Packings(known, record=record_packings)
    run = _Run(pool, budget, limits, tuple(formats), scan, packings, fallback, verify, None)
    root = Node(name, reading.attributes or Entry("", Kind.DIRECTORY), None)
    run.take_in(root, reading, None, 0)
    return run.finish(root)


def _digest_all(view: memoryview) -> bytes:
    return sha256(view).digest()


class _Run:
    """One measurement under way."""

    def __init__(
        self,
        pool: Executor,
        budget: Budget,
        limits: Limits,
        formats: tuple[type[Format], ...],
        scan: Scanner | None,
        packings: Packings,
        fallback: Fallback | None,
        verify: Verifier | None,
        artefact: memoryview | None,
    ) -> None:
        self.detector = Detector(formats)
        self._pool, self._budget, self._limits, self._scan = pool, budget, limits, scan
        self._hasher, self._holding = Hasher(self.detector, budget, limits), Holding(limits)
        self._packings, self._fallback, self._verify = packings, fallback, verify
        self._views = Views(artefact, limits, budget)
        self._described = 0
        self._formats = formats
        self._ledger = Ledger(limits)
        self._unclaimed: dict[tuple[Node, Kind], int] = {}
        """How many parts of a kind that stand for unclaimed bytes a container has so far; they are numbered."""
        self._kept: dict[bytes, bytes] = {}
        self._kept_size = 0
        self._banners: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _carver(self) -> Carver:
        return Carver(self._formats)  # most images have nothing to look through, and its making is dear

    def _wants(self, name: str) -> bool:
        return self._verify is not None and self._verify.wants(name=name)

    def finish(self, root: Node) -> Measurement:
        """Return the tree and everything noticed on the way."""
        signatures = () if self._verify is None else self._verify(NodeSite(root, self._views))
        return Measurement(
            freeze(root), self._ledger.findings(), self._kept, self._banners, self._packings.recorded, signatures
        )

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
                reading = format_.read(view, self._limits)
            except InputError as error:
                self._fail(node, error)
                continue
            node.format = format_.name
            if self._verify is not None and self._verify.wants(format=format_.name):
                self._views.keep(node, view)
            self.take_in(node, reading, view, depth)
            break
        else:
            self._open_opaque(node, view, depth)
        self._settle(node, view)

    def _enter(self, node: Node, format_: type[Format], view: memoryview | None, depth: int) -> None:
        """Account for the container that is about to be read.

        Raises:
            LimitExceeded: `max_depth` or `max_containers`.
            MalformedInput: it is one of those it lies in.
        """
        if depth >= self._limits.max_depth:
            raise LimitExceeded("max_depth", self._limits.max_depth)
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
        passing = _Passed(chunks, self._budget, hashed=again is None)
        stream = Stream(passing)
        try:
            self._enter(node, format_, None, depth)
            reading = format_.read_stream(stream, self._limits)
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
        placer = Placer(node, self._limits, self._budget)
        jobs = Jobs(
            self._pool,
            self._hasher,
            self._limits,
            self._packings,
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
            if self._ledger.note(where, anomaly.rule, anomaly.detail, anomaly.offset).uncertain:
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
                    self._open_opaque(child, gap, depth + 1)
                    self._settle(child, gap)

    def _add_gap(self, node: Node, start: int, size: int, filler: int | None) -> Node:
        """Add padding, or bytes that the format of `node` leaves over, which is a finding."""
        child = self._add_unclaimed(node, start, size, Kind.GAP if filler is None else Kind.PADDING)
        if filler is None:
            self._ledger.note(child, "unread-bytes", f"{size} bytes that {node.format} does not account for", start)
        return child

    def _add_unclaimed(self, node: Node, start: int, size: int, kind: Kind) -> Node:
        """Add a numbered part for bytes that no entry describes."""
        number = self._unclaimed[node, kind] = self._unclaimed.get((node, kind), -1) + 1
        prefix = "bytes" if kind is Kind.REGION else kind.value
        child = Node(f"{prefix}-{number}", Entry("", kind, size=size, offset=start), node)
        node.add(child)
        return child

    # --- what no format claims -----------------------------------------------------------------------------------------

    def _open_opaque(self, node: Node, view: memoryview, depth: int) -> None:
        """Ask what an opaque region says of itself, look for containers in it, and say what it looks like."""
        if node.entry.kind is Kind.FILE and node.parent is not None and node.parent.format != FALLBACK:
            return  # a file of a file system that no format claims is just a file
        if self._scan is not None and (told := tuple(self._scan(view))):
            self._banners[node.path()] = told
        if len(view) >= _CARVED and depth < self._limits.max_depth:
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
            self._ledger.note(node, "not-checkable", f"the fallback failed: {error}", None)
            return
        if reading is not None:
            node.format = FALLBACK
            self.take_in(node, reading, None, depth)

    def _carve(self, node: Node, view: memoryview, depth: int) -> None:
        """Split opaque bytes into the containers found in them and what lies between."""
        search = Search(self._carver, view, self._limits)
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
            self._settle(child, view[offset:end])
            start = at = end
        if search.given_up:
            self._ledger.note(
                node, "not-checkable", "too many places look like containers; the rest was not searched", start
            )
        if start:
            node.format = CARVED
            self._add_between(node, view, start, len(view))

    def _open_candidate(self, child: Node, candidate: Candidate, view: memoryview, depth: int) -> int | None:
        """Read what was found into `child` and return where it ends in `view`; None if it is no container after all."""
        offset = candidate.offset
        mark = self._ledger.mark()
        try:
            reading = candidate.format.read(view[offset:], self._limits)
        except InputError:
            return None
        child.format = candidate.format.name
        end = self.take_in(child, reading, view[offset:], depth + 1, carved=True)
        if end <= 0 or (child.broken and not child.children):
            self._ledger.forget(mark)
            return None
        return offset + end

    def _add_between(self, node: Node, view: memoryview, start: int, end: int) -> None:
        """Add what lies between two containers that were found."""
        for first, last in split_padding(view[start:end]):
            data = view[start + first : start + last]
            kind = Kind.REGION if uniform_byte(data) is None else Kind.PADDING
            child = self._add_unclaimed(node, start + first, len(data), kind)
            if kind is Kind.REGION:
                child.sha256 = sha256(data).digest()

    # --- leaves --------------------------------------------------------------------------------------------------------

    def _settle_content(self, node: Node, hashed: Hashed, depth: int) -> bool:
        """Put what the hasher learnt into the tree, and descend; tell whether nothing was learnt that is not in the tree."""
        before = self._ledger.count, len(self._kept), len(self._banners)
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
                self._views.keep(node, hashed.view)
        elif hashed.stream is not None:
            self._open_stream(node, hashed.formats[0], hashed.stream, depth + 1)  # type: ignore[arg-type]
        return before == (self._ledger.count, len(self._kept), len(self._banners))

    def _keep(self, node: Node, view: memoryview) -> None:
        size = len(view)
        if node.sha256 is None or size > self._limits.max_kept_file or not is_kept(node.entry.path):
            return
        if node.sha256 not in self._kept and self._kept_size + size <= self._limits.max_kept:
            self._kept[node.sha256] = bytes(view)
            self._kept_size += size

    def _settle(self, node: Node, view: memoryview) -> None:
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
                self._ledger.note(node, "limit-reached", str(error), node.entry.offset)
            case UnsupportedInput(offset=offset, format=name, reason=reason):
                self._ledger.note(node, "unsupported", f"{name}: {reason}", offset)
            case MalformedInput(offset=offset, format=name, reason=reason):
                self._ledger.note(node, "malformed", f"{name}: {reason}", offset)
            case _:
                self._ledger.note(node, "malformed", str(error), None)


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


def _least_described(node: Node) -> int:
    above = node.parent
    while above is not None and above.parent is not None:
        if above.entry.kind is Kind.FILE:
            return _DESCRIBED_IN_FILE
        above = above.parent
    return _DESCRIBED


class _Passed:
    """The chunks of a stream: accounted for, and hashed if asked, as they pass."""

    def __init__(self, chunks: Iterator[Buffer], budget: Budget, *, hashed: bool) -> None:
        self._chunks, self._budget, self._hashed = chunks, budget, hashed
        self._size = 0
        self.digest = sha256()

    def __iter__(self) -> Iterator[Buffer]:
        for chunk in self._chunks:
            self._budget.spend(len(chunk))
            self._size += len(chunk)
            if self._hashed:
                self.digest.update(chunk)
            yield chunk

    def hash_again(self, chunks: Iterator[Buffer]) -> None:
        """Hash what passed, from the same chunks had once more."""
        left = self._size
        for chunk in chunks:
            if len(chunk) > left:
                return  # a ceiling was reached here
            self._budget.spend(0)
            self.digest.update(chunk)
            left -= len(chunk)
