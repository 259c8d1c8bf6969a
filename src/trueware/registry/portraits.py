"""Portraits: what a registry keeps of the programs of a release, so that a changed one can be explained without the genuine file.

::

    portraits = { SHA-256 of the program: 32 bytes, length: 4 bytes, little-endian, portrait: that many bytes } ...   by SHA-256

What a portrait holds is `trueware.explaining.portraits`' matter. The digest of these bytes stands in the payload of the release,
so that a publisher-signed release signs them too: whoever could alter them could hide what a change does, though never that
there is one. This structure is trueware's own.
"""

from collections.abc import Mapping
from struct import Struct

from trueware.errors import LimitExceeded, MalformedInput

MOST = 64 << 20
"""Bytes of one list; a system image has some thousand programs with a few kilobytes each."""

_HEAD = Struct("<32sI")
RECORD = _HEAD.size
"""Bytes that each portrait takes in a list beside its own."""

_NAME = "portraits"


def encode(portraits: Mapping[bytes, bytes]) -> bytes:
    """Return the bytes of a list, by SHA-256 of the program.

    Raises:
        LimitExceeded: more than `MOST` bytes.
    """
    size = sum(_HEAD.size + len(portrait) for portrait in portraits.values())
    if size > MOST:
        raise LimitExceeded(_NAME, MOST, f"{size} bytes")
    return b"".join(_HEAD.pack(digest, len(portrait)) + portrait for digest, portrait in sorted(portraits.items()))


def decode(data: bytes) -> dict[bytes, bytes]:
    """Return the list that `data` holds.

    Raises:
        MalformedInput: it is none, or not in order.
    """
    portraits: dict[bytes, bytes] = {}
    at, before = 0, b""
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise MalformedInput(_NAME, at, "ends within a record")
        digest, size = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + size
        if end > len(data) or digest <= before:
            raise MalformedInput(_NAME, at, "not in order, or longer than the list")
        portraits[digest] = data[at + _HEAD.size : end]
        at, before = end, digest
    return portraits
