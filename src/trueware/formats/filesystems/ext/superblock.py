"""The superblock of ext2/3/4 and the layout that follows from it: where backups, descriptors and groups lie.

All numbers are little-endian; the superblock is the 1,024 bytes at offset 1024.

======  ====  =================================================================================
offset  size  field
======  ====  =================================================================================
0x00    4     inodes; 0x04 blocks (low half; high half at 0x150); 0x08 reserved; 0x0C, 0x10 free
0x14    4     first data block; 0x18 block size, 0x1C cluster size (each 1024 << n)
0x20    4     blocks, 0x24 clusters, 0x28 inodes per group
0x38    2     magic EF53; 0x3A state; 0x3C behaviour on errors
0x48    4     creator OS; 0x4C revision; 0x54 first inode; 0x58 inode size
0x5C    12    features: compatible, incompatible, read-only compatible
0x68    16    UUID; 0x78 label (16); 0x88 last mounted at (64)
0xCE    2     reserved descriptor blocks; 0xE0 journal inode; 0xE4 journal device; 0xE8 orphans
0xEC    16    hash seed; 0xFC hash version; 0xFE descriptor size
0x100   4     default mount options; 0x104 first meta block group; 0x160 flags; 0x168 MMP block
0x175   1     checksum type; 0x200 mount options (64); 0x240, 0x244, 0x26C quota inodes
0x24C   8     backup groups (sparse_super2); 0x270 checksum seed; 0x27C encoding, 0x280 orphan file
0x3FC   4     CRC-32C of all before
======  ====  =================================================================================

Source: Linux Documentation/filesystems/ext4/globals.rst, fs/ext4/ext4.h, fs/ext4/super.c.
"""

from collections.abc import Iterator
from enum import IntFlag
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ext.checksums import START, crc32c

OFFSET = 1024
SIZE = 1024
ROOT_INODE = 2
_FIRST_INODE = 11
_MAGIC = b"\x53\xef"


class Compat(IntFlag):
    """Features that a reader may ignore."""

    HAS_JOURNAL = 0x4
    RESIZE_INODE = 0x10
    DIR_INDEX = 0x20
    SPARSE_SUPER2 = 0x200
    ORPHAN_FILE = 0x1000


class Incompat(IntFlag):
    """Features without which the file system cannot be read; all that are known here are."""

    FILETYPE = 0x2
    RECOVER = 0x4
    META_BG = 0x10
    EXTENTS = 0x40
    WIDE = 0x80
    """64bit: block numbers of 48 bits, group descriptors of 64 bytes or more."""
    MMP = 0x100
    FLEX_BG = 0x200
    EA_INODE = 0x400
    CSUM_SEED = 0x2000
    LARGEDIR = 0x4000
    INLINE_DATA = 0x8000
    ENCRYPT = 0x10000
    CASEFOLD = 0x20000


class RoCompat(IntFlag):
    """Features a reader may ignore and a writer may not."""

    SPARSE_SUPER = 0x1
    LARGE_FILE = 0x2
    BTREE_DIR = 0x4
    HUGE_FILE = 0x8
    GDT_CSUM = 0x10
    DIR_NLINK = 0x20
    EXTRA_ISIZE = 0x40
    QUOTA = 0x100
    BIGALLOC = 0x200
    METADATA_CSUM = 0x400
    READONLY = 0x1000
    PROJECT = 0x2000
    SHARED_BLOCKS = 0x4000
    VERITY = 0x8000
    ORPHAN_PRESENT = 0x10000


_KNOWN_INCOMPAT = sum(Incompat)
_KNOWN_RO_COMPAT = sum(RoCompat)
_HURD = 1
_STATE_CLEAN = 1
_ON_ERRORS = {1: "continue", 2: "remount-ro", 3: "panic"}
_ENCODING_STRICT = 1


class Fields(NamedTuple):
    """The fields of the superblock that count, as they stand."""

    inodes: int
    blocks_low: int
    first_data_block: int
    log_block: int
    log_cluster: int
    blocks_per_group: int
    clusters_per_group: int
    inodes_per_group: int
    state: int
    on_errors: int
    creator: int
    revision: int
    reserved_uid: int
    reserved_gid: int
    first_inode: int
    inode_size: int
    compat: int
    incompat: int
    ro_compat: int
    uuid: bytes
    label: bytes
    reserved_descriptor_blocks: int
    journal_inode: int
    journal_device: int
    last_orphan: int
    hash_seed: bytes
    descriptor_size: int
    default_options: int
    first_meta_group: int
    blocks_high: int
    flags: int
    mmp_block: int
    checksum_type: int
    options: bytes
    user_quota: int
    group_quota: int
    backup_groups_0: int
    backup_groups_1: int
    project_quota: int
    checksum_seed: int
    encoding: int
    encoding_flags: int
    orphan_file: int


_FIELDS = Struct(
    "<2I 12x 3I 3I 8x 6x 2H 10x 2I 2H I H 2x 3I 16s 16s 64x 4x 2x H"  # to 0xD0
    "16x 3I 16s 2x H 2I 4x 68x I 12x I 4x Q 5x B 10x 128x"  # to 0x200
    "64s 2I 4x 2I 24x 2I 8x 2H I"
)


class Superblock:
    """What the primary superblock says, checked for plausibility.

    Attributes:
        blocks: blocks of the file system, its first at byte 0.
        block_size: bytes.
        groups: number of block groups.
        wide: whether block numbers have more than 32 bits.
        checksummed: whether metadata carries CRC-32C.
        seed: what these start from.
        shares_blocks: whether several files may hold the same blocks, as in Android's read-only images.
    """

    def __init__(self, view: memoryview) -> None:
        if len(view) < OFFSET + SIZE or view[OFFSET + 56 : OFFSET + 58] != _MAGIC:
            raise MalformedInput("ext", OFFSET, "no superblock")
        self.raw = bytes(view[OFFSET : OFFSET + SIZE])
        self.fields = fields = Fields(*_FIELDS.unpack_from(self.raw))
        if fields.revision > 1 or fields.creator == _HURD:
            raise UnsupportedInput("ext", OFFSET + 0x48, f"revision {fields.revision}, creator {fields.creator}")
        if unknown := fields.incompat & ~_KNOWN_INCOMPAT:
            raise UnsupportedInput("ext", OFFSET + 0x60, f"incompatible features {unknown:#x}")
        self.incompat, self.ro_compat = Incompat(fields.incompat), RoCompat(fields.ro_compat & _KNOWN_RO_COMPAT)
        self.compat = fields.compat
        self._measure_blocks(fields)
        self._measure_inodes(fields)
        self.checksummed = RoCompat.METADATA_CSUM in self.ro_compat
        self.descriptors_checked = self.checksummed or RoCompat.GDT_CSUM in self.ro_compat
        if self.checksummed and fields.checksum_type != 1:
            raise UnsupportedInput("ext", OFFSET + 0x175, f"checksum type {fields.checksum_type}")
        # asked for every inode, where a look into a set of flags would be felt
        self.shares_blocks = RoCompat.SHARED_BLOCKS in self.ro_compat
        self.has_mmp = Incompat.MMP in self.incompat
        self.has_extents = Incompat.EXTENTS in self.incompat
        self.has_inline_data = Incompat.INLINE_DATA in self.incompat
        self.seed = fields.checksum_seed if Incompat.CSUM_SEED in self.incompat else crc32c(START, fields.uuid)

    def _measure_blocks(self, fields: Fields) -> None:
        if fields.log_block > 6:
            raise MalformedInput("ext", OFFSET + 0x18, f"block size 1024 << {fields.log_block}")
        self.block_size = 1024 << fields.log_block
        self.wide = Incompat.WIDE in self.incompat
        self.blocks = fields.blocks_low | (fields.blocks_high << 32 if self.wide else 0)
        clustered = RoCompat.BIGALLOC in self.ro_compat
        shift = fields.log_cluster - fields.log_block if clustered else 0
        self.bits_per_group = fields.clusters_per_group if clustered else fields.blocks_per_group
        self.blocks_per_group = fields.blocks_per_group
        if not 0 <= shift <= 16 or not 0 < self.bits_per_group <= 8 * self.block_size:
            raise MalformedInput("ext", OFFSET + 0x1C, f"{self.bits_per_group} clusters of {shift=} in a group")
        self.cluster = 1 << shift
        if self.blocks_per_group != self.bits_per_group * self.cluster:
            raise MalformedInput("ext", OFFSET + 0x20, f"{self.blocks_per_group} blocks in a group")
        self.first_data_block = fields.first_data_block
        if self.first_data_block > int(self.block_size == 1024) or self.blocks <= self.first_data_block + 1:
            raise MalformedInput("ext", OFFSET + 0x14, f"{self.blocks} blocks, the first is {self.first_data_block}")
        self.groups = -(-(self.blocks - self.first_data_block) // self.blocks_per_group)

    def _measure_inodes(self, fields: Fields) -> None:
        self.inode_size, self.first_inode = (
            (fields.inode_size, fields.first_inode) if fields.revision else (128, _FIRST_INODE)
        )
        if not 128 <= self.inode_size <= self.block_size or self.inode_size & (self.inode_size - 1):
            raise MalformedInput("ext", OFFSET + 0x58, f"inodes of {self.inode_size} bytes")
        self.inodes, self.inodes_per_group = fields.inodes, fields.inodes_per_group
        if not 0 < self.inodes_per_group <= 8 * self.block_size or self.inodes != self.groups * self.inodes_per_group:
            raise MalformedInput(
                "ext", OFFSET, f"{self.inodes} inodes, {self.inodes_per_group} in each of {self.groups} groups"
            )
        self.inode_table_blocks = -(-self.inodes_per_group * self.inode_size // self.block_size)
        if not _FIRST_INODE <= self.first_inode <= max(self.inodes_per_group, _FIRST_INODE):
            raise MalformedInput("ext", OFFSET + 0x54, f"the first inode for files is {self.first_inode}")
        self.descriptor_size = fields.descriptor_size if self.wide else 32
        if not 32 << self.wide <= self.descriptor_size <= 1024 or self.descriptor_size & (self.descriptor_size - 1):
            raise MalformedInput("ext", OFFSET + 0xFE, f"descriptors of {self.descriptor_size} bytes")
        self.descriptors_per_block = self.block_size // self.descriptor_size
        self.descriptor_blocks = -(-self.groups // self.descriptors_per_block)

    # --- layout ----------------------------------------------------------------------------------------------------------

    def group_start(self, group: int) -> int:
        """Return the first block of a group."""
        return self.first_data_block + group * self.blocks_per_group

    def has_copy(self, group: int) -> bool:
        """Tell whether a group begins with a superblock and its descriptors."""
        if group == 0:
            return True
        if self.compat & Compat.SPARSE_SUPER2:
            return group in (self.fields.backup_groups_0, self.fields.backup_groups_1)
        if group == 1 or RoCompat.SPARSE_SUPER not in self.ro_compat:
            return True
        return any(_is_power(group, base) for base in (3, 5, 7))

    def descriptor_block(self, index: int) -> int:
        """Return the block that holds the `index`th block of group descriptors."""
        if Incompat.META_BG not in self.incompat or index < self.fields.first_meta_group:
            return OFFSET // self.block_size + 1 + index
        group = index * self.descriptors_per_block
        skipped = int(not group and self.block_size == OFFSET and not self.first_data_block)
        return self.group_start(group) + self.has_copy(group) + skipped

    def copies(self, end: int) -> Iterator[tuple[int, int]]:
        """Yield (first block, count) of superblocks and descriptors before block `end`: primary, backup and reserved."""
        meta = Incompat.META_BG in self.incompat
        together = min(self.fields.first_meta_group, self.descriptor_blocks) if meta else self.descriptor_blocks
        reserved = 0 if meta and not together else self.fields.reserved_descriptor_blocks
        for group in range(min(self.groups, -(-end // self.blocks_per_group))):
            start = max(self.group_start(group), OFFSET // self.block_size)
            copy = self.has_copy(group)
            if not meta or group < together * self.descriptors_per_block:
                if copy:
                    yield start, 1 + together + reserved
            else:
                place = group % self.descriptors_per_block
                yield start, copy + (place in (0, 1, self.descriptors_per_block - 1))

    # --- what it tells ---------------------------------------------------------------------------------------------------

    def tell(self, reading: Reading) -> None:
        """Put into `reading` what matters to a device, how it was packed, and what is wrong."""
        fields = self.fields
        facts = {
            "label": fields.label.rstrip(b"\0").decode("utf-8", "surrogateescape"),
            "mount-options": fields.options.rstrip(b"\0").decode("utf-8", "surrogateescape"),
            "default-options": f"{fields.default_options:#x}" if fields.default_options else "",
            "on-errors": _ON_ERRORS.get(fields.on_errors, str(fields.on_errors)) if fields.on_errors != 1 else "",
            "reserved-for": f"{fields.reserved_uid}:{fields.reserved_gid}"
            if fields.reserved_uid | fields.reserved_gid
            else "",
            "read-only": "yes" if RoCompat.READONLY in self.ro_compat else "",
        }
        if Incompat.CASEFOLD in self.incompat:
            strict = ", strict" if fields.encoding_flags & _ENCODING_STRICT else ""
            facts["casefold"] = f"encoding {fields.encoding}{strict}"
        reading.facts.update((key, value) for key, value in facts.items() if value)
        reading.notes.update(
            {
                "uuid": str(UUID(bytes=fields.uuid)),  # made anew with each image
                "block-size": str(self.block_size),
                "blocks": str(self.blocks),
                "inodes": str(self.inodes),
                "features": f"{fields.compat:#x} {fields.incompat:#x} {fields.ro_compat:#x}",
                "state": "clean" if fields.state == _STATE_CLEAN else f"not clean ({fields.state:#x})",
            }
        )
        if unknown := fields.ro_compat & ~_KNOWN_RO_COMPAT:
            reading.note_anomaly("reserved-bits", f"read-only compatible features {unknown:#x}", OFFSET + 0x64)
        if not fields.revision and fields.compat | fields.incompat | fields.ro_compat:
            reading.note_anomaly(
                "contradiction", "features in a file system of revision 0, which has none", OFFSET + 0x4C
            )
        if self.checksummed:
            found, stated = crc32c(START, self.raw[:-4]), int.from_bytes(self.raw[-4:], "little")
            if found != stated:
                detail = f"CRC-32C of the superblock is {found:08x}, it says {stated:08x}"
                reading.note_anomaly("checksum-mismatch", detail, OFFSET + 0x3FC)


def looks_like(view: memoryview) -> bool:
    """Tell whether `view` begins as an ext file system."""
    if len(view) < OFFSET + SIZE or view[OFFSET + 56 : OFFSET + 58] != _MAGIC:
        return False
    fields = Fields(*_FIELDS.unpack_from(view, OFFSET))
    return fields.log_block <= 6 and fields.revision <= 1 and fields.blocks_per_group > 0 and fields.inodes > 0


def _is_power(number: int, base: int) -> bool:
    while number % base == 0:
        number //= base
    return number == 1
