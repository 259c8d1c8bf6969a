"""LG's EPK, firmware of its televisions: version 1 in the open, version 2 signed and encrypted.

======  ====  ==============================================================
offset  size  field of version 1 (little-endian, older ones big-endian)
======  ====  ==============================================================
0       4     magic "epak"
4       4     length of the whole
8       4     number of packages
12      8     offset, length of a package; and so on, room for 20 or more
======  ====  ==============================================================

======  ====  ==============================================================
offset  size  field of version 2
======  ====  ==============================================================
0       128   signature
128     4     magic "epak", where the header is not encrypted itself
140     4     "EPK2"
======  ====  ==============================================================

Version 3 has "EPK3" behind a signature of 128 or 256 bytes, its version (4), the name of a model (32) and the length of
the list of packages (4), where the header is not encrypted itself.

Source: epk2extract (openlgtv) ``epk1.h``, ``epk2.h``, ``epk3.h``. Each package of version 1 begins with its name (4), the length of
the content (4) and what differs between models; it is a region. Keys of version 2 and 3 are in circulation and not used here; where
their header is encrypted too they are not recognised. The vectors were built from that layout; no file of LG confirmed the reading.
"""

from collections.abc import Iterator
from struct import Struct, iter_unpack
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.model.limits import Limits

_MAGIC, _SECOND, _THIRD = b"epak", b"EPK2", b"EPK3"
_SIGNATURES = (128, 256)
_THIRD_HEADER, _LISTED = Struct("<4s4s32sI"), 1 << 24
"""Header of version 3, and how long its list of packages is at most."""

_SIGNATURE, _SECOND_AT = 128, 140
_ORDERS = {"<": Struct("<4sII"), ">": Struct(">4sII")}
_FIRST, _MOST = 12, 64


class Epk:
    """Firmware of a television."""

    name: ClassVar[str] = "epk"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "EPK firmware", "LG", ("epk2extract",), ("versions 2 and 3 are encrypted, and mostly their headers too",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (
        Magic(0, _MAGIC),
        Magic(_SIGNATURE, _MAGIC),
        *(Magic(size, _THIRD) for size in _SIGNATURES),
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _order(view) is not None or _is_second(view) or _third(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 64 packages)
        if _is_second(view):
            reading = Reading(facts={"version": "2"})
            reading.note_anomaly("encrypted", "the packages are encrypted with a key of the model", _SECOND_AT)
            reading.entries = [
                region("signature", view, 0, _SIGNATURE, reading),
                region("packages", view, _SIGNATURE, len(view) - _SIGNATURE, reading),
            ]
            return reading
        if (signature := _third(view)) is not None:
            reading = Reading(facts={"version": "3"})
            tell(reading.facts, "model", view[signature + 8 : signature + 40])
            reading.note_anomaly("encrypted", "the packages are encrypted with a key of the model", signature)
            reading.entries = [
                region("signature", view, 0, signature, reading),
                region("packages", view, signature, len(view) - signature, reading),
            ]
            return reading
        order = _order(view)
        if order is None:
            raise MalformedInput("epk", 0, "no header")
        _, size, count = _ORDERS[order].unpack_from(view)
        table = _FIRST + 8 * count
        reading = Reading(facts={"version": "1", "byte-order": "little" if order == "<" else "big"})
        reading.cover(0, table)
        entries = list(_packages(view, order, count, reading))
        note_overlaps(entries, reading)
        reading.entries = entries
        reading.end = min(max(size, table), len(view))
        if size > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {size} bytes are there", len(view))
        return reading


def _order(view: memoryview) -> str | None:
    """Return the byte order in which the header of version 1 makes sense."""
    if len(view) < _FIRST or view[:4] != _MAGIC:
        return None
    for order, header in _ORDERS.items():
        _, size, count = header.unpack_from(view)
        table = _FIRST + 8 * count
        if not 0 < count <= _MOST or table > min(size, len(view)):
            continue
        places = list(iter_unpack(f"{order}II", view[_FIRST:table]))
        if all(table <= start <= size and length <= size for start, length in places):
            return order
    return None


def _is_second(view: memoryview) -> bool:
    return bytes(view[_SIGNATURE : _SIGNATURE + 4]) == _MAGIC and bytes(view[_SECOND_AT : _SECOND_AT + 4]) == _SECOND


def _third(view: memoryview) -> int | None:
    """Return the length of the signature before a header of version 3 that can be read."""
    for size in _SIGNATURES:
        if view[size : size + 4] != _THIRD or len(view) < size + _THIRD_HEADER.size:
            continue
        _, _, model, listed = _THIRD_HEADER.unpack_from(view, size)
        if model[0] and is_text(model) and 0 < listed <= _LISTED:
            return size
    return None


def _packages(view: memoryview, order: str, count: int, reading: Reading) -> Iterator[Entry]:
    places = iter_unpack(f"{order}II", view[_FIRST : _FIRST + 8 * count])
    for number, (start, size) in enumerate(places):
        name = bytes(view[start : start + 4]).rstrip(b"\0")
        yield region(f"{number}-{readable(name or b'unnamed')}", view, start, size, reading)
