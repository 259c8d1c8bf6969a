"""The system area: the first 32,768 bytes of a disc, where a hybrid image has the partition tables of a disk.

Written to a stick, a hybrid image is a disk: it has a master boot record (four entries of 16 bytes at 446, 55 AA at 510), or a GUID
partition table (header ``EFI PART`` at 512, entries where it says), or both. A partition that begins in front of the volume
descriptors and holds them is the disc itself; any other one is a region of its own.

Source: UEFI Specification 2.10 §5; xorriso's doc/boot_sectors.txt.
"""

from collections.abc import Iterator, Mapping
from struct import Struct
from zlib import crc32

from trueware.formats.contract import Content, Entry, Held, Reading
from trueware.formats.filesystems.optical.iso9660.descriptors import START
from trueware.formats.filesystems.optical.space import Space
from trueware.formats.regions import region
from trueware.model.part import Kind

_SECTOR, _TABLE = 512, 446
_SIGNATURE = b"\x55\xaa"
_MBR = Struct("<B3xB3xII")
_GPT_MAGIC = b"EFI PART"
_GPT = Struct("<8sIII4xQQQQ16sQIII")
_GPT_ENTRY = Struct("<16s16sQQQ72s")
_MOST = 1 << 20
"""Bytes of entries."""

_Facts = tuple[tuple[str, str], ...]
_Partition = tuple[str, int, int, _Facts]
"""Name, first byte, bytes, facts."""


def partitions(
    view: memoryview, starts: Mapping[int, tuple[Content, int]], space: Space, reading: Reading
) -> Iterator[Entry]:
    """Yield what stands in the system area, and the partitions of its tables; `starts` has contents of files by their place."""
    if not any(view[:START]):
        space.take(0, START)
        return
    code = _TABLE if bytes(view[510:512]) == _SIGNATURE else _SECTOR
    if any(view[:code]):
        yield Entry("boot-code", Kind.REGION, Held(view[:code]), code, offset=0)
    space.take(0, _SECTOR)
    places: list[_Partition] = []
    if code == _TABLE:
        for number in range(4):
            status, kind, first, count = _MBR.unpack_from(view, _TABLE + 16 * number)
            if any(view[_TABLE + 16 * number : _TABLE + 16 * number + 16]):
                raw = bytes(view[_TABLE + 16 * number : _TABLE + 16 * number + 16])
                facts: _Facts = (("active", str(bool(status)).lower()), ("entry", raw.hex()), ("type", f"{kind:#04x}"))
                places.append((f"partition-{number + 1}", first * _SECTOR, count * _SECTOR, facts))
    rest = _SECTOR
    if bytes(view[_SECTOR : _SECTOR + 8]) == _GPT_MAGIC:
        space.take(_SECTOR, 2 * _SECTOR)
        rest = 2 * _SECTOR
        places += _read_gpt(view, space, reading)
    for name, start, size, facts in places:
        first, count = start // _SECTOR, size // _SECTOR
        reading.facts[name] = " ".join(
            f"{key}={value}" for key, value in (*facts, ("first", str(first)), ("sectors", str(count)))
        )
        if start <= START or not size:
            continue
        known = starts.get(start)
        if known is not None and known[1] == size:
            yield Entry(name, Kind.REGION, known[0], size, offset=start, facts=facts)
        else:
            entry = region(name, view, start, size, reading, facts)
            space.share(start, start + entry.size)
            yield entry
    if not any(view[rest:START]):
        space.share(rest, START)


def _read_gpt(view: memoryview, space: Space, reading: Reading) -> Iterator[_Partition]:
    """Yield name, place, size and facts of each partition of a GUID partition table."""
    _, _, size, stated, own, other, _, _, _, table, count, length, entries_crc = _GPT.unpack_from(view, _SECTOR)
    header = bytes(view[_SECTOR : 2 * _SECTOR])
    start, end = table * _SECTOR, table * _SECTOR + count * length
    if not 92 <= size <= _SECTOR or length < _GPT_ENTRY.size or count * length > _MOST or end > len(view):
        reading.note_anomaly("malformed", "the GUID partition table", _SECTOR)
        return
    if crc32(header[:16] + bytes(4) + header[20:size]) != stated:
        reading.note_anomaly("checksum-mismatch", "the header of the GUID partition table", _SECTOR)
    raw = bytes(view[start:end])
    if crc32(raw) != entries_crc:
        reading.note_anomaly("checksum-mismatch", "the entries of the GUID partition table", start)
    if own != 1:
        reading.note_anomaly("contradiction", f"the GUID partition table says it is at sector {own}", _SECTOR)
    space.share(start, end)
    _take_copy(view, other * _SECTOR, header, raw, space, reading)
    for number in range(count):
        kind, unique, first, last, attributes, label = _GPT_ENTRY.unpack_from(raw, number * length)
        if not any(kind):
            continue
        facts: _Facts = (
            ("attributes", f"{attributes:#x}"),
            ("guid", unique.hex()),
            ("name", label.decode("utf-16-le", "replace").rstrip("\0")),
            ("type", kind.hex()),
        )
        yield f"gpt-partition-{number + 1}", first * _SECTOR, max(last - first + 1, 0) * _SECTOR, facts


def _take_copy(view: memoryview, at: int, header: bytes, raw: bytes, space: Space, reading: Reading) -> None:
    """Compare the copy of the table at the end of the disk."""
    if at + _SECTOR > len(view) or bytes(view[at : at + 8]) != _GPT_MAGIC:
        reading.note_anomaly("contradiction", "there is no copy of the GUID partition table", at)
        return
    fields = _GPT.unpack_from(view, at)
    start = fields[9] * _SECTOR
    if bytes(view[start : start + len(raw)]) != raw or bytes(view[at + 56 : at + 72]) != header[56:72]:
        reading.note_anomaly("contradiction", "the GUID partition table and its copy differ", at)
        return
    space.share(start, start + len(raw))
    space.share(at, at + _SECTOR)
