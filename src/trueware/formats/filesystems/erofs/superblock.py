"""The superblock of EROFS, and what stands behind it: settings of the compressors, and the table of further devices.

======  ====  =====================================================================================
offset  size  field (little-endian), from byte 1024
======  ====  =====================================================================================
0       4     magic, E2 E1 F5 E0
4       4     CRC-32C of the rest of this block, not inverted in the end, this field as 0
8       4     compatible features: 1 checksum, 2 mtime, 4 xattr filter, 8 shared xattrs in the metabox, 16 plain prefixes
12      1     log2 of the block size
13      1     slots of 16 bytes behind this superblock of 128
14      2     inode of the root; with 48 bits and a root at 112, the high bits of the number of blocks
16      8     number of inodes
24      8, 4  seconds and nanoseconds that times of compact inodes count from
36      4     number of blocks
40      4     first block of inodes
44      4     first block of shared extended attributes
48      16    UUID
64      16    volume name
80      4     incompatible features, see `Incompat`
84      2     algorithms in use, a bit each: lz4, lzma, deflate, zstd; without settings: LZ4's window
86      2     number of further devices
88      2     where their table begins, in units of 128 bytes
90      1     log2 of the size of a directory block, in blocks
91      1, 4  number of long prefixes of extended attributes, where they begin, in units of 4 bytes
96      8     inode that holds the ends of files ("packed")
104     1, 1  reserved, number of a prefix
108     4     seconds until this was made, from those at 24
112     8     inode of the root, with 48 bits
128     8     inode that holds other inodes ("metabox")
======  ====  =====================================================================================

The settings follow, for each algorithm in use a u16 length and as many bytes, aligned to 4. A device takes 128 bytes: 64 of a tag
(a digest), u32 number of blocks, u32 first block by which blocks of it are known, u16 and u16 more bits of both. Devices that stand
behind each other in one image are read by these.

Source: Linux fs/erofs/erofs_fs.h, super.c.
"""

from dataclasses import dataclass
from enum import IntFlag
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from google_crc32c import value as crc32c

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.claims import Claims
from trueware.formats.contract import Reading

FORMAT = "erofs"
MAGIC = b"\xe2\xe1\xf5\xe0"
OFFSET = 1024
ALGORITHMS = ("lz4", "lzma", "deflate", "zstd")


class Compat(IntFlag):
    """Features that an implementation may ignore."""

    CHECKSUM = 0x01
    MTIME = 0x02
    XATTR_FILTER = 0x04
    SHARED_XATTRS_IN_METABOX = 0x08
    PLAIN_PREFIXES = 0x10
    SHARED_INODE_XATTRS = 0x20


class Incompat(IntFlag):
    """Features that an implementation must know; several share a bit."""

    ZERO_PADDING = 0x01
    SETTINGS = 0x02
    CHUNKS = 0x04
    DEVICES = 0x08
    TAIL_PACKING = 0x10
    FRAGMENTS = 0x20
    PREFIXES = 0x40
    WIDE = 0x80
    METABOX = 0x100


_FIELDS = Struct("<4s2I2BH2Q4I16s16sI3H2BIQ2B2xIQ8x")
_ROOT_SLOT = Struct("<Q")
_SLOT = 16
_LENGTH = Struct("<H")
_DEVICE = Struct("<64s2I2H52s")
_BLOCK_LOGS = range(9, 17)
_LZ4_WINDOW = 0xFFFF


class Fields(NamedTuple):
    """The fields as they stand on disk."""

    magic: bytes
    checksum: int
    compat: int
    block_log: int
    slots: int
    root: int
    inodes: int
    epoch: int
    nanoseconds: int
    blocks: int
    meta_block: int
    xattr_block: int
    uuid: bytes
    label: bytes
    incompat: int
    algorithms: int
    devices: int
    device_slot: int
    directory_log: int
    prefixes: int
    prefix_start: int
    packed: int
    reserved: int
    shared_prefix: int
    made: int
    wide_root: int


@dataclass(frozen=True, slots=True)
class Device:
    """A further device: where its blocks are among those of all, 0 for nowhere, and how many there are."""

    first: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Superblock:
    """What the rest of the reader needs to know."""

    fields: Fields
    incompat: Incompat
    compat: Compat
    block_log: int
    root: int
    blocks: int
    algorithms: int
    """In use, a bit for each of `ALGORITHMS`."""

    metabox: int | None
    devices: tuple[Device, ...]
    is_flat: bool
    """The further devices stand in the image too, where their first blocks say."""

    @property
    def block(self) -> int:
        """Bytes in a block."""
        return 1 << self.block_log

    @property
    def size(self) -> int:
        """Bytes in the file system, with further devices where they stand in the image."""
        behind = [device.first + device.blocks for device in self.devices] if self.is_flat else []
        return max([self.blocks, *behind]) << self.block_log


def looks_like(view: memoryview) -> bool:
    """Tell whether `view` begins as an EROFS."""
    if len(view) < OFFSET + _FIELDS.size or view[OFFSET : OFFSET + 4] != MAGIC:
        return False
    return view[OFFSET + 12] in _BLOCK_LOGS


def read_superblock(view: memoryview, claims: Claims, reading: Reading) -> Superblock:
    """Return the superblock, and tell of it.

    Raises:
        UnsupportedInput: with features that are not known.
        MalformedInput: its fields cannot be true.
    """
    if len(view) < OFFSET + _FIELDS.size:
        raise MalformedInput(FORMAT, 0, "shorter than a superblock")
    fields = Fields._make(_FIELDS.unpack_from(view, OFFSET))
    if fields.magic != MAGIC or fields.block_log not in _BLOCK_LOGS:
        raise MalformedInput(FORMAT, OFFSET, f"magic {fields.magic.hex()}, blocks of 2^{fields.block_log} bytes")
    if fields.incompat >= Incompat.METABOX << 1:
        raise UnsupportedInput(FORMAT, OFFSET + 80, f"incompatible features {fields.incompat:#x}")
    if fields.directory_log:
        raise UnsupportedInput(FORMAT, OFFSET + 90, f"directory blocks of 2^{fields.directory_log} blocks")
    incompat = Incompat(fields.incompat)
    end = OFFSET + _FIELDS.size + _SLOT * fields.slots
    if end > len(view):
        raise MalformedInput(FORMAT, OFFSET + 13, f"{fields.slots} slots behind the superblock")
    root, blocks = fields.root, fields.blocks
    if Incompat.WIDE in incompat and fields.wide_root:
        root, blocks = fields.wide_root, blocks | fields.root << 32
    metabox = None
    if Incompat.METABOX in incompat:
        if not fields.slots:
            raise MalformedInput(FORMAT, OFFSET + 13, "a metabox, and no room for its number")
        (metabox,) = _ROOT_SLOT.unpack_from(view, OFFSET + _FIELDS.size)
    claims.take(OFFSET, end)
    devices = _devices(view, fields, incompat, claims, reading)
    sb = Superblock(
        fields,
        incompat,
        Compat(fields.compat & sum(Compat)),
        fields.block_log,
        root,
        blocks,
        _algorithms(view, fields, incompat, end, claims, reading),
        metabox,
        devices,
        _are_inside(devices, blocks, len(view) >> fields.block_log),
    )
    _tell(view, sb, reading)
    return sb


def _algorithms(view: memoryview, fields: Fields, incompat: Incompat, at: int, claims: Claims, reading: Reading) -> int:
    """Return which algorithms are in use; their settings are at `at`."""
    if Incompat.SETTINGS not in incompat:
        if fields.algorithms:
            reading.notes["lz4-window"] = str(fields.algorithms)
        return 1 if fields.algorithms or Incompat.ZERO_PADDING in incompat else 0
    if fields.algorithms >> len(ALGORITHMS):
        raise UnsupportedInput(FORMAT, OFFSET + 84, f"algorithms {fields.algorithms:#x}")
    for number, name in enumerate(ALGORITHMS):
        if not fields.algorithms >> number & 1:
            continue
        at = -(-at // 4) * 4
        length = int.from_bytes(view[at : at + _LENGTH.size], "little")
        end = at + _LENGTH.size + length
        if not length or end > len(view):
            raise MalformedInput(FORMAT, at, f"settings of {name} of {length} bytes")
        reading.notes[name] = bytes(view[at + _LENGTH.size : end]).hex()
        claims.take(at, end)
        at = end
    return fields.algorithms


def _devices(
    view: memoryview, fields: Fields, incompat: Incompat, claims: Claims, reading: Reading
) -> tuple[Device, ...]:
    """Return the further devices; what their tags say is a fact, since it binds what is not here."""
    if Incompat.DEVICES not in incompat or not fields.devices:
        return ()
    start = fields.device_slot * _DEVICE.size
    end = start + fields.devices * _DEVICE.size
    if end > len(view):
        raise MalformedInput(FORMAT, OFFSET + 88, f"{fields.devices} devices in a table at {start:#x}")
    claims.take(start, end)
    devices = []
    for number, (tag, blocks, first, high, first_high, rest) in enumerate(_DEVICE.iter_unpack(view[start:end]), 1):
        wide = Incompat.WIDE in incompat
        if any(rest) or (high | first_high and not wide):
            at = start + (number - 1) * _DEVICE.size
            reading.note_anomaly("reserved-bits", f"reserved bytes of device {number}", at)
        device = Device(first | first_high << 32 if wide else first, blocks | high << 32 if wide else blocks)
        devices.append(device)
        shown = tag.rstrip(b"\0").hex() or "none"
        reading.facts[f"device-{number}"] = f"{device.blocks} blocks from {device.first}, tag {shown}"
    return tuple(devices)


def _are_inside(devices: tuple[Device, ...], blocks: int, present: int) -> bool:
    """Tell whether all `devices` stand in the image, behind its own `blocks`, as Linux takes them to be where none is named."""
    return bool(devices) and all(blocks <= each.first and each.first + each.blocks <= present for each in devices)


def _tell(view: memoryview, sb: Superblock, reading: Reading) -> None:
    fields = sb.fields
    if label := fields.label.rstrip(b"\0"):
        reading.facts["label"] = label.decode("utf-8", "surrogateescape")
    reading.notes |= {
        "uuid": str(UUID(bytes=fields.uuid)),
        "block-size": str(sb.block),
        "features": f"{fields.compat:#x} {fields.incompat:#x}",
        "created": str(fields.epoch + fields.made),
    }
    if names := [name for number, name in enumerate(ALGORITHMS) if sb.algorithms >> number & 1]:
        reading.notes["compression"] = ",".join(names)
    if unknown := fields.compat & ~sum(Compat):
        reading.note_anomaly("reserved-bits", f"compatible features {unknown:#x}", OFFSET + 8)
    if fields.reserved or any(view[OFFSET + 106 : OFFSET + 108]) or any(view[OFFSET + 120 : OFFSET + _FIELDS.size]):
        reading.note_anomaly("reserved-bits", "reserved bytes of the superblock", OFFSET + 104)
    if Compat.CHECKSUM not in sb.compat:
        return
    size = sb.block - OFFSET if sb.block > OFFSET else sb.block
    data = bytes(view[OFFSET : OFFSET + size])
    found = crc32c(data[:4] + bytes(4) + data[8:]) ^ 0xFFFFFFFF
    if found != fields.checksum:
        detail = f"CRC-32C of the superblock is {found:08x}, it says {fields.checksum:08x}"
        reading.note_anomaly("checksum-mismatch", detail, OFFSET + 4)
