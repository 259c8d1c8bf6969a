"""Listings: slots of a name each, or several where it is longer than eight bytes, and a bitmap of those in use.

::

    bitmap, filler, then for each slot u32 hash, u32 inode, u16 length of the name, u8 kind; then for each slot 8 bytes of names

A block has 214 slots; a listing in an inode as many as fit.

A device finds a name by its hash, in the few blocks that this leads to: a listing has levels, each with twice as many buckets as
the one before, of two blocks, and in the lower half of the levels of four. Who lists the folder sees names elsewhere as well.

Source: Linux include/linux/f2fs_fs.h (struct f2fs_dentry_block), fs/f2fs/dir.c, hash.c.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.filesystems.f2fs.superblock import BLOCK, FORMAT
from trueware.formats.hashed_names import MD4_START, TEA, hashes_of
from trueware.model.part import Kind

KINDS = {
    1: Kind.FILE, 2: Kind.DIRECTORY, 3: Kind.CHARACTER, 4: Kind.BLOCK, 5: Kind.FIFO, 6: Kind.SOCKET, 7: Kind.SYMLINK,
}  # fmt: skip

_ENTRY = Struct("<2IHB")
_NAME = 8
_SLOT_BITS = 8 * (_ENTRY.size + _NAME) + 1
_SLOTS, _ENTRIES_AT, _NAMES_AT = 214, 30, 2384
_MAX_NAME = 255
_DOTS = (b".", b"..")
_LEVELS, _BUCKETS_LOG = 63, 30


class Name(NamedTuple):
    """One entry of a listing."""

    name: bytes
    inode: int
    kind: int
    hash: int
    block: int
    """Number in the listing, -1 for one in an inode."""


def names_of_block(block: memoryview, at: int, number: int) -> Iterator[Name]:
    """Yield the names in block `number` of a listing, the inode of which lies at `at`.

    Raises:
        MalformedInput: it contradicts itself.
    """
    if len(block) < BLOCK:
        raise MalformedInput(FORMAT, at, "a listing that ends within a block")
    yield from _names(block, at, number, _SLOTS, _ENTRIES_AT, _NAMES_AT)


def names_of_inode(held: memoryview, at: int) -> Iterator[Name]:
    """Yield the names of a listing in an inode.

    Raises:
        MalformedInput: it contradicts itself.
    """
    slots = 8 * len(held) // _SLOT_BITS
    names_at = len(held) - _NAME * slots
    yield from _names(held, at, -1, slots, names_at - _ENTRY.size * slots, names_at)


def lost_names(names: list[Name], level: int, depth: int, *, ignores_case: bool) -> tuple[list[bytes], int]:
    """Return the names that a device does not find, and how many cannot be looked up.

    Args:
        names: those of a folder.
        level: of its first buckets.
        depth: number of levels it has.
        ignores_case: the names are hashed in lower case; of those that are not ASCII it cannot be told how.
    """
    known = [name for name in names if name.name not in _DOTS and (not ignores_case or name.name.isascii())]
    hashes = hashes_of(
        [each.name.lower() if ignores_case else each.name for each in known], TEA, MD4_START, signed=False
    )
    lost = [
        each.name
        for each, value in zip(known, hashes, strict=True)
        if each.hash != value or (each.block >= 0 and not _is_in_bucket(value, each.block, level, depth))
    ]
    return lost, sum(name.name not in _DOTS for name in names) - len(known)


def _is_in_bucket(value: int, block: int, level: int, depth: int) -> bool:
    """Tell whether block `block` of a listing is one of those that a hash leads to."""
    first = 0
    for number in range(min(depth, _LEVELS)):
        buckets = 1 << min(number + level, _BUCKETS_LOG)
        blocks = 2 if number < _LEVELS // 2 else 4
        if block < first + buckets * blocks:
            return value % buckets == (block - first) // blocks
        first += buckets * blocks
    return False


def _names(raw: memoryview, at: int, number: int, slots: int, entries_at: int, names_at: int) -> Iterator[Name]:
    used = int.from_bytes(raw[: (slots + 7) // 8], "little")
    slot = 0
    while slot < slots:
        if not used >> slot & 1:
            slot += 1
            continue
        hashed, inode, length, kind = _ENTRY.unpack_from(raw, entries_at + slot * _ENTRY.size)
        start = names_at + slot * _NAME
        slot += -(-length // _NAME)
        if not 0 < length <= _MAX_NAME or slot > slots:
            raise MalformedInput(FORMAT, at, f"name of {length} bytes")
        yield Name(bytes(raw[start : start + length]), inode, kind, hashed, number)
