"""The wire format of protocol buffers: fields by number, without a schema.

A field is a varint of ``number << 3 | type`` and a value: type 0 a varint (seven bits a byte, lowest first), 1 eight bytes,
2 a length and that many bytes, 5 four bytes; 3 and 4 (groups) are not read. Source:
``protobuf.dev/programming-guides/encoding``. Where a field stands twice that stands once the last one counts, says the same
source; nobody writes that but to make readers disagree, so it is reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_LONGEST = 10
"""Bytes of a varint of 64 bits."""


@dataclass(slots=True)
class Source:
    """Where messages come from: what is wrong with them is reported here."""

    format: str
    at: int
    """Offset of the outermost message."""

    reading: Reading
    most: int
    """Fields that all messages together may have."""

    seen: int = 0

    def malformed(self, reason: str) -> MalformedInput:
        """Return an error about a message."""
        return MalformedInput(self.format, self.at, reason)


@dataclass(slots=True)
class Message:
    """The fields of one message. Fields that nobody asks for are told by `rest`."""

    source: Source
    fields: dict[int, list[int | bytes]]
    asked: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, data: bytes, source: Source) -> "Message":
        """Take a message apart.

        Raises:
            MalformedInput: it is none.
            LimitExceeded: there are too many fields.
        """
        fields: dict[int, list[int | bytes]] = {}
        at, end = 0, len(data)
        value: int | bytes
        while at < end:
            key, at = _varint(data, at, source)
            kind = key & 7
            if kind == _VARINT:
                value, at = _varint(data, at, source)
            else:
                if kind == _BYTES:
                    size, at = _varint(data, at, source)
                elif kind in _FIXED:
                    size = _FIXED[kind]
                else:
                    raise UnsupportedInput(source.format, source.at, f"a field of wire type {kind}")
                if size > end - at:
                    raise source.malformed(f"a field of {size} bytes, {end - at} are left")
                value = data[at : at + size]
                at += size
            fields.setdefault(key >> 3, []).append(value)
            source.seen += 1
            if source.seen > source.most:
                raise LimitExceeded("max_entries", source.most, f"fields in the messages of a {source.format}")
        return cls(source, fields)

    def number(self, number: int, default: int = 0) -> int:
        """Return the value of a field that is a number."""
        value = self._last(number)
        if isinstance(value, bytes):
            raise self.source.malformed(f"field {number} is no number")
        return default if value is None else value

    def data(self, number: int) -> bytes | None:
        """Return the value of a field that is bytes, None where it is not there."""
        value = self._last(number)
        if isinstance(value, int):
            raise self.source.malformed(f"field {number} is a number")
        return value

    def text(self, number: int) -> str:
        """Return the value of a field that is text, empty where it is not there."""
        return (self.data(number) or b"").decode("utf-8", "surrogateescape")

    def all(self, number: int) -> list[bytes]:
        """Return the values of a field that may stand several times."""
        self.asked.add(number)
        values = self.fields.get(number, [])
        found = [value for value in values if isinstance(value, bytes)]
        if len(found) < len(values):
            raise self.source.malformed(f"field {number} is a number")
        return found

    def messages(self, number: int) -> "Iterator[Message]":
        """Yield the messages of a field that may stand several times, each taken apart when its turn comes."""
        for data in self.all(number):
            yield Message.of(data, self.source)

    def message(self, number: int) -> "Message | None":
        """Return the message of a field, None where it is not there."""
        data = self.data(number)
        return None if data is None else Message.of(data, self.source)

    def rest(self) -> dict[str, str]:
        """Return a fact for each field that was not asked for."""
        return {f"field-{number}": _told(self.fields[number]) for number in sorted(self.fields.keys() - self.asked)}

    def _last(self, number: int) -> int | bytes | None:
        self.asked.add(number)
        values = self.fields.get(number)
        if values is None:
            return None
        if len(values) > 1:
            detail = f"field {number} of a message stands {len(values)} times"
            self.source.reading.note_anomaly("contradiction", detail, self.source.at)
        return values[-1]


def _varint(data: bytes, at: int, source: Source) -> tuple[int, int]:
    """Return the number at `at` and where it ends."""
    value = data[at] if at < len(data) else 0x80
    if value < 0x80:  # most are
        return value, at + 1
    value = shift = 0
    for byte in data[at : at + _LONGEST]:
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise source.malformed("a number that does not end")


def _told(values: list[int | bytes]) -> str:
    """Return a short text that stands for these values and no others."""
    spelt = " ".join(str(value) if isinstance(value, int) else f"[{value.hex()}]" for value in values)
    return spelt if len(spelt) <= 200 else f"sha256 {sha256(spelt.encode()).hexdigest()}"
