"""Lookup tables: records of one size behind a list of where their metadata blocks are.

========  ====  ======================================================================
table     size  record
========  ====  ======================================================================
fragment  16    u64 start of the block, u32 its length (bit 24: stored), u32 unused
export    8     u64 reference of an inode, in order of inode numbers from 1
id        4     u32 user or group
xattr id  16    u64 reference of the list, u32 how many attributes, u32 their length
========  ====  ======================================================================

The superblock points behind the blocks, to the list of their places (u64 each).

Source: Linux fs/squashfs/squashfs_fs.h, Documentation/filesystems/squashfs.rst §3.5-3.8.
"""

from struct import calcsize, unpack_from

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.squashfs.metadata import BLOCK, Packing
from trueware.formats.filesystems.squashfs.superblock import FORMAT
from trueware.model.limits import Limits


class LookupTable:
    """The records of one lookup table.

    Attributes:
        data: the records in a row.
        start: first byte of its first block.
    """

    def __init__(
        self,
        packing: Packing,
        places_at: int,
        size: int,
        end: int,
        limits: Limits,
        reading: Reading,
        place: str = "<Q",
    ) -> None:
        """Read `size` bytes of records, the places of whose blocks are at `places_at`; nothing lies at `end` or beyond.

        `place` is the byte order and width of a place, as `struct` has them.

        Raises:
            MalformedInput: the blocks are not there, or do not follow each other.
        """
        if size > limits.max_held:
            raise LimitExceeded("max_held", limits.max_held, "lookup table of a squashfs")
        count = -(-size // BLOCK)
        width = calcsize(place)
        if places_at + width * count > end:
            raise MalformedInput(FORMAT, places_at, f"no room for the places of {count} metadata blocks")
        places = unpack_from(f"{place[0]}{count}{place[1]}", packing.view, places_at)
        self.start = at = places[0] if places else places_at
        pieces: list[bytes | bytearray] = []
        for each in places:
            if each != at:
                raise MalformedInput(FORMAT, places_at, "the metadata blocks of a table do not follow each other")
            expected = min(BLOCK, size - BLOCK * len(pieces))
            piece, at = packing.metadata(at, places_at, expected)
            if len(piece) != expected:
                raise MalformedInput(FORMAT, each, f"metadata block of {len(piece)} bytes, not {expected}")
            pieces.append(piece)
        self.data = b"".join(pieces)
        reading.cover(self.start, at)
        reading.cover(places_at, places_at + width * count)
