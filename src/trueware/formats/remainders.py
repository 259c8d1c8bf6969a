"""CRCs with polynomials that no library has a fast routine for, at the speed of adding large numbers.

A CRC is the remainder of the data, taken as a polynomial over GF(2), by a small polynomial P. What has few terms and is a multiple of
P, such as ``x^(8a) + x^(8b) + x^(8c) + 1``, is divided by with three shifts for all the bits at once; and its square, with the same
number of terms and twice the degree, is a multiple of P too. So a piece is halved by the largest power that fits, then by the next
smaller one, until few bytes are left for the table of bytes that everybody uses.
"""

from trueware.formats.contract import Reading

_PIECE = 1 << 15
"""Bytes divided at a time: large against the cost of a call, small enough to stay near the processor."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Crc:
    """A CRC whose result is not inverted in the end."""

    def __init__(self, polynomial: int, multiple: tuple[int, int, int], *, lowest_first: bool = False) -> None:
        """Take what defines it.

        Args:
            polynomial: P with its highest term.
            multiple: a, b and c of a multiple of P as above, the first at least twice the second.
            lowest_first: whether the lowest bit of a byte comes first, and the result is read so too.
        """
        self._degree, self._polynomial, self._lowest_first = polynomial.bit_length() - 1, polynomial, lowest_first
        whole, first, second = (8 * exponent for exponent in multiple)
        self._multiples: list[tuple[int, int, int, int]] = []
        while whole < 8 * _PIECE:
            self._multiples.insert(0, (whole, first, second, (1 << whole) - 1))
            whole, first, second = 2 * whole, 2 * first, 2 * second
        self._table = tuple(self._shifted(byte) for byte in range(256))

    def of(self, *pieces: memoryview, begin: int = 0) -> int:
        """Return the CRC of the pieces one behind the other; unless it begins with 0, the first is no shorter than the CRC."""
        value = 0
        for data in pieces:
            for start in range(0, len(data), _PIECE):
                piece = bytes(data[start : start + _PIECE])
                if self._lowest_first:
                    piece = piece.translate(_REVERSED)
                more = int.from_bytes(piece, "big")
                if begin:
                    more, begin = more ^ begin << 8 * len(piece) - self._degree, 0
                value = self._folded(value << 8 * len(piece) ^ more)
        value = self._remainder(value << self._degree)
        return int(f"{value:0{self._degree}b}"[::-1], 2) if self._lowest_first else value

    def _folded(self, value: int) -> int:
        """Return something shorter that leaves the same remainder."""
        for whole, first, second, below in self._multiples:
            while value.bit_length() > whole:
                above = value >> whole
                value = value & below ^ above << first ^ above << second ^ above
        return value

    def _remainder(self, value: int) -> int:
        rest, top, low = 0, self._degree - 8, (1 << self._degree) - 1
        for byte in value.to_bytes(-(-value.bit_length() // 8), "big"):
            # the remainder so far times x^8, and eight bits more
            rest = (rest << 8 & low ^ self._table[rest >> top]) ^ byte
        return rest

    def _shifted(self, byte: int) -> int:
        """Return the remainder of a byte times x^degree."""
        value = byte << self._degree
        for bit in range(self._degree + 7, self._degree - 1, -1):
            if value >> bit & 1:
                value ^= self._polynomial << bit - self._degree
        return value


def check(view: memoryview, start: int, end: int, crc: Crc, reading: Reading, *, offset: int, stated: int) -> None:
    """Compare the CRC of the bytes ``[start, end)``, all of which are there, with the one that is stated at `offset`."""
    if (found := crc.of(view[start:end])) != stated:
        reading.note_anomaly("checksum-mismatch", f"the CRC is {found:#x}, stated {stated:#x}", offset)


ROCKCHIP = Crc(0x1_04C1_0DB7, (2664, 1299, 990))
"""Rockchip's: Ethernet's polynomial but for one bit (rkdeveloptool ``crc.cpp``, rockchip-mkbootimg ``rkcrc.h``)."""

ARC = Crc(0x1_8005, (29, 14, 1), lowest_first=True)
"""CRC-16 with the polynomial 8005, from the lowest bit on."""

XMODEM = Crc(0x1_1021, (73, 36, 26))
"""CRC-16 with the polynomial 1021."""
