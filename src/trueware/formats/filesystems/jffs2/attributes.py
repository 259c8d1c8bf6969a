"""Extended attributes: nodes with a name and a value, and references that give them to inodes.

Of two attributes of one name the one given later counts. Access lists stand in a form of their own::

    u32 version 1, then for each entry u16 tag, u16 permissions, and, of a named user or group (tags 2 and 8), u32 id

Source: Linux fs/jffs2/xattr.c, acl.c.
"""

from struct import Struct, pack

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.jffs2 import nodes
from trueware.formats.filesystems.jffs2.log import Log
from trueware.formats.filesystems.jffs2.nodes import FORMAT, Order

Attributes = tuple[tuple[str, bytes], ...]

_PREFIXES = {1: "user.", 2: "security.", 3: "system.posix_acl_access", 4: "system.posix_acl_default", 5: "trusted."}
_ACCESS_LISTS = (3, 4)
_NAMED = (2, 8)
_NOBODY = 0xFFFFFFFF


class AttributeTable:
    """The attributes of all inodes.

    Attributes:
        used: how many nodes are in use.
    """

    def __init__(self, view: memoryview, order: Order, log: Log, ceiling: int, reading: Reading) -> None:
        self._view, self._order, self._log, self._ceiling, self._reading = view, order, log, ceiling, reading
        self._given: dict[int, list[tuple[int, int]]] = {}
        for (inode, number), sequence in log.xrefs.items():
            if not sequence & nodes.XREF_GONE:
                self._given.setdefault(inode, []).append((sequence, number))
        self._known: dict[int, tuple[str, bytes]] = {}
        self._references = 0

    @property
    def used(self) -> int:
        """How many nodes say something that counts."""
        return len(self._known) + self._references

    def of(self, inode: int, path: str) -> Attributes:
        """Return the attributes of an inode, sorted by name."""
        if inode not in self._given:
            return ()
        found: dict[str, bytes] = {}
        size = 0
        for _, number in sorted(self._given[inode]):
            self._references += 1
            try:
                name, value = self._read(number)
                size += len(name) + len(value)
                if size > self._ceiling:
                    raise MalformedInput(FORMAT, 0, "too many extended attributes")  # noqa: TRY301
            except MalformedInput as error:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
                continue
            found[name] = value
        return tuple(sorted(found.items()))

    def _read(self, number: int) -> tuple[str, bytes]:
        known = self._known.get(number)
        if known is not None:
            return known
        version, at = self._log.xattrs.get(number, (nodes.XATTR_GONE, 0))
        if version == nodes.XATTR_GONE:
            raise MalformedInput(FORMAT, at, f"extended attribute {number} is not there")
        _, _, prefix, name_length, value_length, _, _ = self._order.xattr(self._view, at)
        start = at + nodes.XATTR_SIZE
        name = self._view[start : start + name_length].tobytes()
        value = self._view[start + name_length + 1 : start + name_length + 1 + value_length].tobytes()
        if prefix not in _PREFIXES or b"\0" in name or self._view[start + name_length]:
            raise MalformedInput(FORMAT, at, f"extended attribute of kind {prefix}, named {name!r}")
        key = _PREFIXES[prefix] + name.decode("utf-8", "surrogateescape")
        if prefix in _ACCESS_LISTS:
            value = self._shown(value, at)
        self._known[number] = key, value
        return key, value

    def _shown(self, value: bytes, at: int) -> bytes:
        """Return an access list as a device shows it."""
        short, long = Struct(self._order.sign + "2H"), Struct(self._order.sign + "I")
        if len(value) % 4 or len(value) < 4 or long.unpack_from(value) != (1,):
            raise MalformedInput(FORMAT, at, "access list of an unknown version")
        shown, place = b"\2\0\0\0", 4
        while place < len(value):
            tag, permissions = short.unpack_from(value, place)
            place += short.size
            who = _NOBODY
            if tag in _NAMED:
                if place == len(value):
                    raise MalformedInput(FORMAT, at, "access list that ends within an entry")
                (who,) = long.unpack_from(value, place)
                place += long.size
            shown += pack("<2HI", tag, permissions, who)
        return shown
