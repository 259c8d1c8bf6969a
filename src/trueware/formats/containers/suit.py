"""A SUIT envelope: a manifest for the update of a small device, its authentication, and what was severed from it or put along.

CBOR: tag 107, a map.

=====  ==========================================================================
key    value, a byte string
=====  ==========================================================================
2      authentication: digest of the manifest, signatures
3      manifest
16 …   parts severed from the manifest, which has their digests
text   payload, with the name by which the manifest fetches it (``#image``)
=====  ==========================================================================

Only what is encoded deterministically is read, with keys 2 and 3 first. Source: draft-ietf-suit-manifest-34 §8.2 to §8.5. Confirmed
by the examples of the drafts. Signatures are verified elsewhere.
"""

from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.cbor import BYTES, MAP, TAG, TEXT, Cbor, Value
from trueware.formats.compressed import told
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FORMAT = "suit"
_TAG, _AUTHENTICATION, _MANIFEST = 107, 2, 3
_TAGGED = b"\xd8\x6b"
_HEADS = (0x58, 0x59)
"""Of the authentication: a length of one byte, or two."""

_LEAST, _MOST = 8, 128
_NAMES = {_AUTHENTICATION: "authentication", _MANIFEST: "manifest"}
_SEVERED = {16: "payload-fetch", 17: "install", 18: "install", 20: "install", 23: "text"}


class Suit:
    """An envelope."""

    name: ClassVar[str] = _FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "SUIT envelope",
        references=("draft-ietf-suit-manifest-34",),
        limitations=("envelopes that are not tagged", "encrypted manifests"),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(
        Magic(0, _TAGGED + bytes((0xA0 + size, _AUTHENTICATION, head))) for size in range(2, 24) for head in _HEADS
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        start = bytes(view[:5])
        return (
            len(view) > _LEAST and start[:2] == _TAGGED and 0xA2 <= start[2] <= 0xB7
            and start[3] == _AUTHENTICATION and start[4] in _HEADS
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (128 values)
        if not Suit.matches(view):
            raise MalformedInput(_FORMAT, 0, "no envelope")
        value = Cbor(view, _FORMAT).read()
        members = _members(view, value)
        reading = Reading(end=value.end)
        reading.cover(0, value.parts[0].content)
        names: list[str] = []
        entries: list[Entry] = []
        for key, each in members:
            name = _name(key, len(names))
            reading.cover(key.start, each.content)
            data = view[each.content : each.end]
            entries.append(Entry(name, Kind.REGION, Held(data), len(data), offset=each.content))
            names.append(f"{key.number}" if key.kind != TEXT else name)
            if key.kind == TEXT:
                tell(reading.facts, name, view[key.content : key.end])
        reading.entries = entries
        reading.facts["order"] = told(names)
        return reading


def _members(view: memoryview, value: Value) -> list[tuple[Value, Value]]:
    """Return the keys and values of an envelope."""
    if value.kind != TAG or value.number != _TAG or value.parts[0].kind != MAP:
        raise MalformedInput(_FORMAT, 0, "no envelope")
    parts = value.parts[0].parts
    members = list(zip(parts[::2], parts[1::2], strict=True))
    keys = [(key.kind, bytes(view[key.start : key.end])) for key, _ in members]
    if not 2 <= len(members) <= _MOST or len(set(keys)) < len(keys) or [key.number for key, _ in members[:2]] != [2, 3]:
        raise MalformedInput(_FORMAT, 0, "no envelope with authentication and manifest first, and each key once")
    for key, each in members:
        if each.kind != BYTES or (key.kind and key.kind != TEXT):
            raise MalformedInput(_FORMAT, key.start, "a member that is no byte string, or of another kind of name")
    return members


def _name(key: Value, number: int) -> str:
    if key.kind == TEXT:
        return f"payload-{number}"
    return _NAMES.get(key.number) or f"{_SEVERED.get(key.number, 'member')}-{key.number}"
