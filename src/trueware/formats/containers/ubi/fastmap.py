"""A fastmap: what a device wrote down of its blocks, so that it need not look at every one when it starts.

It is the data of a block of an internal volume among the first 64, the anchor, and of up to 31 more that the anchor names, as one
run of bytes:

======  ====  ==============================================================
offset  size  field (big-endian)
======  ====  ==============================================================
0       4     magic 7B11D69F
4       1, 3  version, 1; unused
8       4     CRC-32 (not inverted at the end) of all, this field as 0
12      4     number of blocks it takes
16      128   these blocks, by their place in the flash
144     128   their erase counters
272     8     sequence number
312     4     magic D4B82EF7
316     5*4   number of blocks that are free, in use, to be moved, bad, to be erased
336     4     number of volumes
344     1048  pool: magic 67AF4D08, u16 size, u16 largest size, up to 256 blocks that may have changed since
1392    1048  a second pool
2440    ...   u32 block and u32 erase counter of each free block, in use, to be moved and to be erased
...     32    of each volume: magic FA370ED1, u32 number, u8 type, 3 unused, u32 unused bytes, u32 blocks, u32 last bytes, 8 unused
...     8     magic F0C040A8, u32 number of logical blocks, then u32 block for each, all ones for none
======  ====  ==============================================================

A device that takes a fastmap looks at the blocks of the pools alone; one whose CRC is wrong it ignores. The volumes we put together
from what all blocks say; that a fastmap leads to the same is verified.

Source: Linux drivers/mtd/ubi/ubi-media.h, fastmap.c. No dump of a device with a fastmap was at hand: the vectors are made by this.
"""

from struct import Struct, iter_unpack, unpack_from

from trueware.errors import MalformedInput
from trueware.formats.containers.ubi.blocks import Blocks, Used
from trueware.formats.containers.ubi.headers import FASTMAP, FORMAT, crc, read_identifier
from trueware.formats.contract import Reading

_ANCHOR, _MORE = FASTMAP
_FIRST, _HEADER, _POOL, _VOLUME, _BLOCKS = (
    Struct(">IB3xII"),
    Struct(">7I4x"),
    Struct(">IHH"),
    Struct(">2IB3x3I8x"),
    Struct(">2I"),
)
_FIRST_MAGIC, _HEADER_MAGIC, _POOL_MAGIC, _VOLUME_MAGIC, _BLOCKS_MAGIC = (
    0x7B11D69F,
    0xD4B82EF7,
    0x67AF4D08,
    0xFA370ED1,
    0xF0C040A8,
)
_VERSION = 1
_PLACES, _MAX_BLOCKS = 16, 32
_HEADER_AT, _POOLS_AT, _POOL_SIZE, _POOL_MOST, _COUNTERS_AT = 312, 344, 1048, 256, 2440
_COUNTER = 8
_LAST_START = 64
_NOWHERE = 0xFFFFFFFF

Places = dict[tuple[int, int], int]
"""Where the block is that counts, by volume and logical block."""


def check_fastmap(view: memoryview, blocks: Blocks, reading: Reading) -> None:
    """Report a fastmap that cannot be taken, or that leads a device elsewhere than the blocks themselves do."""
    anchors = blocks.used.get(_ANCHOR, {})
    if not anchors:
        return
    anchor = max(anchors.values(), key=lambda used: used.identifier.sequence)
    reading.notes["fastmap"] = str(anchor.identifier.sequence)
    try:
        told = _read(view, anchor, blocks)
    except MalformedInput as error:
        rule = "checksum-mismatch" if error.reason.startswith("CRC") else "malformed"
        reading.note_anomaly(rule, f"a fastmap, which devices ignore: {error.reason}", anchor.at)
        return
    seen = {
        (volume, number): used.at // blocks.size
        for volume, by_number in blocks.used.items()
        if volume not in FASTMAP
        for number, used in by_number.items()
    }
    if others := sum(told.get(key) != seen.get(key) for key in told.keys() | seen.keys()):
        detail = f"a fastmap leads to {others} other blocks than the blocks themselves do"
        reading.note_anomaly("contradiction", detail, anchor.at)


def _read(view: memoryview, anchor: Used, blocks: Blocks) -> Places:
    """Return where a device that takes the fastmap at `anchor` finds the blocks of all volumes.

    Raises:
        MalformedInput: it takes none such.
    """
    data = _joined(view, anchor, blocks)
    count = len(view) // blocks.size
    magic, free, used, scrub, _, erase, volumes = _HEADER.unpack_from(data, _HEADER_AT)
    at = _COUNTERS_AT + _COUNTER * (free + used + scrub + erase)
    if magic != _HEADER_MAGIC or at > len(data):
        raise MalformedInput(FORMAT, anchor.at, f"magic {magic:#x}, counters until {at}")
    in_use = {block for block, _ in iter_unpack(">2I", data[_COUNTERS_AT + _COUNTER * free : at - _COUNTER * erase])}
    places: Places = {}
    kinds: dict[int, int] = {}
    for _ in range(volumes):
        if at + _VOLUME.size + _BLOCKS.size > len(data):
            raise MalformedInput(FORMAT, anchor.at, f"{volumes} volumes run past the end")
        magic, volume, kind, _, _, _ = _VOLUME.unpack_from(data, at)
        second, reserved = _BLOCKS.unpack_from(data, at + _VOLUME.size)
        at += _VOLUME.size + _BLOCKS.size
        if (magic, second) != (_VOLUME_MAGIC, _BLOCKS_MAGIC) or at + 4 * reserved > len(data) or volume in kinds:
            raise MalformedInput(FORMAT, anchor.at, f"volume {volume} of {reserved} blocks")
        kinds[volume] = kind
        for number, (block,) in enumerate(iter_unpack(">I", data[at : at + 4 * reserved])):
            if block >> 31:
                continue
            if block not in in_use or block >= count:
                raise MalformedInput(FORMAT, anchor.at, f"block {block} of volume {volume}, which is not in use")
            places[volume, number] = block
        at += 4 * reserved
    for pool in (_POOLS_AT, _POOLS_AT + _POOL_SIZE):
        _look(view, data, pool, places, kinds, blocks)
    return places


def _joined(view: memoryview, anchor: Used, blocks: Blocks) -> bytes:
    """Return the bytes of a fastmap, put together from the blocks that hold it."""
    start = anchor.at + blocks.data_offset
    if start + _HEADER_AT > len(view):
        raise MalformedInput(FORMAT, anchor.at, "it is cut off")
    magic, version, stated, taken = _FIRST.unpack_from(view, start)
    fits = magic == _FIRST_MAGIC and version == _VERSION and 0 < taken <= _MAX_BLOCKS
    if not fits or anchor.at // blocks.size >= _LAST_START or taken * blocks.room < _COUNTERS_AT:
        raise MalformedInput(FORMAT, anchor.at, f"magic {magic:#x}, version {version}, {taken} blocks")
    parts = []
    for number, place in enumerate(unpack_from(f">{taken}I", view, start + _PLACES)):
        at = place * blocks.size
        identifier = read_identifier(view, at + blocks.header_offset)
        volume = _MORE if number else _ANCHOR
        if identifier is None or identifier.volume != volume or (not number and at != anchor.at):
            raise MalformedInput(FORMAT, anchor.at, f"block {place} is not part {number} of it")
        parts.append(view[at + blocks.data_offset : at + blocks.size])
    data = bytearray().join(parts)
    data[8:12] = bytes(4)
    if len(data) != taken * blocks.room or crc(data) != stated:
        raise MalformedInput(FORMAT, anchor.at, f"CRC-32 is {crc(data):08x}, it says {stated:08x}")
    return bytes(data)


def _look(view: memoryview, data: bytes, at: int, places: Places, kinds: dict[int, int], blocks: Blocks) -> None:
    """Take from the blocks of the pool at `at` what they themselves say, where it is newer."""
    magic, size, _ = _POOL.unpack_from(data, at)
    if magic != _POOL_MAGIC or size > _POOL_MOST:
        raise MalformedInput(FORMAT, 0, f"a pool of {size} blocks, magic {magic:#x}")
    for block in unpack_from(f">{size}I", data, at + _POOL.size):
        found = read_identifier(view, block * blocks.size + blocks.header_offset)
        if found is None:
            for key in [key for key, place in places.items() if place == block]:
                del places[key]
            continue
        if found.volume in FASTMAP:
            continue
        if found.volume not in kinds:
            raise MalformedInput(FORMAT, 0, f"block {block} of a pool, of volume {found.volume}")
        key = found.volume, found.block
        known = places.get(key)
        old = None if known is None else read_identifier(view, known * blocks.size + blocks.header_offset)
        if known is None or (old is not None and blocks.is_newer(block * blocks.size, found, old)):
            places[key] = block
