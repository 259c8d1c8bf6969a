"""D-Link's ``encrpted_img``: a length and an image encrypted with AES; the spelling is the magic's.

======  ====  ================================================
offset  size  field (big-endian)
======  ====  ================================================
0       12    magic "encrpted_img"
12      4     length of the image
16      ..    image, encrypted block by block of the flash
======  ====  ================================================

Source: unblob ``handlers/archive/dlink/encrpted_img.py`` and the analysis by ONEKEY it cites. There is no checksum, and the content
stays closed here. The vectors were built from that layout; no image of D-Link confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"encrpted_img"
_HEADER = Struct(">12sI")
_BLOCK = 16
_LARGEST = 1 << 28
"""More than any flash it is written to; text in place of the length is more."""


class DlinkEncrpted:
    """An encrypted image."""

    name: ClassVar[str] = "dlink-encrpted-img"
    doc: ClassVar[FormatDoc] = FormatDoc("encrpted_img firmware", "D-Link", ("unblob",), ("the content is encrypted",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:12] != _MAGIC:
            return False
        size = int(_HEADER.unpack_from(view)[1])
        return 0 < size < _LARGEST and size % _BLOCK == 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not DlinkEncrpted.matches(view):
            raise MalformedInput("dlink-encrpted-img", 0, "no header")
        reading = Reading()
        reading.cover(0, _HEADER.size)
        image = region("image", view, _HEADER.size, _HEADER.unpack_from(view)[1], reading)
        reading.end = _HEADER.size + image.size
        reading.note_anomaly("encrypted", "the image is encrypted with AES-256-CBC", _HEADER.size)
        reading.entries = [image]
        return reading
