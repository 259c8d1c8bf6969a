r"""D-Link's DEAFBEAD archive of the DSL-500G and DSL-504G: folders and files in a row, each file packed with gzip.

======  ====  ============================================
offset  size  field (little-endian)
======  ====  ============================================
0       4     magic DE AF BE AD
4       ..    records, until something else follows:
0       1     0x86 folder, 0x87 file
1       2     length of the name
3       ..    name, steps separated by ``\`` or ``/``
..      4     file: length of the content
..      ..    file: content, a gzip stream
======  ====  ============================================

Source: unblob ``handlers/archive/dlink/deafbead.py``. The vectors were built from that layout and read alike by unblob; no image of
D-Link confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import place
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\xde\xaf\xbe\xad"
_FOLDER, _FILE = 0x86, 0x87
_NAME, _SIZE = Struct("<BH"), Struct("<I")


class Deafbead:
    """An archive of D-Link's DSL modems."""

    name: ClassVar[str] = "deafbead"
    doc: ClassVar[FormatDoc] = FormatDoc("DEAFBEAD archive", "D-Link", ("unblob",))
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, _MAGIC + bytes([kind])) for kind in (_FOLDER, _FILE))

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < 8 or view[:4] != _MAGIC or view[4] not in (_FOLDER, _FILE):
            return False
        size = int(_NAME.unpack_from(view, 4)[1])
        name = bytes(view[7 : 7 + size])
        return 0 < size == len(name) and name.isascii() and name.decode("ascii").isprintable()

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Deafbead.matches(view):
            raise MalformedInput("deafbead", 0, "no header")
        reading, entries, at = Reading(), list[Entry](), len(_MAGIC)
        reading.cover(0, at)
        while at < len(view) and view[at] in (_FOLDER, _FILE):
            if len(entries) >= limits.max_entries:
                raise LimitExceeded("max_entries", limits.max_entries, "records of an archive")
            entry, after = _record(view, at, reading)
            if entry is None:
                break
            entries.append(entry)
            at = after
        reading.entries, reading.end = entries, at
        return reading


def _record(view: memoryview, at: int, reading: Reading) -> tuple[Entry | None, int]:
    """Return the record at `at` and where it ends; None, and a finding, where not all of its header is there."""
    start = at + _NAME.size
    size = _NAME.unpack_from(view, at)[1] if start <= len(view) else len(view)
    after = start + size
    is_file = view[at] == _FILE
    if after + (_SIZE.size if is_file else 0) > len(view):
        reading.note_anomaly("truncated", "a record is not all there", at)
        return None, at
    name = bytes(view[start:after]).decode("utf-8", "surrogateescape").replace("\\", "/")
    path = place(name, at, reading)
    if not is_file:
        reading.cover(at, after)
        return Entry(path, Kind.DIRECTORY), after
    length = int(_SIZE.unpack_from(view, after)[0])
    after += _SIZE.size
    content = view[after : after + length]
    reading.cover(at, after + len(content))
    if len(content) < length:
        reading.note_anomaly("truncated", f"{len(content)} of {length} bytes are there", len(view), path)
    return Entry(path, Kind.FILE, Held(content), len(content), offset=after), after + len(content)
