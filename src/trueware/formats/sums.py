"""Sums as headers of small devices state them, without looking at each byte or word in turn."""

from zlib import crc32

from trueware.formats.archived import byte_sum
from trueware.formats.contract import CHUNK

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def word_sum(data: memoryview, *, big_endian: bool) -> int:
    """Return the sum of all 16-bit words; a last odd byte counts as the first half of a word."""
    first, second = byte_sum(bytes(data[0::2])), byte_sum(bytes(data[1::2]))
    return (first << 8) + second if big_endian else first + (second << 8)


def long_sum(data: memoryview) -> int:
    """Return the sum of all 32-bit words, lowest byte first; `data` is a whole number of them."""
    return sum(byte_sum(bytes(data[place::4])) << 8 * place for place in range(4))


def folded(value: int) -> int:
    """Return a sum as 16 bits with the carries added back in (RFC 1071), not inverted."""
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def jboot_sum(data: memoryview) -> int:
    """Return JBOOT's sum: of 16-bit words, lowest byte first, carries added back in; a last odd byte counts FF less."""
    if len(data) % 2:
        return folded(folded(word_sum(data[:-1], big_endian=False)) + data[-1] - 0xFF & 0xFFFFFFFF)
    return folded(word_sum(data, big_endian=False))


def system_v_sum(data: memoryview) -> int:
    """Return the checksum of System V's `sum`: that of all bytes in 32 bits, folded to 16."""
    return folded(byte_sum(data) & 0xFFFFFFFF)


def crc32_highest_first(*pieces: memoryview, begin: int = 0) -> int:
    """Return the CRC-32 of bzip2: that of zlib, with the bits of all bytes and of the result reversed."""
    crc = begin
    for piece in pieces:
        for at in range(0, len(piece), CHUNK):
            crc = crc32(bytes(piece[at : at + CHUNK]).translate(_REVERSED), crc)
    return int(f"{crc:032b}"[::-1], 2)


def cksum(data: memoryview) -> int:
    """Return the checksum of POSIX cksum: that CRC begun with zero, of the bytes and then of their number."""
    size = len(data)
    number = size.to_bytes((size.bit_length() + 7) // 8, "little")
    return crc32_highest_first(data, memoryview(number), begin=0xFFFFFFFF)
