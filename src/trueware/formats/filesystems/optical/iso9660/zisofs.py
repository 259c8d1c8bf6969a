"""zisofs: files that are packed in blocks by zlib, which Linux unpacks where it shows them.

The field ZF of Rock Ridge says that a file is packed, and its content begins by saying it once more:

======  ==========  ==========================================================================
field   content     value (little-endian)
======  ==========  ==========================================================================
4, 2    0, 8        ``pz``, magic 37 E4 53 96 C9 DB D6 07; second version: ``PZ``, EF 22 55 A1 BC 1B 95 A0
..      8, 2        of the second version: 0, 1 for zlib
6, 1    12 (9), 1   length of this header, in units of 4 bytes
7, 1    13 (11), 1  log2 of the size of a block
8, 8    8 (12), 4   size unpacked: u32 of both byte orders; of the second version u64, u64
======  ==========  ==========================================================================

Behind the header stands where each block begins, and where the last one ends: u32, of the second version u64. A block that ends
where it begins is zero.

Source: zisofs-tools doc; libisofs doc/zisofs2_format.txt; Linux fs/isofs/compress.c, which knows the first version alone.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from struct import iter_unpack, unpack_from
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.codecs import inflate
from trueware.formats.contract import Buffer, Content
from trueware.formats.filesystems.optical.iso9660.descriptors import FORMAT
from trueware.formats.pieces import joined
from trueware.formats.scattered import Run, zeros

_MAGICS = {1: bytes.fromhex("37e45396c9dbd607"), 2: bytes.fromhex("ef2255a1bc1b95a0")}
_NAMES = {b"pz": 1, b"PZ": 2}
_LEAST_HEADER = {1: 16, 2: 24}
_LOGS = range(15, 21)


class Packing(NamedTuple):
    """What a field says of a packed file."""

    version: int
    header: int
    """Bytes in front of the places of blocks."""

    block_log: int
    size: int
    """Bytes unpacked."""


def read_field(data: bytes) -> Packing | None:
    """Return what the data of a field ZF say, None where that is a packing nobody knows."""
    version = _NAMES.get(data[:2], 0)
    if len(data) < 12 or not version or data[3] not in _LOGS:
        return None
    (size,) = unpack_from("<I" if version == 1 else "<Q", data, 4)
    return Packing(version, 4 * data[2], data[3], size)


class Unpacked:
    """The content of a packed file."""

    __slots__ = ("_packing", "_runs", "_view", "group", "size")

    def __init__(self, view: memoryview, runs: Sequence[Run], packing: Packing) -> None:
        self._view, self._runs, self._packing = view, runs, packing
        self.size: int | None = packing.size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Unpack the blocks one after the other."""
        return joined(self._blocks())

    def _blocks(self) -> Iterator[Buffer]:
        version, header, log, left = self._packing
        at = self._runs[0][0] if self._runs else 0
        if self._stated() != self._packing:
            raise MalformedInput(FORMAT, at, "a packed file whose own header says otherwise than its record")
        width, block = 4 * version, 1 << log
        count = -(-left // block)
        table = self._part(header, header + width * (count + 1))
        places = [place for (place,) in iter_unpack("<I" if version == 1 else "<Q", table)]
        for start, end in pairwise(places):
            size = min(block, left)
            left -= size
            if start == end:
                yield from zeros(size)
                continue
            if not header + len(table) <= start < end:
                raise MalformedInput(FORMAT, at, f"a packed block from {start} to {end}")
            data = inflate(self._part(start, end), size)
            if len(data) != size:
                raise MalformedInput(FORMAT, at + start, f"a packed block of {len(data)} bytes, not {size}")
            yield data

    def _stated(self) -> Packing | None:
        """Return what the content's own header says."""
        version = self._packing.version
        raw = self._part(0, _LEAST_HEADER[version])
        if raw[:8] != _MAGICS[version]:
            return None
        if version == 1:
            return Packing(1, 4 * raw[12], raw[13], int.from_bytes(raw[8:12], "little"))
        if raw[8] or raw[10] != 1:
            return None
        return Packing(2, 4 * raw[9], raw[11], int.from_bytes(raw[12:20], "little"))

    def _part(self, start: int, end: int) -> bytes:
        """Return some bytes of what is stored."""
        parts, at = [], 0
        for first, length in self._runs:
            low, high = max(start - at, 0), min(end - at, length)
            if low < high:
                parts.append(bytes(self._view[first + low : first + high]))
            at += length
        if end > at:
            raise MalformedInput(FORMAT, self._runs[0][0] if self._runs else 0, f"{end} bytes of a packed file of {at}")
        return b"".join(parts)


_: type[Content] = Unpacked
