"""Superblocks of squashfs 1.x to 3.x in either byte order, and of 4.0 in big-endian order, told in the terms of 4.0."""

from dataclasses import dataclass
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.squashfs.bits import Record
from trueware.formats.filesystems.squashfs.old_layouts import SUPERBLOCK
from trueware.formats.filesystems.squashfs.superblock import FORMAT, NONE, Order, Superblock

_RECORDS: dict[Order, Record] = {"little": Record.of(SUPERBLOCK, "little"), "big": Record.of(SUPERBLOCK, "big")}
_BIG_4 = Struct(">4s4I6H8Q")
_SIZES = {1: 51, 2: 63, 3: 119, 4: _BIG_4.size}
_GZIP = 1
_CHECKED = 4
_MAGICS: dict[Order, bytes] = {"little": b"hsqs", "big": b"sqsh"}


@dataclass(frozen=True, slots=True)
class OldSuperblock:
    """A superblock, and what 4.0 has no field for."""

    fields: Superblock
    order: Order
    size: int
    users: int
    groups: int
    groups_at: int
    checked: bool
    """Whether a byte follows each header of metadata."""


def read_old_superblock(view: memoryview, major: int, order: Order) -> OldSuperblock:
    """Return the superblock of a version and byte order that were found to be meant.

    Raises:
        MalformedInput: its fields cannot be true.
    """
    size = _SIZES[major]
    if len(view) < size:
        raise MalformedInput(FORMAT, 0, "shorter than a superblock")
    if major == 4:
        old = OldSuperblock(Superblock._make(_BIG_4.unpack_from(view)), order, size, 0, 0, 0, checked=False)
    else:
        old = _read(view, order)
    sb = old.fields
    if sb.block_size != 1 << sb.block_log:
        raise MalformedInput(FORMAT, 51, f"blocks of {sb.block_size} bytes, 2^{sb.block_log} as well")
    if not size <= sb.inode_table < sb.directory_table < sb.bytes_used:
        raise MalformedInput(FORMAT, 8, "the tables do not lie in the file system, or not in order")
    if not sb.ids or not sb.inodes:
        raise MalformedInput(FORMAT, 4, "no users or no inodes")
    return old


def _read(view: memoryview, order: Order) -> OldSuperblock:
    record = _RECORDS[order]
    raw = record.read(bytes(view[: record.size]).ljust(record.size, b"\0"), 0)
    major = raw["major"]
    wide = "" if major == 3 else "_2"
    fragments, export = (raw["fragments"], raw["export_table"]) if major > 1 else (0, NONE)
    fields = Superblock(
        magic=bytes(view[:4]),
        inodes=raw["inodes"],
        made=raw["made"],
        block_size=raw["block_size" if major > 1 else "block_size_1"],
        fragments=fragments,
        compressor=_GZIP,
        block_log=raw["block_log"],
        flags=raw["flags"],
        ids=raw["user_count"] + raw["group_count"],
        major=major,
        minor=raw["minor"],
        root=raw["root"],
        bytes_used=raw[f"used{wide}"],
        id_table=raw[f"users{wide}"],
        xattr_table=NONE,
        inode_table=raw[f"inode_table{wide}"],
        directory_table=raw[f"directory_table{wide}"],
        fragment_table=raw[f"fragment_table{wide}"],
        export_table=export if (major, raw["minor"]) >= (3, 1) else NONE,
    )
    checked = bool(raw["flags"] & _CHECKED)
    users, groups = raw["user_count"], raw["group_count"]
    return OldSuperblock(fields, order, _SIZES[major], users, groups, raw[f"groups{wide}"], checked)


def tell_of_old(old: OldSuperblock, reading: Reading) -> None:
    """Make facts of what decides whether a device can read it, notes of the rest."""
    sb = old.fields
    reading.facts |= {"version": f"{sb.major}.{sb.minor}", "byte-order": f"{old.order}-endian"}
    reading.notes |= {"block-size": str(sb.block_size), "flags": f"{sb.flags:#04x}", "created": str(sb.made)}
    if sb.magic != _MAGICS[old.order]:
        reading.facts["magic"] = sb.magic.decode("ascii")
    reading.cover(0, old.size)
