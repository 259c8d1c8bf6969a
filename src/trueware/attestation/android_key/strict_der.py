"""DER as the attestation extension has it: distinguished, with tags of several bytes (X.690 §8.1.2.4, §10.1).

What hardware writes is DER; what is not was written by somebody else, or by hardware with a known fault. So lengths are the
shortest, tags too, BOOLEAN is 00 or FF, INTEGER has no byte too many, and nothing stands behind a value.
"""

from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from trueware.errors import MalformedInput

FORMAT = "android-key-description"
BOOLEAN, INTEGER, OCTETS, NULL, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x05, 0x0A, 0x30, 0x31
CONTEXT = 2
_HIGH = 0x1F
_LONGEST = 1 << 16
"""Bytes: as long as a certificate may be."""

_MOST = 1024
"""Values that stand one behind the other; a list has some forty fields, and 1 KiB of an app's packages."""


class Element(NamedTuple):
    """One value; a tuple, since a chain has some eighty of them."""

    tag: int
    """First byte of the tag."""

    number: int
    """Number of the tag within its class."""

    content: bytes
    offset: int
    """Of the content, in the whole."""

    @property
    def tag_class(self) -> int:
        """0 universal, 2 context-specific."""
        return self.tag >> 6

    def refuse(self, reason: str) -> NoReturn:
        """Raise that it is not what it should be."""
        raise MalformedInput(FORMAT, self.offset, reason)

    def inside(self, tag: int, what: str) -> list["Element"]:
        """Return the values in a SEQUENCE or SET."""
        self.require(tag, what)
        return list(elements(self.content, self.offset))

    def require(self, tag: int, what: str) -> None:
        """Return if it has a tag.

        Raises:
            MalformedInput: another.
        """
        if self.tag != tag:
            self.refuse(f"tag {self.tag:#04x} where {what} is expected")

    def integer(self, what: str, tag: int = INTEGER) -> int:
        """Return an INTEGER, or an ENUMERATED."""
        self.require(tag, what)
        data = self.content
        if not 1 <= len(data) <= 9 or (len(data) > 1 and (data[0], data[1] & 0x80) in ((0, 0), (0xFF, 0x80))):
            self.refuse(f"{what} is no INTEGER in DER")
        return int.from_bytes(data, "big", signed=True)

    def boolean(self, what: str) -> bool:
        """Return a BOOLEAN."""
        self.require(BOOLEAN, what)
        if self.content not in (b"\x00", b"\xff"):
            self.refuse(f"{what} is no BOOLEAN in DER")
        return self.content == b"\xff"

    def octets(self, what: str) -> bytes:
        """Return an OCTET STRING."""
        self.require(OCTETS, what)
        return self.content

    def null(self, what: str) -> None:
        """Return if it is NULL.

        Raises:
            MalformedInput: it is not.
        """
        self.require(NULL, what)
        if self.content:
            self.refuse(f"{what} is no NULL")


def whole(data: bytes, tag: int, what: str) -> Element:
    """Return the one value that all of `data` is.

    Raises:
        MalformedInput: it is none, another, or something stands behind it.
    """
    if len(data) > _LONGEST:
        raise MalformedInput(FORMAT, 0, f"{len(data)} bytes, {_LONGEST} are the most")
    found = list(elements(data, 0))
    if len(found) != 1:
        raise MalformedInput(FORMAT, 0, f"{len(found)} values where one is expected")
    found[0].require(tag, what)
    return found[0]


def elements(data: bytes, offset: int) -> Iterator[Element]:
    """Yield the values that stand one behind the other; `offset`: of the first in the whole.

    Raises:
        MalformedInput: one is none, or not DER.
    """
    at, end, count = 0, len(data), 0
    while at < end:
        begin, tag = at, data[at]
        count += 1
        if count > _MOST:
            raise MalformedInput(FORMAT, offset + at, f"more than {_MOST} values one behind the other")
        at += 1
        number = tag & _HIGH
        if number == _HIGH:
            number, at = _high(data, at, offset)
        if at >= end:
            raise MalformedInput(FORMAT, offset + begin, "a tag without a length")
        length = data[at]
        at += 1
        if length >= 0x80:
            length, at = _length(data, at - 1, offset)
        if length > end - at:
            raise MalformedInput(FORMAT, offset + at, f"{length} bytes, {end - at} are left")
        yield Element(tag, number, data[at : at + length], offset + at)
        at += length


def _high(data: bytes, at: int, offset: int) -> tuple[int, int]:
    number, start = 0, at
    while at < len(data) and at - start < 4:
        byte = data[at]
        at += 1
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            if data[start] == 0x80 or number < _HIGH:
                break
            return number, at
    raise MalformedInput(FORMAT, offset + start, "a tag of several bytes that is not the shortest, or has no end")


def _length(data: bytes, at: int, offset: int) -> tuple[int, int]:
    """Return a length of several bytes, and what is behind it."""
    size = data[at] & 0x7F
    at += 1
    content = data[at : at + size]
    if not 1 <= size <= 4 or len(content) != size or content[0] == 0 or (size == 1 and content[0] < 0x80):
        raise MalformedInput(FORMAT, offset + at - 1, "a length that is not the shortest")
    return int.from_bytes(content, "big"), at + size
