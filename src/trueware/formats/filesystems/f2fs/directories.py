"""Listings: slots of a name each, or several where it is longer than eight bytes, and a bitmap of those in use.

::

    bitmap, filler, then for each slot u32 hash, u32 inode, u16 length of the name, u8 kind; then for each slot 8 bytes of names

A block has 214 slots; a listing in an inode as many as fit.

Source: Linux include/linux/f2fs_fs.h (struct f2fs_dentry_block), fs/f2fs/dir.c.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.filesystems.f2fs.superblock import BLOCK, FORMAT
from trueware.model.part import Kind

KINDS = {
    1: Kind.FILE, 2: Kind.DIRECTORY, 3: Kind.CHARACTER, 4: Kind.BLOCK, 5: Kind.FIFO, 6: Kind.SOCKET, 7: Kind.SYMLINK,
}  # fmt: skip

_ENTRY = Struct("<2IHB")
_NAME = 8
_SLOT_BITS = 8 * (_ENTRY.size + _NAME) + 1
_SLOTS, _ENTRIES_AT, _NAMES_AT = 214, 30, 2384
_MAX_NAME = 255


class Name(NamedTuple):
    """One entry of a listing."""

    name: bytes
    inode: int
    kind: int


def names_of_block(block: memoryview, at: int) -> Iterator[Name]:
    """Yield the names in a block of a listing, which lies at `at`.

    Raises:
        MalformedInput: it contradicts itself.
    """
    if len(block) < BLOCK:
        raise MalformedInput(FORMAT, at, "a listing that ends within a block")
    yield from _names(block, at, _SLOTS, _ENTRIES_AT, _NAMES_AT)


def names_of_inode(held: memoryview, at: int) -> Iterator[Name]:
    """Yield the names of a listing in an inode.

    Raises:
        MalformedInput: it contradicts itself.
    """
    slots = 8 * len(held) // _SLOT_BITS
    names_at = len(held) - _NAME * slots
    yield from _names(held, at, slots, names_at - _ENTRY.size * slots, names_at)


def _names(raw: memoryview, at: int, slots: int, entries_at: int, names_at: int) -> Iterator[Name]:
    used = int.from_bytes(raw[: (slots + 7) // 8], "little")
    slot = 0
    while slot < slots:
        if not used >> slot & 1:
            slot += 1
            continue
        _, inode, length, kind = _ENTRY.unpack_from(raw, entries_at + slot * _ENTRY.size)
        start = names_at + slot * _NAME
        slot += -(-length // _NAME)
        if not 0 < length <= _MAX_NAME or slot > slots:
            raise MalformedInput(FORMAT, at, f"name of {length} bytes")
        yield Name(bytes(raw[start : start + length]), inode, kind)
