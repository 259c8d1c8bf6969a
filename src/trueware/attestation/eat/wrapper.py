"""Conceptual message wrappers (RFC 9999): what kind of message it is, and the message.

===========  ==========================================  ===========================================
 form         in CBOR                                     in JSON
===========  ==========================================  ===========================================
 record       ``[type, bytes, ? indicator]``              ``["type", "base64url", ? indicator]``
 tag          ``0x63740000 + f(content format)(bytes)``   no such form
 collection   ``{ ? "__cmwc_t": …, + label => CMW }``     the same
 tunnel       ``["#cmw-j2c-tunnel", bytes]``              ``["#cmw-c2j-tunnel", "base64url"]``
 signed       COSE_Sign1 with a CMW as payload            JWS with a CMW as payload
===========  ==========================================  ===========================================

A type is a media type, or the number of a CoAP content format (RFC 9277 §4.3 maps them to tags). Signatures around a wrapper
are taken off and not judged: evidence in it proves itself or nothing. Public examples confirm records, tags and collections; none
confirms tunnels or signed wrappers. Wrappers in extensions of certificates are not looked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trueware.cose.foreign_cbor import Budget, Tagged, Value, decode
from trueware.errors import LimitExceeded, MalformedInput
from trueware.signatures import foreign_sign1, json_text, jws

NAME = "cmw"
MAX_BYTES = 16 << 20
MAX_DEPTH = 8
MAX_MESSAGES = 256
MAX_VALUES = 4096
COLLECTION_TYPE = "__cmwc_t"
EVIDENCE = 1 << 2
"""Bit of the indicator (§3.1): reference values 0, endorsements 1, evidence 2, attestation results 3, appraisal policy 4."""

_FORMATS: Mapping[int, str] = {
    258: "application/swid+cbor",
    263: "application/eat+cwt",
    264: "application/eat+jwt",
    265: "application/eat-bun+cbor",
    266: "application/eat-bun+json",
    267: "application/eat-ucs+cbor",
    268: "application/eat-ucs+json",
}
"""Of the IANA registry of CoAP content formats (RFC 9782 §6.2)."""

_FIRST_TAG, _LAST_TAG = 0x63740101, 0x6374FFFF
_TUNNELS = ("#cmw-j2c-tunnel", "#cmw-c2j-tunnel")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """One message, not believed."""

    media_type: str
    """As it is named; ``content-format 64999`` for a number that has no name here."""

    content: bytes = field(repr=False)
    indicator: int = 0
    """What it is, as bits; 0: it does not say."""

    label: str = ""
    """Where it stands: labels of collections, ``/`` between."""

    @property
    def is_evidence(self) -> bool:
        """Whether it says that it is evidence, or says nothing."""
        return not self.indicator or bool(self.indicator & EVIDENCE)


def unwrap(data: bytes) -> tuple[Wrapped, ...]:
    """Return the messages of a wrapper, in their order.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: too long, too deep, or too many messages.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded("bytes of a wrapper", MAX_BYTES, f"{len(data)} bytes")
    found = []
    for each in _unwrap(data, "", 0):
        found.append(each)
        if len(found) > MAX_MESSAGES:
            raise LimitExceeded("messages of a wrapper", MAX_MESSAGES)
    return tuple(found)


def _unwrap(data: bytes, label: str, depth: int) -> Iterator[Wrapped]:
    _bound(depth)
    text = data.strip()
    if text[:1] in (b"[", b"{"):
        yield from _from_json(json_text.read(text, NAME), label, depth)
    elif text[:2] == b"ey":
        yield from _unwrap(jws.parse(text).payload, label, depth + 1)
    elif foreign_sign1.is_sign1(data):
        message = foreign_sign1.parse(data, max_bytes=MAX_BYTES)
        if message.payload is None:
            raise MalformedInput(NAME, 0, "a signed wrapper without its payload")
        yield from _unwrap(message.payload, label, depth + 1)
    else:
        yield from _from_cbor(decode(data, NAME, Budget(MAX_VALUES), max_depth=4 * MAX_DEPTH), label, depth)


def _from_cbor(value: Value, label: str, depth: int) -> Iterator[Wrapped]:
    _bound(depth)
    if isinstance(value, Tagged) and _FIRST_TAG <= value.tag <= _LAST_TAG and isinstance(value.value, bytes):
        yield Wrapped(_named(_format_of(value.tag)), value.value, label=label)
    elif isinstance(value, tuple) and 2 <= len(value) <= 3:
        kind, content = value[0], value[1]
        if not isinstance(content, bytes):
            raise MalformedInput(NAME, 0, "the value of a record is a byte string")
        if kind in _TUNNELS:
            yield from _unwrap(content, label, depth + 1)
        else:
            yield Wrapped(_named(kind), content, _indicator(value[2:]), label)
    elif isinstance(value, dict) and value.keys() - {COLLECTION_TYPE}:
        for key, each in value.items():
            if _is_member(key, each):
                yield from _from_cbor(each, _under(label, key), depth + 1)
    else:
        raise MalformedInput(NAME, 0, "neither a record, a tag nor a collection")


def _from_json(value: object, label: str, depth: int) -> Iterator[Wrapped]:
    _bound(depth)
    if isinstance(value, list) and 2 <= len(value) <= 3:
        kind, content = value[0], value[1]
        if not isinstance(content, str):
            raise MalformedInput(NAME, 0, "the value of a record is a text")
        octets = jws.from_base64url(content.encode("utf-8", "replace"))
        if kind in _TUNNELS:
            yield from _unwrap(octets, label, depth + 1)
        else:
            yield Wrapped(_named(kind), octets, _indicator(tuple(value[2:])), label)
    elif isinstance(value, dict) and value.keys() - {COLLECTION_TYPE}:
        for key, each in value.items():
            if _is_member(key, each):
                yield from _from_json(each, _under(label, key), depth + 1)
    else:
        raise MalformedInput(NAME, 0, "neither a record nor a collection")


def _is_member(key: object, value: object) -> bool:
    """Tell whether a member of a collection is a message, and not the collection's type."""
    if key == COLLECTION_TYPE:
        if not isinstance(value, str | bytes):
            raise MalformedInput(NAME, 0, "the type of a collection is a text or an object identifier")
        return False
    if not isinstance(key, str | int):
        raise MalformedInput(NAME, 0, "a label is a number or a text")
    return True


def _under(label: str, key: object) -> str:
    name = str(key)[:80]
    return f"{label}/{name}" if label else name


def _named(kind: object) -> str:
    if isinstance(kind, int) and not isinstance(kind, bool) and 0 <= kind < 1 << 16:
        return _FORMATS.get(kind, f"content-format {kind}")
    if isinstance(kind, str) and "/" in kind and len(kind) <= 512:
        return kind
    raise MalformedInput(NAME, 0, "a type is a media type or a content format")


def _indicator(rest: tuple[object, ...]) -> int:
    found = rest[0] if rest else 0
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 1 << 32 or (rest and not found):
        raise MalformedInput(NAME, 0, "an indicator is a number with at least one bit")
    return found


def _format_of(tag: int) -> int:
    """Return the content format of a tag (RFC 9277 §4.3): neither byte of the tag's lower half is ever zero."""
    high, low = (tag >> 8 & 0xFF) - 1, (tag & 0xFF) - 1
    if high < 0 or low < 0:
        raise MalformedInput(NAME, 0, "a tag that no content format has")
    return high * 255 + low


def _bound(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise LimitExceeded("depth of a wrapper", MAX_DEPTH)
