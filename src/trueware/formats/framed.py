"""Frames in a row, as Zstandard and LZ4 share them: frames of data, and skippable frames that hold anything.

A skippable frame is a magic 184D2A50 to 184D2A5F (little-endian), a length and that many bytes (RFC 8878 §3.1.2). It becomes
a region called after its place among all frames, since what a program makes of one depends on where it stands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.compressed import Pass, SmallBlocks
from trueware.formats.contract import Entry, Held, Magic
from trueware.model.limits import Limits
from trueware.model.part import Kind

_U32 = Struct("<I")
_SKIPPABLE = frozenset(bytes((0x50 + number, 0x2A, 0x4D, 0x18)) for number in range(16))

_MOST_BEFORE = 1 << 10
"""Skippable frames before the first frame of data in which that is looked for; programs write one."""

SKIPPABLE_MAGICS = tuple(Magic(0, value) for value in sorted(_SKIPPABLE))


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a frame of data and its blocks are."""

    start: int
    blocks: int
    """First byte of the first block's header."""

    end: int
    """First byte after the frame, or the length of the input where that ends first."""

    complete: bool
    """Whether the input reaches to the end of the frame."""

    checksum: bool
    """Whether its last four bytes are a checksum of its data."""


@dataclass(slots=True)
class Walk:
    """All frames from the first to the last, found by their headers alone."""

    frames: list[Frame] = field(default_factory=list)
    skippable: list[Entry] = field(default_factory=list)
    end: int = 0
    error: InputError | None = None
    """Why the frame at `end` was not read."""

    def finish(self, this: Pass) -> int:
        """Return where the last frame of any kind ends, once the data of all are unpacked.

        Raises:
            InputError: one more begins there that was not read.
        """
        this.end = self.end
        if self.error is not None:
            raise self.error
        return self.end


def begins(view: memoryview, magic: bytes) -> bool:
    """Tell whether a frame with this magic begins the bytes, skippable frames before it aside."""
    at = 0
    for _ in range(_MOST_BEFORE):
        if (past := _past_skippable(view, at)) is None:
            break
        at = past
    return bytes(view[at : at + 4]) == magic


def walk(
    view: memoryview,
    format: str,  # noqa: A002 (the domain's noun)
    magic: bytes,
    frame_at: Callable[[memoryview, int, SmallBlocks], Frame],
    limits: Limits,
) -> Walk:
    """Find all frames of `view`; ends at the first bytes that are none, or at a frame that cannot be read behind one that can.

    Raises:
        MalformedInput: there is no frame of data, or `frame_at` refuses the first.
    """
    found, small = Walk(), SmallBlocks(limits)
    while found.error is None:
        at, number = found.end, len(found.frames) + len(found.skippable)
        if (past := _past_skippable(view, at)) is not None:
            held = Held(view[at + 8 : past])
            notes = (("magic", f"184d2a{view[at]:02x}"),)
            entry = Entry(f"skippable-{number}", Kind.REGION, held, past - at - 8, offset=at + 8, notes=notes)
            found.skippable.append(entry)
            found.end = past
        elif bytes(view[at : at + 4]) == magic:
            try:
                found.frames.append(frame_at(view, at, small))
            except InputError as error:
                if not found.frames and isinstance(error, MalformedInput):
                    raise
                found.error = error
                break
            found.end = found.frames[-1].end
        else:
            break
        if number >= limits.max_entries:
            found.error = LimitExceeded("max_entries", limits.max_entries, f"{format} frames in a row")
    if not found.frames and found.error is None:
        raise MalformedInput(format, found.end, "no frame of data")
    return found


def _past_skippable(view: memoryview, at: int) -> int | None:
    """Return where the skippable frame at `at` ends, None where there is none, or not all of it."""
    if bytes(view[at : at + 4]) not in _SKIPPABLE or at + 8 > len(view):
        return None
    end = at + 8 + int(_U32.unpack_from(view, at + 4)[0])
    return end if end <= len(view) else None
