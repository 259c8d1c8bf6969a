"""Inodes: compact ones of 32 bytes and extended ones of 64, at 32 times their number from the first block of inodes.

=======  ========  =====================================================================================
compact  extended  field
=======  ========  =====================================================================================
0, 2     0, 2      bit 0: extended; bits 1 to 3: layout of the content (`Layout`); bit 4: see below
2, 2     2, 2      room for extended attributes: 0 for none, else 12 bytes and 4 for each above 1
4, 2     4, 2      mode
6, 2     6, 2      links of a compact inode; else the high bits of where the content begins, or of blocks
8, 4     8, 8      size
12, 4    32, 8     time of modification, of a compact inode from the superblock's
16, 4    16, 4     first block, number of blocks where compressed, device number, or format of chunks
20, 4    20, 4     number shown where 32 bits must do
24, 2    24, 4     owner
26, 2    28, 4     group
..       40, 4     nanoseconds
..       44, 4     links
28, 4    48, 16    reserved
=======  ========  =====================================================================================

Bit 4 says of a folder that ``.`` is not listed, and of a compact inode of anything else that it has one link, so that its field
has room for high bits. Behind the inode stand its extended attributes; what comes then depends on the layout.

A number with bit 63 set is that of an inode in the metabox: the content of an inode of its own, compressed if need be.

Source: Linux fs/erofs/erofs_fs.h, inode.c.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.archived import KINDS
from trueware.formats.claims import Claims
from trueware.formats.filesystems.erofs.superblock import FORMAT, Superblock
from trueware.model.part import Kind

SLOT = 32
IN_METABOX = 1 << 63

_COMPACT = Struct("<4H4I2HI")
_EXTENDED = Struct("<4HQ4IQ2I16s")
_EXTENDED_BIT, _LAYOUT_SHIFT, _LAYOUT_MASK, _SPECIAL, _KNOWN_BITS = 0x01, 1, 0x07, 0x10, 0x1F
_ATTRIBUTE_HEADER = 12
_LOW = 0xFFFFFFFF


class Layout(IntEnum):
    """How the content of an inode is stored."""

    PLAIN = 0
    COMPRESSED_FULL = 1
    INLINE = 2
    COMPRESSED_COMPACT = 3
    CHUNKS = 4


@dataclass(frozen=True, slots=True)
class Area:
    """Bytes that hold inodes: the image, or the unpacked metabox."""

    data: memoryview
    start: int
    claims: Claims


@dataclass(slots=True)
class Inode:
    """One inode."""

    number: int
    area: Area
    at: int
    """Where it begins in its area's data."""

    kind: Kind
    layout: Layout
    mode: int
    uid: int
    gid: int
    mtime: int
    links: int
    size: int
    word: int
    """First block, device number or format of chunks, whatever stands at offset 16."""

    high: int
    """More bits of a first block."""

    is_wide: bool
    """Whether it has room for these."""

    attributes: int
    """Where its extended attributes begin."""

    end: int
    """First byte after it and its extended attributes."""

    lists_itself: bool = True
    has_reserved: bool = False

    @property
    def device(self) -> tuple[int, int]:
        """Major and minor number."""
        return self.word >> 8 & 0xFFF, self.word & 0xFF | self.word >> 12 & 0xFFF00


class InodeTable:
    """Reads inodes by number."""

    def __init__(self, sb: Superblock, image: Area) -> None:
        self._epoch, self._image = sb.fields.epoch, image
        self.metabox: Area | None = None

    def read(self, number: int) -> Inode:
        """Return an inode, claimed with its extended attributes.

        Raises:
            MalformedInput: there is none.
        """
        area = self.metabox if number & IN_METABOX else self._image
        if area is None:
            raise MalformedInput(FORMAT, 0, f"inode {number:#x} in a metabox that is not there")
        data = area.data
        at = area.start + (number & ~IN_METABOX) * SLOT
        if at + SLOT > len(data):
            raise MalformedInput(FORMAT, at, f"inode {number} is behind the end")
        bits = data[at] | data[at + 1] << 8
        if bits & ~_KNOWN_BITS or bits >> _LAYOUT_SHIFT & _LAYOUT_MASK > Layout.CHUNKS:
            raise UnsupportedInput(FORMAT, at, f"inode of format {bits:#x}")
        if bits & _EXTENDED_BIT:
            if at + _EXTENDED.size > len(data):
                raise MalformedInput(FORMAT, at, f"inode {number} runs past the end")
            fields = _EXTENDED.unpack_from(data, at)
            _, room, mode, high, size, word, _, uid, gid, mtime, _, links, rest = fields
            start, is_wide, has_reserved = at + _EXTENDED.size, True, any(rest)
        else:
            _, room, mode, high, size, mtime, word, _, uid, gid, rest = _COMPACT.unpack_from(data, at)
            start, has_reserved = at + _COMPACT.size, bool(rest)
            mtime += self._epoch
            is_wide = bits & _SPECIAL != 0 and mode & 0o170000 != 0o040000
            links, high = (1, high) if is_wide else (high, 0)
        kind = KINDS.get(mode & 0o170000)
        if kind is None:
            raise MalformedInput(FORMAT, at, f"mode {mode:#o}")
        end = start + (_ATTRIBUTE_HEADER + 4 * (room - 1) if room else 0)
        if end > len(data):
            raise MalformedInput(FORMAT, at, f"extended attributes of inode {number} run past the end")
        layout = Layout(bits >> _LAYOUT_SHIFT & _LAYOUT_MASK)
        inode = Inode(
            number, area, at, kind, layout, mode & 0o7777, uid, gid, mtime, links, size, word, high, is_wide, start, end
        )
        inode.lists_itself = not bits & _SPECIAL or kind is not Kind.DIRECTORY
        inode.has_reserved = has_reserved
        area.claims.take(at, end)
        return inode
