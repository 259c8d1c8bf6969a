"""CBOR with the places of what is in it (RFC 8949), as it is encoded deterministically: definite and shortest lengths, no floats.

Bytes and texts are not copied: a `Value` says where they are. What can be encoded in several ways is refused, so that two readers
cannot differ.
"""

from dataclasses import dataclass
from typing import NoReturn

from trueware.errors import MalformedInput

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
_DEEPEST = 24
_MOST = 1 << 14
"""Values in one piece."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value."""

    kind: int
    start: int
    """Where its head is."""

    content: int
    """Where bytes or text begin, and what is in an array, a map or a tag."""

    end: int
    number: int
    """Of an integer its value, of a tag its number, else the length."""

    parts: tuple["Value", ...] = ()
    """Of an array, a tag, and of a map keys and values by turns."""


class Cbor:
    """Values in a piece of memory."""

    def __init__(self, view: memoryview | bytes, format: str) -> None:  # noqa: A002 (the domain's noun)
        self.view = memoryview(view)
        self._format = format
        self._left = _MOST

    def read(self, at: int = 0, depth: int = 0) -> Value:
        """Return the value at `at`.

        Raises:
            MalformedInput: there is none that is encoded deterministically.
        """
        self._left -= 1
        if at >= len(self.view) or depth > _DEEPEST or self._left < 0:
            self._refuse(at, "no CBOR value, or too many of them")
        kind, number, start = self._head(at)
        if kind in (UNSIGNED, NEGATIVE, SIMPLE):
            return Value(kind, at, start, start, -1 - number if kind == NEGATIVE else number)
        if kind in (BYTES, TEXT):
            if number > len(self.view) - start:
                self._refuse(at, f"{number} bytes, {len(self.view) - start} are left")
            return Value(kind, at, start, start + number, number)
        count = {ARRAY: number, MAP: 2 * number, TAG: 1}[kind]
        if count > len(self.view) - start:
            self._refuse(at, f"{count} values, {len(self.view) - start} bytes are left")
        parts, end = [], start
        for _ in range(count):
            parts.append(self.read(end, depth + 1))
            end = parts[-1].end
        return Value(kind, at, start, end, number, tuple(parts))

    def whole(self) -> Value:
        """Return the value that all of it is."""
        value = self.read()
        if value.end != len(self.view):
            self._refuse(value.end, f"{len(self.view) - value.end} bytes behind the value")
        return value

    def data(self, value: Value) -> memoryview:
        """Return what is in a byte string."""
        if value.kind != BYTES:
            self._refuse(value.start, "no byte string where one is expected")
        return self.view[value.content : value.end]

    def text(self, value: Value) -> str:
        """Return a text."""
        if value.kind != TEXT:
            self._refuse(value.start, "no text where one is expected")
        try:
            return bytes(self.view[value.content : value.end]).decode()
        except UnicodeDecodeError:
            self._refuse(value.start, "a text that is no UTF-8")

    def array(self, value: Value) -> tuple[Value, ...]:
        """Return what is in an array."""
        if value.kind != ARRAY:
            self._refuse(value.start, "no array where one is expected")
        return value.parts

    def mapping(self, value: Value) -> dict[int | str, Value]:
        """Return a map of integers and texts, each of which stands once."""
        if value.kind != MAP:
            self._refuse(value.start, "no map where one is expected")
        found: dict[int | str, Value] = {}
        for key, each in zip(value.parts[::2], value.parts[1::2], strict=True):
            name = key.number if key.kind in (UNSIGNED, NEGATIVE) else self.text(key)
            if name in found:
                self._refuse(key.start, f"{name!r} stands twice in a map")
            found[name] = each
        return found

    def _head(self, at: int) -> tuple[int, int, int]:
        kind, info = self.view[at] >> 5, self.view[at] & 31
        if info < 24:
            return kind, info, at + 1
        size = 1 << info - 24
        if size > 8 or at + 1 + size > len(self.view):
            self._refuse(at, "a head that is cut, or of a length that is not definite")
        number = int.from_bytes(self.view[at + 1 : at + 1 + size])
        if kind == SIMPLE or number < 24 or (size > 1 and number < 1 << 4 * size):
            self._refuse(at, "a head that could be shorter, or a float")
        return kind, number, at + 1 + size

    def _refuse(self, at: int, reason: str) -> NoReturn:
        raise MalformedInput(self._format, at, reason)
