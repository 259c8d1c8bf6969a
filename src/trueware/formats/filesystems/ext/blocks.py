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
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import CHUNK, Buffer, Content, Held
from trueware.formats.filesystems.ext.checksums import crc32c
from trueware.formats.filesystems.ext.inodes import FLAG_EXTENTS, Inode, block_seed
from trueware.formats.filesystems.ext.space import CONTENT, METADATA, Space
from trueware.formats.filesystems.ext.superblock import Superblock

_HEADER = Struct("<4H")
_EXTENT = Struct("<I2HI")
_INDEX = Struct("<2IH2x")
_MAGIC, _NODE, _ROOT_ROOM, _MAX_DEPTH = 0xF30A, 12, 4, 5
_LOGICAL_END = 1 << 32
_WRITTEN = 32768
_DIRECT = 12
_POINTERS = Struct("<15I")
_ZEROS = memoryview(bytes(CHUNK))

Run = tuple[int, int, int, bool]
"""First logical block, count, first physical block, and whether it was written (if not it reads as zeros)."""


class BlockMap(NamedTuple):
    """Where the content of an inode lies."""

    runs: list[Run]
    """In logical order, not overlapping."""
    shared: bool
    """Some of the blocks belong to somebody else as well."""
    checked: bool
    """Every checksum on the way fitted."""


def map_blocks(inode: Inode, sb: Superblock, space: Space, owner: int = CONTENT) -> BlockMap:
    """Return where the content of an inode lies, its blocks claimed.

    Raises:
        MalformedInput: the map contradicts itself or leaves the file system.
    """
    checked = True
    if inode.flags & FLAG_EXTENTS:
        magic, entries, room, depth = _HEADER.unpack_from(inode.block)
        if magic != _MAGIC or not entries <= room <= _ROOT_ROOM:
            raise MalformedInput("ext", inode.offset, f"extents with {entries} entries, room for {room}")
        body = inode.block[_NODE : _NODE + _NODE * entries]
        runs: list[Run] = []
        if depth:
            checked = _descend(runs, body, depth, inode, sb, space)
        else:
            _read_leaf(runs, body, 0, _LOGICAL_END, space, inode.offset)
    else:
        runs = _indirect(inode, sb, space)
    shared = False
    for _, count, physical, _ in runs:
        if not space.claim(physical, count, owner):
            shared = True
    return BlockMap(runs, shared, checked)


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


def _read_leaf(runs: list[Run], body: bytes, low: int, high: int, space: Space, at: int) -> None:
    """Append the extents of a leaf, which must be in order and within ``[low, high)``."""
    for logical, length, physical_high, physical_low in _EXTENT.iter_unpack(body):
        physical = physical_low | physical_high << 32
        written = length <= _WRITTEN
        count = length if written else length - _WRITTEN
        if logical < low or not count or logical + count > high or not space.is_valid(physical, count):
            raise MalformedInput("ext", at, f"extent of {count} blocks for {logical:#x} at block {physical:#x}")
        runs.append((logical, count, physical, written))
        low = logical + count


def _descend(runs: list[Run], root: bytes, depth: int, inode: Inode, sb: Superblock, space: Space) -> bool:
    """Append the extents below an index, and tell whether all checksums fit.

    An extent outside of what its index says would be found by us and not by Linux, which looks it up: it is refused.
    """
    if depth > _MAX_DEPTH:
        raise MalformedInput("ext", inode.offset, f"extents of depth {depth}")
    seed, checked = block_seed(inode, sb), True
    # the node's entries, its depth, the logical range it speaks of, where it lies
    stack = [(root, depth, 0, _LOGICAL_END, inode.offset)]
    while stack:
        body, depth, low, high, at = stack.pop()
        if not depth:
            _read_leaf(runs, body, low, high, space, at)
            continue
        indexes = list(_INDEX.iter_unpack(body))
        bounds = [*(index[0] for index in indexes[1:]), high]
        for (logical, block_low, block_high), bound in reversed(list(zip(indexes, bounds, strict=False))):
            block = block_low | block_high << 32
            if not low <= logical < bound <= high or not space.is_valid(block):
                raise MalformedInput("ext", at, f"extent index for {logical:#x} at block {block:#x}")
            if not space.claim(block, 1, METADATA):
                raise MalformedInput("ext", at, f"block {block:#x} of extents belongs to something else as well")
            node = space.block(block)
            if len(node) < sb.block_size:
                raise MalformedInput("ext", at, "the image ends before these extents")
            magic, entries, room, below = _HEADER.unpack_from(node)
            end = _NODE + _NODE * room
            if magic != _MAGIC or entries > room or end + 4 > len(node) or below != depth - 1:
                raise MalformedInput(
                    "ext", block * sb.block_size, f"extent node of depth {below} with {entries} entries"
                )
            if sb.checksummed and crc32c(seed, node[:end]).to_bytes(4, "little") != node[end : end + 4]:
                checked = False
            stack.append((node[_NODE : _NODE + _NODE * entries], below, logical, bound, block * sb.block_size))
    return checked


def _indirect(inode: Inode, sb: Superblock, space: Space) -> list[Run]:
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
    """Add block numbers, of which 0 is a hole, as few runs as possible."""
    start, count, physical, _ = runs.pop() if runs else (logical, 0, 0, True)
    for place, pointer in enumerate(pointers, logical):
        if not pointer:
            continue
        if count and pointer == physical + count and place == start + count:
            count += 1
            continue
        if count:
            runs.append((start, count, physical, True))
        start, count, physical = place, 1, pointer
        if not space.is_valid(pointer):
            raise MalformedInput("ext", at, f"block {pointer:#x} is outside of the file system")
    if count:
        runs.append((start, count, physical, True))
        if not space.is_valid(physical, count):
            raise MalformedInput("ext", at, f"block {physical + count - 1:#x} is outside of the file system")
