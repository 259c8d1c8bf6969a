"""The master boot record: boot code, four partitions, and the chain of logical ones in an extended partition.

======  ====  ============================================
offset  size  field (little-endian)
======  ====  ============================================
0       440   boot code
440     4     disk signature
444     2     5A 5A if copy-protected, else 0
446     64    four entries
510     2     55 AA
======  ====  ============================================

Each entry: u8 status (0x80 active), 3 bytes CHS, u8 type, 3 bytes CHS, u32 first sector, u32 number of sectors, of 512
bytes. An extended partition (types 05, 0F, 85) begins with a record of the same shape whose first entry is a logical
partition, counted from that record, and whose second one is the next record, counted from the extended partition.
Source: UEFI Specification 2.10 §5.2.1; Linux ``block/partitions/msdos.c``. A disk with a GUID partition table has a
protective record (type EE); it belongs to that table and is not read here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_SECTOR = 512
_TABLE = 446
_ENTRY = Struct("<B3sB3sII")
_SIGNATURE = b"\x55\xaa"
_EXTENDED = (0x05, 0x0F, 0x85)
_PROTECTIVE = 0xEE
_MAX_LOGICAL = 256
"""Linux gives names to at most 255 partitions of a disk."""


@dataclass(frozen=True, slots=True)
class _Partition:
    number: int
    status: int
    type: int
    chs: bytes
    start: int
    """First byte."""

    size: int
    """Bytes."""

    def facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("active", str(bool(self.status)).lower()),
            ("chs", self.chs.hex()),
            ("first-sector", str(self.start // _SECTOR)),
            ("sectors", str(self.size // _SECTOR)),
            ("type", f"{self.type:#04x}"),
        )


class Mbr:
    """A disk with a master boot record."""

    name: ClassVar[str] = "mbr"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "MBR partition table", references=("UEFI Specification 2.10 §5.2.1",), limitations=("sectors have 512 bytes",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(510, _SIGNATURE),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Tell a partition table from a boot sector and from a Linux kernel, which end in the same two bytes."""
        if len(view) < 2 * _SECTOR or view[510:512] != _SIGNATURE or bytes(view[0x202:0x206]) == b"HdrS":
            return False
        if b"FAT" in (bytes(view[54:57]), bytes(view[82:85])) or bytes(view[3:7]) == b"NTFS":
            return False
        table = [_ENTRY.unpack_from(view, _TABLE + 16 * index) for index in range(4)]
        used = [entry for entry in table if entry[2]]
        return bool(used) and all(
            status in {0, 0x80} and (not kind or (kind != _PROTECTIVE and start and size))
            for status, _, kind, _, start, size in table
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (bounded by _MAX_LOGICAL)
        if not Mbr.matches(view):
            raise MalformedInput("mbr", _TABLE, "no partition table")
        signature, protected = bytes(view[440:444][::-1]).hex(), bytes(view[444:446]).hex()
        reading = Reading(facts={"disk-signature": signature, "protected": protected})
        reading.cover(440, _SECTOR)
        entries = [Entry("boot-code", Kind.REGION, Held(view[:440]), 440, offset=0)] if any(view[:440]) else []
        reach, before = _SECTOR, "the table"
        for partition in sorted(_partitions(view, reading), key=lambda partition: partition.start):
            name = f"partition-{partition.number}"
            end = partition.start + partition.size
            if partition.start < reach:
                reading.note_anomaly("overlap", f"{before} and {name} share bytes", partition.start)
            if end > len(view):
                reading.note_anomaly("truncated", f"{name} ends at {end:#x}, the bytes at {len(view):#x}", len(view))
            if end > reach:
                reach, before = end, name
            data = view[min(partition.start, len(view)) : end]
            offset = partition.start if len(data) else None
            entries.append(Entry(name, Kind.REGION, Held(data), len(data), offset=offset, facts=partition.facts()))
        reading.entries = entries
        return reading


def _partitions(view: memoryview, reading: Reading) -> Iterator[_Partition]:
    logical = 5
    for index in range(4):
        partition = _entry(view, _TABLE + 16 * index, index + 1, 0)
        if partition.type in _EXTENDED:
            reading.facts[f"extended-{partition.number}"] = " ".join(
                f"{key}={value}" for key, value in partition.facts()
            )
            for inner in _logical(view, partition, logical, reading):
                yield inner
                logical += 1
        elif partition.type:
            yield partition
        elif any(view[_TABLE + 16 * index : _TABLE + 16 * index + 16]):
            reading.facts[f"unused-{index + 1}"] = bytes(view[_TABLE + 16 * index : _TABLE + 16 * index + 16]).hex()


def _entry(view: memoryview, at: int, number: int, base: int) -> _Partition:
    status, first, kind, last, start, size = _ENTRY.unpack_from(view, at)
    return _Partition(number, status, kind, first + last, base + start * _SECTOR, size * _SECTOR)


def _logical(view: memoryview, extended: _Partition, number: int, reading: Reading) -> Iterator[_Partition]:
    """Follow the chain of records in an extended partition."""
    at, seen = extended.start, {0}
    while at not in seen:
        if at + _SECTOR > len(view):
            reading.note_anomaly("truncated", f"the record of an extended partition at {at:#x} is missing", len(view))
            return
        if view[at + 510 : at + 512] != _SIGNATURE:
            reading.note_anomaly("malformed", f"no record of an extended partition at {at:#x}", at)
            return
        if len(seen) > _MAX_LOGICAL:
            reading.note_anomaly("malformed", f"more than {_MAX_LOGICAL} logical partitions", at)
            return
        seen.add(at)
        reading.cover(at + _TABLE, at + _SECTOR)
        if any(view[at + _TABLE + 32 : at + 510]):
            reading.note_anomaly("contradiction", "an extended partition's record has more than two entries", at)
        partition = _entry(view, at + _TABLE, number, at)
        if partition.type in _EXTENDED:
            reading.note_anomaly("contradiction", "an extended partition's record begins with another one", at)
        elif partition.type:
            yield partition
            number += 1
        following = _entry(view, at + _TABLE + 16, 0, extended.start)
        if not following.type:
            return
        if following.type not in _EXTENDED:
            reading.note_anomaly("contradiction", "an extended partition's record has two partitions", at)
            return
        at = following.start
    reading.note_anomaly("cycle", "the records of an extended partition lead back to an earlier one", at)
