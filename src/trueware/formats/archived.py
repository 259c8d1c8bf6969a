"""What archives that are read front to back share: names, the content of a member, and what fills the space between members.

Fillers are zero bytes. Other bytes in their place are invisible to every tool; they become a region `slack-<offset>`, so that
they are measured and compared like any content.
"""

from collections.abc import Callable, Iterator
from zlib import adler32

from trueware.formats.contract import Entry, Held, Passing, Reading
from trueware.formats.stream import Stream
from trueware.model.part import Kind

KINDS = {
    0o040000: Kind.DIRECTORY,
    0o100000: Kind.FILE,
    0o120000: Kind.SYMLINK,
    0o020000: Kind.CHARACTER,
    0o060000: Kind.BLOCK,
    0o010000: Kind.FIFO,
    0o140000: Kind.SOCKET,
}
"""What the type bits of a Unix mode (0o170000) say."""

_ADDED = 256
"""Bytes whose sum stays below 65,521, where Adler-32 wraps around."""


def canonical(path: str) -> str:
    """Return a path without empty and ``.`` steps, which all tools unpack to the same place."""
    if "//" not in path and "/." not in path and path[:1] not in ("", ".", "/") and path[-1:] != "/":
        return path  # as most are
    return "/".join([step for step in path.split("/") if step not in ("", ".")])


def place(name: str, at: int, reading: Reading) -> str:
    """Return the path below the folder that is unpacked; some programs leave that folder for an absolute name."""
    if name[:1] == "/":
        reading.note_anomaly("hostile-name", f"absolute path {name[:200]!r}", at)
    return canonical(name)


def take_root(entry: Entry, reading: Reading, at: int) -> None:
    """Make what a nameless member says of the folder that is unpacked into a fact: a device sets its mode and owner."""
    if entry.kind is not Kind.DIRECTORY or entry.path:
        reading.note_anomaly("hostile-name", f"a {entry.kind.value} without a name", at)
        entry.path = entry.path or "."
        return
    root = f"{entry.mode or 0:04o} {entry.uid}:{entry.gid}"
    root += "".join(f" {name}={value.hex()}" for name, value in entry.xattrs)
    if reading.facts.setdefault("root", root) != root:
        reading.note_anomaly("duplicate-path", "two members for the folder that is unpacked, with other attributes", at)


def content(stream: Stream, size: int) -> Held | Passing:
    """Return the next `size` bytes as the content of a member. Where they pass, what is not read of them must be skipped."""
    return Held(stream.take(size)) if stream.held else Passing(stream, size)


def watched(
    stream: Stream, size: int, see: Callable[[memoryview], object]
) -> tuple[Held | Passing, Iterator[memoryview]]:
    """Return content like `content`, and its bytes to be exhausted afterwards: by then `see` was shown all of them."""
    if stream.held:
        view = stream.take(size)
        see(view)
        return Held(view), iter(())
    pieces = _shown(stream, size, see)
    return Passing(Stream(pieces), size), pieces


def filler(stream: Stream, size: int, reading: Reading) -> Entry | None:
    """Take a filler of `size` bytes; returns an entry for it where it is none."""
    data = bytes(stream.take(size))
    return slack(data, stream.offset - len(data), reading) if data.strip(b"\0") else None


def slack(data: bytes, offset: int, reading: Reading) -> Entry:
    """Return the entry for bytes that stand where a filler belongs."""
    reading.note_anomaly("hidden-content", f"{len(data)} bytes of a filler are not all zero", offset)
    return Entry(f"slack-{offset:#x}", Kind.REGION, Held(data), len(data), offset=offset)


def byte_sum(data: memoryview | bytes) -> int:
    """Return the sum of all bytes.

    The low half of Adler-32 is that sum while it is small: several times faster than `sum`, which looks at each byte.
    """
    return sum([adler32(data[at : at + _ADDED], 0) & 0xFFFF for at in range(0, len(data), _ADDED)])


def _shown(stream: Stream, size: int, see: Callable[[memoryview], object]) -> Iterator[memoryview]:
    for piece in stream.chunks(size):
        see(piece)
        yield piece
