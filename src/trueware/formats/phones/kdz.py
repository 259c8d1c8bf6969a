"""LG's KDZ, what its phones' flash tool takes: a table of files, the most important a DZ.

======  ====  =========================================================
offset  size  field (little-endian)
======  ====  =========================================================
0       4     length of the header
4       4     magic 24 38 22 25
8       272   a file: name (256), length (8), offset (8); and so on up to
              one without a name or the end of the header
======  ====  =========================================================

Source: kdztools ``kdz.py`` (Elliott Mitchell). The vectors were built from that layout; no file of LG confirmed the reading. What
later versions put behind the table stays unread, which is told.
"""

from struct import Struct, unpack_from
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x24\x38\x22\x25"
_FILE = Struct("<256sQQ")
_FIRST, _LARGEST = 8, 1 << 20


class Kdz:
    """Files in a row."""

    name: ClassVar[str] = "kdz"
    doc: ClassVar[FormatDoc] = FormatDoc("KDZ firmware", "LG", ("kdztools kdz.py",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(4, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _FIRST + _FILE.size or view[4:8] != _MAGIC:
            return False
        header = int(unpack_from("<I", view)[0])
        return _FIRST + _FILE.size <= header <= _LARGEST and view[_FIRST] != 0 and is_text(view[_FIRST : _FIRST + 256])

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Kdz.matches(view):
            raise MalformedInput("kdz", 0, "no header")
        header = int(unpack_from("<I", view)[0])
        reading, entries, at = Reading(), list[Entry](), _FIRST
        reading.cover(0, _FIRST)
        while at + _FILE.size <= min(header, len(view)) and view[at]:
            if len(entries) >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "files of a kdz")
            name, size, start = _FILE.unpack_from(view, at)
            facts = dict[str, str]()
            tell(facts, "name", name)
            reading.cover(at, at + _FILE.size)
            path = f"{len(entries)}-{readable(name.partition(bytes(1))[0])}"
            entries.append(region(path, view, start, size, reading, tuple(sorted(facts.items()))))
            at += _FILE.size
        note_overlaps([Entry("the header", Kind.REGION, size=header, offset=0), *entries], reading)
        reading.entries = entries
        reading.end = max([header, *((entry.offset or 0) + entry.size for entry in entries)])
        return reading
