"""The superblock of minixfs, at byte 1024, and the places it gives.

==========  =========  ====================================================================
versions    version 3  field (in the byte order of the device)
1 and 2
==========  =========  ====================================================================
0, 2        0, 4       number of inodes
2, 2        20, 4      number of zones, version 1; of version 2 at 20, 4
4, 2        6, 2       blocks of the map of inodes
6, 2        8, 2       blocks of the map of zones
8, 2        10, 2      first zone of contents
10, 2       12, 2      log2 of blocks in a zone
12, 4       16, 4      size of the largest file
16, 2       24, 2      magic: 137F and 138F version 1, 2468 and 2478 version 2, with names of 14 and 30 bytes; 4D5A version 3
18, 2       ..         state: 1 clean, 2 with errors
..          28, 2      size of a block; 1,024 bytes before version 3
==========  =========  ====================================================================

Blocks 0 and 1 are these; then the maps, the inodes, the contents.

Source: Linux include/uapi/linux/minix_fs.h, fs/minix/inode.c.
"""

from dataclasses import dataclass
from struct import Struct

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading

FORMAT = "minix"
OFFSET = 1024

_MAGICS = {0x137F: (1, 14), 0x138F: (1, 30), 0x2468: (2, 14), 0x2478: (2, 30), 0x4D5A: (3, 60)}
"""Version, and bytes of a name."""

_OLD, _NEW = 16, 24
PLACES = tuple(
    (_NEW if version == 3 else _OLD, Struct(order + "H").pack(magic))
    for magic, (version, _) in _MAGICS.items()
    for order in "<>"
)
"""Where in the superblock a magic stands, and what it is."""

_OLD_FIELDS, _NEW_FIELDS = "6HI2HI", "I2x4H2x2IH2xHB"
_OLD_LENGTH, _NEW_LENGTH = 24, 32
_CLEAN = 1
_BLOCKS = (1024, 2048, 4096)


@dataclass(frozen=True, slots=True)
class Superblock:
    """What the rest of the reader needs to know."""

    order: str
    """As `struct` writes it."""

    version: int
    name_length: int
    inodes: int
    zones: int
    inode_map_blocks: int
    zone_map_blocks: int
    first_zone: int
    zone_log: int
    max_size: int
    block: int
    state: int

    @property
    def size(self) -> int:
        """Bytes in the file system."""
        return self.zones * self.block

    @property
    def length(self) -> int:
        """Bytes in the superblock."""
        return _NEW_LENGTH if self.version == 3 else _OLD_LENGTH

    @property
    def inode_size(self) -> int:
        """Bytes in an inode."""
        return 32 if self.version == 1 else 64

    @property
    def inode_map(self) -> int:
        """First byte of the map of inodes."""
        return 2 * self.block

    @property
    def zone_map(self) -> int:
        """First byte of the map of zones."""
        return self.inode_map + self.inode_map_blocks * self.block

    @property
    def inode_table(self) -> int:
        """First byte of the inodes."""
        return self.zone_map + self.zone_map_blocks * self.block

    def wrong(self) -> str:
        """Return what cannot be true, empty for nothing."""
        if self.block not in _BLOCKS or not self.inodes or not self.inode_map_blocks or not self.zone_map_blocks:
            return f"{self.inodes} inodes, blocks of {self.block} bytes"
        bits = 8 * self.block
        table = -(-self.inodes * self.inode_size // self.block)
        if self.inode_map_blocks * bits <= self.inodes:
            return f"{self.inode_map_blocks} blocks for a map of {self.inodes} inodes"
        if self.zone_map_blocks * bits < self.zones - self.first_zone + 1:
            return f"{self.zone_map_blocks} blocks for a map of {self.zones} zones"
        if not self.inode_table // self.block + table <= self.first_zone < self.zones:
            return f"contents from zone {self.first_zone} of {self.zones}"
        return ""


def _parse(view: memoryview) -> Superblock | None:
    """Return the superblock, whatever its fields say; None without a magic."""
    if len(view) < OFFSET + _NEW_LENGTH:
        return None
    for order in "<>":
        fields = Struct(order + _NEW_FIELDS).unpack_from(view, OFFSET)
        inodes, imap, zmap, first, log, largest, zones, magic, block, _ = fields
        if _MAGICS.get(magic, (0, 0))[0] == 3:
            return Superblock(order, 3, 60, inodes, zones, imap, zmap, first, log, largest, block, _CLEAN)
        fields = Struct(order + _OLD_FIELDS).unpack_from(view, OFFSET)
        inodes, zones, imap, zmap, first, log, largest, magic, state, many = fields
        version, length = _MAGICS.get(magic, (3, 0))
        if version < 3:
            zones = zones if version == 1 else many
            return Superblock(order, version, length, inodes, zones, imap, zmap, first, log, largest, OFFSET, state)
    return None


def looks_like(view: memoryview) -> bool:
    """Tell whether `view` begins as a minixfs; its magic is short, so all that can be is checked."""
    sb = _parse(view)
    return sb is not None and not sb.wrong() and sb.zone_log <= 8


def read_superblock(view: memoryview, reading: Reading) -> Superblock:
    """Return the superblock, and tell of it.

    Raises:
        UnsupportedInput: with zones of several blocks.
        MalformedInput: there is none, or its fields cannot be true.
    """
    sb = _parse(view)
    if sb is None or sb.wrong():
        raise MalformedInput(FORMAT, OFFSET, "no superblock" if sb is None else sb.wrong())
    if sb.zone_log:
        raise UnsupportedInput(FORMAT, OFFSET + 10, f"zones of 2^{sb.zone_log} blocks")
    reading.facts["byte-order"] = "little" if sb.order == "<" else "big"
    reading.notes |= {
        "version": str(sb.version),
        "block-size": str(sb.block),
        "inodes": str(sb.inodes),
        "largest-file": str(sb.max_size),
        "state": "clean" if sb.state == _CLEAN else f"not clean ({sb.state:#x})",
    }
    if sb.size > len(view):
        reading.note_anomaly("truncated", f"{sb.size - len(view)} of {sb.size} bytes are missing", len(view))
    return sb
