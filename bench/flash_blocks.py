"""Where content lies in fresh images of the file systems for raw flash: nodes one after the other, each of which counts.

Sources: Linux include/uapi/linux/jffs2.h, fs/ubifs/ubifs-media.h, drivers/mtd/ubi/ubi-media.h.
"""

from collections.abc import Iterator
from struct import unpack_from

from packing import Block, Codec

_JFFS2 = {0: Codec.STORED, 2: Codec.RTIME, 6: Codec.ZLIB, 7: Codec.LZO}
_UBIFS = {0: Codec.STORED, 1: Codec.LZO, 2: Codec.DEFLATE, 3: Codec.ZSTD}
_INODE_NODE, _DATA_NODE, _PADDING_NODE = 0xE002, 1, 5


def jffs2(data: bytes) -> Iterator[Block]:
    """Yield the data of all inode nodes of regular files, in a little-endian image."""
    at = 0
    while at + 12 <= len(data):
        magic, kind, size = unpack_from("<HHI", data, at)
        if magic != 0x1985 or size < 12:
            at += 4
            continue
        if kind == _INODE_NODE and unpack_from("<I", data, at + 20)[0] & 0xF000 == 0x8000:
            stored, unpacked, codec = unpack_from("<IIB", data, at + 48)
            if stored:
                yield at + 68, stored, unpacked, _JFFS2[codec]
        at += size + 3 & ~3


def ubifs(data: bytes) -> Iterator[Block]:
    """Yield the data nodes of a volume in an image of UBI whose blocks have 128 KiB and which holds no other."""
    block_size = 128 << 10
    for block in range(0, len(data), block_size):
        if data[block : block + 4] != b"UBI#":
            continue
        volume_header, content = unpack_from(">II", data, block + 16)
        volume = unpack_from(">I", data, block + volume_header + 8)[0]
        if data[block + volume_header : block + volume_header + 4] == b"UBI!" and volume == 0:
            yield from _nodes(data, block + content, block + block_size)


def _nodes(data: bytes, at: int, end: int) -> Iterator[Block]:
    while at + 24 <= end:
        if data[at : at + 4] != b"\x31\x18\x10\x06":
            at += 8
            continue
        size, kind = unpack_from("<IB", data, at + 16)
        if kind == _DATA_NODE:
            unpacked, codec = unpack_from("<IH", data, at + 40)
            yield at + 48, size - 48, unpacked, _UBIFS[codec]
        elif kind == _PADDING_NODE:
            size += unpack_from("<I", data, at + 24)[0]
        at += size + 7 & ~7
