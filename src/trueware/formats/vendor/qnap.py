"""QNAP's firmware of network storages and switches: an archive whose beginning is encrypted, and a note on the model behind it.

======  ====  =========================================
offset  size  field (little-endian)
======  ====  =========================================
-74     6     magic "icpnas"
-68     4     length of what is encrypted
-64     64    device, version, date, revision (16 each)
======  ====  =========================================

Source: unblob ``handlers/archive/qnap``. The cipher is one of QNAP's own with a key for each kind of device; no key is kept here, and
the content stays closed: what follows the encrypted beginning is the rest of one compressed stream. The vectors were built from that
layout; no image of QNAP confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"icpnas"
_TRAILER = Struct("<6sI16s16s16s16s")
_TEXTS = ("device", "version", "date", "revision")


class Qnap:
    """An encrypted archive with a note."""

    name: ClassVar[str] = "qnap"
    doc: ClassVar[FormatDoc] = FormatDoc("QNAP firmware", "QNAP", ("unblob",), ("the content is encrypted",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-_TRAILER.size, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        start = len(view) - _TRAILER.size
        if start <= 0 or bytes(view[start : start + len(_MAGIC)]) != _MAGIC:
            return False
        _, size, *texts = _TRAILER.unpack_from(view, start)
        return 0 < size <= start and texts[0][0] > 0 and all(map(is_text, texts))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        if not Qnap.matches(view):
            raise MalformedInput("qnap", max(len(view) - _TRAILER.size, 0), "no note")
        start = len(view) - _TRAILER.size
        _, size, *texts = _TRAILER.unpack_from(view, start)
        reading = Reading(facts={"encrypted-size": str(size)})
        for name, text in zip(_TEXTS, texts, strict=True):
            tell(reading.facts, name, text)
        reading.cover(start, len(view))
        reading.note_anomaly("encrypted", "the beginning is encrypted with a cipher of QNAP's own", 0)
        reading.entries = [region("encrypted", view, 0, size, reading)]
        if start > size:
            reading.entries.append(region("rest", view, size, start - size, reading))
        return reading
