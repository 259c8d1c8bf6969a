"""The metadata of a super partition: its geometry, and one copy of the tables of logical partitions.

======  ====  =====================================================================================
offset  size  field (little-endian)
======  ====  =====================================================================================
geometry
0       4     magic 67 44 6C 61
4       4     size of this structure, 52
8       32    SHA-256 of this structure, this field as zero
40      4     room for one copy of the metadata, a multiple of 512
44      4     number of slots
48      4     block size
header of the metadata
0       4     magic 30 50 4C 41
4       4     version: major (10), minor
8       4     size of this header: 128, from version 10.2 also 256
12      32    SHA-256 of this header, this field as zero
44      36    size of the tables, and their SHA-256
80      48    the tables: partitions, extents, groups, block devices: offset, number of entries, size of one
128     4     flags: 1 virtual A/B, 2 overlays in use
132     124   reserved
======  ====  =====================================================================================

Behind the header stand the tables. A partition: name[36], u32 attributes, first extent, number of extents, group. An extent:
u64 sectors, u32 kind (0 linear, 1 zeros), u64 first sector, u32 block device. A group: name[36], u32 flags, u64 most bytes. A
block device: u64 first sector for partitions, u32 alignment and its offset, u64 size, name[36], u32 flags.
Source: AOSP ``system/core/fs_mgr/liblp/include/liblp/metadata_format.h``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Any

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading

SECTOR = 512
GEOMETRY_SIZE = 4096
"""Room for one copy of the geometry."""

GEOMETRY_MAGIC = b"\x67\x44\x6c\x61\x34\0\0\0"
LINEAR, ZERO = 0, 1

_MAGIC = b"\x30\x50\x4c\x41"
_GEOMETRY = Struct("<II32sIII")
_HEADER = Struct("<4sHHI32sI32s12I")
_FLAGS = Struct("<I124s")
_CHECKSUM = 12
"""Offset of the header's checksum."""

_PARTITION = Struct("<36sIIII")
_EXTENT = Struct("<QIQI")
_GROUP = Struct("<36sIQ")
_DEVICE = Struct("<QIIQ36sI")
_SHAPES = (("partitions", _PARTITION), ("extents", _EXTENT), ("groups", _GROUP), ("block devices", _DEVICE))
_HEADER_SIZES = (_HEADER.size, _HEADER.size + _FLAGS.size)
_MAX_SLOTS = 32
"""Slots of a device are two, of some three."""

_MAX_ROWS = 1 << 16
"""Rows of a table; there is room for some 2,700 extents in metadata as devices have it."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the copies of the metadata lie."""

    room: int
    slots: int
    block_size: int

    @classmethod
    def of(cls, view: memoryview, at: int, reading: Reading) -> "Geometry | None":
        """Return the geometry at `at`, None where there is none or its checksum does not fit."""
        if view[at : at + len(GEOMETRY_MAGIC)] != GEOMETRY_MAGIC or at + _GEOMETRY.size > len(view):
            return None
        _, _, stated, room, slots, block = _GEOMETRY.unpack_from(view, at)
        reading.cover(at, at + _GEOMETRY.size)
        found = _digest(view[at : at + _GEOMETRY.size], 8)
        if found != stated:
            reading.note_anomaly("checksum-mismatch", f"the geometry's SHA-256 is {found.hex()}", at + 8)
            return None
        if not room or room % SECTOR or not 0 < slots <= _MAX_SLOTS or not block or block % SECTOR:
            reason = f"{slots} slots of {room} bytes, blocks of {block}"
            raise MalformedInput("super", at + 40, reason)
        return cls(room, slots, block)


@dataclass(frozen=True, slots=True)
class Partition:
    """A row of the table of partitions."""

    name: bytes
    attributes: int
    first_extent: int
    extents: int
    group: int


@dataclass(frozen=True, slots=True)
class Extent:
    """A row of the table of extents, in bytes."""

    size: int
    kind: int
    start: int
    device: int


@dataclass(frozen=True, slots=True)
class Group:
    """A row of the table of groups."""

    name: bytes
    flags: int
    most: int


@dataclass(frozen=True, slots=True)
class Device:
    """A row of the table of block devices."""

    first_sector: int
    alignment: int
    alignment_offset: int
    size: int
    name: bytes
    flags: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """One copy of the metadata of one slot."""

    raw: bytes
    """Header and tables, as they stand."""

    sound: bool
    """Whether both checksums fit."""

    minor: int
    flags: int
    partitions: tuple[Partition, ...]
    extents: tuple[Extent, ...]
    groups: tuple[Group, ...]
    devices: tuple[Device, ...]


def read_metadata(view: memoryview, at: int, room: int, reading: Reading) -> Metadata | None:
    """Read the copy at `at`; account for its bytes, and note what is wrong with them.

    Returns:
        None where there is none, or it cannot be read.
    """
    view = view[at : at + room]
    if len(view) < _HEADER.size or view[:4] != _MAGIC:
        return None
    _, major, minor, size, header_sum, tables_size, tables_sum, *tables = _HEADER.unpack_from(view)
    if major != 10 or size not in _HEADER_SIZES or size > len(view) or tables_size > len(view) - size:
        detail = f"version {major}.{minor}, a header of {size} bytes and tables of {tables_size} in {len(view)}"
        reading.note_anomaly("malformed", detail, at)
        return None
    flags, reserved = _FLAGS.unpack_from(view, _HEADER.size) if size > _HEADER.size else (0, b"")
    if any(reserved):
        reading.note_anomaly("reserved-bits", "a reserved field of the metadata is set", at + 132)
    reading.cover(at, at + size)
    body = view[size : size + tables_size]
    sound = _is_sound(view[:size], header_sum, "header", at, reading)
    sound &= _is_sound(body, tables_sum, "tables", at + size, reading)
    rows = []
    for number, (name, shape) in enumerate(_SHAPES):
        offset, count, row = tables[3 * number : 3 * number + 3]
        if row != shape.size or offset + count * row > tables_size or count > _MAX_ROWS:
            detail = f"{count} {name} of {row} bytes at {offset}, the tables have {tables_size}"
            reading.note_anomaly("malformed", detail, at + 80 + 12 * number)
            return None
        reading.cover(at + size + offset, at + size + offset + count * row)
        rows.append(_rows(body[offset : offset + count * row], shape))
    partitions, extents, groups, devices = rows
    return Metadata(
        bytes(view[: size + tables_size]),
        sound,
        minor,
        flags,
        tuple(Partition(*row) for row in partitions),
        tuple(Extent(length * SECTOR, kind, start * SECTOR, device) for length, kind, start, device in extents),
        tuple(Group(*row) for row in groups),
        tuple(Device(*row) for row in devices),
    )


def _rows(table: memoryview, shape: Struct) -> Iterator[tuple[Any, ...]]:
    return shape.iter_unpack(table)


def _is_sound(data: memoryview, stated: bytes, name: str, at: int, reading: Reading) -> bool:
    found = _digest(data, _CHECKSUM) if name == "header" else sha256(data).digest()
    if found != stated:
        detail = f"the SHA-256 of the metadata's {name} is {found.hex()}, stated {stated.hex()}"
        reading.note_anomaly("checksum-mismatch", detail, at)
    return found == stated


def _digest(data: memoryview, at: int) -> bytes:
    """Return the SHA-256 of `data` with the 32 bytes at `at`, where it is stated itself, as zero."""
    made = sha256(data[:at])
    made.update(bytes(32))
    made.update(data[at + 32 :])
    return made.digest()
