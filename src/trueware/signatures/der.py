"""ASN.1 as certificates and CMS have it: tags, lengths and contents. X.690, definite lengths, which need not be the shortest.

Android takes certificates that are not DER (``cert-not-der`` of its own test files), and names them by their bytes as they came; so
what counts is compared as it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trueware.signatures.refusal import uncheckable

INTEGER, BITS, OCTETS, NULL, OID, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x31
BOOLEAN = 0x01
_LONGEST_OID = 64
_MOST_LENGTH = 4
"""Bytes of a length; more would be beyond 4 GiB."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, its content, and both with the length between them."""

    tag: int
    content: bytes
    whole: bytes

    def parts(self) -> Iterator["Value"]:
        """Yield the values in its content."""
        at = 0
        while at < len(self.content):
            value = read(self.content, at)
            yield value
            at += len(value.whole)

    def sequence(self) -> list["Value"]:
        """Return the values of a SEQUENCE."""
        if self.tag != SEQUENCE:
            uncheckable(f"ASN.1 is malformed: tag {self.tag:#04x} where a SEQUENCE is expected")
        return list(self.parts())

    def number(self) -> int:
        """Return an INTEGER."""
        if self.tag != INTEGER or not self.content:
            uncheckable(f"ASN.1 is malformed: tag {self.tag:#04x} where an INTEGER is expected")
        return int.from_bytes(self.content, signed=True)

    def oid(self) -> str:
        """Return an OBJECT IDENTIFIER in dots."""
        if self.tag != OID or not 1 <= len(self.content) <= _LONGEST_OID or self.content[-1] & 0x80:
            uncheckable(f"ASN.1 is malformed: tag {self.tag:#04x} where an OBJECT IDENTIFIER is expected")
        arcs, arc = [], 0
        for byte in self.content:
            arc = arc << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read(data: bytes, at: int = 0) -> Value:
    """Return the value that begins at `at`."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        uncheckable(f"ASN.1 is malformed: no tag at {at:#x}")
    start, length = at + 2, data[at + 1]
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= _MOST_LENGTH or start + size > len(data):
            uncheckable(f"ASN.1 is malformed: a length of {size} bytes at {at:#x}")
        length = int.from_bytes(data[start : start + size])
        start += size
    if length > len(data) - start:
        uncheckable(f"ASN.1 is malformed: {length} bytes at {start:#x}, {len(data) - start} are left")
    return Value(data[at], data[start : start + length], data[at : start + length])


def encoded(tag: int, content: bytes) -> bytes:
    """Return a value in DER."""
    size = len(content)
    length = bytes([size]) if size < 0x80 else size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag]) + (length if size < 0x80 else bytes([0x80 | len(length)]) + length) + content


def parts(values: list[Value], least: int, what: str) -> list[Value]:
    """Return `values`, of which there must be some."""
    if len(values) < least:
        uncheckable(f"{what} has {len(values)} fields")
    return values
