"""Volume descriptors: sectors of 2,048 bytes from 32,768 on, up to one that ends them.

======  ====  ====================================================================================
offset  size  field (numbers stand twice, little-endian and big-endian, where they have 4 or 8 bytes)
======  ====  ====================================================================================
0       1     kind: 0 boot record, 1 primary, 2 supplementary, 3 partition, FF end
1       6     ``CD001``, 1 (2: a tree with long names)
8       64    system; volume
80      8     blocks
88      32    escape sequences of a supplementary one: ``%/@``, ``%/C``, ``%/E`` say that names are UCS-2
120     12    number of volumes, which this is, bytes in a block
132     8     bytes in a path table
140     16    where path tables are: two little-endian, two big-endian, the second of each a copy
156     34    record of the root folder
190     623   volume set, publisher, preparer, application, three names of files
813     68    when it was made, was changed, expires, takes effect
881     2     1
883     512   for the application
======  ====  ====================================================================================

Source: ECMA-119 (4th edition) §9; Joliet specification (Microsoft, 1995).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.optical.space import SECTOR, Space

FORMAT = "iso9660"
START = 16 * SECTOR
MAGIC = b"CD001"
BOOT, PRIMARY, SUPPLEMENTARY, END = 0, 1, 2, 255
_UCS2 = (b"%/@", b"%/C", b"%/E")
_MOST = 64
_BOTH32, _BOTH16 = Struct("<I"), Struct("<H")
_TEXTS = ((190, 128, "volume-set"), (318, 128, "publisher"), (446, 128, "preparer"), (574, 128, "application"))
_TIMES = ((813, "made"), (830, "changed"))


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One that describes a tree."""

    at: int
    version: int
    ucs2: bool
    blocks: int
    block: int
    """Bytes."""

    tables: tuple[int, int, int]
    """Size of a path table, and the blocks of the little-endian and the big-endian one."""

    root: bytes
    """Record of the root folder."""


def both(raw: bytes, at: int, reading: Reading | None = None, where: int = 0) -> int:
    """Return a number of 32 bits that stands twice; that the two differ is reported."""
    little, big = raw[at : at + 4], raw[at + 4 : at + 8]
    if little != big[::-1] and reading is not None:
        reading.note_anomaly("contradiction", f"a number is {little.hex()} and {big.hex()}", where + at)
    return int.from_bytes(little, "little")


def sectors(view: memoryview, start: int = START) -> Iterator[tuple[int, int]]:
    """Yield kind and place of each volume descriptor of the set at `start`."""
    for at in range(start, start + _MOST * SECTOR, SECTOR):
        if at + SECTOR > len(view) or bytes(view[at + 1 : at + 6]) != MAGIC:
            raise MalformedInput(FORMAT, at, "the volume descriptors do not end")
        yield view[at], at
        if view[at] == END:
            return
    raise MalformedInput(FORMAT, start, f"more than {_MOST} volume descriptors")


def read_descriptor(view: memoryview, at: int, reading: Reading) -> Descriptor:
    """Read a descriptor of a tree."""
    raw = bytes(view[at : at + SECTOR])
    block = _BOTH16.unpack_from(raw, 128)[0]
    if block not in (512, 1024, 2048) or raw[128:130] != raw[130:132][::-1]:
        raise MalformedInput(FORMAT, at + 128, f"blocks of {block} bytes")
    tables = (both(raw, 132, reading, at), _BOTH32.unpack_from(raw, 140)[0], int.from_bytes(raw[148:152], "big"))
    ucs2 = raw[0] == SUPPLEMENTARY and raw[88:91] in _UCS2
    return Descriptor(at, raw[6], ucs2, both(raw, 80, reading, at), block, tables, raw[156:190])


def tell(view: memoryview, primary: Descriptor, reading: Reading) -> None:
    """Describe the volume."""
    raw = bytes(view[primary.at : primary.at + SECTOR])
    for start, name in ((40, "label"), (8, "system")):
        if text := _text(raw[start : start + 32]):
            reading.facts[name] = text
    for start, size, name in _TEXTS:
        if text := _text(raw[start : start + size]):
            reading.notes[name] = text
    for start, name in _TIMES:
        if (text := _text(raw[start : start + 16])).strip("0"):
            reading.notes[name] = text
    reading.notes["block-size"] = str(primary.block)
    if own := raw[883:1395].strip(b"\0 "):
        reading.notes["application-use"] = f"{len(own)} bytes"
    if rest := raw[1395:].strip(b"\0"):
        detail = f"{len(rest)} bytes behind the fields of the volume descriptor"
        reading.note_anomaly("hidden-content", detail, primary.at + 1395)


def claim(view: memoryview, space: Space, start: int) -> None:
    """Claim the volume descriptors of the set at `start`."""
    for _, at in sectors(view, start):
        space.take(at, at + SECTOR)


def _text(raw: bytes) -> str:
    return raw.rstrip(b" \0").decode("utf-8", "surrogateescape")
