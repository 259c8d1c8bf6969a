"""Sums over 16-bit words, as headers of small devices state them, without looking at each word in turn."""

from trueware.formats.archived import byte_sum


def word_sum(data: memoryview, *, big_endian: bool) -> int:
    """Return the sum of all 16-bit words; a last odd byte counts as the first half of a word."""
    first, second = byte_sum(bytes(data[0::2])), byte_sum(bytes(data[1::2]))
    return (first << 8) + second if big_endian else first + (second << 8)


def folded(value: int) -> int:
    """Return a sum as 16 bits with the carries added back in (RFC 1071), not inverted."""
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value
