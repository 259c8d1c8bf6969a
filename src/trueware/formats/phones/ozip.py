"""OPPO's and Realme's ``.ozip``: a zip encrypted with a key of the model.

======  ====  ================================================
offset  size  field
======  ====  ================================================
0       12    magic "OPPOENCRYPT!"
16      16    length of what is encrypted, in decimal
80      ..    zip, encrypted with AES-128-ECB, as a whole or
              the first 16 bytes of every 0x4000
======  ====  ================================================

Source: oppo_ozip_decrypt (Bjoern Kerler, MIT). Keys are in circulation and not used here. The vectors were built from that layout; no
package of OPPO confirmed the reading.
"""

from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"OPPOENCRYPT!"
_START = 80


class Ozip:
    """An encrypted zip."""

    name: ClassVar[str] = "ozip"
    doc: ClassVar[FormatDoc] = FormatDoc("OZIP package", "OPPO", ("oppo_ozip_decrypt",), ("the content is encrypted",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        number = bytes(view[16:32]).rstrip(b"\0")
        return len(view) > _START and view[:12] == _MAGIC and number.isdigit() and not any(view[12:16])

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Ozip.matches(view):
            raise MalformedInput("ozip", 0, "no header")
        reading = Reading()
        tell(reading.facts, "size", view[16:32])
        reading.cover(0, 32)
        reading.note_anomaly("encrypted", "the zip is encrypted with a key of the model", _START)
        reading.entries = [region("zip", view, _START, len(view) - _START, reading)]
        return reading
