"""What the signing blocks are made of: values behind a length of four bytes, little-endian, within one another."""

from collections.abc import Iterator
from struct import Struct

from trueware.signatures.refusal import uncheckable

_U32, _U64 = Struct("<I"), Struct("<Q")


class Prefixed:
    """Bytes that are taken from the front; running out of them makes the signature not checkable."""

    __slots__ = ("_at", "_bytes", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._bytes, self._at, self._what = data, 0, what

    def __len__(self) -> int:
        return len(self._bytes) - self._at

    def u32(self) -> int:
        """Take a number."""
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        """Take a number of eight bytes."""
        return int(_U64.unpack(self.take(8))[0])

    def value(self) -> bytes:
        """Take a length and as many bytes."""
        return self.take(self.u32())

    def within(self) -> "Prefixed":
        """Take a length and as many bytes, to be taken apart themselves."""
        return Prefixed(self.value(), self._what)

    def each(self) -> Iterator["Prefixed"]:
        """Take values until there are none."""
        while len(self):
            yield self.within()

    def rest(self) -> bytes:
        """Take what is left."""
        return self.take(len(self))

    def take(self, size: int) -> bytes:
        """Take `size` bytes."""
        if size > len(self):
            uncheckable(f"{self._what} is malformed: {size} bytes at {self._at:#x} of it, {len(self)} are left")
        self._at += size
        return self._bytes[self._at - size : self._at]

    def end(self) -> None:
        """Make sure that nothing is left: bytes that no check reads could say anything."""
        if len(self):
            uncheckable(f"{self._what} is malformed: {len(self)} bytes too many at {self._at:#x} of it")
