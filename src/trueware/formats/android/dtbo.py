"""Android's table of device trees and overlays, of the dtbo partition and of boot images.

======  ====  =====================================================================================
offset  size  field (big-endian)
======  ====  =====================================================================================
0       4     magic D7 B7 AB 1E
4       4     size of everything
8       4     size of this header, 32
12      8     size of an entry, 32; number of entries
20      4     offset of the entries
24      4     page size
28      4     version
======  ====  =====================================================================================

Each entry: size and offset of a tree, id, revision, and four words for the maker's use, of which the first, from version 1
on, says in its lowest four bits how the tree is compressed: 0 not, 1 zlib, 2 gzip. A boot loader picks entries by these
words or by their number; several may share a tree. Source: ``source.android.com/docs/core/architecture/dto/partitions``; AOSP
``system/libufdt/utils/src/dt_table.h``. No real image at hand confirms version 1.
"""

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import CHUNK, Buffer, Content, Entry, FormatDoc, Held, Magic, Produced, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\xd7\xb7\xab\x1e"
_HEADER = Struct(">4s7I")
_ENTRY = Struct(">8I")
_COMPRESSIONS = ("none", "zlib", "gzip")
_FEED = 1 << 14


class Dtbo:
    """A table of device trees."""

    name: ClassVar[str] = "dtbo"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Android device tree table (dtbo)",
        "Google",
        ("AOSP system/libufdt/utils/src/dt_table.h",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= _HEADER.size and view[:4] == _MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Dtbo.matches(view):
            raise MalformedInput("dtbo", 0, "no header")
        _, total, header, entry_size, count, start, page, version = _HEADER.unpack_from(view)
        if header < _HEADER.size or entry_size < _ENTRY.size:
            raise MalformedInput("dtbo", 8, f"a header of {header} bytes, entries of {entry_size}")
        end = start + count * entry_size
        if start < header or end > min(total, len(view)) or count > limits.max_entries:
            raise MalformedInput("dtbo", 16, f"{count} entries at {start:#x} of {min(total, len(view))} bytes")
        reading = Reading(facts={"version": str(version)}, notes={"page-size": str(page)}, end=total)
        if total > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {total} bytes are there", len(view))
        if version > 1:
            reading.note_anomaly("unsupported", f"version {version} is read as 1", 28)
        reading.cover(0, _HEADER.size)
        for at in range(start, end, entry_size):
            reading.cover(at, at + _ENTRY.size)
        reading.entries = list(_trees(view[:total], range(start, end, entry_size), version, reading))
        return reading


def _trees(view: memoryview, places: range, version: int, reading: Reading) -> Iterator[Entry]:
    taken: set[tuple[int, int]] = set()
    for number, place in enumerate(places):
        size, offset, *words = _ENTRY.unpack_from(view, place)
        name = f"dt-{number}"
        facts = dict(
            zip(("id", "revision", "custom-0", "custom-1", "custom-2", "custom-3"), map(hex, words), strict=True)
        )
        if offset + size > len(view):
            detail = f"a tree of {size} bytes at {offset:#x}, the table ends at {len(view):#x}"
            reading.note_anomaly("truncated", detail, place, name)
        data = view[offset : offset + size]
        content: Content = Held(data)
        compression = words[2] & 0xF if version else 0
        if compression >= len(_COMPRESSIONS):
            reading.note_anomaly("unsupported", f"{name} is compressed in way {compression}", place, name)
        elif compression:
            facts["compression"] = _COMPRESSIONS[compression]
            if facts["compression"] == "zlib":
                content = Produced(lambda data=data: _inflate(data))  # type: ignore[misc] # the lambda's default
        place_of = offset if len(data) else None
        if len(data):
            taken.add((offset, offset + len(data)))
            reading.cover(offset, offset + len(data))
        size = len(data) if isinstance(content, Held) else 0
        yield Entry(name, Kind.REGION, content, size, offset=place_of, facts=tuple(sorted(facts.items())))
    _note_overlaps(taken, places, reading)


def _inflate(data: memoryview) -> Iterator[Buffer]:
    """Unpack a zlib stream that ends with `data`."""
    unpacker, at, fed = zlib.decompressobj(), 0, b""
    while not unpacker.eof:
        if not fed:
            fed = bytes(data[at : at + _FEED])
            at += len(fed)
        try:
            piece = unpacker.decompress(fed, CHUNK)
        except zlib.error as error:
            raise MalformedInput("dtbo", at, f"the zlib stream cannot be unpacked ({error})") from error
        if not piece and not fed and not unpacker.eof:
            raise MalformedInput("dtbo", at, "the zlib stream does not end")
        fed = unpacker.unconsumed_tail
        if piece:
            yield piece
    if unpacker.unused_data or at < len(data):
        raise MalformedInput("dtbo", at, "bytes behind the zlib stream")


def _note_overlaps(taken: set[tuple[int, int]], places: range, reading: Reading) -> None:
    """Report trees that share some of their bytes; that two entries mean one tree is ordinary."""
    reach = places.stop if places else 0
    for start, end in sorted(taken):
        if start < reach:
            reading.note_anomaly("overlap", f"the tree at {start:#x} shares bytes with what stands before it", start)
        reach = max(reach, end)
