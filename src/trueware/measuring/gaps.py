"""Which bytes no reader accounts for, and whether they are only padding."""

from collections.abc import Iterable, Iterator

from trueware.formats.contract import Buffer

_PROBE = 1 << 16
_RUN = 256
"""Bytes of one value that make the end of a range padding; fewer may belong to what they stand beside."""

_RUNS = 8
"""Runs that are looked for at each end: erased flash behind what a tool filled up with zero bytes, and the like."""

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


def split_padding(data: memoryview) -> Iterator[tuple[int, int]]:
    """Yield the half-open ranges `data` consists of: runs of padding at its start, what is not padding, such runs at its end."""
    start, end, behind = 0, len(data), []
    for _ in range(_RUNS):
        if not (run := _leading(data[start:])):
            break
        yield start, start + run
        start += run
    for _ in range(_RUNS):
        stop = start + _content(data[start:end])
        if stop == end:
            break
        behind.append((stop, end))
        end = stop
    if start < end:
        yield start, end
    yield from reversed(behind)


def _leading(data: memoryview) -> int:
    """Return the length of the padding that `data` begins with."""
    if uniform_byte(data[:_RUN]) is None or len(data) < _RUN:
        return 0
    value = bytes(data[:1])
    for at in range(0, len(data), _PROBE):
        piece = bytes(data[at : at + _PROBE])
        if rest := len(piece.lstrip(value)):
            return at + len(piece) - rest
    return len(data)


def _content(data: memoryview) -> int:
    """Return the length of what stands before the padding that `data` ends with."""
    if len(data) < _RUN or uniform_byte(data[-_RUN:]) is None:
        return len(data)
    value = bytes(data[-1:])
    for at in range(len(data), 0, -_PROBE):
        start = max(at - _PROBE, 0)
        if rest := len(bytes(data[start:at]).rstrip(value)):
            return start + rest
    return 0
