"""A log as files (C2SP tlog-tiles v0.1.0): where each stands, and what bundles of entries hold.

::

    checkpoint
    tile/<level>/<number>[.p/<width>]      hashes, 256 or `width` of them
    tile/entries/<number>[.p/<width>]      entries, each after its length in two bytes, big-endian

A number is written in groups of three digits, all but the last after an ``x``: 1234067 is ``x001/x234/067``.
"""

from collections.abc import Iterable, Iterator
from struct import pack

from trueware.errors import MalformedInput
from trueware.tlog.growth import WIDTH

MAX_ENTRY = (1 << 16) - 1
CHECKPOINT = "checkpoint"


def tile_path(level: int | None, number: int, width: int = WIDTH) -> str:
    """Return where a tile is; `level` None: that of entries.

    >>> tile_path(0, 1234067), tile_path(None, 5, 112)
    ('tile/0/x001/x234/067', 'tile/entries/005.p/112')
    """
    digits = f"{number:03d}"
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{'entries' if level is None else level}/{place}{partial}"


def tiles_of(size: int, before: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield level, number and width of the hash tiles of a tree that are not those of the tree of `before` leaves."""
    level, now, then = 0, size, before
    while now:
        for number in range(then // WIDTH, -(-now // WIDTH)):
            width = min(WIDTH, now - number * WIDTH)
            if number * WIDTH + width > then:
                yield level, number, width
        level, now, then = level + 1, now // WIDTH, then // WIDTH


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as a bundle has them.

    Raises:
        ValueError: one is longer than `MAX_ENTRY`.
    """
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes")
        parts.append(pack(">H", len(entry)) + entry)
    return b"".join(parts)


def unbundle(data: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        MalformedInput: it does not hold `width` entries and nothing more.
    """
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise MalformedInput("entry bundle", at, "it ends within an entry")
        entries.append(data[at + 2 : end])
        at = end
        if len(entries) > width:
            break
    if len(entries) != width:
        raise MalformedInput("entry bundle", at, f"{len(entries)} entries or more, {width} are expected")
    return entries
