"""The compression of EFI, in its two forms: matches in a window, codes by Huffman, in blocks.

======  ====  ==============================================================
offset  size  field (little-endian)
======  ====  ==============================================================
0       4, 4  length packed, without this header, and unpacked
8       ..    bits, the highest of each byte first
======  ====  ==============================================================

A block has its number of symbols in 16 bits, then three sets of code lengths: those of lengths (numbers in 5 bits), of characters
and lengths of matches (9 bits), of distances (4 bits in EFI 1.1, 5 in Tiano). A set of which 0 are stated has one symbol, coded by
no bit. Lengths of codes are 3 bits, 7 is followed by a 1 for each one more and a 0; behind the third of the first set 2 bits say how
many are zero. In the second set 0, 1 and 2 stand for one zero, 3 to 18 (4 bits), 20 to 531 (9 bits); others are 2 higher. A symbol
from 256 is a match of 3 bytes or more; the code of its distance says how many bits of it follow.

BUG: a stream made of codes of one bit costs some 10 s of CPU time for each MB of it, where a genuine one costs one; a decoder that is
not written in Python would fix it.

Source: UEFI Specification 2.10, chapter 19; the second form: edk2 BaseTools/Source/C/Common/Decompress.c, whose behaviour was taken
from what it packs.
"""

from typing import NamedTuple

from trueware.errors import MalformedInput

FORMAT = "uefi-fv"
EFI, TIANO = 4, 5
"""Bits for the number of codes of distances, which tells the two forms apart."""

HEADER = 8
_CODES, _CODE_BITS = 510, 9
_LENGTHS, _LENGTH_BITS, _LENGTHS_PAUSE = 19, 5, 3
_DISTANCES = 31
_LONGEST, _AT_ONCE = 16, 10
_LITERALS, _SHORTEST = 256, 3
_REFILL = 64


class _Code(NamedTuple):
    """A set of codes: what each run of `width` bits begins with, as symbol << 5 | length, -1: a longer code; and the longer ones."""

    width: int
    table: list[int]
    longer: dict[int, int]
    """By the code behind a bit that is set: symbol."""


class _Bits:
    """Bits of a stream, the highest first; behind its end there are zeros, until it is asked how far they went."""

    __slots__ = ("_at", "_data", "_have", "_window")

    def __init__(self, data: memoryview) -> None:
        self._data, self._at, self._have, self._window = data, 0, 0, 0

    def peek(self, count: int) -> int:
        """Return the next bits and leave them."""
        if self._have < count:
            piece = bytes(self._data[self._at : self._at + _REFILL]).ljust(_REFILL, b"\0")
            self._window = (self._window & (1 << self._have) - 1) << 8 * _REFILL | int.from_bytes(piece, "big")
            self._have += 8 * _REFILL
            self._at += _REFILL
        return self._window >> self._have - count & (1 << count) - 1

    def take(self, count: int) -> int:
        """Return the next bits."""
        found = self.peek(count)
        self._have -= count
        return found

    def symbol(self, code: _Code) -> int:
        """Return the symbol that the next bits are the code of."""
        entry = code.table[self.peek(code.width)]
        if entry >= 0:
            self._have -= entry & 31
            return entry >> 5
        for length in range(code.width + 1, _LONGEST + 1):
            found = code.longer.get(1 << length | self.peek(length))
            if found is not None:
                self._have -= length
                return found
        raise MalformedInput(FORMAT, 0, "a code that stands for nothing")

    @property
    def used(self) -> int:
        """Bytes that were begun."""
        return self._at - self._have // 8


def unpack(packed: memoryview, form: int, max_size: int) -> bytes:
    """Return what a stream with its header holds.

    Raises:
        MalformedInput: it cannot be unpacked, or is longer than `max_size`.
    """
    length, size = (int.from_bytes(packed[at : at + 4], "little") for at in (0, 4))
    if len(packed) < HEADER or length > len(packed) - HEADER or size > max_size:
        raise MalformedInput(FORMAT, 0, f"{length} bytes of {len(packed)} that hold {size}")
    bits, out, left = _Bits(packed[HEADER : HEADER + length]), bytearray(), 0
    while len(out) < size:
        if not left:
            left = bits.take(16)
            lengths = _code(_few_lengths(bits, _LENGTHS, _LENGTH_BITS, _LENGTHS_PAUSE), bits, _LENGTH_BITS)
            symbols = _code(_many_lengths(bits, lengths), bits, _CODE_BITS)
            distances = _code(_few_lengths(bits, _DISTANCES, form, -1), bits, form)
            if not left or bits.used > length:
                raise MalformedInput(FORMAT, HEADER + length, f"the stream ends after {len(out)} of {size} bytes")
        left = _block(bits, symbols, distances, left, out, size)
    if bits.used > length:
        raise MalformedInput(FORMAT, HEADER + length, "the stream ends before its data do")
    return bytes(out)


def _block(bits: _Bits, symbols: _Code, distances: _Code, left: int, out: bytearray, size: int) -> int:
    """Unpack symbols of a block, of which `left` are left, until `size` is reached; return how many are left then."""
    if not symbols.width and (only := symbols.table[0] >> 5) < _LITERALS:
        count = min(left, size - len(out))
        out += bytes([only]) * count
        return left - count
    symbol, take = bits.symbol, bits.take
    while left and len(out) < size:
        left -= 1
        found = symbol(symbols)
        if found < _LITERALS:
            out.append(found)
            continue
        count = min(found - _LITERALS + _SHORTEST, size - len(out))
        distance = symbol(distances)
        if distance > 1:
            distance = (1 << distance - 1) + take(distance - 1)
        start = len(out) - distance - 1
        if start < 0:
            raise MalformedInput(FORMAT, 0, f"a match {distance + 1} bytes back, after {len(out)}")
        piece = out[start : start + count]
        out += piece if len(piece) == count else (piece * (count // len(piece) + 1))[:count]
    return left


def _few_lengths(bits: _Bits, most: int, width: int, pause: int) -> list[int]:
    """Return the lengths of the codes of lengths or of distances, none where there is but one symbol."""
    count = bits.take(width)
    lengths: list[int] = []
    while len(lengths) < count:
        length = bits.take(3)
        while length >= 7 and bits.take(1):
            length += 1
        lengths.append(length)
        if len(lengths) == pause:
            lengths += [0] * bits.take(2)
        if length > _LONGEST or len(lengths) > most:
            raise MalformedInput(FORMAT, 0, f"{len(lengths)} codes, one of {length} bits")
    return lengths


def _many_lengths(bits: _Bits, code: _Code) -> list[int]:
    """Return the lengths of the codes of characters and matches, none where there is but one symbol."""
    count = bits.take(_CODE_BITS)
    lengths: list[int] = []
    while len(lengths) < count:
        found = bits.symbol(code)
        if found > 2:
            lengths.append(found - 2)
        else:
            lengths += [0] * (1 if not found else bits.take(4) + 3 if found == 1 else bits.take(9) + 20)
        if len(lengths) > _CODES:
            raise MalformedInput(FORMAT, 0, f"more than {_CODES} codes")
    return lengths


def _code(lengths: list[int], bits: _Bits, width: int) -> _Code:
    """Return a set of codes: shorter ones first, those of one length in the order of their symbols.

    Raises:
        MalformedInput: they leave some bits without meaning, or give some two.
    """
    if not lengths:
        only = bits.take(width)
        if only >= _CODES:
            raise MalformedInput(FORMAT, 0, f"symbol {only}")
        return _Code(0, [only << 5], {})
    if max(lengths) > _LONGEST or sum(1 << _LONGEST - length for length in lengths if length) != 1 << _LONGEST:
        raise MalformedInput(FORMAT, 0, "codes that are too many or too few for their lengths")
    wide = min(max(lengths), _AT_ONCE)
    table: list[int] = []
    longer: dict[int, int] = {}
    code = last = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        code <<= length - last
        last = length
        if length <= wide:
            table += [symbol << 5 | length] * (1 << wide - length)
        else:
            longer[1 << length | code] = symbol
        code += 1
    table += [-1] * ((1 << wide) - len(table))
    return _Code(wide, table, longer)
