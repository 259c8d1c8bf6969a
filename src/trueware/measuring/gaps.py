"""Which bytes no reader accounts for, and whether they are only padding."""

from collections.abc import Iterable, Iterator

from trueware.formats.contract import Buffer

_PROBE = 1 << 16
_UNIFORM = {value: bytes([value]) * _PROBE for value in (0x00, 0xFF)}


def uncovered(spans: Iterable[tuple[int, int]], end: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the half-open ranges of ``[0, length)`` that no span covers; one never reaches across `end`.

    Args:
        spans: covered ranges, in any order, overlaps allowed.
        end: first byte after the container.
        length: first byte after its input.
    """
    at = 0
    for start, stop in sorted(spans):
        if start > at:
            yield from _split(at, min(start, length), end)
        at = max(at, stop)
        if at >= length:
            return
    yield from _split(at, length, end)


def _split(start: int, stop: int, end: int) -> Iterator[tuple[int, int]]:
    if start < end < stop:
        yield start, end
        yield end, stop
    elif start < stop:
        yield start, stop


def uniform_byte(data: Buffer) -> int | None:
    """Return 0x00 or 0xFF if all of `data` is that byte, otherwise None."""
    if not len(data):
        return None
    value = data[0]
    pattern = _UNIFORM.get(value)
    if pattern is None:
        return None
    for start in range(0, len(data), _PROBE):
        piece = data[start : start + _PROBE]
        if piece != pattern[: len(piece)]:
            return None
    return int(value)
