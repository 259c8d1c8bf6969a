"""Content that lies in several places of an image, with holes between that read as zero bytes."""

from collections.abc import Iterator, Sequence

from trueware.errors import InputError
from trueware.formats.contract import CHUNK, Buffer, Content, Held, Produced

HOLE = -1
"""Stands for a place where nothing is stored."""

Run = tuple[int, int]
"""First byte in the image, or `HOLE`, and length."""

_ZEROS = memoryview(bytes(CHUNK))


def zeros(size: int) -> Iterator[Buffer]:
    """Yield `size` zero bytes in pieces, without holding them."""
    while size > 0:
        yield _ZEROS[:size]
        size -= CHUNK


class Scattered:
    """The bytes of several runs, one after the other."""

    __slots__ = ("_runs", "_view", "group", "size")

    def __init__(self, view: memoryview, runs: Sequence[Run]) -> None:
        """Take `runs`, which must lie in `view`."""
        self._view, self._runs = view, runs
        self.size: int | None = sum([length for _, length in runs])
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        for start, length in self._runs:
            if start == HOLE:
                yield from zeros(length)
            else:
                yield self._view[start : start + length]


_: type[Content] = Scattered


def gathered(view: memoryview, runs: Sequence[Run]) -> tuple[Content, int | None]:
    """Return the content that `runs` describe, and its offset in the image where it lies there in one piece."""
    if not runs:
        return Held(b""), None
    if len(runs) == 1 and runs[0][0] != HOLE:
        start, length = runs[0]
        return Held(view[start : start + length]), start
    return Scattered(view, runs), None


def refused(error: InputError, size: int) -> Content:
    """Return content of `size` bytes that cannot be had, which raises `error` when it is read."""

    def refuse() -> Iterator[Buffer]:
        raise error

    return Produced(refuse, size)
