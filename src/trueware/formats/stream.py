"""A forward-only cursor over bytes that arrive in chunks, for formats that are read front to back."""

from collections.abc import Iterable, Iterator

Buffer = bytes | bytearray | memoryview


class Stream:
    """Bytes in order, taken once.

    Over a single memoryview (`Stream.over`) everything taken is a view of it and nothing is copied.

    Attributes:
        offset: bytes taken so far.
    """

    __slots__ = ("_at", "_chunk", "_more", "_next", "held", "offset")

    def __init__(self, chunks: Iterable[Buffer]) -> None:
        self._more = iter(chunks)
        self._chunk = memoryview(b"")
        self._next: memoryview | None = None
        """What comes behind `_chunk` and was had already."""

        self._at = 0
        self.offset = 0
        self.held = False
        """Whether what is taken stays valid and can be read again (views of bytes in memory)."""

    @classmethod
    def over(cls, view: memoryview) -> "Stream":
        """Return a stream over bytes in memory."""
        stream = cls(())
        stream._chunk, stream.held = view, True
        return stream

    def take(self, size: int) -> memoryview:
        """Return the next `size` bytes, fewer only at the end. Valid until the stream's source reuses its buffers: use at once."""
        end = self._at + size
        if end <= len(self._chunk):
            taken = self._chunk[self._at : end]
            self._at = end
            self.offset += size
            return taken
        pieces = list(self.chunks(size))
        return pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes like `take`, to be kept: they hold nothing else in memory."""
        end = self._at + size
        if end <= len(self._chunk):
            read = bytes(self._chunk[self._at : end])
            self._at = end
            self.offset += size
            return read
        return b"".join(self.chunks(size))

    def peek(self, size: int) -> memoryview:
        """Return the next `size` bytes without taking them, fewer only at the end."""
        if self._at + size > len(self._chunk):
            pieces = [self._chunk[self._at :]]
            missing = size - len(pieces[0])
            while missing > 0 and (chunk := self._pull()) is not None:
                pieces.append(chunk[:missing])
                if missing < len(chunk):
                    self._next = chunk[missing:]
                missing -= len(pieces[-1])
            self._chunk, self._at = memoryview(b"".join(pieces)), 0
        return self._chunk[self._at : self._at + size]

    def chunks(self, size: int) -> Iterator[memoryview]:
        """Take the next `size` bytes piece by piece; ends early only at the end of the stream."""
        while size > 0:
            if self._at >= len(self._chunk):
                if (chunk := self._pull()) is None:
                    return
                self._chunk, self._at = chunk, 0
                continue
            piece = self._chunk[self._at : self._at + size]
            self._at += len(piece)
            self.offset += len(piece)
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> int:
        """Take up to `size` bytes and return how many there were."""
        return sum(map(len, self.chunks(size)))

    def rest(self) -> Iterator[memoryview]:
        """Take everything that is left, piece by piece."""
        while True:
            if self._at < len(self._chunk):
                piece = self._chunk[self._at :]
                self._at = len(self._chunk)
                self.offset += len(piece)
                yield piece
            if (chunk := self._pull()) is None:
                return
            self._chunk, self._at = chunk, 0

    def _pull(self) -> memoryview | None:
        """Return the next piece of the source, None at its end."""
        if (known := self._next) is not None:
            self._next = None
            return known
        chunk = next(self._more, None)
        return None if chunk is None else memoryview(chunk)
