"""Hostile inputs of every format, made of its vectors: whatever a format may be, its lengths lie, and it lies within itself.

Nothing here knows a layout. Numbers that could be a length, an offset or a count are found by their value; where a content lies is
asked of the reader itself. A header under a checksum is refused before its lies are believed; `tests/vectors` and `hostile` have
those that were made by hand.
"""

import gzip
import re
import time
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from mutations import Vector
from trial import Here
from trueware.measuring import measure
from trueware.model.part import Part

_LARGE = 1 << 20
"""Bytes above which a vector is taken only where a format has no smaller one, and not at many places."""

_FORMS = 2
"""Vectors of a format that are made hostile: those whose reading has most parts, since most is read of them."""

_CUTS, _FIELDS = 40, 150
"""Places at which a vector is cut, and fields that lie, of each vector."""

_HEAD, _TAIL = 4096, 512
"""Bytes in front and behind in which fields are looked for."""

_NUMBER = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}|[0-7]{11}|[0-9]{1,10})(?![0-9A-Za-z])|0[0-9A-Fa-f]{7}")
"""Numbers spelt out, as in cpio, tar and text."""

_UNITS = (1, 512, 2048, 4096)
"""What offsets and sizes are counted in."""

_NEAR = 64
"""Bytes between an offset and its length in a table."""

_REPEATED, _TIMES = 4 << 20, 1_000
"""Bytes of a vector repeated, and how often at most."""

_LARGE_FIELDS, _LONG = 6, 16
"""Fields that are made to reach over many zeros; and bytes of a part below which its size is any number."""

_DEEP = 100
_ZEROS = 100 << 20


Order = Literal["little", "big"]
_ORDERS: tuple[Order, ...] = ("little", "big")


class Field(NamedTuple):
    """A number that could be a length: where, how long, in which order, and its value."""

    at: int
    size: int
    order: Order
    value: int


class Form(NamedTuple):
    """One hostile input."""

    name: str
    data: bytes


def chosen(vectors: list[Vector]) -> list[Vector]:
    """Return the vectors of one format that are made hostile."""
    small = [each for each in vectors if len(each.data) <= _LARGE] or [min(vectors, key=lambda each: len(each.data))]
    return sorted(small, key=lambda each: -sum(1 for _ in _measured(each.data).walk()))[:_FORMS]


def forms(vector: Vector) -> Iterator[Form]:
    """Yield the hostile inputs of one vector."""
    data = vector.data
    few = 5 if len(data) > _LARGE else 1
    yield from _cut(data, _CUTS // few)
    yield from _lying(data, _FIELDS // few)
    yield from _within_itself(data)
    yield from _repeated(data)
    yield from _large(data)


def _cut(data: bytes, count: int) -> Iterator[Form]:
    places = {len(data) * number // count for number in range(count)} | {1, 511, 513, len(data) - 1}
    for size in sorted(places):
        if 0 < size < len(data):
            yield Form(f"cut-{size}", data[:size])


def _lying(data: bytes, count: int) -> Iterator[Form]:
    fields = _fields(data)
    for field in fields[:: -(-len(fields) // count) or 1]:
        for lie in (0, (1 << 8 * field.size) - 1, len(data)):
            if (told := _told(data, field, lie)) is not None:
                yield Form(f"field-{field.at}-{field.order}{field.size}-{lie:x}", told)
    numbers = list(_NUMBER.finditer(data[:_HEAD]))
    for number in numbers[:: -(-len(numbers) // count) or 1]:
        for digit in (b"0", b"7", b"9", b"F"):
            yield Form(
                f"digits-{number.start()}-{digit.decode()}",
                data[: number.start()] + digit * len(number[0]) + data[number.end() :],
            )


def _within_itself(data: bytes) -> Iterator[Form]:
    """Yield the vector with its own bytes in its largest content, and with contents that begin where it begins."""
    parts = [part for part in _measured(data).children if part.offset and part.size]
    if parts:
        largest = max(parts, key=lambda part: part.size)
        inside, at = data, largest.offset or 0
        for _ in range(30):
            inside = inside[:at] + inside[: largest.size].ljust(largest.size, b"\0") + inside[at + largest.size :]
        yield Form("itself-inside", inside)
    fields = _fields(data)
    offsets, sizes = {part.offset for part in parts}, {part.size for part in parts}
    for unit in _UNITS:
        begins = [field for field in fields if field.value * unit in offsets]
        lengths = [field for field in fields if field.value * unit in sizes]
        beside = [length for field in begins if (length := _beside(field, lengths)) is not None]
        whole = len(data) // unit
        for field in begins:
            length = _beside(field, lengths)
            yield Form(f"begins-{unit}-{field.at}-{field.order}{field.size}", told := _all_told(data, [field], 0))
            if length is not None:
                yield Form(f"whole-{unit}-{field.at}-{field.order}{field.size}", _all_told(told, [length], whole))
        for size in (2, 4, 8):
            for order in _ORDERS:
                kind = (size, order)
                some = [field for field in begins if (field.size, field.order) == kind]
                if some:
                    told = _all_told(data, some, 0)
                    yield Form(f"all-begin-{unit}-{order}{size}", told)
                    long = [field for field in beside if (field.size, field.order) == kind]
                    yield Form(f"all-whole-{unit}-{order}{size}", _all_told(told, long, whole))


def _beside(field: Field, lengths: list[Field]) -> Field | None:
    """Return the length that stands nearest to an offset, of the same kind, as in the tables of most formats."""
    near = [
        length
        for length in lengths
        if (length.size, length.order) == (field.size, field.order) and field.size <= abs(length.at - field.at) <= _NEAR
    ]
    return min(near, key=lambda length: abs(length.at - field.at), default=None)


def _repeated(data: bytes) -> Iterator[Form]:
    yield Form("twice", data * 2)
    yield Form("often", data * max(2, min(_TIMES, _REPEATED // len(data))))
    nested = data
    for _ in range(_DEEP):
        nested = gzip.compress(nested, 1, mtime=0)
    yield Form("deep", nested)
    yield Form("packed-often", gzip.compress(data * max(2, min(_TIMES, 4 * _REPEATED // len(data))), 1, mtime=0))
    yield Form("zeros-behind", gzip.compress(data, 1, mtime=0) + _packed_zeros())
    yield Form("opaque-around", b"\x80" * 512 + (data + b"\x80" * 512) * max(1, min(_TIMES, _LARGE // len(data))))


def _large(data: bytes) -> Iterator[Form]:
    """Yield the vector packed, with many zeros behind it and lengths that reach over them."""
    sizes = {part.size for part in _measured(data).children if part.size >= _LONG} | {len(data)}
    fields = [field for field in _fields(data) if field.size >= 4 and field.value in sizes]
    for field in fields[:: -(-len(fields) // _LARGE_FIELDS) or 1]:
        told = _all_told(data, [field], field.value + _ZEROS)
        yield Form(f"large-{field.at}-{field.order}{field.size}", gzip.compress(told, 1, mtime=0) + _packed_zeros())


@cache
def _packed_zeros() -> bytes:
    return gzip.compress(bytes(_ZEROS), 6, mtime=0)


def _fields(data: bytes) -> list[Field]:
    """Return the numbers, in front and behind, that could be a length in these bytes."""
    places = sorted({*range(0, min(len(data), _HEAD), 2), *range(max(len(data) - _TAIL, 0), len(data), 2)})
    found = []
    for at in places:
        for size in (8, 4, 2) if not at % 8 else (4, 2):
            raw = data[at : at + size]
            for order in _ORDERS:
                value = int.from_bytes(raw, order)
                if len(raw) == size and 0 < value <= 4 * len(data):
                    found.append(Field(at, size, order, value))
    return found


def _told(data: bytes, field: Field, value: int) -> bytes | None:
    """Return the bytes with another value in a field, None where it does not fit or is there already."""
    if value == field.value or value >> 8 * field.size:
        return None
    return data[: field.at] + value.to_bytes(field.size, field.order) + data[field.at + field.size :]


def _all_told(data: bytes, fields: list[Field], value: int) -> bytes:
    told = bytearray(data)
    for field in fields:
        if not value >> 8 * field.size:
            told[field.at : field.at + field.size] = value.to_bytes(field.size, field.order)
    return bytes(told)


def _measured(data: bytes) -> Part:
    return measure("vector", memoryview(data), pool=Here(), clock=time.monotonic).root
