"""JSON documents that may be long: their members one by one, and those of long lists one by one, so that only one is held as objects.

The text itself is held whole, so it has a ceiling. Standard JSON (RFC 8259) in UTF-8; a name that stands twice in one object is
refused, because readers take it differently, and so are NaN and Infinity.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Never

from trueware.errors import LimitExceeded, MalformedInput

MAX_TEXT = 1 << 28
"""Bytes of one document; SBOMs of whole distributions with all their files have some 100 MB."""

_SPACE = re.compile(r"[ \t\n\r]*")


def decode_text(name: str, data: bytes) -> str:
    """Return the text of a document in UTF-8, with or without a mark at its beginning.

    Raises:
        LimitExceeded: it is longer than `MAX_TEXT`.
        MalformedInput: it is not UTF-8.
    """
    if len(data) > MAX_TEXT:
        raise LimitExceeded("document", MAX_TEXT, f"{len(data)} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedInput(name, error.start, "not UTF-8") from error


def members(name: str, text: str, lists: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) of each member of the object that `text` is; for a name in `lists`, of each item of its list.

    Args:
        name: of the format, for errors.
        text: the document.
        lists: names whose values are lists that may be long.

    Raises:
        MalformedInput: it is no such object; what was yielded before was sound by itself.
    """
    reader = _Reader(name, text)
    seen: set[str] = set()
    reader.expect("{")
    if reader.next() == "}":
        reader.expect("}")
    else:
        while True:
            key = reader.value()
            if not isinstance(key, str) or key in seen:
                reader.fail("a name expected" if not isinstance(key, str) else f"the name {key[:40]!r} stands twice")
            seen.add(key)
            reader.expect(":")
            if key in lists:
                yield from ((key, item) for item in reader.items())
            else:
                yield key, reader.value()
            if reader.next() != ",":
                break
            reader.expect(",")
        reader.expect("}")
    if reader.next():
        reader.fail("more after its end")


def items(name: str, text: str) -> Iterator[Any]:
    """Yield each item of the list that `text` is; raises as `members`."""
    reader = _Reader(name, text)
    yield from reader.items()
    if reader.next():
        reader.fail("more after its end")


def value(name: str, text: str) -> Any:
    """Return the one value that `text` is; raises as `members`."""
    reader = _Reader(name, text)
    found = reader.value()
    if reader.next():
        reader.fail("more after its end")
    return found


class _Reader:
    def __init__(self, name: str, text: str) -> None:
        self._name, self._text, self._at = name, text, 0
        self._decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)

    def next(self) -> str:
        """Return the next character that is no space; empty at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def expect(self, character: str) -> None:
        if self.next() != character:
            self.fail(f"{character!r} expected")
        self._at += 1

    def value(self) -> Any:
        self.next()
        try:
            found, self._at = self._decoder.raw_decode(self._text, self._at)
        except RecursionError as error:
            raise MalformedInput(self._name, self._at, "JSON that is nested too deep") from error
        except ValueError as error:
            raise MalformedInput(self._name, getattr(error, "pos", self._at), f"no JSON ({str(error)[:80]})") from error
        return found

    def items(self) -> Iterator[Any]:
        self.expect("[")
        if self.next() == "]":
            self.expect("]")
            return
        while True:
            yield self.value()
            if self.next() != ",":
                break
            self.expect(",")
        self.expect("]")

    def fail(self, reason: str) -> Never:
        raise MalformedInput(self._name, self._at, f"no JSON ({reason})")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no number")
