"""Extended attributes: lists of names and values, each list for all inodes that have the same ones.

::

    table   u64 start of the lists, u32 number of lists, u32 unused, then the places of the blocks of a lookup table
    name    u16 prefix (0 user, 1 trusted, 2 security; 0x100: the value is elsewhere), u16 length, name without its prefix
    value   u32 length, value; elsewhere: length 8 and a u64 reference of the length and value of another attribute

Source: Linux fs/squashfs/xattr.c, xattr_id.c.
"""

from struct import Struct, unpack_from

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.squashfs.lookup import LookupTable
from trueware.formats.filesystems.squashfs.metadata import Packing, Table
from trueware.formats.filesystems.squashfs.superblock import FORMAT
from trueware.model.limits import Limits

Attributes = tuple[tuple[str, bytes], ...]

NO_LIST = 0xFFFFFFFF

_HEADER = Struct("<Q2I")
_ID = Struct("<Q2I")
_NAME = Struct("<2H")
_REFERENCE = Struct("<Q")
_U32 = Struct("<I")
_PREFIXES = {0: "user.", 1: "trusted.", 2: "security."}
_ELSEWHERE = 0x100


class AttributeTable:
    """All lists of attributes of a file system; each is read once."""

    def __init__(self, packing: Packing, at: int, end: int, limits: Limits, reading: Reading) -> None:
        """Read the table at `at`.

        Raises:
            MalformedInput: it is not there.
        """
        if at + _HEADER.size > end:
            raise MalformedInput(FORMAT, at, "no room for the table of extended attributes")
        self._at, self._ceiling, self._reading = at, limits.max_xattrs, reading
        self.start, self._count, unused = _HEADER.unpack_from(packing.view, at)
        if unused:
            reading.note_anomaly("reserved-bits", f"{unused:#x} in the table of extended attributes", at + 12)
        reading.cover(at, at + _HEADER.size)
        ids = LookupTable(packing, at + _HEADER.size, self._count * _ID.size, end, limits, reading)
        if not self.start <= ids.start:
            raise MalformedInput(FORMAT, at, "extended attributes behind their table")
        self._ids = ids.data
        self._lists = Table(packing, self.start, min(ids.start, at), limits)
        self._known: dict[int, Attributes] = {}
        self._values: dict[int, bytes] = {}

    def read(self, number: int) -> Attributes:
        """Return the attributes of list `number`, sorted by name.

        Raises:
            MalformedInput: there is no such list, or it contradicts itself.
        """
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = self._read(number)
        return known

    def account(self) -> None:
        """Tell of what no list uses."""
        if unnamed := self._count - len(self._known):
            detail = f"{unnamed} lists of extended attributes that no inode has"
            self._reading.note_anomaly("hidden-content", detail, self._at)
            self._reading.cover(self.start, self._lists.end)
        else:
            self._lists.account("extended attributes", self._reading, shared=True)

    def _read(self, number: int) -> Attributes:
        if number >= self._count:
            raise MalformedInput(FORMAT, self._at, f"list {number} of {self._count} lists of extended attributes")
        reference, count, stated = _ID.unpack_from(self._ids, number * _ID.size)
        start = at = self._lists.find(reference >> 16, reference & 0xFFFF)
        attributes: dict[str, bytes] = {}
        size = 0
        for _ in range(count):
            kind, length = self._take(_NAME, at)
            at += _NAME.size + length
            name = self._lists.data[at - length : at]
            if kind & ~_ELSEWHERE not in _PREFIXES or len(name) < length or b"\0" in name:
                raise MalformedInput(FORMAT, self._at, f"extended attribute of kind {kind:#x}, named {name!r}")
            value, at = self._value(at)
            if kind & _ELSEWHERE:
                if len(value) != _REFERENCE.size:
                    raise MalformedInput(FORMAT, self._at, f"reference of {len(value)} bytes to a value")
                (elsewhere,) = _REFERENCE.unpack(value)
                value = self._elsewhere(self._lists.find(elsewhere >> 16, elsewhere & 0xFFFF))
            key = _PREFIXES[kind & ~_ELSEWHERE] + name.decode("utf-8", "surrogateescape")
            size += len(key.encode("utf-8", "surrogateescape")) + 1 + len(value)
            if key in attributes or size > self._ceiling:
                raise MalformedInput(
                    FORMAT, self._at, f"extended attribute {key!r} stands twice, or is the last of too many"
                )
            attributes[key] = value
        if size != stated:
            detail = f"list {number} of extended attributes takes {size} bytes, its record says {stated}"
            self._reading.note_anomaly("contradiction", detail, self._at)
        self._lists.take(start, at)
        return tuple(sorted(attributes.items()))

    def _elsewhere(self, at: int) -> bytes:
        """Return the value at `at`, which several attributes may share."""
        if at not in self._values:
            self._values[at], end = self._value(at)
            self._lists.take(at, end)
        return self._values[at]

    def _value(self, at: int) -> tuple[bytes, int]:
        """Return the value at `at` and where it ends."""
        (size,) = self._take(_U32, at)
        start = at + _U32.size
        if size > self._ceiling or start + size > len(self._lists.data):
            raise MalformedInput(FORMAT, self._at, f"value of {size} bytes of an extended attribute")
        return self._lists.data[start : start + size], start + size

    def _take(self, layout: Struct, at: int) -> tuple[int, ...]:
        if at + layout.size > len(self._lists.data):
            raise MalformedInput(FORMAT, self._at, "a list of extended attributes that does not end")
        return unpack_from(layout.format, self._lists.data, at)
