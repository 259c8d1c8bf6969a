"""A package as Android divides it: members, signing block, directory, end record. Nothing may stand between the last two.

Android looks for the end record as strictly as this: its comment reaches to the last byte. Source: source.android.com, "APK Signature
Scheme v2"; PKWARE APPNOTE 6.3.10 §4.3.16 for the record.
"""

from dataclasses import dataclass
from functools import cached_property
from struct import Struct

from trueware.signatures.refusal import broken, uncheckable

_END = Struct("<4s4H2IH")
_END_MAGIC, _LOCATOR_MAGIC = b"PK\5\6", b"PK\6\7"
_OFFSET = 16
"""Where the end record says where the directory is."""

_BLOCK_END = Struct("<Q16s")
_BLOCK_MAGIC = b"APK Sig Block 42"
_LARGEST_BLOCK = (1 << 31) - 9
_PIECE = 1 << 20
_LEAST_PAIR = 4
_MOST_PAIRS = 4096
"""Values of a signing block; real ones have ten at most."""

_LARGEST_PAIR = 16 << 20
"""Bytes of a value that is looked into; signatures take some thousands."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One value in the signing block: its id, and where it lies in the package."""

    id: int
    start: int
    end: int


class Block:
    """The signing block, found."""

    def __init__(self, start: int, pairs: tuple[Pair, ...]) -> None:
        """Take where it begins, and its values in order."""
        self.start, self.pairs = start, pairs
        self._first = {pair.id: pair for pair in reversed(pairs)}

    def first(self, id: int) -> Pair | None:  # noqa: A002 (the standard's noun)
        """Return the value that Android takes: the first with this id."""
        return self._first.get(id)


class Package:
    """The bytes of a package, and where its sections are."""

    def __init__(self, view: memoryview) -> None:
        """Find the end record.

        Raises:
            Refusal: there is none that ends with the bytes.
        """
        self.view = view
        self.end = _find_end(view)
        *_, size, start, _ = _END.unpack_from(view, self.end)
        self.directory, self._directory_size = start, size
        if self.end >= 20 and view[self.end - 20 : self.end - 16] == _LOCATOR_MAGIC:
            uncheckable("a package in the 64-bit form of zip, which Android does not take")

    def value(self, pair: Pair) -> bytes:
        """Return the bytes of a value in the signing block.

        Raises:
            Refusal: there are more than any signature has.
        """
        if pair.end - pair.start > _LARGEST_PAIR:
            uncheckable(f"value {pair.id:#010x} of the signing block has {pair.end - pair.start} bytes")
        return bytes(self.view[pair.start : pair.end])

    def end_record(self, directory: int) -> bytes:
        """Return the end record with `directory` for where the directory is, as it is digested."""
        record = bytearray(self.view[self.end :])
        record[_OFFSET : _OFFSET + 4] = directory.to_bytes(4, "little")
        return bytes(record)

    @cached_property
    def block(self) -> Block | None:
        """The signing block, None where there is none.

        Raises:
            Refusal: there is one, and Android would not find it, or not as it was signed.
        """
        end = self.directory
        if end < _BLOCK_END.size + 8 or end > self.end:
            return None
        size, magic = _BLOCK_END.unpack_from(self.view, end - _BLOCK_END.size)
        if magic != _BLOCK_MAGIC:
            return None
        if end + self._directory_size != self.end:
            broken(
                f"between directory and end record stand {self.end - end - self._directory_size} bytes that belong to no "
                "section: Android finds no signing block then"
            )
        start = end - size - 8
        if not _BLOCK_END.size <= size <= _LARGEST_BLOCK or start < 0:
            uncheckable(f"the signing block is malformed: a size of {size}")
        first = int.from_bytes(self.view[start : start + 8], "little")
        if first != size:
            uncheckable(f"the signing block is malformed: its two sizes are {first} and {size}")
        return Block(start, tuple(self._pairs(start + 8, end - _BLOCK_END.size)))

    def _pairs(self, at: int, end: int) -> list[Pair]:
        pairs: list[Pair] = []
        while at < end:
            size = int.from_bytes(self.view[at : min(at + 8, end)], "little")
            if len(pairs) == _MOST_PAIRS:
                uncheckable(f"the signing block has more than {_MOST_PAIRS} values")
            if end - at < 8 or not _LEAST_PAIR <= size <= end - at - 8:
                uncheckable(f"the signing block is malformed: a value of {size} bytes at {at:#x}")
            start = at + 8
            pairs.append(Pair(int.from_bytes(self.view[start : start + 4], "little"), start + 4, start + size))
            at = start + size
        return pairs


def is_blank(view: memoryview) -> bool:
    """Tell whether all bytes are zero."""
    return not any(bytes(view[at : at + _PIECE]).strip(b"\0") for at in range(0, len(view), _PIECE))


def _find_end(view: memoryview) -> int:
    start = max(0, len(view) - _END.size - 0xFFFF)
    tail = bytes(view[start:])
    at = tail.rfind(_END_MAGIC)
    while at >= 0:
        if (
            at + _END.size <= len(tail)
            and int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail) - at - _END.size
        ):
            return start + at
        at = tail.rfind(_END_MAGIC, 0, at)
    return uncheckable("no end record of zip reaches to the last byte: Android does not open it")
