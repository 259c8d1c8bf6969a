"""How a block of an image is packed: the words that the lists of blocks and the floor (`floor.c`) have in common."""

from enum import IntEnum


class Codec(IntEnum):
    """`enum codec` of floor.c."""

    STORED = 0
    ZLIB = 1
    XZ = 2
    GZIP_STREAM = 3
    DEFLATE = 4
    ZSTD = 5
    LZ4 = 6
    LZ4_PADDED = 7
    """Zeros stand before the block, as erofs has them."""
    LZO = 8
    RTIME = 9


Block = tuple[int, int, int, Codec]
"""Offset, stored bytes, bytes it holds at most, codec: `struct block` of floor.c."""
