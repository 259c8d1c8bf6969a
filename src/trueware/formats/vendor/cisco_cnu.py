"""Cisco's archive of files within the firmware of IP phones, called CNU_File_Archive_3.0.

======  ====  ====================================================================
offset  size  field (big-endian)
======  ====  ====================================================================
0       48    name of the format
48      4     number of files
52      4     where the first file begins; the others follow without a gap
56      32    the name again; zero bytes up to 584
584     20    for each: type, 2, size, time, where its path is (0: it has none)
..      ..    paths, each ended by a zero byte
======  ====  ====================================================================

There is no public description: this was read off the firmware of a phone, by which the reader was verified: two archives of 18 and 3
files, which fill them to the last byte.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import place
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_NAME = b"CNU_File_Archive_3.0"
_HEADER, _FILE = Struct(">48s2I32s"), Struct(">5I")
_TABLE = 584


class CiscoCnu:
    """An archive."""

    name: ClassVar[str] = "cisco-cnu"
    doc: ClassVar[FormatDoc] = FormatDoc("file archive of an IP phone", "Cisco")
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _NAME),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _TABLE + _FILE.size:
            return False
        name, count, start, again = _HEADER.unpack_from(view)
        named = name.rstrip(b"\0") == _NAME == again.rstrip(b"\0")
        return named and count > 0 and bool(_TABLE + count * _FILE.size <= start <= len(view))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not CiscoCnu.matches(view):
            raise MalformedInput("cisco-cnu", 0, "no header with a table of files")
        _, count, start, _ = _HEADER.unpack_from(view)
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "files of an archive")
        reading, entries, at = Reading(), list[Entry](), start
        paths = _TABLE + count * _FILE.size
        reading.cover(0, _HEADER.size)
        reading.cover(_TABLE, paths)
        for number, row in enumerate(_FILE.iter_unpack(view[_TABLE:paths])):
            kind, unknown, size, time, named = row
            path = f"unnamed-{number}"
            if named:
                if not paths <= named < start:
                    raise MalformedInput("cisco-cnu", _TABLE + number * _FILE.size, f"a path at {named:#x}")
                raw = bytes(view[named : min(start, named + limits.max_name + 1)]).partition(b"\0")[0]
                reading.cover(named, named + len(raw) + 1)
                # a phone unpacks them to where they are said to be: all are below the root
                path = place(raw.decode("utf-8", "surrogateescape").removeprefix("/"), named, reading)
            data = view[at : at + size]
            if len(data) < size:
                reading.note_anomaly("truncated", f"{len(data)} of {size} bytes of a file are there", at, path)
            reading.cover(at, at + len(data))
            facts = (("type", f"{kind} {unknown}"),)
            entries.append(Entry(path, Kind.FILE, Held(data), len(data), mtime=time, offset=at, facts=facts))
            at += len(data)
        reading.entries, reading.end = entries, at
        return reading
