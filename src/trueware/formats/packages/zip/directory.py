"""The central directory of zip, found from the end: records of all members. The layout is in the docstring of the package."""

from dataclasses import dataclass
from struct import Struct

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading
from trueware.model.limits import Limits

_END = Struct("<4s4H2IH")
_LOCATOR = Struct("<4sIQI")
_END64 = Struct("<4sQ2H2I4Q")
_RECORD = Struct("<4s6H3I5H2I")
_FIELD = Struct("<HH")
_END_MAGIC, _LOCATOR_MAGIC, _END64_MAGIC, _RECORD_MAGIC = b"PK\5\6", b"PK\6\7", b"PK\6\6", b"PK\1\2"
_LONGEST_TAIL = _END.size + 0xFFFF
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64 = 1
NO_FIELDS: dict[int, bytes] = {}
"""Shared by all that have none."""
_NEWEST = 63
"""Version 6.3 of the format, the last one; programs refuse members that need a later one."""


@dataclass(slots=True)
class Record:
    """What the directory says of one member."""

    at: int
    """Offset of the record itself."""

    name: bytes
    host: int
    """System whose attributes `external` holds: 3 Unix."""

    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    external: int
    offset: int
    """Of the member's own header."""

    extra: dict[int, bytes]
    comment: bytes


@dataclass(slots=True)
class Directory:
    """The directory and what stands around it."""

    start: int
    end: int
    archive_end: int
    comment: tuple[int, int]
    records: list[Record]


def find_end(view: memoryview) -> int:
    """Return the offset of the end record, -1 where there is none.

    The last one whose comment reaches the end of the bytes counts; otherwise the last one with room for its comment, for
    bytes may have been appended.
    """
    start = max(0, len(view) - _LONGEST_TAIL)
    tail = bytes(view[start:])
    found, at = -1, tail.rfind(_END_MAGIC)
    while at >= 0:
        room = len(tail) - at - _END.size
        if room >= 0:
            comment = int.from_bytes(tail[at + 20 : at + 22], "little")
            if comment == room:
                return start + at
            if comment < room and found < 0:
                found = start + at
        at = tail.rfind(_END_MAGIC, 0, at)
    return found


def read_directory(view: memoryview, limits: Limits, reading: Reading) -> Directory:
    """Read the end record, its 64-bit companion and all records of the directory.

    Raises:
        MalformedInput: there is no directory where the end record says.
        UnsupportedInput: an archive in several files.
    """
    at = find_end(view)
    if at < 0:
        raise MalformedInput("zip", len(view), "no end record: not an archive, or cut off")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(view, at)
    stop = at
    if at >= _LOCATOR.size and view[at - _LOCATOR.size : at - _LOCATOR.size + 4] == _LOCATOR_MAGIC:
        stated = (disk, first_disk, here, count, size, start)
        stop, wide = _end64(view, at, reading)
        for narrow, value, full in zip(stated, wide, (_FULL16,) * 4 + (_FULL32,) * 2, strict=True):
            if narrow not in (value, full):
                reading.note_anomaly("contradiction", f"the end record says {narrow}, the 64-bit one {value}", at)
        disk, first_disk, here, count, size, start = wide
    if disk or first_disk or here != count:
        raise UnsupportedInput("zip", at, "an archive in several files")
    if start + size > stop:
        raise MalformedInput(
            "zip", at, f"a directory of {size} bytes at {start:#x} runs into its end record at {stop:#x}"
        )
    shift = stop - size - start
    if shift:
        # what stands before the archive was put there later, or stands between directory and end record
        moved = not count or view[start : start + 4] != _RECORD_MAGIC
        reading.note_anomaly("contradiction", f"the directory ends {shift} bytes before its end record", at)
        shift = shift if moved else 0
    directory = Directory(start + shift, start + shift + size, at + _END.size + comment, (at + _END.size, comment), [])
    reading.cover(stop, directory.archive_end)
    if bytes(view[directory.end : at]).count(_END_MAGIC) or bytes(view[at + 4 : directory.archive_end]).count(
        _END_MAGIC
    ):
        reading.note_anomaly("contradiction", "more than one end record", at)
    _read_records(view, directory, shift, limits, reading)
    if len(directory.records) & (_FULL16 if count <= _FULL16 else -1) != count:
        detail = f"{len(directory.records)} members in the directory, {count} by the end record"
        reading.note_anomaly("contradiction", detail, at)
    return directory


def _end64(view: memoryview, at: int, reading: Reading) -> tuple[int, tuple[int, ...]]:
    """Return where the 64-bit end record is, and its fields in the order of the other one's."""
    _, disk, offset, disks = _LOCATOR.unpack_from(view, at - _LOCATOR.size)
    near = at - _LOCATOR.size - _END64.size
    for place in (offset, near):
        if 0 <= place <= near and view[place : place + 4] == _END64_MAGIC:
            _, size, _, _, *fields = _END64.unpack_from(view, place)
            if disk or disks > 1:
                raise UnsupportedInput("zip", place, "an archive in several files")
            if place != offset or disks != 1:
                detail = f"a 64-bit end record at {place:#x}, its locator says {offset:#x} of file {disks}"
                reading.note_anomaly("contradiction", detail, at - _LOCATOR.size)
            if place + 12 + size != at - _LOCATOR.size:
                raise MalformedInput("zip", place, "the 64-bit end record is not followed by its locator")
            return place, tuple(fields)
    raise MalformedInput("zip", at - _LOCATOR.size, f"no 64-bit end record at {offset:#x}")


def _read_records(view: memoryview, directory: Directory, shift: int, limits: Limits, reading: Reading) -> None:
    at, end = directory.start, directory.end
    while at + _RECORD.size <= end:
        magic, made, needed, flags, method, time, date, crc, packed, size, *lengths, disk, _, external, offset = (
            _RECORD.unpack_from(view, at)
        )
        name_end = at + _RECORD.size + lengths[0]
        extra_end = name_end + lengths[1]
        stop = extra_end + lengths[2]
        if magic != _RECORD_MAGIC or stop > end:
            break
        extra = fields(bytes(view[name_end:extra_end]), at, reading) if lengths[1] else NO_FIELDS
        name = bytes(view[at + _RECORD.size : name_end])
        comment = bytes(view[extra_end:stop]) if lengths[2] else b""
        if _FULL32 in (size, packed, offset):
            wide = Wide(extra.get(_ZIP64, b""), at)
            size, packed, offset = wide.take(size), wide.take(packed), wide.take(offset)
        if needed & 0xFF > _NEWEST:
            reading.note_anomaly("reserved-bits", f"needs version {needed & 0xFF} of the format", at)
        if disk not in (0, _FULL16):
            raise UnsupportedInput("zip", at, "a member in another file")
        record = Record(
            at, name, made >> 8, flags, method, time, date, crc, packed, size, external, offset + shift, extra, comment
        )
        directory.records.append(record)
        if len(directory.records) > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "members of a zip archive")
        at = stop
    reading.cover(directory.start, at)
    if at < end:
        reading.note_anomaly("malformed", "the directory does not go on with a record", at)


class Wide:
    """The 64-bit values of an extra field, in the order of the full fields that they replace."""

    __slots__ = ("_at", "_values")

    def __init__(self, values: bytes, at: int) -> None:
        self._values, self._at = values, at

    def take(self, narrow: int) -> int:
        """Return the value of a field that stands as `narrow`.

        Raises:
            MalformedInput: it is full, and there are fewer values than full fields.
        """
        if narrow != _FULL32:
            return narrow
        if len(self._values) < 8:
            raise MalformedInput("zip", self._at, "a 64-bit value is missing")
        value, self._values = int.from_bytes(self._values[:8], "little"), self._values[8:]
        return value


def fields(extra: bytes, at: int, reading: Reading) -> dict[int, bytes]:
    """Return the extra fields by id; zero bytes that align what follows are none."""
    found: dict[int, bytes] = {}
    start = 0
    while start + _FIELD.size <= len(extra):
        id_, length = _FIELD.unpack_from(extra, start)
        stop = start + _FIELD.size + length
        if stop > len(extra):
            break
        if found.setdefault(id_, extra[start + _FIELD.size : stop]) and found[id_] != extra[start + _FIELD.size : stop]:
            reading.note_anomaly("contradiction", f"two extra fields {id_:#06x}", at)
        start = stop
    if extra[start:].strip(b"\0"):
        reading.note_anomaly("contradiction", "an extra field runs past the end of all", at)
    return found
