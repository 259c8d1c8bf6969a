"""The entries of a folder: 32 bytes each, in sets of one for the file, one for where it lies, and some for its name.

======  ====  ====================================================================================
offset  size  85: a file (little-endian)
======  ====  ====================================================================================
1       1     how many entries follow that belong to it
2       2     checksum of the set, without these two bytes
4       2     attributes: 1 read-only, 2 hidden, 4 system, 10 folder, 20 archive
8       12    made, modified, used: time and date as in FAT
20      2     made, modified: hundredths of a second more
22      3     made, modified, used: quarters of an hour from UTC, 80: known
======  ====  ====================================================================================

======  ====  ====================================================================================
offset  size  C0: where it lies
======  ====  ====================================================================================
1       1     1: has clusters, 2: they are in one piece, the table says nothing of them
3       1     characters in the name
4       2     hash of the name in upper case
8       8     bytes that were written; what is behind them reads as zeros
20      4     first cluster
24      8     size
======  ====  ====================================================================================

C1 holds 15 characters of UTF-16 at 2. In the root folder are 81, the bitmap of the clusters, 82, the table of capital letters
(its checksum at 4), both with cluster at 20 and size at 24, 83, the label (length at 1, 11 characters), A0, a GUID. Types with
the bit 20 may be ignored; without the bit 80 an entry is not in use, and with 0 they end.

Source: Microsoft exFAT file system specification §6, §7.
"""

from struct import Struct
from typing import NamedTuple

_SIZE = 32
FILE, STREAM, NAME = 0x85, 0xC0, 0xC1
BITMAP, UPCASE, LABEL, GUID = 0x81, 0x82, 0x83, 0xA0
_IN_USE, _SECONDARY, _BENIGN = 0x80, 0x40, 0x20
_FILE = Struct("<2xHH6xHH5xBxB")
_STREAM = Struct("<xBxBHxxQ4xIQ")
_PER_ENTRY = 15


class Name(NamedTuple):
    """One file or folder."""

    raw: bytes
    """The name in UTF-16, little-endian."""
    attributes: int
    time: int
    date: int
    more: int
    """Hundredths of a second."""
    zone: int
    flags: int
    hash: int
    written: int
    cluster: int
    size: int
    checksum_fits: bool


class Listing:
    """What a folder holds.

    Attributes:
        names: the files and folders up to the end.
        special: other entries in use that stand on their own.
        deleted: how many entries are not in use and not empty.
        wrong: what is wrong, with the place of the entry in the folder.
        leftover: how many bytes that nobody reads are not zero.
    """

    __slots__ = ("deleted", "leftover", "names", "special", "wrong")

    def __init__(self, data: bytes) -> None:
        self.names: list[Name] = []
        self.special: list[bytes] = []
        self.wrong: list[tuple[int, str]] = []
        self.deleted = self.leftover = 0
        at, end = 0, len(data)
        while at < end and data[at]:
            kind = data[at]
            if not kind & _IN_USE:
                self.deleted += 1
                at += _SIZE
            elif kind == FILE:
                at += self._take_set(data, at)
            else:
                if kind & _SECONDARY:
                    self.wrong.append((at, f"an entry of type {kind:#x} that belongs to no file"))
                else:
                    self.special.append(data[at : at + _SIZE])
                at += _SIZE
        self.leftover += len(data[at:].strip(b"\0"))

    def _take_set(self, data: bytes, at: int) -> int:
        """Take the entries of one file and return their size."""
        count = data[at + 1]
        size = _SIZE * (count + 1)
        entries = data[at : at + size]
        if count < 2 or len(entries) < size or entries[_SIZE] != STREAM:
            self.wrong.append((at, f"a file with {count} entries"))
            return _SIZE
        flags, length, hash_, written, cluster, stated = _STREAM.unpack_from(entries, _SIZE)
        names = -(-length // _PER_ENTRY)
        kinds = entries[2 * _SIZE :: _SIZE]
        if not names or kinds[:names] != bytes((NAME,)) * names:
            self.wrong.append((at, f"a name of {length} characters in {kinds.count(NAME)} entries"))
            return _SIZE
        if any(not kind & _IN_USE or not kind & _SECONDARY or not kind & _BENIGN for kind in kinds[names:]):
            self.wrong.append((at, f"entries of the types {kinds[names:].hex()} that may not be ignored"))
        joined = b"".join(
            [entries[start + 2 : start + _SIZE] for start in range(2 * _SIZE, (2 + names) * _SIZE, _SIZE)]
        )
        raw = joined[: 2 * length]
        self.leftover += len(joined[2 * length :].strip(b"\0"))
        checksum, attributes, time, date, more, zone = _FILE.unpack_from(entries)
        total = sum16(entries[:2] + entries[4:])
        self.names.append(
            Name(raw, attributes, time, date, more, zone, flags, hash_, written, cluster, stated, total == checksum)
        )
        return size


def sum16(data: bytes) -> int:
    """Return the checksum of a set of entries, or the hash of a name."""
    total = 0
    for byte in data:
        total = (total << 15 | total >> 1) + byte & 0xFFFF
    return total


class Capitals:
    """The table of capital letters, by which names are compared.

    It lists the capital of each character; FFFF and a number stand for so many characters that are their own.
    """

    def __init__(self, data: bytes) -> None:
        self._table = list(range(1 << 16))
        at = 0
        units = memoryview(data[: len(data) // 2 * 2])
        position = 0
        while position < len(units) and at < 1 << 16:
            unit = units[position] | units[position + 1] << 8
            position += 2
            if unit == 0xFFFF and position < len(units):
                at += units[position] | units[position + 1] << 8
                position += 2
            else:
                self._table[at] = unit
                at += 1

    def of(self, raw: bytes) -> bytes:
        """Return a name in UTF-16 in capital letters."""
        table = self._table
        return b"".join([table[raw[at] | raw[at + 1] << 8].to_bytes(2, "little") for at in range(0, len(raw), 2)])
