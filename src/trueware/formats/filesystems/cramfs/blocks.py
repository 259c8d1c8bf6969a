"""Blocks of files: each 4,096 bytes of a file are a zlib stream of their own.

::

    u32 for each block: where it ends, the first one begins behind these; then the blocks

A block that ends where it begins is a hole. With flag 0x800, bit 31 of such a pointer says that the block is stored as it is, and bit
30 that the other bits say where it begins, in words: a block stored as it is has its full length then, and a packed one begins
with a u16 length.

Source: Linux fs/cramfs/README, fs/cramfs/inode.c (`cramfs_read_folio`).
"""

from collections.abc import Iterator, Sequence
from struct import unpack, unpack_from

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.claims import Claims
from trueware.formats.codecs import inflate
from trueware.formats.contract import Buffer, Content, Held
from trueware.formats.filesystems.cramfs.superblock import FORMAT, Flag, Inode, Superblock
from trueware.formats.pieces import joined
from trueware.formats.scattered import refused, zeros
from trueware.model.limits import Limits

_BLOCK = 4096
_STORED, _DIRECT = 1 << 31, 1 << 30
_PLACE = _DIRECT - 1

Block = tuple[int, int, bool]
"""First byte, first byte after, and whether it is stored as it is."""


class Files:
    """Gives inodes their contents, and claims the bytes these lie in."""

    def __init__(self, view: memoryview, sb: Superblock, claims: Claims, limits: Limits) -> None:
        self._view, self._sb, self._claims, self._limits = view, sb, claims, limits
        self._known: dict[tuple[int, int], Content] = {}

    def of(self, inode: Inode) -> Content:
        """Return the content of a file; equal files are stored once."""
        key = inode.at, inode.size
        if key not in self._known:
            try:
                self._known[key] = self._make(inode)
            except InputError as error:
                self._known[key] = refused(error, inode.size)
        return self._known[key]

    def _make(self, inode: Inode) -> Content:
        if not inode.size:
            return Held(b"")
        if inode.size > self._limits.max_unpacked:
            raise LimitExceeded("max_unpacked", self._limits.max_unpacked, f"file of {inode.size} bytes")
        count = -(-inode.size // _BLOCK)
        start = inode.at + 4 * count
        if start > len(self._view):
            raise MalformedInput(FORMAT, inode.at, f"the places of {count} blocks run past the end")
        pointers = unpack(f"{self._sb.order}{count}I", self._view[inode.at : start])
        self._claims.share(inode.at, start)
        if max(pointers) < _DIRECT:
            blocks = [(first, end, False) for first, end in zip((start, *pointers), pointers, strict=False)]
        elif Flag.BLOCK_POINTERS in self._sb.flags:
            blocks = list(self._extended(pointers, start, inode.size))
        else:
            raise MalformedInput(FORMAT, inode.at, "pointers to blocks that have flags")
        for first, end, _ in blocks:
            if not first <= end <= len(self._view) or end - first > 2 * _BLOCK:
                raise MalformedInput(FORMAT, inode.at, f"a block from {first:#x} to {end:#x}")
            self._claims.share(first, end)
        return Packed(self._view, blocks, inode.size)

    def _extended(self, pointers: Sequence[int], first: int, size: int) -> Iterator[Block]:
        """Yield the blocks that pointers with flags lead to."""
        end = first
        for number, pointer in enumerate(pointers):
            stored, place = bool(pointer & _STORED), pointer & _PLACE
            if not pointer & _DIRECT:
                start, end = end, place
            elif stored:
                start = place << 2
                end = start + min(_BLOCK, size - number * _BLOCK)
            else:
                if (place << 2) + 2 > len(self._view):
                    raise MalformedInput(FORMAT, place << 2, "a block behind the end")
                start = (place << 2) + 2
                end = start + int(unpack_from(self._sb.order + "H", self._view, start - 2)[0])
                self._claims.share(start - 2, start)
            yield start, end, stored


class Packed:
    """The content of one file."""

    __slots__ = ("_blocks", "_view", "group", "size")

    def __init__(self, view: memoryview, blocks: list[Block], size: int) -> None:
        self._view, self._blocks = view, blocks
        self.size: int | None = size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        return joined(self._pieces())

    def _pieces(self) -> Iterator[Buffer]:
        left = self.size or 0
        for first, end, stored in self._blocks:
            size = min(left, _BLOCK)
            left -= size
            if first == end:
                yield from zeros(size)
                continue
            block = self._view[first:end]
            try:
                data = block if stored else inflate(block, _BLOCK)
            except MalformedInput as error:
                raise MalformedInput(FORMAT, first, f"block of {end - first} bytes: {error.reason}") from error
            if len(data) != size:
                raise MalformedInput(FORMAT, first, f"block of {len(data)} bytes, not {size}")
            yield data


_: type[Content] = Packed
