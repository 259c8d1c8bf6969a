"""Records of bit fields, as old versions of squashfs and big-endian ones have them.

A record is one number: its fields follow each other from the lowest bit up where its bytes are little-endian, from the
highest bit down where they are big-endian. That is how compilers lay out C's bit fields, and it holds for whole words too.
"""

from dataclasses import dataclass

from trueware.errors import MalformedInput
from trueware.formats.filesystems.squashfs.superblock import FORMAT, Order


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one record in one byte order."""

    order: Order
    size: int
    fields: tuple[tuple[str, int, int], ...]
    """Name, how far to shift it down, and mask."""

    @classmethod
    def of(cls, layout: str, order: Order) -> "Record":
        """Return the record that `layout` describes: names and widths in bits, as in ``kind:4 mode:12``."""
        named = [(name, int(width)) for name, width in (field.split(":") for field in layout.split())]
        bits = sum(width for _, width in named)
        fields, at = [], 0
        for name, width in named:
            fields.append((name, at if order == "little" else bits - at - width, (1 << width) - 1))
            at += width
        return cls(order, bits // 8, tuple(fields))

    def read(self, data: bytes | bytearray | memoryview, at: int) -> dict[str, int]:
        """Return the fields of the record at `at`, by name.

        Raises:
            MalformedInput: the bytes end before it does.
        """
        if at + self.size > len(data):
            raise MalformedInput(FORMAT, at, "a record that runs past the end of its table")
        number = int.from_bytes(data[at : at + self.size], self.order)
        return {name: number >> shift & mask for name, shift, mask in self.fields}
