"""Buffalo's encrypted firmware: a word, encrypted product and version, and the encrypted image with a checksum.

======  ====  ====================================================
offset  size  field (big-endian)
======  ====  ====================================================
0       6     "start" or "asar1", and NUL
6       1     what the cipher starts with
7       4     length of the product, with its NUL
11      ..    product, encrypted
..      4     length of the version, with its NUL
..      ..    version, encrypted
..      4     length of the image
..      ..    image, encrypted
..      4     checksum of the image as it was
..      ..    zeros up to a multiple of four
======  ====  ====================================================

Source: OpenWrt ``tools/firmware-utils/src/buffalo-lib.c``. The key is chosen by who makes an image; none is kept here, and the
content stays closed. The vectors were built from that layout; no image of Buffalo confirmed the reading.
"""

from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGICS = (b"start\0", b"asar1\0")
_FIRST = 7
_LONGEST = (32, 8)
_LEAST = 64


class BuffaloEnc:
    """An encrypted image."""

    name: ClassVar[str] = "buffalo-enc"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "encrypted firmware", "Buffalo", ("OpenWrt firmware-utils src/buffalo-lib.c",), ("the content is encrypted",)
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _places(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        places = _places(view)
        if places is None:
            raise MalformedInput("buffalo-enc", 0, "no header")
        product, version, start, size = places
        facts = {"kind": bytes(view[:5]).decode("ascii"), "start": f"{view[6]:#04x}"}
        facts |= {"product": bytes(view[product]).hex(), "version": bytes(view[version]).hex()}
        reading = Reading(facts=facts)
        reading.cover(0, start)
        image = region("image", view, start, size, reading)
        end = start + image.size
        if len(view) >= start + size + 4:
            reading.facts["checksum"] = bytes(view[end : end + 4]).hex()
            reading.cover(end, end + 4)
        reading.note_anomaly("encrypted", "the image is encrypted with a cipher of Buffalo's own", start)
        end = min(start + size + 4, len(view))
        filled = min(end + 4 - end % 4, len(view))
        reading.entries, reading.end = [image], end if any(view[end:filled]) else filled
        return reading


def _places(view: memoryview) -> tuple[slice, slice, int, int] | None:
    """Return where product and version stand, and where the image begins and how long it is; None where something is off."""
    if bytes(view[:6]) not in _MAGICS:
        return None
    at, texts = _FIRST, []
    for longest in _LONGEST:
        size = int.from_bytes(view[at : at + 4], "big")
        if not 0 < size <= longest:
            return None
        texts.append(slice(at + 4, at + 4 + size))
        at += 4 + size
    size, start = int.from_bytes(view[at : at + 4], "big"), at + 4
    return (texts[0], texts[1], start, size) if len(view) > start and _LEAST <= size < 1 << 28 else None
