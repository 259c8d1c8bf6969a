"""Regions of an image: the ranges its header names, each cut where the bytes end, which is told, and overlaps of them."""

from collections.abc import Iterable

from trueware.formats.contract import Entry, Held, Reading
from trueware.model.part import Kind


def region(
    path: str, view: memoryview, start: int, size: int, reading: Reading, facts: tuple[tuple[str, str], ...] = ()
) -> Entry:
    """Return `size` bytes of `view` from `start` as a region; what is not there of them is told."""
    data = view[start : start + size]
    if len(data) < size:
        reading.note_anomaly("truncated", f"{len(data)} of {size} bytes of {path} are there", min(start, len(view)))
    return Entry(path, Kind.REGION, Held(data), len(data), offset=start if len(data) else None, facts=facts)


def note_overlaps(entries: Iterable[Entry], reading: Reading) -> None:
    """Tell which regions begin before an earlier one ends."""
    reached, by = 0, ""
    placed = [(entry.offset, entry.size, entry.path) for entry in entries if entry.offset is not None]
    for start, size, path in sorted(placed):
        if start < reached:
            reading.note_anomaly("overlap", f"{path} begins before {by} ends", start)
        if start + size > reached:
            reached, by = start + size, path


def is_text(field: bytes | memoryview, filler: bytes = b"\0") -> bool:
    """Tell whether a field is printable ASCII up to its first NUL, and holds nothing but `filler` behind it."""
    text, _, rest = bytes(field).partition(b"\0")
    return text.isascii() and text.decode("ascii").isprintable() and not rest.strip(filler + b"\0")
