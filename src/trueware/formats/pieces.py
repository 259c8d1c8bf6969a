"""Content that comes in small pieces, joined so that handing it on costs little."""

from collections.abc import Iterable, Iterator

from trueware.formats.contract import CHUNK, Buffer


def joined(pieces: Iterable[Buffer]) -> Iterator[Buffer]:
    """Yield the bytes of `pieces` in order, in pieces of about `CHUNK` bytes."""
    ready: list[Buffer] = []
    size = 0
    for piece in pieces:
        if size and size + len(piece) > CHUNK:
            yield ready[0] if len(ready) == 1 else b"".join(ready)
            ready, size = [], 0
        ready.append(piece)
        size += len(piece)
    if ready:
        yield ready[0] if len(ready) == 1 else b"".join(ready)
