"""Motorola's SINGLE_N_LONELY, one file of several images such as bootloader.img, radio.img and .mzf.

======  ====  ==================================================
offset  size  field (little-endian)
======  ====  ==================================================
0       256   "SINGLE_N_LONELY", filled up with zero
256     248   name of an image, filled up with zero
504     8     its length
512     ..    the image, filled up to a multiple of 4096
..      ..    more of these
..      248   "LONELY_N_SINGLE", filled up; length and nothing
======  ====  ==================================================

Source: star.sh (Hemanth Jabalpuri, CC0). The vectors were built from that layout; no image of Motorola confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC, _LAST = b"SINGLE_N_LONELY", b"LONELY_N_SINGLE"
_FIRST = 256
_ENTRY = Struct("<248sQ")
_STEP = 4096


class MotorolaSingle:
    """Several images in one file."""

    name: ClassVar[str] = "motorola-single"
    doc: ClassVar[FormatDoc] = FormatDoc("SINGLE_N_LONELY image", "Motorola", ("star.sh",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC + b"\0"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return (
            len(view) >= _FIRST + _ENTRY.size
            and bytes(view[:_FIRST]).rstrip(b"\0") == _MAGIC
            and _is_entry(view, _FIRST)
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not MotorolaSingle.matches(view):
            raise MalformedInput("motorola-single", 0, "no header")
        reading, entries, at = Reading(), list[Entry](), _FIRST
        reading.cover(0, _FIRST)
        while _is_entry(view, at):
            if len(entries) >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "images of a SINGLE_N_LONELY")
            raw, size = _ENTRY.unpack_from(view, at)
            name = raw.partition(b"\0")[0]
            reading.cover(at, at + _ENTRY.size)
            if name == _LAST:
                reading.end = at + _ENTRY.size
                if size:
                    reading.facts["last-size"] = str(size)
                break
            facts = dict[str, str]()
            tell(facts, "name", raw)
            start = at + _ENTRY.size
            path = f"{len(entries)}-{readable(name)}"
            entries.append(region(path, view, start, size, reading, tuple(facts.items())))
            at = start + size + -size % _STEP
        else:
            reading.note_anomaly("truncated", "the mark of the end is not there", min(at, len(view)))
            reading.end = min(at, len(view))
        reading.entries = entries
        return reading


def _is_entry(view: memoryview, at: int) -> bool:
    if at + _ENTRY.size > len(view):
        return False
    name = view[at : at + 248]
    return name[0] != 0 and is_text(name)
