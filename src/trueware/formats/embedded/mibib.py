"""Qualcomm's partition tables for NAND flash: the one a flash tool is given (partition.mbn), and the blocks a boot loader keeps.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       8     0xAA7D1B9A 0x1F7D48BC: what a tool is given;
              0x55EE73AA 0xE35EBDDB: where the partitions are
8       4     version, 3 or 4
12      4     number of partitions
16      28    a partition; and so on
======  ====  ==========================================================

======  ====  ==========================================================
offset  size  partition, as a tool is given it
======  ====  ==========================================================
0       16    name
16      4     length
20      2     length of the reserve for bad blocks
22      2     which flash
24      4     attributes; the last is FE where lengths are in blocks, FF where they are in KiB
======  ====  ==========================================================

======  ====  ==========================================================
offset  size  partition, where it is
======  ====  ==========================================================
0       16    name
16      8     first block, number of blocks
24      3     attributes
27      1     which flash
======  ====  ==========================================================

A block of the boot loader (MIBIB) begins with a page that has only 0xFE569FAC 0xCD7F127A, a version and an age; the tables have a
page each behind it.

Source: Linux ``drivers/mtd/parsers/qcomsmempart.c``, qdl (linux-msm) for the block. The first table is confirmed by that of a modem,
which comes with the list it was made from; no block of a boot loader was at hand.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.model.limits import Limits

_BLOCK = bytes.fromhex("ac9f56fe7a127fcd")
_GIVEN, _PLACED = bytes.fromhex("9a1b7daabc487d1f"), bytes.fromhex("aa73ee55dbbd5ee3")
_KINDS = {_GIVEN: "given", _PLACED: "placed"}
_HEADER, _AGE = Struct("<8sII"), Struct("<8sII")
_PARTITION_GIVEN, _PARTITION_PLACED = Struct("<16sIHH4s"), Struct("<16sII3sB")
_SIZE = 28
_MOST = 128
_PAGES = (512, 2048, 4096, 8192, 16384)
_AHEAD = 4
"""Pages of a block in which tables are looked for."""


class Mibib:
    """A table of partitions, or a block with two of them."""

    name: ClassVar[str] = "mibib"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "partition tables for NAND flash (partition.mbn, MIBIB)", "Qualcomm",
        ("Linux drivers/mtd/parsers/qcomsmempart.c", "linux-msm/qdl"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _BLOCK), *(Magic(0, magic) for magic in _KINDS))

    @staticmethod
    def matches(view: memoryview) -> bool:
        if bytes(view[:8]) == _BLOCK:
            return _page(view) is not None
        return _is_table(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most two tables of 128 partitions)
        if not Mibib.matches(view):
            raise MalformedInput("mibib", 0, "no table")
        reading = Reading()
        if (page := _page(view)) is None:
            reading.end = _read_table(view, 0, reading)
            return reading
        _, version, age = _AGE.unpack_from(view)
        reading.facts |= {"version": str(version), "age": str(age)}
        reading.cover(0, _AGE.size)
        for at in range(page, min(_AHEAD * page, len(view)), page):
            if _is_table(view[at:]):
                _read_table(view, at, reading)
        return reading


def _page(view: memoryview) -> int | None:
    """Return the length of a page of a boot loader's block, None where it is none."""
    if bytes(view[:8]) != _BLOCK:
        return None
    return next((page for page in _PAGES if _is_table(view[page : 2 * page])), None)


def _is_table(view: memoryview) -> bool:
    if len(view) < _HEADER.size or bytes(view[:8]) not in _KINDS:
        return False
    _, version, count = _HEADER.unpack_from(view)
    return version in (3, 4) and 0 < count <= _MOST


def _read_table(view: memoryview, at: int, reading: Reading) -> int:
    """Tell the partitions of the table at `at`, and return where it ends."""
    magic, version, count = _HEADER.unpack_from(view, at)
    end = at + _HEADER.size + count * _SIZE
    if end > len(view):
        raise MalformedInput("mibib", at + 12, f"{count} partitions in {len(view) - at} bytes")
    kind = _KINDS[magic]
    reading.facts[f"{kind}-version"] = str(version)
    for number, start in enumerate(range(at + _HEADER.size, end, _SIZE)):
        name = f"{kind}-{number:03}"
        tell(reading.facts, name, view[start : start + 16])
        reading.facts |= {f"{name}-{field}": value for field, value in _fields(view, start, magic)}
    reading.cover(at, end)
    return int(end)


def _fields(view: memoryview, start: int, magic: bytes) -> Iterator[tuple[str, str]]:
    if magic == _GIVEN:
        _, size, reserve, flash, attributes = _PARTITION_GIVEN.unpack_from(view, start)
        yield from (("size", str(size)), ("reserve", str(reserve)))
    else:
        _, first, size, attributes, flash = _PARTITION_PLACED.unpack_from(view, start)
        yield from (("start", str(first)), ("size", str(size)))
    yield from (("attributes", attributes.hex()), ("flash", str(flash)))
