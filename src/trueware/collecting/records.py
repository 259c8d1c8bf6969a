"""The lines of a listing, one by one (docs/reference/listing.md): how long they may be, what is escaped in them, where they end.

A listing is summed as it is read, up to the first line of its end, so that one that was cut off or changed on the way is noticed.
One that came through a terminal has a carriage return at the end of each line, which is not part of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from trueware.errors import LimitExceeded, MalformedInput

NAME = "listing"
MAGIC = b"trueware-listing 1"

LONGEST_LINE = 1 << 17
"""Bytes of one line; a line of a file whose content is printed is the longest, and no such file is larger than half of that."""

LARGEST = 1 << 30
"""Bytes of a listing; a phone with 400,000 files has some 150 MB."""

_LINE = re.compile(rb"[^\n]*\n?")
_ESCAPE = re.compile(rb"\\(.?)", re.DOTALL)
_ESCAPED = {b"\\": b"\\", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


@dataclass(frozen=True, slots=True)
class Record:
    """One line."""

    offset: int
    """First byte within the listing."""

    kind: bytes
    """The letter it begins with; `|` for a line of a text; empty for the line that ends a text."""

    rest: bytes
    """What follows the letter, without the space after it; of a line of a text all that follows."""


class Records:
    """The lines of one listing, and once they were read, what its end says.

    Attributes:
        ended: whether the end was there.
        agrees: whether the sum on the device is that of what was received; None where the device made none.
    """

    def __init__(self, data: memoryview | bytes) -> None:
        self._data = data
        self.ended = False
        self.agrees: bool | None = None

    def __iter__(self) -> Iterator[Record]:
        """Yield the lines after the first, without those of the end.

        Raises:
            MalformedInput: it is no listing, or a line is too long.
            LimitExceeded: it is too large.
        """
        size = len(self._data)
        if size > LARGEST:
            raise LimitExceeded("LARGEST", LARGEST, f"a listing of {size} bytes")
        digest, summed, end = sha256(), 0, dict[bytes, bytes]()
        tail = b"\n"
        for match in _LINE.finditer(self._data):
            start, stop = match.span()
            if start == stop:
                break
            if stop - start > LONGEST_LINE:
                raise MalformedInput(
                    NAME, start, f"a line of {stop - start} bytes, at most {LONGEST_LINE} are expected"
                )
            line = match.group()
            if start == 0:
                tail = b"\r\n" if line.endswith(b"\r\n") else b"\n"
                if line.removesuffix(tail) != MAGIC:
                    raise MalformedInput(NAME, 0, f"found {line[:40]!r}, expected {MAGIC!r}")
            if not line.endswith(b"\n"):
                break  # cut off in the middle of a line, which says nothing
            line = line.removesuffix(tail)
            if line.startswith(b"z "):
                key, _, value = line[2:].partition(b" ")
                end[key] = value
                if key == b"end":
                    break
                continue
            if end:
                raise MalformedInput(NAME, start, "something follows the sum, expected its end")
            digest.update(line + b"\n")
            summed += len(line) + 1
            if start:
                kind, rest = line[:1], line[1:] if line[:1] == b"|" else line[2:]
                if kind not in (b"", b"|") and line[1:2] not in (b" ", b""):
                    raise MalformedInput(NAME, start, f"found {line[:20]!r}, expected a letter and a space")
                yield Record(start, kind, rest)
        self.ended = b"end" in end
        if b"sha256" in end:
            stated = end[b"sha256"].decode("ascii", "replace"), end.get(b"bytes", b"")
            self.agrees = stated == (digest.hexdigest(), b"%d" % summed)


def unescape(text: bytes, offset: int) -> str:
    r"""Return a name as the device has it, undecodable bytes as lone surrogates (PEP 383).

    >>> unescape(rb"two\nlines\\", 0)
    'two\nlines\\'

    Raises:
        MalformedInput: an escape that there is not.
    """
    if b"\\" in text:
        text = _ESCAPE.sub(lambda match: _meant(match[1], offset), text)
    return text.decode("utf-8", "surrogateescape")


def _meant(letter: bytes, offset: int) -> bytes:
    if letter not in _ESCAPED:
        raise MalformedInput(NAME, offset, f"there is no escape \\{letter.decode('latin-1')}")
    return _ESCAPED[letter]
