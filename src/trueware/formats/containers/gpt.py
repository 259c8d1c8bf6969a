"""The GUID partition table, at the start of a disk and again at its end.

======  ====  =====================================================
offset  size  field (little-endian), in the disk's second sector
======  ====  =====================================================
0       8     "EFI PART"
8       4     revision, 00 00 01 00
12      4     size of the header
16      4     CRC-32 of the header, this field as zero
20      4     reserved
24      16    sector of this header, sector of the other one
40      16    first and last usable sector
56      16    GUID of the disk
72      8     first sector of the entries
80      8     number of entries, size of one
88      4     CRC-32 of the entries
======  ====  =====================================================

Each entry: type GUID, unique GUID, first and last sector, attributes (u64), label (36 characters of UTF-16).
Source: UEFI Specification 2.10 §5.3. The protective MBR in front belongs to the table; whatever else it lists is a second
opinion about the same disk, and reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import ClassVar
from uuid import UUID
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"EFI PART"
_HEADER = Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = Struct("<16s16sQQQ72s")
_NIL = bytes(16)
_SECTORS = (512, 4096)
_MAX_TABLE = 1 << 20
"""Bytes of all entries; the usual 128 entries need 16 KiB."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A header with the entries it points to."""

    sound: bool
    """Whether both checksums fit."""

    sector: int
    header: int
    """Offset of the header."""

    other: int
    first_usable: int
    last_usable: int
    guid: bytes
    entries: int
    """Offset of the entries."""

    count: int
    entry_size: int
    entries_crc: int

    @property
    def says(self) -> tuple[object, ...]:
        """What the two copies must agree on."""
        return self.first_usable, self.last_usable, self.guid, self.count, self.entry_size, self.entries_crc


class Gpt:
    """A disk with a GUID partition table."""

    name: ClassVar[str] = "gpt"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "GUID partition table",
        references=("UEFI Specification 2.10 §5.3",),
        limitations=("sectors have 512 or 4096 bytes",),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(
        Magic(offset, _MAGIC) for sector in _SECTORS for offset in (sector, -sector)
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        return any(
            len(view) > 2 * sector and _MAGIC in (bytes(view[sector : sector + 8]), bytes(view[-sector:][:8]))
            for sector in _SECTORS
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (bounded by _MAX_TABLE)
        reading = Reading()
        table = _choose(view, reading)
        reading.facts |= {
            "sector-size": str(table.sector),
            "disk-guid": str(UUID(bytes_le=table.guid)),
            "usable": f"{table.first_usable} {table.last_usable}",
            "entries": f"{table.count} of {table.entry_size} bytes",
        }
        entries = list(_protective(view, reading))
        entries += _partitions(view, table, reading)
        reading.entries = entries
        return reading


def _choose(view: memoryview, reading: Reading) -> _Table:
    """Return the first table, or the one at the end if only that one is sound; report where they differ."""
    for sector in _SECTORS:
        if _MAGIC not in (bytes(view[sector : sector + 8]), bytes(view[-sector:][:8])):
            continue
        first = _table(view, sector, sector, reading)
        place = first.other * sector if first is not None and first.sound else len(view) - sector
        second = _table(view, sector, place, reading) if place != sector else None
        if first is not None and second is not None and (first.says != second.says or second.other != 1):
            reading.note_anomaly("contradiction", "the two partition tables differ", second.header)
        if chosen := next((table for table in (first, second) if table is not None and table.sound), first or second):
            return chosen
    raise MalformedInput("gpt", _SECTORS[0], "no partition table")


def _table(view: memoryview, sector: int, at: int, reading: Reading) -> _Table | None:
    """Read and verify the header at `at` and its entries; None, and an anomaly, if there is none."""
    if at + sector > len(view) or view[at : at + 8] != _MAGIC:
        reading.note_anomaly("truncated", f"the partition table at {at:#x} is missing", min(at, len(view)))
        return None
    (_, revision, size, crc, reserved, own, other, first, last, guid, entries, count, entry_size, entries_crc) = (
        _HEADER.unpack_from(view, at)
    )
    if not _HEADER.size <= size <= sector or revision >> 16 != 1:
        reading.note_anomaly("malformed", f"a partition table of revision {revision:#x} and {size} bytes", at)
        return None
    start, end = entries * sector, entries * sector + count * entry_size
    if entry_size < _ENTRY.size or entry_size % 8 or end - start > _MAX_TABLE:
        reading.note_anomaly("malformed", f"{count} partition entries of {entry_size} bytes", at + 80)
        return None
    if end > len(view):
        reading.note_anomaly("truncated", f"the partition entries at {start:#x} are missing", len(view))
        return None
    found = crc32(view[at + 20 : at + size], crc32(bytes(4), crc32(view[at : at + 16])))
    if found != crc:
        reading.note_anomaly("checksum-mismatch", f"the table's CRC-32 is {found:08x}, stated {crc:08x}", at + 16)
    found_entries = crc32(view[start:end])
    if found_entries != entries_crc:
        detail = f"the entries' CRC-32 is {found_entries:08x}, stated {entries_crc:08x}"
        reading.note_anomaly("checksum-mismatch", detail, at + 88)
    if own * sector != at:
        reading.note_anomaly("contradiction", f"the table in sector {at // sector} says it is in sector {own}", at + 24)
    if reserved:
        reading.note_anomaly("reserved-bits", f"a reserved field of the table holds {reserved:#x}", at + 20)
    reading.cover(at, at + _HEADER.size)
    for entry in range(start, end, entry_size):
        if view[entry : entry + 16] != _NIL:
            reading.cover(entry, entry + _ENTRY.size)
    sound = found == crc and found_entries == entries_crc
    return _Table(sound, sector, at, other, first, last, guid, start, count, entry_size, entries_crc)


def _protective(view: memoryview, reading: Reading) -> Iterator[Entry]:
    """Yield the boot code of the MBR in front; what else that lists is a contradiction."""
    if bytes(view[510:512]) != b"\x55\xaa":
        return
    reading.cover(446, 512)
    listed = [view[at : at + 16] for at in range(446, 510, 16) if view[at + 4] not in {0, 0xEE}]
    if listed:
        detail = "the MBR lists partitions of its own: " + " ".join(entry.hex() for entry in listed)
        reading.note_anomaly("contradiction", detail, 446)
    if any(view[:446]):
        yield Entry("boot-code", Kind.REGION, Held(view[:446]), 446, offset=0)


def _partitions(view: memoryview, table: _Table, reading: Reading) -> list[Entry]:
    found: list[tuple[int, int, Entry]] = []
    names: set[str] = {"boot-code"}
    missing = []
    for index in range(table.count):
        at = table.entries + index * table.entry_size
        kind, guid, first, last, attributes, label = _ENTRY.unpack_from(view, at)
        if kind == _NIL:
            continue
        facts = {
            "number": str(index + 1),
            "type": str(UUID(bytes_le=kind)),
            "guid": str(UUID(bytes_le=guid)),
            "attributes": f"{attributes:#x}",
            "first-sector": str(first),
            "last-sector": str(last),
        }
        name = _name(label, index + 1, facts)
        if name in names:
            reading.note_anomaly(
                "duplicate-path", f"partition {index + 1} has the label {name!r} of another one", at + 56
            )
            name = f"{name}#{index + 1}"
        names.add(name)
        start, end = first * table.sector, (last + 1) * table.sector
        if end <= start:
            reading.note_anomaly("malformed", f"partition {name!r} ends before it begins", at + 32)
            end = start
        if end > len(view):
            missing.append(name)
        # what holds the table itself is not read again within itself; the overlap is reported
        data = view[min(start, len(view)) : end] if start >= 2 * table.sector else view[:0]
        offset = start if len(data) else None
        region = Entry(name, Kind.REGION, Held(data), len(data), offset=offset, facts=tuple(sorted(facts.items())))
        found.append((start, end, region))
    if missing:
        reading.note_anomaly(
            "truncated", f"of {len(missing)} partitions not all is there: {' '.join(missing[:8])}", len(view)
        )
    _note_overlaps(found, table, reading)
    return [region for _, _, region in found]


def _name(label: bytes, number: int, facts: dict[str, str]) -> str:
    """Return the label as a name; what of it is no text, or stands behind its end, goes into the facts."""
    end = next((at for at in range(0, len(label), 2) if label[at : at + 2] == b"\0\0"), len(label))
    if any(label[end:]):
        facts["label-rest"] = label[end:].hex()
    try:
        name = label[:end].decode("utf-16-le")
    except UnicodeDecodeError:
        facts["label"] = label[:end].hex()
        name = ""
    return name or f"partition-{number}"


def _note_overlaps(found: list[tuple[int, int, Entry]], table: _Table, reading: Reading) -> None:
    reach, before = table.first_usable * table.sector, "the table"
    for start, end, region in sorted(found, key=lambda partition: partition[0]):
        if start < reach:
            reading.note_anomaly("overlap", f"{before} and {region.path} share bytes", start, region.path)
        if end > reach:
            reach, before = end, region.path
