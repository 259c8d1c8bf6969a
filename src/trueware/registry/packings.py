"""Packings: by what its packed bytes are, what each content of a release is, so that what was not changed need not be unpacked.

A packing is the SHA-256 of a content's packed bytes and of all that decides what they unpack to (codec, block sizes, place in a
shared block); the format that reads the content makes it (`trueware.formats.contract.Packed`). An image that was altered and
packed again by the same program keeps most of them.

::

    packings = { packing: 32 bytes, SHA-256 of the content: 32 bytes, its length: 8 bytes, little-endian } ...   by packing

The highest bit of the length is set where a format found more in the content: what it found is in the manifest of the release,
below the part of that SHA-256.

The digest of these bytes stands in the payload of the release, so that a publisher-signed release signs them too. Releases are
found by a sketch of them, the `SKETCH` smallest: of two sets that share a part, the sketches share as large a part of theirs.

Whoever publishes could state that a packing holds what it does not. What a release says of packings may therefore only support
that very release, or another of the same publisher (`may_support`). This structure is trueware's own.
"""

from collections.abc import Iterable
from heapq import nsmallest
from struct import Struct

from trueware.errors import LimitExceeded, MalformedInput
from trueware.measuring import Listed
from trueware.model.limits import Limits
from trueware.model.release import Release
from trueware.model.verdict import Authority

SKETCH = 256

_RECORD = Struct("<32s32sQ")
_MOST = Limits().max_entries
_NAME = "packings"


def encode(packings: Listed) -> bytes:
    """Return the bytes of a list.

    Raises:
        LimitExceeded: more than a measurement may have entries.
    """
    if len(packings) > _MOST:
        raise LimitExceeded(_NAME, _MOST, f"{len(packings)} packings")
    return b"".join(_RECORD.pack(packing, *content) for packing, content in sorted(packings.items()))


def decode(data: bytes) -> dict[bytes, tuple[bytes, int]]:
    """Return the list that `data` holds.

    Raises:
        MalformedInput: it is none, or not in order.
    """
    if len(data) % _RECORD.size or len(data) > _MOST * _RECORD.size:
        raise MalformedInput(_NAME, 0, f"{len(data)} bytes are no list")
    packings = {packing: (sha256, size) for packing, sha256, size in _RECORD.iter_unpack(data)}
    order = list(packings)
    if len(order) * _RECORD.size != len(data) or order != sorted(order):
        raise MalformedInput(_NAME, 0, "not in order, or one stands twice")
    return packings


def sketch(packings: Iterable[bytes]) -> list[bytes]:
    """Return the smallest, at most `SKETCH` of them."""
    return nsmallest(SKETCH, packings)


def may_support(source: Release, match: Release) -> bool:
    """Tell whether what `source` says of packings may lead to a result that rests on `match`."""
    if source.id == match.id:
        return True
    return source.publisher == match.publisher and source.authority is match.authority is Authority.PUBLISHER
