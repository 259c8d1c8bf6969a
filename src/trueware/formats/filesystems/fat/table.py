"""The allocation tables: numbers of 12, 16 or 32 bits, in one or more copies that must be equal.

The first number repeats the medium; the second ends chains and tells in its two highest bits whether the file system was
closed properly and whether the disk made errors. A cluster is free at 0, damaged at ..F7, and the last of a chain from ..F8.
Of numbers of 32 bits the upper four do not count. Three bytes ``ab cd ef`` hold the numbers ``dab`` and ``efc`` of 12 bits.

Source: Microsoft FAT specification (August 2005) §4.
"""

from collections.abc import Sequence

from trueware.errors import MalformedInput
from trueware.formats.clusters import numbers
from trueware.formats.contract import Reading
from trueware.formats.filesystems.fat.boot import FORMAT, Boot

_MASKS = {12: 0xFFF, 16: 0xFFFF, 32: 0x0FFF_FFFF}
_CLEAN, _NO_ERRORS = 8, 4
"""Bits of the second number, of its highest four."""


class Table:
    """The allocation table that counts: the first.

    Attributes:
        numbers: one for each cluster, two more in front.
        last: the smallest that ends a chain.
    """

    def __init__(self, view: memoryview, boot: Boot, reading: Reading) -> None:
        start, end = boot.table(0)
        count = boot.clusters + 2
        size = -(-count * boot.bits // 8)
        if start + size > len(view):
            raise MalformedInput(FORMAT, len(view), "the bytes end within the allocation table")
        self.last = _MASKS[boot.bits] - 7
        self.numbers = _numbers(view[start : start + size], boot.bits, count)
        top = self.numbers[1] >> (24 if boot.bits == 32 else 12)
        if boot.bits != 12 and not top & _CLEAN:
            reading.notes["dirty"] = "not closed properly"
        if boot.bits != 12 and not top & _NO_ERRORS:
            reading.notes["disk-errors"] = "true"
        if self.numbers[0] & 0xFF != boot.medium:
            reading.notes["medium"] = f"{boot.medium:#x} in the boot sector, {self.numbers[0] & 0xFF:#x} in the table"
        self._compare(view, boot, reading)
        reading.cover(start, start + size)
        if not any(view[start + size : end]):
            reading.cover(start + size, end)

    def _compare(self, view: memoryview, boot: Boot, reading: Reading) -> None:
        """Compare the other tables with the first."""
        first = bytes(view[slice(*boot.table(0))])
        for number in range(1, boot.tables):
            start, end = boot.table(number)
            other = bytes(view[start:end])
            if other == first:
                reading.cover(start, end)
                continue
            at = next((at for at in range(0, len(first), 512) if first[at : at + 512] != other[at : at + 512]), 0)
            detail = f"allocation table {number + 1} differs from the first"
            reading.note_anomaly("contradiction", detail, start + at)

    def allocated(self) -> tuple[bytes, int]:
        """Return 1 for each number of a cluster that is not free, else 0, and how many clusters are marked as damaged."""
        return bytes(map(bool, self.numbers)), self.numbers.count(self.last - 1)


def _numbers(data: memoryview, bits: int, count: int) -> Sequence[int]:
    if bits == 12:
        raw = bytes(data) + bytes(2)
        return [
            (raw[at] | raw[at + 1] << 8) >> (4 if number & 1 else 0) & 0xFFF
            for number, at in ((number, number * 3 // 2) for number in range(count))
        ]
    table = numbers(data, bits)
    if bits == 32 and max(table) > _MASKS[32]:
        return [number & _MASKS[32] for number in table]
    return table
