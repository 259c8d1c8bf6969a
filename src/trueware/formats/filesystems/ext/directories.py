"""Entries of a folder, block by block.

======  ====  ==================================================================================
offset  size  field
======  ====  ==================================================================================
0       4     inode, 0 where the entry is unused
4       2     length of the entry; the last one reaches to the end of the block
6       1     length of the name
7       1     kind: 1 file, 2 folder, 3 character, 4 block device, 5 FIFO, 6 socket, 7 link
8       ..    name
======  ====  ==================================================================================

Without the feature `filetype` the length of the name has both bytes. With checksums an unused entry of kind DE and 12 bytes ends
the block, its last four being the CRC-32C; the nodes of a hashed folder's index look like unused entries and have theirs
behind the room for their entries.

Source: Linux Documentation/filesystems/ext4/directory.rst, fs/ext4/namei.c.
"""

from struct import Struct

from trueware.formats.filesystems.ext.checksums import crc32c
from trueware.model.part import Kind

KINDS = {
    1: Kind.FILE, 2: Kind.DIRECTORY, 3: Kind.CHARACTER, 4: Kind.BLOCK, 5: Kind.FIFO, 6: Kind.SOCKET, 7: Kind.SYMLINK,
}  # fmt: skip
_ENTRY = Struct("<IH2B")
_WIDE_NAME = Struct("<I2H")
_TAIL = b"\0\0\0\0\x0c\0\0\xde"
_TAIL_SIZE = 12
_LONGEST_BLOCK = 65536
_COUNTS = Struct("<2H")


Name = tuple[bytes, int, int]
"""One name in a folder: the name, its inode, and its kind as in `KINDS` (0 where the folder does not say)."""


def read_block(block: bytes, *, typed: bool) -> tuple[list[Name], str]:
    """Return the entries of one block and, where they end in nonsense, what is wrong."""
    names: list[Name] = []
    at, end = 0, len(block)
    while at < end:
        if at + 8 > end:
            return names, f"an entry at {at:#x} does not fit into its block"
        if typed:
            inode, length, name_length, kind = _ENTRY.unpack_from(block, at)
        else:
            (inode, length, name_length), kind = _WIDE_NAME.unpack_from(block, at), 0
        if end >= _LONGEST_BLOCK:
            # 16 bits cannot hold 65,536, so the two that are always 0 carry the highest
            length = _LONGEST_BLOCK if length in (0, 0xFFFF) else length & 0xFFFC | (length & 3) << 16
        if length < 12 or length & 3 or 8 + name_length > length or at + length > end:
            return names, f"an entry at {at:#x} has {length} bytes, its name {name_length}"
        if inode:
            names.append((block[at + 8 : at + 8 + name_length], inode, kind))
        at += length
    return names, ""


def has_good_checksum(block: bytes, seed: int, *, indexed: bool, first: bool) -> bool:
    """Tell whether the checksum of a folder's block is there and fits."""
    end = len(block) - _TAIL_SIZE
    if block[end : end + 8] == _TAIL:
        return crc32c(seed, block[:end]).to_bytes(4, "little") == block[-4:]
    if not indexed:
        return False
    counts = 0x20 if first else 0x08
    room, count = _COUNTS.unpack_from(block, counts)
    tail = counts + 8 * room
    if count > room or tail + 8 > len(block):
        return False
    found = crc32c(seed, block[: counts + 8 * count] + block[tail : tail + 4] + bytes(4))
    return found.to_bytes(4, "little") == block[tail + 4 : tail + 8]
