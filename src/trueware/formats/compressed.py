"""What formats of compressed streams share: their one region `data`, and the loop that feeds a decompressor.

`data` is unpacked anew each time it is read. What one such pass brings to light (anomalies, how long each stream is,
where the last one ends) goes into a `Pass` and replaces, at its end, what an earlier pass left in the reading: nothing is
reported twice, and passes in several threads at once agree.

A pass that fails has unpacked what decompressors were given before: the reading covers that, and what comes after is looked at
as bytes that nobody claims. It leaves a doubt, so that the container stands by its bytes. A pass that whoever reads gives up, or
that reaches a ceiling, covers all of its input, or the rest would be unpacked for a second time in search of what is in it.

Streams in a row are one content to the usual tools, and programs on devices often stop after the first. The lengths of
several are therefore a fact of the container: moving the border between two streams changes what such a device runs.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, Protocol

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import CHUNK, Anomaly, Buffer, Entry, Produced, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

MAX_WINDOW = 1 << 27
"""Bytes of history a stream may make a decompressor keep: `xz` writes up to 64 MiB, `zstd` up to 128 MiB unless forced. They come
on top of what is held of the data (`Limits.max_held`)."""

_FIRST_FEED = 1 << 10
"""Input a decompressor gets at first, doubled each time: bounds what is copied in vain where tiny streams are many."""

_SMALL, _SMALL_PACKED = 1 << 10, 1 << 6
"""Bytes of data, and packed ones, below which a block of a stream costs more than it holds; encoders write at most one such."""

_LISTED = 16
"""Values spelt out in a fact; more are told by their number and a digest."""

_UNSUPPORTED = frozenset({"Memory usage limit exceeded", "Invalid or unsupported options"})
"""What the standard library's lzma says of a stream that may be sound and that it does not read."""


class Decompressor(Protocol):
    """As in the standard library's bz2 and lzma, in isal and lz4."""

    @property
    def eof(self) -> bool:
        """Whether the stream came to its end."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can be unpacked from what it was given."""
        ...

    @property
    def unused_data(self) -> bytes | None:
        """What it was given beyond the end of the stream; lz4 says None for nothing."""
        ...

    def decompress(self, data: Buffer, max_length: int, /) -> bytes:
        """Take all of `data` and return at most `max_length` bytes."""
        ...


class Drained(NamedTuple):
    """How the unpacking of one stream ended."""

    end: int
    """First byte after the stream, or the length of the input where that ends first."""

    size: int
    """Bytes it unpacked to."""

    complete: bool
    """Whether the stream came to its end."""


class SmallBlocks:
    """Counts the blocks of a container that hold next to nothing: each costs as much as an entry."""

    __slots__ = ("_count", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._limits, self._count = limits, 0

    def add(self, size: int, *, packed: bool = False) -> None:
        """Account for a block of `size` bytes, of data or packed.

        Raises:
            LimitExceeded: more small ones than a container may have entries.
        """
        if size < (_SMALL_PACKED if packed else _SMALL):
            self._count += 1
            if self._count > self._limits.max_entries:
                raise LimitExceeded("max_entries", self._limits.max_entries, "compressed blocks of next to nothing")


@dataclass(slots=True)
class Pass:
    """What one reading of all streams from first to last brings to light."""

    limits: Limits
    end: int = 0
    """First byte that no decompressor was given yet."""

    anomalies: list[Anomaly] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    """Unpacked length of each stream."""

    def note_anomaly(self, rule: str, detail: str, offset: int | None = None) -> None:
        """Record something wrong that does not end the pass."""
        self.anomalies.append(Anomaly(rule, detail, offset))

    def note_truncated(self, size: int, offset: int) -> None:
        """Record that the input ends within a stream, after `size` bytes of its data."""
        self.note_anomaly("truncated", f"the input ends within the stream, after {size} bytes of its data", offset)

    def end_stream(self, size: int, end: int) -> None:
        """Account for a stream that unpacked to `size` bytes and ends at `end`.

        Raises:
            LimitExceeded: more streams in a row than a container may have entries.
        """
        self.end = end
        self.sizes.append(size)
        if len(self.sizes) > self.limits.max_entries:
            raise LimitExceeded("max_entries", self.limits.max_entries, "compressed streams in a row")


Unpack = Callable[[Pass], Generator[Buffer, None, int]]
"""Yields the data of all streams and returns where the last one ends."""


def data_entry(reading: Reading, view: memoryview, limits: Limits, unpack: Unpack) -> Entry:
    """Return the region `data` of `reading`, which learns from each pass over its input `view`."""
    known = tuple(reading.anomalies)

    def learn(end: int, *anomalies: Anomaly) -> None:
        reading.anomalies[:] = (*known, *anomalies)
        reading.spans[:] = ((0, end),)
        reading.end = end

    def produce() -> Iterator[Buffer]:
        this = Pass(limits)
        learn(len(view), Anomaly("limit-reached", "not unpacked to the end"))
        try:
            end = yield from unpack(this)
        except LimitExceeded:
            learn(len(view), *this.anomalies, Anomaly("limit-reached", "not unpacked to the end"))
            raise
        except InputError as error:
            rule = "unsupported" if isinstance(error, UnsupportedInput) else "malformed"
            learn(this.end, *this.anomalies, Anomaly(rule, f"unpacked up to {this.end:#x} at most", this.end))
            raise
        learn(end, *this.anomalies)
        reading.facts.update(this.facts)
        if len(this.sizes) > 1:
            reading.facts["streams"] = told(map(str, this.sizes))

    return Entry("data", Kind.REGION, Produced(produce), offset=0)


def drain(
    decompressor: Decompressor,
    view: memoryview,
    at: int,
    format: str,  # noqa: A002 (the domain's noun)
    refusal: type[Exception],
    this: Pass | None = None,
) -> Generator[bytes, None, Drained]:
    """Yield what the stream at `at` unpacks to, `CHUNK` bytes at a time at most.

    Args:
        decompressor: a new one.
        view: the whole input.
        at: where the stream begins.
        format: name for errors.
        refusal: what `decompressor` raises.
        this: told what it was given.

    Raises:
        MalformedInput: the decompressor refuses the stream (`UnsupportedInput`: for what it would take).
    """
    feed, size = _FIRST_FEED, 0
    piece: Buffer = b""
    while not decompressor.eof:
        if decompressor.needs_input:
            piece = view[at : at + feed]
            if not len(piece):
                return Drained(at, size, complete=False)
            at += len(piece)
            feed = min(feed * 2, CHUNK)
            if this is not None:
                this.end = at
        else:
            piece = b""
        try:
            data = decompressor.decompress(piece, CHUNK)
        except refusal as error:
            kind = UnsupportedInput if str(error) in _UNSUPPORTED else MalformedInput
            raise kind(format, at - len(piece), f"the stream cannot be unpacked ({error})") from error
        if data:
            size += len(data)
            yield data
    return Drained(at - len(decompressor.unused_data or b""), size, complete=True)


def told(values: Iterable[str]) -> str:
    """Return a short text that stands for these values and no others."""
    listed = list(values)
    text = "+".join(listed)
    if len(listed) <= _LISTED:
        return text
    return f"{len(listed)} of sha256 {sha256(text.encode()).hexdigest()}"
