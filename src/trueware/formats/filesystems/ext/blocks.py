"""From an inode to the blocks of its content: extents, indirect blocks, and the content itself.

Extent node (12 + 12 n bytes; the first is in the inode, deeper ones are blocks that end with a CRC-32C)::

    header  u16 magic F30A   u16 entries   u16 room   u16 depth (0: leaf)   u32 generation
    leaf    u32 first logical block   u16 length (above 32,768: that many less, not written yet)   u16 high, u32 low start
    index   u32 first logical block   u32 low, u16 high block of the node below   u16 unused

Indirect blocks: the inode holds twelve block numbers, then one of a block of numbers, one of a block of such blocks, and one of
a third degree. The number 0 is a hole.

Source: Linux Documentation/filesystems/ext4/ifork.rst, fs/ext4/extents.c (`ext4_valid_extent_entries`).
"""

from collections.abc import Iterator
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.contract import CHUNK, Buffer, Content, Held
from trueware.formats.filesystems.ext.checksums import crc32c
from trueware.formats.filesystems.ext.inodes import FLAG_EXTENTS, Inode
from trueware.formats.filesystems.ext.space import CONTENT, METADATA, Space
from trueware.formats.filesystems.ext.superblock import Superblock

_HEADER = Struct("<4H")
_EXTENT = Struct("<I2HI")
_INDEX = Struct("<2IH2x")
_MAGIC, _NODE, _MAX_DEPTH = 0xF30A, 12, 5
_WRITTEN = 32768
_DIRECT = 12
_POINTERS = Struct("<15I")
_ZEROS = memoryview(bytes(CHUNK))

Run = tuple[int, int, int, bool]
"""First logical block, count, first physical block, and whether it was written (if not it reads as zeros)."""


class BlockMap:
    """Where the content of an inode lies.

    Attributes:
        runs: in logical order, not overlapping.
        shared: whether some of the blocks belong to somebody else as well.
        checked: whether every checksum on the way fitted.
    """

    __slots__ = ("checked", "runs", "shared")

    def __init__(self, inode: Inode, sb: Superblock, space: Space, owner: int = CONTENT) -> None:
        """Find the blocks and claim them.

        Raises:
            MalformedInput: the map contradicts itself or leaves the file system.
        """
        self.checked = True
        walk = _extents if inode.flags & FLAG_EXTENTS else _indirect
        self.runs = walk(self, inode, sb, space)
        self.shared = False
        for _, count, physical, _ in self.runs:
            if not space.claim(physical, count, owner):
                self.shared = True


class Mapped:
    """Content in several places of the image, with holes."""

    __slots__ = ("_block_size", "_runs", "_view", "group", "size")

    def __init__(self, view: memoryview, block_size: int, runs: list[Run], size: int) -> None:
        self._view, self._block_size, self._runs = view, block_size, runs
        self.size: int | None = size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        unit, at, size = self._block_size, 0, self.size or 0
        for logical, count, physical, written in self._runs:
            start = logical * unit
            if start >= size:
                break
            length = min(count * unit, size - start)
            yield from _zeros(start - at)
            at = start + length
            if not written:
                yield from _zeros(length)
                continue
            begin = physical * unit
            piece = self._view[begin : begin + length]
            if len(piece):
                yield piece
            if len(piece) < length:
                raise MalformedInput("ext", len(self._view), "the image ends within this file")
        yield from _zeros(size - at)


def content(view: memoryview, block_size: int, runs: list[Run], size: int) -> tuple[Content, int | None]:
    """Return the content that `runs` describe, and its offset in the image where it lies there in one piece."""
    if not size:
        return Held(b""), None
    if len(runs) == 1:
        logical, count, physical, written = runs[0]
        start = physical * block_size
        if written and not logical and count * block_size >= size and start + size <= len(view):
            return Held(view[start : start + size]), start
    return Mapped(view, block_size, runs, size), None


def _zeros(length: int) -> Iterator[Buffer]:
    while length > 0:
        yield _ZEROS[:length]
        length -= CHUNK


def _extents(blocks: BlockMap, inode: Inode, sb: Superblock, space: Space) -> list[Run]:
    runs: list[Run] = []
    seen = 0
    # node, where it lies, depth it must have (-1: any), logical range it may speak of
    stack: list[tuple[bytes, int, int, int, int]] = [(inode.block, inode.offset, -1, 0, 1 << 32)]
    while stack:
        node, at, expected, low, high = stack.pop()
        magic, entries, room, depth = _HEADER.unpack_from(node)
        fits = entries <= room <= (len(node) - _NODE) // _NODE and depth <= _MAX_DEPTH
        if magic != _MAGIC or not fits or expected not in (-1, depth):
            raise MalformedInput("ext", at, f"extent node of depth {depth} with {entries} entries, room for {room}")
        if expected >= 0 and sb.checksummed:
            end = _NODE * (1 + room)
            stated = node[end : end + 4]
            if crc32c(inode.seed, node[:end]).to_bytes(4, "little") != stated:
                blocks.checked = False
        body = node[_NODE : _NODE * (1 + entries)]
        if not depth:
            for logical, length, physical_high, physical_low in _EXTENT.iter_unpack(body):
                physical = physical_low | physical_high << 32
                written = length <= _WRITTEN
                count = length if written else length - _WRITTEN
                if logical < low or not count or logical + count > high or not space.is_valid(physical, count):
                    raise MalformedInput("ext", at, f"extent of {count} blocks for {logical:#x} at block {physical:#x}")
                runs.append((logical, count, physical, written))
                low = logical + count
            continue
        below: list[tuple[bytes, int, int, int, int]] = []
        indexes = list(_INDEX.iter_unpack(body))
        bounds = [index[0] for index in indexes[1:]] + [high]
        for (logical, block_low, block_high), bound in zip(indexes, bounds, strict=False):
            block = block_low | block_high << 32
            if not low <= logical < bound <= high or not space.is_valid(block):
                raise MalformedInput("ext", at, f"extent index for {logical:#x} at block {block:#x}")
            if not space.claim(block, 1, METADATA):
                raise MalformedInput("ext", at, f"block {block:#x} of extents belongs to something else as well")
            child = space.block(block)
            if len(child) < sb.block_size:
                raise MalformedInput("ext", at, "the image ends before these extents")
            below.append((child, block * sb.block_size, depth - 1, logical, bound))
            seen += 1
        stack.extend(reversed(below))
    return runs


def _indirect(_: BlockMap, inode: Inode, sb: Superblock, space: Space) -> list[Run]:
    runs: list[Run] = []
    pointers = _POINTERS.unpack(inode.block)
    numbers = Struct(f"<{sb.block_size // 4}I")
    fan = sb.block_size // 4
    _append(runs, 0, pointers[:_DIRECT], space, inode.offset)
    logical, roots = _DIRECT, []
    for degree, pointer in enumerate(pointers[_DIRECT:], 1):
        if pointer:
            roots.append((pointer, degree, logical))
        logical += fan**degree
    stack = roots[::-1]
    while stack:
        block, degree, logical = stack.pop()
        if not space.is_valid(block) or not space.claim(block, 1, METADATA):
            raise MalformedInput("ext", inode.offset, f"block {block:#x} of block numbers is not this file's")
        raw = space.block(block)
        if len(raw) < sb.block_size:
            raise MalformedInput("ext", inode.offset, "the image ends before these block numbers")
        inner = numbers.unpack(raw)
        if degree == 1:
            _append(runs, logical, inner, space, block * sb.block_size)
            continue
        span = fan ** (degree - 1)
        below = [(pointer, degree - 1, logical + place * span) for place, pointer in enumerate(inner) if pointer]
        stack.extend(reversed(below))
    return runs


def _append(runs: list[Run], logical: int, pointers: tuple[int, ...], space: Space, at: int) -> None:
    """Add block numbers to `runs`, as few runs as possible."""
    first = logical
    start, physical, count = logical, 0, 0
    if runs:
        start, count, physical, _ = runs[-1]
    for logical, pointer in enumerate(pointers, first):
        if not pointer:
            continue
        if count and pointer == physical + count and logical == start + count:
            count += 1
            continue
        if count:
            _close(runs, start, count, physical)
        if not space.is_valid(pointer):
            raise MalformedInput("ext", at, f"block {pointer:#x} is outside of the file system")
        start, physical, count = logical, pointer, 1
    if count:
        _close(runs, start, count, physical)
    if runs and not space.is_valid(runs[-1][2], runs[-1][1]):
        raise MalformedInput("ext", at, "a block is outside of the file system")


def _close(runs: list[Run], start: int, count: int, physical: int) -> None:
    """Write a run down, in the place of the last one if that is where it began."""
    run = (start, count, physical, True)
    if runs and runs[-1][0] == start:
        runs[-1] = run
    else:
        runs.append(run)
