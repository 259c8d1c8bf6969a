"""Nodes: inodes, and the blocks of addresses below them.

======  ====  =====================================================================================================
offset  size  field of an inode
======  ====  =====================================================================================================
0       2     mode
2       1     hints: 4 encrypted, 8 with an encrypted name, 40 with a tree of hashes
3       1     inline: 1 attributes, 2 data, 4 listing, 8 data are there, 10 no . and .., 20 more fields
4       4, 4  user, group
12      4     links
16      8     size
48      8     modified
68      4     generation
72      4     of a folder: number of levels
76      4     node with more attributes
80      4     flags: 4 packed, 10 immutable, 20 append only, 40000000 upper and lower case are one
84      4     folder
347     1     of a folder: level of the first
360     ..    more fields, where there are: u16 their length, u16 words of attributes, u32 project, u32 checksum, u64 and
              u32 made, u64 blocks saved, u8 packing, u8 log2 of blocks packed together, u16 flags of packing
..      ..    addresses of blocks, or what is inline, up to 4052; attributes at their end
4052    5x4   nodes of addresses: two direct, two indirect, one of indirect ones
4072    4, 4  of all nodes: its number, its inode
======  ====  =====================================================================================================

Source: Linux include/linux/f2fs_fs.h, fs/f2fs/node.c, inode.c.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, unpack_from

from trueware.errors import MalformedInput
from trueware.formats.filesystems.f2fs.checkpoint import NodeTable
from trueware.formats.filesystems.f2fs.superblock import (
    BLOCK,
    EXTRA,
    FLEXIBLE_XATTRS,
    FORMAT,
    INODE_SUMS,
    Superblock,
    checksum,
)

NEW, PACKED = 0xFFFFFFFF, 0xFFFFFFFE
"""Addresses of blocks that were reserved and not written, and of the first one of blocks that are packed together."""

ADDRESSES = 1018
"""In a node of addresses."""

HINT_ENCRYPTED, HINT_VERITY = 0x04, 0x40
INLINE_XATTRS, INLINE_DATA, INLINE_LISTING, INLINE_NO_DOTS, INLINE_EXTRA = 0x01, 0x02, 0x04, 0x10, 0x20
FLAG_PACKED, FLAG_IMMUTABLE, FLAG_APPEND, FLAG_CASEFOLD = 0x4, 0x10, 0x20, 0x40000000

_INODE = Struct("<H2B3IQ24xQ12xI4x3I")
_EXTRA = Struct("<2H2I20x2BH")
_FOOTER = Struct("<2I")
_START, _END, _FOOTER_AT = 360, 4052, 4072
_SUM_AT = 368
_DEPTH_AT, _LEVEL_AT = 72, 347
_USUAL_XATTRS = 50


@dataclass(frozen=True, slots=True)
class Inode:
    """One inode, and its block."""

    number: int
    at: int
    raw: memoryview
    mode: int
    hints: int
    inline: int
    uid: int
    gid: int
    links: int
    size: int
    modified: int
    xattr_node: int
    flags: int
    folder: int
    first: int
    """Where addresses begin."""

    last: int
    """Where they end."""

    packing: int
    cluster: int
    """log2 of blocks packed together."""

    packing_flags: int
    sound: bool
    """Whether its checksum fits."""

    @property
    def level(self) -> int:
        """Of a folder: the level of its first buckets."""
        return self.raw[_LEVEL_AT]

    @property
    def depth(self) -> int:
        """Of a folder: how many levels of buckets it has."""
        return int.from_bytes(self.raw[_DEPTH_AT : _DEPTH_AT + 4], "little")

    @property
    def held_inline(self) -> memoryview:
        """What is there instead of addresses, data or a listing."""
        return self.raw[self.first + 4 : self.last]

    @property
    def inline_attributes(self) -> memoryview:
        return self.raw[self.last : _END]


class Nodes:
    """Reads nodes by number."""

    def __init__(self, view: memoryview, sb: Superblock, table: NodeTable) -> None:
        self._view, self._sb, self._table = view, sb, table
        self._seed = checksum(sb.raw[108:124], 0xFFFFFFFF)

    def block_of(self, node: int, inode: int) -> int:
        """Return the block with a node of an inode.

        Raises:
            MalformedInput: it is not there, or is another one.
        """
        owner, block = self._table.find(node)
        at = block * BLOCK
        if not self._sb.main <= block < self._sb.blocks or at + BLOCK > len(self._view):
            raise MalformedInput(FORMAT, at, f"node {node} is at block {block:#x}")
        found = _FOOTER.unpack_from(self._view, at + _FOOTER_AT)
        if owner != inode or found != (node, inode):
            raise MalformedInput(FORMAT, at, f"node {found[0]} of inode {found[1]}, not {node} of {inode}")
        return block

    def inode(self, number: int) -> Inode:
        """Return an inode.

        Raises:
            MalformedInput: there is none.
        """
        at = self.block_of(number, number) * BLOCK
        raw = self._view[at : at + BLOCK]
        mode, hints, inline, uid, gid, links, size, modified, generation, xattr_node, flags, folder = (
            _INODE.unpack_from(raw)
        )
        extra = words = packing = cluster = packing_flags = 0
        sound = True
        if inline & INLINE_EXTRA and self._sb.features & EXTRA:
            extra, words, _, stated, packing, cluster, packing_flags = _EXTRA.unpack_from(raw, _START)
            if extra % 4 or extra > 256:
                raise MalformedInput(FORMAT, at + _START, f"{extra} bytes of more fields")
            if self._sb.features & INODE_SUMS and _START + extra >= _SUM_AT + 4:
                sound = stated == self._sum_of(raw, number, generation)
            if extra < 36:
                packing = cluster = packing_flags = 0
        if not (self._sb.features & FLEXIBLE_XATTRS and inline & INLINE_EXTRA):
            words = _USUAL_XATTRS if inline & (INLINE_XATTRS | INLINE_LISTING) else 0
        first, last = _START + extra, _END - 4 * words
        if last < first + 8:
            raise MalformedInput(FORMAT, at + _START, f"{words} words of attributes")
        return Inode(
            number, at, raw, mode, hints, inline, uid, gid, links, size, modified, xattr_node, flags, folder,
            first, last, packing, cluster, packing_flags, sound,
        )  # fmt: skip

    def _sum_of(self, raw: memoryview, number: int, generation: int) -> int:
        seed = checksum(generation.to_bytes(4, "little"), checksum(number.to_bytes(4, "little"), self._seed))
        return checksum(raw[_SUM_AT + 4 :], checksum(bytes(4), checksum(raw[:_SUM_AT], seed)))

    def addresses(self, inode: Inode, blocks: list[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield runs of addresses: the number of their first block in the file, and the addresses.

        `blocks` gets the blocks of the nodes that were read.

        Raises:
            MalformedInput: a node is not there, or stands twice.
        """
        count = (inode.last - inode.first) // 4
        if inode.flags & FLAG_PACKED:
            count = count >> inode.cluster << inode.cluster
        yield 0, unpack_from(f"<{count}I", inode.raw, inode.first)
        seen: set[int] = set()
        per = ADDRESSES
        if inode.flags & FLAG_PACKED:
            per = per >> inode.cluster << inode.cluster
        levels = (0, 0, 1, 1, 2)
        stack = []
        for node, level in zip(unpack_from("<5I", inode.raw, _END), levels, strict=True):
            stack.append((node, level, count))
            count += per * ADDRESSES**level
        stack.reverse()
        while stack:
            node, level, index = stack.pop()
            if not node:
                continue
            if node in seen:
                raise MalformedInput(FORMAT, inode.at, f"node {node} stands twice in inode {inode.number}")
            seen.add(node)
            block = self.block_of(node, inode.number)
            blocks.append(block)
            words = unpack_from(f"<{ADDRESSES}I", self._view, block * BLOCK)
            if level:
                step = per * ADDRESSES ** (level - 1)
                stack += reversed([(each, level - 1, index + n * step) for n, each in enumerate(words)])
            else:
                yield index, words[:per]
