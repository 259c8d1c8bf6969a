"""UBI: volumes on raw flash, spread over its erase blocks so that these wear evenly.

===========  ==============================================================
module       what it reads
===========  ==============================================================
headers      the two headers of an erase block
blocks       erase blocks, and which of them count
volumes      the table of volumes, and their content
fastmap      what a device wrote down of its blocks
===========  ==============================================================

A volume is put together from its logical blocks, wherever they lie, with a fastmap and without. Of a dynamic one the blocks up to
the last that is there are its content: a device adds erased ones behind as it likes. Source: Linux drivers/mtd/ubi/.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.containers.ubi import headers
from trueware.formats.containers.ubi.blocks import Blocks, Used
from trueware.formats.containers.ubi.fastmap import check_fastmap
from trueware.formats.containers.ubi.headers import FORMAT, read_counter
from trueware.formats.containers.ubi.volumes import Block, Record, VolumeContent, read_table
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import is_hostile
from trueware.model.limits import Limits
from trueware.model.part import Kind

_TABLES = 2


class Ubi:
    """An image of UBI volumes."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "UBI image",
        references=("Linux drivers/mtd/ubi/ubi-media.h", "Linux drivers/mtd/ubi/attach.c"),
        limitations=("the size of an erase block is a multiple of 4 KiB",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, headers.EC_MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return read_counter(view, 0) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 128 volumes)
        reading = Reading()
        blocks = Blocks(view, reading)
        reading.end = blocks.end
        reading.facts["erase-block"] = str(blocks.size)
        reading.facts["data-offset"] = str(blocks.data_offset)
        reading.entries = _volumes(view, blocks, reading)
        return reading


def _volumes(view: memoryview, blocks: Blocks, reading: Reading) -> Iterator[Entry]:
    """Yield the volumes of the table, and account for what is in none."""
    check_fastmap(view[: blocks.end], blocks, reading)
    records = _table(view, blocks, reading)
    names: set[bytes] = set()
    for record in records:
        if record.name in names or is_hostile(record.name):
            rule = "duplicate-path" if record.name in names else "hostile-name"
            reading.note_anomaly(rule, f"volume {record.number} is called {record.name!r}")
        names.add(record.name)
        yield _volume(view, record, blocks, reading)
    for number, used in blocks.used.items():
        if number >= headers.FIRST_INTERNAL and number not in headers.FASTMAP:
            reading.note_anomaly("unsupported", f"internal volume {number:#x}", next(iter(used.values())).at)
        for each in used.values():
            if number >= headers.FIRST_INTERNAL:
                blocks.cover(each.at, blocks.room)
            else:
                blocks.hide(each.at, f"of volume {number}, which is in no table")
    blocks.tell()


def _table(view: memoryview, blocks: Blocks, reading: Reading) -> list[Record]:
    """Return the records of the table; of two tables that differ the first counts, as on a device.

    Raises:
        MalformedInput: there is no table.
    """
    copies = blocks.used.pop(headers.LAYOUT, {})
    tables = []
    for number, used in sorted(copies.items()):
        if number >= _TABLES:
            blocks.hide(used.at, "behind the tables of volumes")
            continue
        blocks.cover(used.at, blocks.room)
        start = used.at + blocks.data_offset
        table = read_table(view[: blocks.end], start, blocks.room)
        if table is None:
            reading.note_anomaly("checksum-mismatch", f"table {number} of volumes", start)
        else:
            tables.append(table)
    if not tables:
        raise MalformedInput(FORMAT, 0, "no table of volumes")
    if len(copies) < _TABLES or tables[0] != tables[-1]:
        reading.note_anomaly("contradiction", "the two tables of volumes differ")
    return tables[0]


def _volume(view: memoryview, record: Record, blocks: Blocks, reading: Reading) -> Entry:
    """Return a volume as a region."""
    path = record.name.decode("utf-8", "surrogateescape")
    used = blocks.used.pop(record.number, {})
    for number in [number for number in used if number >= record.reserved]:
        blocks.hide(used.pop(number).at, f"beyond the end of volume {record.number}")
    if any(_contradicts(record, each) for each in used.values()):
        reading.note_anomaly("contradiction", "blocks say another type or alignment than the table", None, path)
    if record.updating:
        reading.note_anomaly("truncated", "an update was begun and not ended", None, path)
    static = record.type == headers.STATIC
    usable = blocks.room - record.padding
    if record.type not in (headers.DYNAMIC, headers.STATIC) or usable <= 0:
        reading.note_anomaly("malformed", f"a volume of type {record.type}, {record.padding} bytes unused", None, path)
        usable = blocks.room
    held: dict[int, Block] = {}
    counts = set()
    for number, each in used.items():
        identifier = each.identifier
        size = identifier.data_size if static else usable
        held[number] = Block(each.at + blocks.data_offset, size, identifier.data_crc if static else None)
        counts.add(identifier.blocks)
        blocks.cover(each.at, size)
    count = max(used, default=-1) + 1
    if static and used:
        if len(counts) > 1:
            reading.note_anomaly("contradiction", f"a volume of {sorted(counts)} blocks", None, path)
        count = max(counts)
    content = VolumeContent(view[: blocks.end], held, count, 0 if static else usable, path, reading)
    notes = [("reserved-blocks", str(record.reserved)), ("blocks", str(len(used)))]
    if record.autoresize:
        notes.append(("autoresize", "true"))
    return Entry(path, Kind.REGION, content, content.size or 0, facts=record.facts(), notes=tuple(sorted(notes)))


def _contradicts(record: Record, used: Used) -> bool:
    return (used.identifier.type, used.identifier.padding) != (record.type, record.padding)
