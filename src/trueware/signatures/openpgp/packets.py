"""OpenPGP packets, as far as keys and signatures need them (RFC 9580 §4.2, §5.2, §5.5).

A packet is a header with a tag and a length, then its body. Lengths in pieces (§4.2.1.4) are for data only and are refused, and
so are lengths that are not stated. Keys and signatures of version 4 are read; version 6 is told as not supported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from trueware.errors import MalformedInput, UnsupportedInput

NAME = "openpgp"

SIGNATURE, PUBLIC_KEY, USER_ID, PUBLIC_SUBKEY, USER_ATTRIBUTE = 2, 6, 13, 14, 17

_CREATED, _SIGNATURE_EXPIRES, _KEY_EXPIRES, _ISSUER, _NOTATION, _FLAGS, _EMBEDDED, _FINGERPRINT = (
    2,
    3,
    9,
    16,
    20,
    27,
    32,
    33,
)
_HARMLESS = frozenset({*range(2, 8), *range(9, 13), 16, *range(21, 35), 39})
"""Types of subpackets (§5.2.3.7) that change nothing about whether a signature holds; a critical one of another type does."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet."""

    tag: int
    body: bytes
    offset: int
    """First byte of the packet."""


def packets(data: bytes) -> Iterator[Packet]:
    """Yield the packets in `data`.

    Raises:
        MalformedInput: it is not a row of packets.
    """
    at = 0
    while at < len(data):
        head = data[at]
        try:
            if not head & 0x80:
                raise MalformedInput(NAME, at, "no packet")
            tag, length, body = _new(data, at) if head & 0x40 else _old(data, at)
        except IndexError as error:
            raise MalformedInput(NAME, at, "a packet that is cut") from error
        if body + length > len(data):
            raise MalformedInput(NAME, at, f"a packet of {length} bytes, of which {len(data) - body} are there")
        yield Packet(tag, data[body : body + length], at)
        at = body + length


def _new(data: bytes, at: int) -> tuple[int, int, int]:
    first = data[at + 1]
    if first < 192:
        return data[at] & 0x3F, first, at + 2
    if first < 224:
        return data[at] & 0x3F, (first - 192 << 8) + data[at + 2] + 192, at + 3
    if first < 255:
        raise UnsupportedInput(NAME, at, "a packet in pieces")
    data[at + 5]
    return data[at] & 0x3F, int.from_bytes(data[at + 2 : at + 6], "big"), at + 6


def _old(data: bytes, at: int) -> tuple[int, int, int]:
    size = data[at] & 3
    if size == 3:
        raise UnsupportedInput(NAME, at, "a packet without a length")
    octets = 1 << size
    data[at + octets]
    return data[at] >> 2 & 0xF, int.from_bytes(data[at + 1 : at + 1 + octets], "big"), at + 1 + octets


class Fields:
    """Reads the fields of a body front to back."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if self.at + size > len(self.body):
            raise MalformedInput(NAME, self.at, f"{size} bytes expected, {len(self.body) - self.at} are there")
        self.at += size
        return self.body[self.at - size : self.at]

    def number(self, size: int) -> int:
        """Return the next `size` bytes as a number."""
        return int.from_bytes(self.take(size), "big")

    def integer(self) -> int:
        """Return the next multiprecision integer (§3.2)."""
        bits = self.number(2)
        value = self.number((bits + 7) // 8)
        if value.bit_length() != bits:
            raise MalformedInput(NAME, self.at, "an integer whose length is not its own")
        return value

    def end(self) -> None:
        """Return if all was read."""
        if self.at != len(self.body):
            raise MalformedInput(NAME, self.at, f"{len(self.body) - self.at} bytes too many")


@dataclass(frozen=True, slots=True)
class Statement:
    """A signature packet of version 4 (§5.2.3)."""

    kind: int
    """Type (§5.2.1): 0x00 binary document, 0x01 text, 0x10 to 0x13 certifications, 0x18 and 0x19 bindings, 0x20, 0x28
    revocations."""

    algorithm: int
    hash: int
    hashed: bytes = field(repr=False)
    """Everything from the version to the end of the hashed subpackets, which is hashed after what is signed."""

    left: bytes
    """The first two bytes of the hash."""

    value: bytes = field(repr=False)
    """The algorithm's own fields."""

    created: int = 0
    expires: int | None = None
    """Seconds since 1970 after which the signature itself is void."""

    key_lives: int | None = None
    """Seconds after its creation for which the key is valid, where this is about a key."""

    flags: int | None = None
    """What the key may do (§5.2.3.29): 0x01 certify, 0x02 sign."""

    issuers: tuple[bytes, ...] = ()
    """Key ids (8 bytes) and fingerprints (20 bytes), by whoever made the packet."""

    embedded: tuple[bytes, ...] = field(default=(), repr=False)
    """Bodies of signatures within."""

    critical: str | None = None
    """A critical subpacket that is not known here, or a critical notation: what it demands cannot be honoured."""


def read_statement(body: bytes) -> Statement:
    """Return the signature in a packet.

    Raises:
        MalformedInput: it is none, or of another version.
    """
    fields = Fields(body)
    version = fields.number(1)
    if version != 4:
        raise UnsupportedInput(NAME, 0, f"a signature of version {version}")
    kind, algorithm, hash_ = fields.number(1), fields.number(1), fields.number(1)
    hashed = fields.take(fields.number(2))
    end = fields.at
    unhashed = fields.take(fields.number(2))
    left = fields.take(2)
    told = _Told()
    for number, critical, data in _subpackets(hashed):
        told.take(number, data, critical=critical)
    for number, _, data in _subpackets(unhashed):
        if number in (_ISSUER, _FINGERPRINT, _EMBEDDED):  # nobody vouches for the rest
            told.take(number, data, critical=False)
    created = told.created
    if created is None:
        raise MalformedInput(NAME, 6, "a signature that does not say when it was made")
    expires = created + told.lives if told.lives else None
    return Statement(
        kind, algorithm, hash_, body[:end], left, body[fields.at :],
        created, expires, told.key_lives or None, told.flags, tuple(told.issuers), tuple(told.embedded), told.critical,
    )  # fmt: skip


class _Told:
    """What the subpackets of one signature say."""

    def __init__(self) -> None:
        self.created: int | None = None
        self.lives: int | None = None
        self.key_lives: int | None = None
        self.flags: int | None = None
        self.issuers: list[bytes] = []
        self.embedded: list[bytes] = []
        self.critical: str | None = None

    def take(self, number: int, data: bytes, *, critical: bool) -> None:
        match number:
            case 2 if len(data) == 4:
                self.created = unpack_from(">I", data)[0]
            case 3 if len(data) == 4:
                self.lives = unpack_from(">I", data)[0]
            case 9 if len(data) == 4:
                self.key_lives = unpack_from(">I", data)[0]
            case 16 if len(data) == 8:
                self.issuers.append(data)
            case 33 if len(data) == 21 and data[0] == 4:
                self.issuers.append(data[1:])
            case 27:
                self.flags = data[0] if data else 0
            case 32:
                self.embedded.append(data)
        if critical and number not in _HARMLESS:
            self.critical = "a critical notation" if number == _NOTATION else f"a critical subpacket of type {number}"


def _subpackets(area: bytes) -> Iterator[tuple[int, bool, bytes]]:
    """Yield type, whether it is critical, and content (§5.2.3.7)."""
    fields = Fields(area)
    while fields.at < len(area):
        first = fields.number(1)
        if first < 192:
            length = first
        elif first < 255:
            length = (first - 192 << 8) + fields.number(1) + 192
        else:
            length = fields.number(4)
        if not length:
            raise MalformedInput(NAME, fields.at, "a subpacket without a type")
        kind = fields.number(1)
        yield kind & 0x7F, bool(kind & 0x80), fields.take(length - 1)
