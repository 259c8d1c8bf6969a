"""Group descriptors: where each block group keeps its bitmaps and its inode table.

======  ====  ==================================================================
offset  size  field (high half at, where descriptors have 64 bytes or more)
======  ====  ==================================================================
0x00    4     block bitmap (0x20); 0x04 inode bitmap (0x24); 0x08 inode table (0x28)
0x12    2     flags: 1 inodes unused, 2 block bitmap not initialised
0x18    2     checksum of the block bitmap (0x38); 0x1A of the inode bitmap (0x3A)
0x1E    2     checksum of the descriptor
======  ====  ==================================================================

Source: Linux Documentation/filesystems/ext4/group_descr.rst, fs/ext4/super.c (`ext4_group_desc_csum`).
"""

from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ext.checksums import START, crc16, crc32c
from trueware.formats.filesystems.ext.superblock import Superblock

_LOW = Struct("<3I 6x H 4x 2H 2x H")
_HIGH = Struct("<3I 12x 2H")
_INODES_UNUSED, _BLOCKS_UNINITIALISED = 1, 2
_NARROW, _WIDE = 32, 64


class Group(NamedTuple):
    """One block group."""

    block_bitmap: int
    inode_bitmap: int
    inode_table: int
    inodes_unused: bool
    """No inode of it was ever used; the inode bitmap does not count."""
    blocks_unset: bool
    """The block bitmap does not count: only the group's own metadata is in use."""
    block_checksum: int
    inode_checksum: int
    checksum_mask: int


def read_groups(view: memoryview, sb: Superblock, reading: Reading) -> list[Group]:
    """Return the groups whose descriptors are there, all of them unless `view` is truncated.

    Raises:
        MalformedInput: not even the first descriptor is there, or one points out of the file system.
    """
    groups: list[Group] = []
    for index in range(sb.descriptor_blocks):
        block = sb.descriptor_block(index)
        if (block + 1) * sb.block_size > len(view):
            break
        here = min(sb.descriptors_per_block, sb.groups - len(groups))
        for place in range(here):
            at = block * sb.block_size + place * sb.descriptor_size
            raw = bytes(view[at : at + sb.descriptor_size])
            group = _group(raw, sb, at)
            if sb.descriptors_checked:
                _check(raw, len(groups), at, sb, reading)
            groups.append(group)
    if not groups:
        raise MalformedInput("ext", len(view), "the group descriptors are missing")
    return groups


def _group(raw: bytes, sb: Superblock, at: int) -> Group:
    block_bitmap, inode_bitmap, inode_table, flags, block_sum, inode_sum, _ = _LOW.unpack_from(raw)
    mask = 0xFFFF
    if len(raw) >= _WIDE:
        high = _HIGH.unpack_from(raw, _NARROW)
        block_bitmap |= high[0] << 32
        inode_bitmap |= high[1] << 32
        inode_table |= high[2] << 32
        block_sum |= high[3] << 16
        inode_sum |= high[4] << 16
        mask = 0xFFFFFFFF
    if not sb.descriptors_checked:
        flags = 0
    last = max(block_bitmap, inode_bitmap, inode_table + sb.inode_table_blocks - 1)
    if last >= sb.blocks or min(block_bitmap, inode_bitmap, inode_table) <= sb.first_data_block:
        raise MalformedInput("ext", at, "a group's bitmaps or inodes are outside of the file system")
    unused, unset = bool(flags & _INODES_UNUSED), bool(flags & _BLOCKS_UNINITIALISED)
    return Group(block_bitmap, inode_bitmap, inode_table, unused, unset, block_sum, inode_sum, mask)


def _check(raw: bytes, number: int, at: int, sb: Superblock, reading: Reading) -> None:
    stated = int.from_bytes(raw[0x1E:0x20], "little")
    numbered = number.to_bytes(4, "little")
    if sb.checksummed:
        found = crc32c(sb.seed, numbered + raw[:0x1E] + b"\0\0" + raw[0x20:]) & 0xFFFF
    else:
        found = crc16(START & 0xFFFF, sb.fields.uuid + numbered + raw[:0x1E] + raw[0x20:])
    if found != stated:
        detail = f"checksum of the descriptor of group {number} is {found:04x}, it says {stated:04x}"
        reading.note_anomaly("checksum-mismatch", detail, at + 0x1E)
