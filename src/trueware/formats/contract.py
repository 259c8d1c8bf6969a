"""What a format is: a filled-in form with a name, a doc, magics, `matches` and `read`.

A reader is static and stateless. It is given bytes and returns a `Reading`; it opens nothing, writes nothing, knows no other
format and does not recurse: the entries it returns have lazily read `Content`, and whoever drives it (`trueware.measuring`)
hashes that content, finds the formats inside it and enforces the ceilings on bytes, depth and entries.

How a reader reports
    * `MalformedInput` from `read`: this is not that format after all; the bytes stay an opaque leaf, with a finding.
    * `MalformedInput` while entries or content are iterated: what was read so far stays, with a finding.
    * `Reading.note_anomaly`: everything else that is wrong, while reading goes on.

What a reader promises
    * Every length and offset is checked against what remains before it is used.
    * Entries, spans and padding tile ``[0, reading.end)``: what none of them covers becomes a `GAP` part and a finding.
    * Header fields that mean something to a device are in `facts`; how it was packed is in `notes`; what only restates other
      bytes (sizes, checksums) is in neither. Every header byte must fall in one of the three, or be returned as a `REGION` entry.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

from trueware.formats.stream import Stream
from trueware.model.limits import Limits
from trueware.model.part import Kind

Buffer = bytes | bytearray | memoryview

CHUNK = 1 << 18
"""Bytes a content yields at a time, at most, unless it already holds more: small against memory, large against call costs."""


@dataclass(frozen=True, slots=True)
class FormatDoc:
    """What a person wants to know of a format; `trueware formats` and the docs are made from it."""

    title: str
    vendor: str = ""
    references: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    """What is not read. Empty means: everything the format can express is read or reported."""


@dataclass(frozen=True, slots=True)
class Magic:
    """Fixed bytes at a fixed place; negative offsets count from the end of the bytes."""

    offset: int
    value: bytes


@runtime_checkable
class Content(Protocol):
    """The bytes of an entry, read when asked for."""

    size: int | None
    """Length in bytes as the container states it, None where it does not."""

    group: int
    """Contents of one group share work (a fragment block) and are best read one after the other; -1: none shared."""

    def chunks(self) -> Iterator[Buffer]:
        """Yield the bytes in order. May be called from any thread, and again from the start.

        A container that states a size yields exactly that many bytes or raises.

        Raises:
            MalformedInput: the bytes cannot be had.
        """
        ...


@runtime_checkable
class Packed(Content, Protocol):
    """Content that can be known by how it lies packed, without being unpacked."""

    def packing(self) -> bytes | None:
        """Return a SHA-256 over the packed bytes, all that decides what they unpack to, and the size; None: do not go by it.

        Two contents with one packing must be equal in every byte, whatever the two containers are.
        """
        ...


class Held:
    """Content that lies in memory (or in the mapped file) as it is."""

    __slots__ = ("group", "size", "view")

    def __init__(self, view: Buffer) -> None:
        self.view = memoryview(view)
        self.size: int | None = self.view.nbytes
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Yield all bytes at once."""
        yield self.view


class Produced:
    """Content that a function produces anew at each call, such as a decompressed stream."""

    __slots__ = ("group", "produce", "size")

    def __init__(self, produce: Callable[[], Iterator[Buffer]], size: int | None = None, group: int = -1) -> None:
        self.produce, self.size, self.group = produce, size, group

    def chunks(self) -> Iterator[Buffer]:
        """Start the function anew."""
        return self.produce()


class Passing:
    """Content of a forward-only stream: readable once, before the next entry is asked for."""

    __slots__ = ("group", "size", "stream")

    def __init__(self, stream: Stream, size: int) -> None:
        self.stream = stream
        self.size: int | None = size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Take the bytes from the stream."""
        assert self.size is not None  # noqa: S101 (set in the constructor)
        return self.stream.chunks(self.size)


_: tuple[type[Content], ...] = (Held, Produced, Passing)


@dataclass(slots=True)
class Entry:
    """One thing a container holds: a file, folder, link or device of a file system, or a named region of an image."""

    path: str
    """Path within the container, ``/`` between folders, undecodable bytes as lone surrogates. For a region: its name."""

    kind: Kind
    content: Content | None = None
    size: int = 0
    """For an entry with content, its length where known; otherwise 0."""

    mode: int | None = None
    """Permission bits only (0o7777)."""

    uid: int | None = None
    gid: int | None = None
    mtime: int | None = None
    link: str | None = None
    rdev: tuple[int, int] | None = None
    xattrs: tuple[tuple[str, bytes], ...] = ()
    offset: int | None = None
    """First byte of the content in the container's bytes, where it lies there in one piece and uncompressed or as a stream."""

    hard_link: str | None = None
    """Path of the earlier entry this one shares content and attributes with (tar, cpio); content is None then."""

    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something wrong in a container; `rule` is one of `trueware.model.rules`."""

    rule: str
    detail: str
    offset: int | None = None
    path: str = ""
    """Entry concerned, empty for the container."""


@dataclass(slots=True)
class Reading:
    """What a reader made of its input. Lists may grow until `entries` is exhausted and its contents are read."""

    entries: Iterable[Entry] = ()
    facts: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    anomalies: list[Anomaly] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Half-open byte ranges accounted for, in any order; overlaps are reported only through `anomalies`."""

    end: int | None = None
    """First byte after the container, None: it ends with its input."""

    attributes: Entry | None = None
    """Mode, owner and xattrs of the root folder, for a file system that has one."""

    def note_anomaly(self, rule: str, detail: str, offset: int | None = None, path: str = "") -> None:
        """Record something wrong that does not end the reading."""
        self.anomalies.append(Anomaly(rule, detail, offset, path))

    def cover(self, start: int, end: int) -> None:
        """Account for the bytes ``[start, end)``."""
        if end > start:
            self.spans.append((start, end))


class Format(Protocol):
    """The form to fill in."""

    name: ClassVar[str]
    """On the wire (JSON, registry), lower case, never changes."""

    doc: ClassVar[FormatDoc]

    magics: ClassVar[tuple[Magic, ...]]
    """One of them present is the condition for asking `matches`. Empty: only asked for by name or by a caller's hint."""

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Tell whether the bytes are of this format, from the head (for a trailer, from the tail) alone; never raises.

        `view` is the whole input where it is in memory, and at least its first 64 KiB where it is a stream.
        """
        ...

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        """Read the bytes.

        Raises:
            MalformedInput: they are not of this format, or of a variant that cannot be read (`UnsupportedInput`).
        """
        ...


class StreamFormat(Format, Protocol):
    """A format that can be read front to back without holding it."""

    @staticmethod
    def read_stream(stream: Stream, limits: Limits) -> Reading:
        """Read from a forward-only stream; contents are `Passing` unless the stream holds them."""
        ...
