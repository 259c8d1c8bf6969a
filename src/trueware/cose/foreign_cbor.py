"""CBOR as others write it (RFC 8949): read leniently within ceilings, written deterministically.

Registries and logs of our own take nothing but the one deterministic encoding. Documents of others come in any: lengths that could be
shorter, lengths that are not definite, maps in any order, floats, tags of every kind. All of that is read here, and a value is
always written in the encoding of §4.2.1: shortest heads, definite lengths, keys in the order of their encodings, the shortest float
that has the value. So what came deterministically encoded leaves as the same bytes.

What no two readers need agree about is refused: keys that stand twice in a map, text that is no UTF-8, keys that are no integer,
text or bytes, simple values other than false, true and null, bytes behind the value. Tags are kept as they are; none of them makes
anything (dates, patterns, shared values).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import pack, unpack
from typing import NoReturn, TypeAlias

from trueware.errors import LimitExceeded, MalformedInput

Value: TypeAlias = "int | float | str | bytes | bool | Tagged | tuple[Value, ...] | Mapping[Key, Value] | None"
Key: TypeAlias = int | str | bytes

MAX_DEPTH = 128
"""Containers and tags within one another; a CoMID in a CoRIM has some fifteen, a folder in a CoSWID three for each above it."""

MAX_VALUES = 3_000_000
"""Values of one document; a list of a hundred thousand files has about a million, and takes 150 MB while it is read."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE, _BREAK = 31, 0xFF
_SIMPLES = {20: False, 21: True, 22: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a tag."""

    tag: int
    value: Value


@dataclass(slots=True)
class Budget:
    """How many values may still be read of a document, whose parts are CBOR in byte strings of CBOR."""

    values: int = MAX_VALUES


def decode(data: bytes, name: str, budget: Budget | None = None, *, max_depth: int = MAX_DEPTH) -> Value:
    """Return the value that all of `data` encodes: maps as `dict` in their order, arrays as tuples.

    Args:
        data: all of it; how long it may be is the caller's to say.
        name: of the structure, for the error.
        budget: what is left of the document that it is part of; by default it is all of it.
        max_depth: containers and tags within one another.

    Raises:
        MalformedInput: it is no CBOR, or of a kind that is refused.
        LimitExceeded: too deep, or too many values.
    """
    budget = budget if budget is not None else Budget()
    reader = _Reader(data, name, max_depth, budget.values)
    value = reader.value(0)
    budget.values = reader.left
    if reader.at != len(data):
        reader.refuse(reader.at, f"{len(data) - reader.at} bytes behind the value")
    return value


def encode(value: Value) -> bytes:
    """Return the deterministic encoding (§4.2.1).

    Raises:
        TypeError: a value of a type that has no encoding here.
        ValueError: an integer beyond 64 bits.
    """
    out: list[bytes] = []
    _write(value, out)
    return b"".join(out)


class _Reader:
    __slots__ = ("at", "data", "left", "limits", "name")

    def __init__(self, data: bytes, name: str, max_depth: int, max_values: int) -> None:
        self.data, self.name, self.at = data, name, 0
        self.left, self.limits = max_values, (max_depth, max_values)

    def refuse(self, at: int, reason: str) -> NoReturn:
        raise MalformedInput(self.name, at, reason)

    def value(self, depth: int) -> Value:
        start = self.at
        kind, info, number = self.head(depth)
        if kind == _UNSIGNED:
            return number
        if kind == _NEGATIVE:
            return -1 - number
        if kind in (_BYTES, _TEXT):
            raw = self.pieces(kind, start) if info == _INDEFINITE else self.take(number, start)
            return raw if kind == _BYTES else self.text(raw, start)
        if kind == _ARRAY:
            return self.array(None if info == _INDEFINITE else number, start, depth)
        if kind == _MAP:
            return self.mapping(None if info == _INDEFINITE else number, start, depth)
        if kind == _TAG:
            return Tagged(number, self.value(depth + 1))
        if info in _FLOATS:
            found: float = unpack(_FLOATS[info], self.data[self.at - (1 << info - 24) : self.at])[0]
            return found
        if info not in _SIMPLES:
            self.refuse(start, f"a simple value of {number}")
        return _SIMPLES[info]

    def head(self, depth: int) -> tuple[int, int, int]:
        """Return the major type, the additional information and the argument; `at` is behind them."""
        self.left -= 1
        if self.left < 0 or depth > self.limits[0]:
            which, ceiling = ("depth of CBOR", self.limits[0]) if self.left >= 0 else ("values of CBOR", self.limits[1])
            raise LimitExceeded(which, ceiling, f"{self.name} at offset {self.at:#x}")
        at, data = self.at, self.data
        if at >= len(data):
            self.refuse(at, "the bytes end where a value is expected")
        kind, info = data[at] >> 5, data[at] & 31
        if info < 24:
            self.at = at + 1
            return kind, info, info
        if info == _INDEFINITE and kind in (_BYTES, _TEXT, _ARRAY, _MAP):
            self.at = at + 1
            return kind, info, 0
        size = 1 << info - 24
        if size > 8 or at + 1 + size > len(data):
            self.refuse(at, "a head that is cut, or of a kind that does not exist")
        self.at = at + 1 + size
        return kind, info, int.from_bytes(data[at + 1 : self.at])

    def take(self, length: int, start: int) -> bytes:
        if length > len(self.data) - self.at:
            self.refuse(start, f"{length} bytes, {len(self.data) - self.at} are left")
        raw = self.data[self.at : self.at + length]
        self.at += length
        return raw

    def text(self, raw: bytes, start: int) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.refuse(start, "a text that is no UTF-8")

    def pieces(self, kind: int, start: int) -> bytes:
        """Return a string of indefinite length: definite ones of its kind up to a break (§3.2.3)."""
        found = []
        while not self.ends():
            own, info, number = self.head(0)
            if own != kind or info == _INDEFINITE:
                self.refuse(start, "a string of indefinite length that is not made of strings")
            piece = self.take(number, start)
            if kind == _TEXT:
                self.text(piece, start)  # no character is cut (§3.2.3)
            found.append(piece)
        return b"".join(found)

    def ends(self) -> bool:
        if self.at < len(self.data) and self.data[self.at] == _BREAK:
            self.at += 1
            return True
        return False

    def array(self, count: int | None, start: int, depth: int) -> tuple[Value, ...]:
        if count is None:
            found = []
            while not self.ends():
                found.append(self.value(depth + 1))
            return tuple(found)
        if count > len(self.data) - self.at:
            self.refuse(start, f"{count} values, {len(self.data) - self.at} bytes are left")
        return tuple([self.value(depth + 1) for _ in range(count)])

    def mapping(self, count: int | None, start: int, depth: int) -> dict[Key, Value]:
        if count is not None and 2 * count > len(self.data) - self.at:
            self.refuse(start, f"{count} pairs, {len(self.data) - self.at} bytes are left")
        found: dict[Key, Value] = {}
        while (len(found) < count) if count is not None else not self.ends():
            at = self.at
            key = self.value(depth + 1)
            if isinstance(key, bool) or not isinstance(key, int | str | bytes):
                self.refuse(at, "a key that is neither integer, text nor bytes")
            if key in found:
                self.refuse(at, f"the key {key!r} stands twice in a map"[:200])
            found[key] = self.value(depth + 1)
        return found


def _write(value: Value, out: list[bytes]) -> None:
    if value is None or isinstance(value, bool):
        out.append(b"\xf6" if value is None else b"\xf5" if value else b"\xf4")
    elif isinstance(value, int):
        out.append(_head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value))
    elif isinstance(value, bytes):
        out += (_head(_BYTES, len(value)), value)
    elif isinstance(value, str):
        raw = value.encode()
        out += (_head(_TEXT, len(raw)), raw)
    elif isinstance(value, Tagged):
        out.append(_head(_TAG, value.tag))
        _write(value.value, out)
    elif isinstance(value, tuple | list):
        out.append(_head(_ARRAY, len(value)))
        for each in value:
            _write(each, out)
    elif isinstance(value, Mapping):
        out.append(_head(_MAP, len(value)))
        for key, each in _sorted(value):
            out.append(key)
            _write(each, out)
    elif isinstance(value, float):
        out.append(_float(value))
    else:
        raise TypeError(f"no CBOR for {type(value).__name__}")


def _sorted(value: Mapping[Key, Value]) -> list[tuple[bytes, Value]]:
    """Return encoded keys with their values, in bytewise order of the keys (§4.2.1)."""
    return sorted(((encode(key), each) for key, each in value.items()), key=lambda pair: pair[0])


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes((kind << 5 | number,))
    size = next((each for each in (1, 2, 4, 8) if number < 1 << 8 * each), None)
    if size is None:
        raise ValueError("an integer beyond 64 bits")
    return bytes((kind << 5 | 23 + size.bit_length(),)) + number.to_bytes(size)


def _float(value: float) -> bytes:
    if value != value:  # noqa: PLR0124 (not a number: §4.2.2 takes one encoding for all)
        return b"\xf9\x7e\x00"
    for info, form in _FLOATS.items():
        try:
            raw = pack(form, value)
        except OverflowError:
            continue
        if unpack(form, raw)[0] == value:
            return bytes((_SIMPLE << 5 | info,)) + raw
    raise AssertionError("every float is a double")
