"""Hashes contents and looks at what they are: the work that runs on all cores."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

from trueware.errors import InputError, LimitExceeded
from trueware.formats.contract import Buffer, Content, Format, Held, Passing
from trueware.measuring.budget import Budget
from trueware.measuring.detect import HEAD, Detector
from trueware.model.limits import Limits
from trueware.model.part import Part

_PIECE = 1 << 20
"""Bytes hashed at a time: large enough to keep the interpreter out of the way, small enough to report progress."""

_SCANNED = 128 << 20
"""Bytes of an opaque region that are held, to be looked into."""

_TAIL = 1 << 12
"""Bytes kept from the end of content that is not held, for magics that are read from the end."""


@dataclass(slots=True)
class Hashed:
    """What was learnt from one content."""

    size: int = 0
    sha256: bytes | None = None
    formats: tuple[type[Format], ...] = ()
    """Formats that match; not empty only together with `view` or `stream`."""

    view: memoryview | None = None
    """All of the bytes, where a format matches, or they are worth keeping."""

    stream: Iterator[Buffer] | None = None
    """All of the bytes in order, to be read front to back by the first of `formats`; `sha256` is not set then."""

    known: Part | None = None
    """A part of the same bytes, whose children are those of this content too."""

    error: InputError | None = None
    """Why the content could not be read to its end; `size` bytes of it were. It has no traceback, which would hold them."""


class Hasher:
    """Hashes contents under one budget; its methods may be called from several threads."""

    def __init__(self, detector: Detector, budget: Budget, limits: Limits) -> None:
        self._detector, self._budget, self._limits = detector, budget, limits

    def examine(self, content: Content, *, whole: bool, hold: bool, most: int | None = None) -> Hashed:
        """Hash `content` and find the formats it may be of.

        Args:
            content: what to read.
            whole: hash it even if a format matches (a file's own digest counts; a region is known by its parts).
            hold: return the bytes even if no format matches, where they are not too many.
            most: bytes that may be held for a format that needs them all; `Limits.max_held` where none are held already.
        """
        if isinstance(content, Held):
            return self._examine_view(content.view, whole=whole, hold=hold)
        try:
            return self._examine_chunks(
                content, self._limits.max_held if most is None else most, whole=whole, hold=hold
            )
        except InputError as error:
            return Hashed(error=error.with_traceback(None))

    def _examine_view(self, view: memoryview, *, whole: bool, hold: bool, spent: bool = False) -> Hashed:
        formats = tuple(self._detector.all(view))
        hashed = Hashed(len(view), formats=formats, view=view if formats or hold else None)
        try:
            if not spent:
                self._budget.spend(len(view))
            if whole or not formats:
                hashed.sha256 = self._digest(view)
        except LimitExceeded as error:
            hashed.error = error.with_traceback(None)
        return hashed

    def _examine_chunks(self, content: Content, most: int, *, whole: bool, hold: bool) -> Hashed:
        chunks = content.chunks()
        head = _first(chunks, HEAD)
        if len(head) == content.size:
            next(chunks, None)  # what is wrong with its end is said to who asks for more
        if len(head) < HEAD or len(head) == content.size:
            return self._examine_view(memoryview(head), whole=whole, hold=hold)
        formats = self._detector.front(memoryview(head))
        if formats and hasattr(formats[0], "read_stream"):
            return Hashed(formats=(formats[0],), stream=chain((head,), chunks))
        if formats or hold:
            ceiling = most if formats else _SCANNED
            held = self._gather(head, chunks, ceiling)
            if (more := next(chunks, None)) is None:
                return self._examine_view(memoryview(held), whole=whole, hold=hold, spent=True)
            if formats:
                raise LimitExceeded("max_held", ceiling, f"{formats[0].name} inside needs all its bytes at once")
            chunks = chain((held, more), chunks)
        else:
            chunks = chain((head,), chunks)
        return self._digest_chunks(content, chunks, most)

    def _digest_chunks(self, content: Content, chunks: Iterator[Buffer], most: int) -> Hashed:
        """Hash without holding; read a second time only if the end turns out to be a magic."""
        digest, size = sha256(), 0
        tail: Buffer = b""
        hashed = Hashed()
        try:
            for chunk in chunks:
                self._budget.spend(len(chunk))
                digest.update(chunk)
                size += len(chunk)
                tail = chunk if len(chunk) >= _TAIL else b"".join((tail[-_TAIL:], chunk))
        except InputError as error:
            hashed.error = error.with_traceback(None)
        hashed.size = size
        if hashed.error is None:
            hashed.sha256 = digest.digest()
            again = not isinstance(content, Passing)
            if again and self._detector.may_have_tail(tail) and size <= most:
                view = memoryview(self._gather(b"", content.chunks(), size))
                if formats := tuple(self._detector.all(view)):
                    hashed.formats, hashed.view = formats, view
        return hashed

    def _gather(self, head: Buffer, chunks: Iterator[Buffer], ceiling: int) -> bytearray:
        """Return all the bytes, or the first `ceiling` of them and a little more; in one piece, or they would be held twice."""
        held = bytearray(head)
        self._budget.spend(len(head))
        while len(held) <= ceiling and (chunk := next(chunks, None)) is not None:
            held += chunk
            self._budget.spend(len(chunk))
        return held

    def _digest(self, view: memoryview) -> bytes:
        if len(view) <= _PIECE:
            return sha256(view).digest()
        digest = sha256()
        for start in range(0, len(view), _PIECE):
            digest.update(view[start : start + _PIECE])
            self._budget.spend(0)
        return digest.digest()


def _first(chunks: Iterator[Buffer], size: int) -> Buffer:
    """Return at least the first `size` bytes, fewer only if there are no more."""
    head = next(chunks, b"")
    if len(head) >= size:
        return head
    pieces, have = [head], len(head)
    for chunk in chunks:
        pieces.append(chunk)
        have += len(chunk)
        if have >= size:
            break
    return head if len(pieces) == 1 else b"".join(pieces)
