"""Where content lies in an erofs image as mkfs.erofs makes it by default with -zlz4hc: clusters of one block, compact indexes.

Source: Linux fs/erofs/erofs_fs.h and zmap.c, for the layout of the indexes.
"""

from collections.abc import Iterator
from stat import S_ISDIR, S_ISREG
from struct import iter_unpack, unpack_from
from typing import NamedTuple

from packing import Block, Codec

_UNIT = 4096
_PLAIN, _HEAD, _TAIL = 0, 1, 2
_FLAT, _INLINE, _COMPACT = 0, 2, 3


class _Inode(NamedTuple):
    mode: int
    layout: int
    size: int
    block: int
    end: int
    """Offset behind its extended attributes."""


def erofs(data: bytes) -> Iterator[Block]:
    """Yield the clusters of all regular files, from a walk along the folders."""
    root, meta = unpack_from("<H", data, 1024 + 14)[0], unpack_from("<I", data, 1024 + 40)[0] * _UNIT
    waiting, seen = [root], {root}
    while waiting:
        inode = _inode(data, meta + 32 * waiting.pop())
        if S_ISREG(inode.mode):
            yield from _clusters(data, inode) if inode.layout == _COMPACT else _flat(inode)
        elif S_ISDIR(inode.mode):
            listing = b"".join(data[at : at + size] for at, size, _, _ in _flat(inode))
            found = {number for start in range(0, len(listing), _UNIT) for number in _entries(listing, start)}
            waiting += found - seen
            seen |= found


def _inode(data: bytes, at: int) -> _Inode:
    form, attributes, mode = unpack_from("<3H", data, at)
    size, header = (unpack_from("<Q", data, at + 8)[0], 64) if form & 1 else (unpack_from("<I", data, at + 8)[0], 32)
    block = unpack_from("<I", data, at + 16)[0]
    return _Inode(mode, form >> 1 & 7, size, block, at + header + (8 + 4 * attributes if attributes else 0))


def _entries(listing: bytes, start: int) -> Iterator[int]:
    count = unpack_from("<H", listing, start + 8)[0] // 12
    for number, _ in iter_unpack("<Q4s", listing[start : start + 12 * count]):
        yield number


def _flat(inode: _Inode) -> Iterator[Block]:
    tail = inode.size % _UNIT if inode.layout == _INLINE else 0
    if whole := inode.size - tail:
        yield inode.block * _UNIT, whole, 0, Codec.STORED
    if tail:
        yield inode.end, tail, 0, Codec.STORED


def _clusters(data: bytes, inode: _Inode) -> Iterator[Block]:
    heads = list(_heads(data, inode))
    for (start, kind, block), (end, *_) in zip(heads, [*heads[1:], (inode.size, 0, 0)], strict=True):
        if kind == _PLAIN:
            yield block * _UNIT, end - start, 0, Codec.STORED
        else:
            yield block * _UNIT, _UNIT, end - start, Codec.LZ4_PADDED


def _heads(data: bytes, inode: _Inode) -> Iterator[tuple[int, int, int]]:
    """Yield for each cluster where it starts in the file, its kind, and its block in the image."""
    header = inode.end + 7 & ~7
    advice, _, shift = unpack_from("<HBB", data, header + 4)
    if advice & ~1 or shift & 7:
        raise ValueError(f"clusters that this walk does not know: {advice:#x}, {shift:#x}")
    at, left, number = header + 8, -(-inode.size // _UNIT), 0
    before = min((32 - at % 32) // 4 % 8, left)
    wide = (left - before) // 16 * 16 if advice & 1 else 0
    packs = [(8, 2, -(-before // 2)), (32, 16, wide // 16), (8, 2, -(-(left - before - wide) // 2))]
    for size, count, times in packs:
        for _ in range(times):
            bits, block = int.from_bytes(data[at : at + size - 4], "little"), unpack_from("<I", data, at + size - 4)[0]
            width = (size - 4) * 8 // count
            for place in range(min(count, left - number)):
                value = bits >> place * width
                kind = value >> 12 & 3
                if kind != _TAIL:
                    block += 1
                    yield number * _UNIT + (value & 0xFFF), kind, block
                number += 1
            at += size
