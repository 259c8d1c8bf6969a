"""Sections, which the files of a UEFI firmware volume consist of; some hold further sections, bare, checked or packed.

======  ====  ==============================================================
offset  size  field (little-endian)
======  ====  ==============================================================
0       3     size, header included; FF FF FF: it stands at 4, in four bytes
3       1     type
4/8     ..    01 packed: length unpacked (4), how: 0 not, 1 by EFI 1.1 or Tiano, 2 LZMA
              02 by GUID: GUID (16), where the data begin (2), attributes (2)
..      ..    data
======  ====  ==============================================================

Each begins at a multiple of 4 from the beginning of the row. Source: UEFI Platform Initialization Specification, volume 3, §2.1.5 and
§3.2.5; how they are packed: `trueware.formats.embedded.uefi.packings`. A section that holds others becomes a folder, whose facts say
how.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, Held, Reading
from trueware.formats.embedded.uefi.packings import (
    AS_IT_IS,
    CRC32,
    UNSUPPORTED,
    packing_of_guid,
    packing_of_type,
    stated_size,
    unpacked,
)
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER, _LONG_HEADER, _LONG = 4, 8, 0xFFFFFF
_PACKED, _BY_GUID, _NAME = 0x01, 0x02, 0x15
_NEEDS_PROCESSING = 1
_KINDS = {
    0x01: "packed", 0x02: "guided", 0x03: "disposable", 0x10: "pe32", 0x11: "pic", 0x12: "te", 0x13: "dxe-depex",
    0x14: "version", 0x15: "name", 0x16: "compatibility16", 0x17: "fv-image", 0x18: "freeform", 0x19: "raw",
    0x1B: "pei-depex", 0x1C: "mm-depex",
}  # fmt: skip
_DISPOSABLE = 0x03
_CRC_END = 24
_ROWS = 8
"""Sections within sections; genuine files have two or three."""


@dataclass(slots=True)
class _Row:
    """Sections one after the other: a folder's, from a place in the volume where they lie there as they are."""

    folder: str
    data: memoryview
    start: int | None
    depth: int


class _Section(NamedTuple):
    kind: int
    header: int
    end: int


class Sections:
    """The sections of one volume's files."""

    def __init__(self, reading: Reading, limits: Limits) -> None:
        self._reading, self._limits = reading, limits
        self._unpacked = self._count = 0

    def of_file(self, file: Entry, data: memoryview, start: int) -> Iterator[Entry]:
        """Yield `file`, a folder, and what its data, which begin at `start` of the volume, hold."""
        yield file
        rows = [_Row(file.path, data, start, 0)]
        while rows:
            yield from self._row(rows.pop(), rows)

    def _row(self, row: _Row, rows: list[_Row]) -> Iterator[Entry]:
        at = number = 0
        while at < len(row.data):
            section = self._section(row, at)
            if section is None:
                rest = row.data[at:]
                if bytes(rest).strip(b"\0") and bytes(rest).strip(b"\xff"):
                    yield self._slack(row, at, len(row.data))
                return
            self._count += 1
            if self._count > self._limits.max_entries:
                raise LimitExceeded("max_entries", self._limits.max_entries, "sections of a firmware volume")
            self._cover(row, at, at + section.header)
            path = f"{row.folder}/{number}-{_KINDS.get(section.kind, f'{section.kind:#04x}')}"
            body = row.data[at + section.header : section.end]
            inner = _Row(path, body, None if row.start is None else row.start + at + section.header, row.depth + 1)
            yield from self._content(section.kind, inner, rows)
            at, number = -(-section.end // 4) * 4, number + 1
            if any(row.data[section.end : at]):
                yield self._slack(row, section.end, at)
            else:
                self._cover(row, section.end, min(at, len(row.data)))

    def _section(self, row: _Row, at: int) -> _Section | None:
        """Return the section at `at`, None where there is none any more."""
        data = row.data
        if at + _HEADER > len(data):
            return None
        size, kind, header = int.from_bytes(data[at : at + 3], "little"), data[at + 3], _HEADER
        if size == _LONG and at + _LONG_HEADER <= len(data):
            size, header = int.from_bytes(data[at + 4 : at + 8], "little"), _LONG_HEADER
        if kind not in _KINDS and (not size or size >= _LONG):
            return None
        if not header <= size <= len(data) - at:
            where = None if row.start is None else row.start + at
            detail = f"a section of {size} bytes in {len(data) - at} of {row.folder}"
            self._reading.note_anomaly("malformed", detail, where)
            return None
        return _Section(kind, header, at + size)

    def _content(self, kind: int, inner: _Row, rows: list[_Row]) -> Iterator[Entry]:
        """Yield a section that is a leaf, or a folder for what it holds, which is left in `rows` to be read."""
        if kind not in (_PACKED, _BY_GUID, _DISPOSABLE) or inner.depth > _ROWS:
            if inner.depth > _ROWS:
                self._reading.note_anomaly("unsupported", f"sections more than {_ROWS} deep", inner.start)
            self._cover(inner, 0, len(inner.data))
            yield Entry(inner.folder, Kind.FILE, Held(inner.data), len(inner.data), offset=inner.start)
            return
        folder = Entry(inner.folder, Kind.DIRECTORY)
        if kind == _DISPOSABLE:
            yield folder
            rows.append(inner)
            return
        start, facts, how = _packing(kind, inner)
        folder.facts = facts
        yield folder
        header, rest = inner.data[:start], inner.data[start:]
        if kind == _BY_GUID and start > 20:  # a signature, a checksum
            extra = header[20:]
            offset = None if inner.start is None else inner.start + 20
            yield Entry(f"{inner.folder}/guided-header", Kind.FILE, Held(extra), len(extra), offset=offset)
        self._cover(inner, 0, start)
        after = None if inner.start is None else inner.start + start
        if how in (AS_IT_IS, CRC32):
            if how == CRC32 and crc32(rest) != int.from_bytes(header[20:24], "little"):
                detail = f"the CRC-32 of the sections is {crc32(rest):08x}, stated another one"
                self._reading.note_anomaly("checksum-mismatch", detail, inner.start, inner.folder)
            rows.append(_Row(inner.folder, rest, after, inner.depth))
            return
        self._cover(inner, start, len(inner.data))
        data = None
        if how == UNSUPPORTED:
            self._reading.note_anomaly("unsupported", f"sections packed by {dict(facts)}", inner.start, inner.folder)
        else:
            data = self._unpack(how, rest, inner)
        if data is None:
            yield Entry(f"{inner.folder}/packed", Kind.FILE, Held(rest), len(rest), offset=after)
            return
        if kind == _PACKED and (stated := int.from_bytes(header[:4], "little")) != len(data):
            detail = f"packed sections of {len(data)} bytes, stated {stated}"
            self._reading.note_anomaly("contradiction", detail, inner.start, inner.folder)
        rows.append(_Row(inner.folder, data, None, inner.depth))

    def _unpack(self, how: str, packed: memoryview, inner: _Row) -> memoryview | None:
        """Return what packed sections hold; None, and a finding, where they cannot be unpacked."""
        try:
            size, room = stated_size(how, packed), self._limits.max_held - self._unpacked
            if size is not None and size > room:
                raise LimitExceeded("max_held", self._limits.max_held, "sections of a firmware volume")
            data = unpacked(how, packed, room if size is None else size, _begins_with_section)
        except MalformedInput as error:
            rule = "unsupported" if isinstance(error, UnsupportedInput) else "malformed"
            self._reading.note_anomaly(rule, f"packed sections: {error.reason}", inner.start, inner.folder)
            return None
        self._unpacked += len(data)
        return memoryview(data)

    def _cover(self, row: _Row, start: int, end: int) -> None:
        if row.start is not None:
            self._reading.cover(row.start + start, row.start + end)

    def _slack(self, row: _Row, start: int, end: int) -> Entry:
        """Return an entry for bytes between or behind sections that should be zero."""
        data = row.data[start:end]
        self._cover(row, start, end)
        where = None if row.start is None else row.start + start
        self._reading.note_anomaly("hidden-content", f"{len(data)} bytes of a filler are not all zero", where)
        return Entry(f"{row.folder}/slack-{start:#x}", Kind.FILE, Held(data), len(data), offset=where)


def _packing(kind: int, row: _Row) -> tuple[int, tuple[tuple[str, str], ...], str]:
    """Return where the data begin, facts that tell how they are packed, and that in one word."""
    data, where = row.data, row.start or 0
    if kind == _PACKED:
        if len(data) < 5:
            raise MalformedInput("uefi-fv", where, "a packed section without a header")
        return 5, (("packing", str(data[4])),), packing_of_type(data[4])
    if len(data) < 20:
        raise MalformedInput("uefi-fv", where, "a section by GUID without a header")
    guid = str(UUID(bytes_le=bytes(data[:16])))
    from_section = int.from_bytes(data[16:18], "little")
    attributes = int.from_bytes(data[18:20], "little")
    # the place counts from the section's header; of a long one that is eight bytes
    start = from_section - (_HEADER if from_section <= len(data) + _HEADER else _LONG_HEADER)
    if not 20 <= start <= len(data):
        raise MalformedInput("uefi-fv", where + 16, f"data at {from_section} in a section of {len(data)} bytes")
    facts = (("attributes", f"{attributes:#06x}"), ("guid", guid))
    how = packing_of_guid(guid)
    if how is None or (how == CRC32 and start < _CRC_END):
        return start, facts, UNSUPPORTED if attributes & _NEEDS_PROCESSING else AS_IT_IS
    return start, facts, how


def _begins_with_section(data: bytes) -> bool:
    """Tell whether some bytes could be sections."""
    size = int.from_bytes(data[:3], "little")
    return len(data) >= _HEADER and data[3] in _KINDS and (size == _LONG or _HEADER <= size <= len(data))
