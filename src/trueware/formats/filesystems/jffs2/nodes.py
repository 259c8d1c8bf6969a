"""Nodes: what a jffs2 consists of, in the byte order of the processor it was made for.

::

    header     u16 magic 1985, u16 type, u32 length, u32 CRC of these eight bytes; all nodes begin with it
    dirent     u32 folder, u32 version, u32 inode (0: the name is gone), u32 time, u8 name length, u8 kind, u16 unused,
               u32 CRC of all this, u32 CRC of the name, name
    inode      u32 inode, u32 version, u32 mode, u16 uid, u16 gid, u32 size of the file, u32 times of access, modification
               and change, u32 offset of the data in the file, u32 packed size, u32 size, u8 compressor, u8 wanted one,
               u16 flags, u32 CRC of the packed data, u32 CRC of all before it, data
    xattr      u32 number, u32 version, u8 prefix, u8 name length, u16 value length, u32 CRC of the data, u32 CRC of all
               this, name, 0, value
    xref       u32 inode, u32 number of an xattr, u32 sequence (odd: taken away), u32 CRC of all this
    summary    u32 records, u32 size of the clean marker, u32 padding, u32 CRC of the records, u32 CRC of all before it,
               records, at the end of the erase block u32 its own offset therein, u32 magic 02851885

Each begins at a multiple of four and does not reach across the end of an erase block. A bit of the type (2000) says that the
node counts; a device that can write zeros over flash clears it later, so the CRC of the header is that with the bit set.
The two highest bits say what to do with a type one does not know: 11 and 10 refuse, or do not write.
CRCs are CRC-32 without inversions. Source: Linux include/uapi/linux/jffs2.h, fs/jffs2/scan.c.
"""

from collections.abc import Callable
from struct import Struct
from typing import Literal

from isal.isal_zlib import crc32

FORMAT = "jffs2"
MAGIC = 0x1985
SUMMARY_MAGIC = 0x02851885
ACCURATE = 0x2000
DIRENT, INODE, CLEANMARKER, PADDING = 0xE001, 0xE002, 0x2003, 0x2004
SUMMARY, XATTR, XREF = 0x2006, 0xE008, 0xE009
TYPES = (DIRENT, INODE, CLEANMARKER, PADDING, SUMMARY, XATTR, XREF)

HEADER_SIZE, DIRENT_SIZE, INODE_SIZE, XATTR_SIZE, XREF_SIZE, SUMMARY_SIZE = 12, 40, 68, 32, 28, 32
XATTR_GONE, XREF_GONE = 0xFFFFFFFF, 1
INODE_FLAGS = 3
"""Hints for the packing of a file."""

MAX_FILE = 0xFFFFFFFF

ONES = 0xFFFFFFFF
"""What a CRC-32 without inversions begins with, where the library inverts."""


def crc(data: memoryview | bytes) -> int:
    """Return the CRC of some bytes."""
    found: int = crc32(data, ONES) ^ ONES
    return found


Unpack = Callable[[memoryview, int], tuple[int, ...]]


class Order:
    """One of the two byte orders; each attribute unpacks what its name says, behind the header but for the header itself."""

    def __init__(self, name: Literal["little", "big"], sign: str) -> None:
        self.name, self.sign = name, sign
        self.magic = Struct(sign + "H").pack(MAGIC)
        self.header: Unpack = Struct(sign + "2H2I").unpack_from
        self.dirent: Unpack = Struct(sign + "12x4I2BH2I").unpack_from
        self.inode: Unpack = Struct(sign + "12x3I2H7I2BH2I").unpack_from
        self.checked: Unpack = Struct(sign + "12x2I8xI12x3I2xH2I").unpack_from
        """Of an inode, what is looked at first: number, version, size of the file, offset, packed size, size, flags, CRCs."""

        self.data: Unpack = Struct(sign + "44x3IB").unpack_from
        """Of an inode: offset, packed size, size, compressor."""

        self.extent: Unpack = Struct(sign + "44xI4xI").unpack_from
        """Of an inode: offset and size."""

        self.xattr: Unpack = Struct(sign + "12x2I2BH2I").unpack_from
        self.xref: Unpack = Struct(sign + "12x4I").unpack_from
        self.summary: Unpack = Struct(sign + "12x5I").unpack_from
        self._start = Struct(sign + "2HI")

    def is_header(self, view: memoryview, at: int) -> bool:
        """Tell whether a node begins at `at`."""
        if at + HEADER_SIZE > len(view):
            return False
        magic, kind, size, stated = self.header(view, at)
        if magic != MAGIC or size < HEADER_SIZE:
            return False
        return stated == crc(self._start.pack(magic, kind | ACCURATE, size))


ORDERS = (Order("little", "<"), Order("big", ">"))


def order_of(view: memoryview) -> Order | None:
    """Return the byte order of the node that `view` begins with, None if there is none of a type that is known."""
    for order in ORDERS:
        if order.is_header(view, 0) and order.header(view, 0)[1] | ACCURATE in TYPES:
            return order
    return None
