"""The superblock of f2fs, which stands twice, 1,024 bytes into each of the first two blocks.

======  ======  =================================================================
offset  size    field (little-endian)
======  ======  =================================================================
0       4       magic, F2F52010
4       2, 2    version
8       4x4     log2 of: sector, sectors in a block, block (12), blocks in a segment (9)
24      4, 4    segments in a section, sections in a zone
32      4       where the checksum is: 3068, or 0
36      8       blocks
44      4       sections
48      6x4     segments: all, checkpoints, segment table, node table, summaries, main
72      6x4     first block of: segments, checkpoints, segment table, node table, summaries, main
96      3x4     numbers of the root, of the nodes, of the metadata
108     16      UUID
124     1024    name, UTF-16
1664    4       blocks that a checkpoint has more than usual
1668    2x256   version of the kernel, and of the one that made it
2180    4       features
2201    8x68    devices: path, segments
2745    3x4     inodes with quotas
3068    4       CRC-32 of what is before, seeded with the magic
======  ======  =================================================================

Source: Linux include/linux/f2fs_fs.h (struct f2fs_super_block).
"""

from dataclasses import dataclass
from struct import Struct, unpack_from
from zlib import crc32

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading
from trueware.formats.names import from_wide

FORMAT = "f2fs"
MAGIC = b"\x10\x20\xf5\xf2"
BLOCK = 1 << 12
PLACES = (1024, BLOCK + 1024)
"""Of the superblocks."""

ENCRYPTED, EXTRA, INODE_SUMS, FLEXIBLE_XATTRS, READ_ONLY = 0x1, 0x8, 0x20, 0x40, 0x4000
_FEATURES = (
    "encrypt", "blkzoned", "atomic-write", "extra-attr", "project-quota", "inode-checksum", "flexible-inline-xattr",
    "quota", "inode-crtime", "lost-found", "verity", "sb-checksum", "casefold", "compression", "ro",
)  # fmt: skip
_SUMMED = 0x800
_SIZE = 3072
_FIELDS = Struct("<4s2H7IQ14I")
_SUM_AT = 3068
_SEED = 0xF2F52010


@dataclass(frozen=True, slots=True)
class Superblock:
    """The fields that are of use."""

    raw: bytes
    blocks: int
    segment: int
    """Blocks in a segment."""

    checkpoints: int
    segment_table: int
    segment_table_segments: int
    node_table: int
    node_table_segments: int
    main: int
    main_segments: int
    """First blocks of these areas."""

    root: int
    payload: int
    features: int
    quotas: tuple[int, ...]


def checksum(data: bytes | memoryview, seed: int = _SEED) -> int:
    """Return CRC-32 as f2fs has it: begun with `seed`, and not inverted."""
    return crc32(data, seed ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def looks_like(view: memoryview) -> bool:
    """Tell whether one of the superblocks is there."""
    return any(_parse(bytes(view[place : place + _SIZE])) is not None for place in PLACES)


def _parse(raw: bytes) -> Superblock | None:
    """Return the superblock, None where its fields cannot be true."""
    if len(raw) < _SIZE or raw[:4] != MAGIC:
        return None
    (
        _, _, _, sector, sectors, block, segment, _, _, sum_at, blocks, _, _, checkpoint_segments, sit_segments,
        table_segments, _, main_segments, first, checkpoints, segment_table, node_table, _, main, root,
    ) = _FIELDS.unpack_from(raw)  # fmt: skip
    (payload,) = unpack_from("<I", raw, 1664)
    (features,) = unpack_from("<I", raw, 2180)
    if (block, segment, sector + sectors) != (12, 9, 12) or sum_at not in (0, _SUM_AT):
        return None
    if features & _SUMMED and checksum(raw[:_SUM_AT]) != int.from_bytes(raw[_SUM_AT:], "little"):
        return None
    if not 2 <= first <= checkpoints < segment_table < node_table < main < blocks or checkpoint_segments < 2:
        return None
    quotas = unpack_from("<3I", raw, 2745)
    return Superblock(
        raw, blocks, 1 << segment, checkpoints, segment_table, sit_segments, node_table, table_segments, main,
        main_segments, root, payload, features, quotas,
    )  # fmt: skip


def find_superblock(view: memoryview, reading: Reading) -> Superblock:
    """Return the first sound superblock, what is to be said of both told.

    Raises:
        UnsupportedInput: the file system lies on several devices.
        MalformedInput: none of them is sound.
    """
    found = [_parse(bytes(view[place : place + _SIZE])) for place in PLACES]
    sb = found[0] or found[1]
    if sb is None:
        raise MalformedInput(FORMAT, PLACES[0], "no superblock that could be true")
    if sb.raw[2201]:
        raise UnsupportedInput(FORMAT, 2201, "a file system on several devices")
    for place, each in zip(PLACES, found, strict=True):
        if each is None:
            reading.note_anomaly("checksum-mismatch", "a superblock that cannot be true", place)
        elif each.raw != sb.raw:
            reading.note_anomaly("contradiction", "the two superblocks differ", place)
        reading.cover(place, place + _SIZE)
    names = [name for bit, name in enumerate(_FEATURES) if sb.features >> bit & 1]
    if sb.features >> len(_FEATURES):
        reading.note_anomaly("reserved-bits", f"features {sb.features:#x}", 2180)
    label = from_wide(sb.raw[124:1148], "utf-16-le").partition(b"\0")[0]
    reading.facts["features"] = " ".join(names)
    if label:
        reading.facts["label"] = label.decode("utf-8", "surrogateescape")
    reading.notes["uuid"] = sb.raw[108:124].hex()
    return sb
