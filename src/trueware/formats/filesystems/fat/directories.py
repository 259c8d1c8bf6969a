"""The entries of a folder: 32 bytes each, and before some of them entries that carry parts of a long name.

======  ====  ====================================================================================
offset  size  field (little-endian)
======  ====  ====================================================================================
0       11    name and extension, filled up with spaces; first byte 0: no more entries, E5: deleted, 05: stands for E5
11      1     attributes: 1 read-only, 2 hidden, 4 system, 8 label, 10 folder, 20 archive
12      1     8: the name is in lower case, 10: the extension is
13      7     when it was made and last used
20      2     upper half of the first cluster (FAT32)
22      4     when it was modified
26      2     first cluster
28      4     size
======  ====  ====================================================================================

A part of a long name has the attributes 0F. Byte 0 is its number, 40 added for the last one, which comes first; 13 characters
of UTF-16 are at 1, 14 and 28; byte 13 is a checksum of the short name they belong to. 12, 26 and 27 are 0. The name ends
with a NUL where it does not fill its last part, which FF FF then fills up.

Source: Microsoft FAT specification (August 2005) §6, §7; Linux fs/fat/dir.c, which goes on behind the end of the entries.
"""

from struct import Struct
from typing import NamedTuple

from trueware.formats.names import from_wide

DELETED, KANJI = 0xE5, 0x05
LABEL, FOLDER, LONG = 0x08, 0x10, 0x0F
_ENTRY = Struct("<11sBB7xHHHHI")
_SIZE = 32
_LONG_MASK, _LAST, _PARTS = 0x3F, 0x40, 20
_LOWER_NAME, _LOWER_EXTENSION = 0x08, 0x10
CASE = _LOWER_NAME | _LOWER_EXTENSION
_WORDS = ((0x01, "read-only"), (0x02, "hidden"), (0x04, "system"))
TOLD = 0x07
"""Attributes that are told."""
_ROTATED = tuple((value >> 1) | (value & 1) << 7 for value in range(256))


class Name(NamedTuple):
    """One entry of a folder that counts."""

    name: bytes
    """The name that is shown, in UTF-8."""
    short: bytes
    """The 11 bytes."""
    is_long: bool
    attributes: int
    case: int
    cluster_high: int
    cluster: int
    time: int
    date: int
    size: int


class Listing:
    """What a folder holds.

    Attributes:
        names: the entries up to the end mark.
        deleted: how many entries are deleted, or are parts of a name that belongs to nothing that was deleted.
        orphans: how many parts of long names belong to no entry.
        mismatches: short names whose long name has another checksum.
        beyond: how many entries stand behind the end mark and are not deleted.
        leftover: how many bytes that nobody reads are not zero: behind the end mark, behind the end of a long name.
    """

    __slots__ = ("beyond", "deleted", "leftover", "mismatches", "names", "orphans")

    def __init__(self, data: bytes) -> None:
        self.names: list[Name] = []
        self.deleted = self.orphans = self.beyond = self.leftover = 0
        self.mismatches: list[bytes] = []
        end = self._read(data)
        rest = data[end:]
        if rest.strip(b"\0"):
            self.beyond = sum(
                1 for at in range(0, len(rest), _SIZE)
                if rest[at] not in (0, DELETED) and rest[at + 11] & _LONG_MASK != LONG
            )  # fmt: skip
            self.leftover += len(rest.rstrip(b"\0")) - len(rest) + len(rest.lstrip(b"\0"))

    def _read(self, data: bytes) -> int:
        """Take the entries and return where the end mark is."""
        parts: list[bytes] = []
        expected = checksum = 0
        names = self.names
        for at, (short, attributes, case, high, time, date, low, size) in zip(
            range(0, len(data), _SIZE), _ENTRY.iter_unpack(data), strict=True
        ):
            first = short[0]
            if not first:
                self.orphans += len(parts)
                return at
            if first == DELETED:
                self.deleted += 1
                self.orphans += len(parts)
                parts = []
                continue
            if attributes & _LONG_MASK == LONG:
                number = first & ~_LAST
                if first & _LAST:
                    self.orphans += len(parts)
                    parts, expected, checksum = [], number, data[at + 13]
                if not 0 < number == expected <= _PARTS or checksum != data[at + 13] or case or low:
                    self.orphans += len(parts) + 1
                    parts, expected = [], 0
                    continue
                expected -= 1
                parts.append(data[at + 1 : at + 11] + data[at + 14 : at + 26] + data[at + 28 : at + 32])
                continue
            name = b""
            if parts and not attributes & LABEL:
                if expected:
                    self.orphans += len(parts)
                elif checksum != checksum_of(short):
                    self.mismatches.append(short)
                else:
                    name = self._join(parts)
                    self.orphans += 0 if name else len(parts)
            elif parts:
                self.orphans += len(parts)
            parts, expected = [], 0
            names.append(
                Name(name or shown(short, case), short, bool(name), attributes, case, high, low, time, date, size)
            )
        self.orphans += len(parts)
        return len(data)

    def _join(self, parts: list[bytes]) -> bytes:
        parts.reverse()
        raw = b"".join(parts)
        for end in range(max(len(raw) - 26, 0), len(raw), 2):
            if raw[end : end + 2] == b"\0\0":
                self.leftover += len(raw[end + 2 :].strip(b"\xff"))
                return from_wide(raw[:end], "utf-16-le")
        return from_wide(raw, "utf-16-le")


def checksum_of(short: bytes) -> int:
    """Return the checksum that ties a long name to a short one."""
    total = 0
    for byte in short:
        total = _ROTATED[total] + byte & 0xFF
    return total


def shown(short: bytes, case: int = 0) -> bytes:
    """Return a short name as it is shown, in UTF-8; its bytes are taken as code page 437."""
    name, extension = short[:8].rstrip(b" "), short[8:].rstrip(b" ")
    if name[:1] == b"\x05":
        name = b"\xe5" + name[1:]
    if case & _LOWER_NAME:
        name = name.lower()
    if case & _LOWER_EXTENSION:
        extension = extension.lower()
    joined = name + b"." + extension if extension else name
    return joined if joined.isascii() else joined.decode("cp437").encode()


def attribute_words(attributes: int) -> str:
    """Return what of the attributes is told; whether it waits to be archived is not."""
    return " ".join([word for bit, word in _WORDS if attributes & bit])
