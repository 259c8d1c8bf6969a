"""Bitmaps of file systems: one bit for each block, the lowest bit of a byte first."""

_ASCII_BITS = bytes(value & 1 for value in range(256))


def bits(bitmap: memoryview, count: int) -> bytes:
    """Return the first `count` bits of a bitmap as bytes 0 and 1."""
    number = int.from_bytes(bitmap[: (count + 7) // 8], "little")
    return f"{number:0{count}b}".encode().translate(_ASCII_BITS)[: -count - 1 : -1]
