"""Extended attributes: at the end of the inode, and on in a node of their own.

::

    24 bytes: u32 magic F2F52011, u32 references; then u8 prefix, u8 length of the name, u16 length of the value, name, value,
    filled up to a multiple of 4; a u32 of 0 ends them

Access lists stand in a form of their own::

    u32 version 1, then for each entry u16 tag, u16 permissions, and, of a named user or group (tags 2 and 8), u32 id

Source: Linux fs/f2fs/xattr.h, xattr.c, acl.c.
"""

from struct import Struct, pack

from trueware.errors import MalformedInput
from trueware.formats.filesystems.f2fs.superblock import FORMAT

Attributes = tuple[tuple[str, bytes], ...]

_MAGIC = b"\x11\x20\xf5\xf2"
_HEADER = 24
_ENTRY = Struct("<2BH")
_ACCESS_LISTS = {2: "system.posix_acl_access", 3: "system.posix_acl_default"}
_PREFIXES = {1: "user.", 4: "trusted.", 6: "security.", 7: "system.", 9: "encryption.", 11: "verity."}
_NAMED, _NOBODY = (2, 8), 0xFFFFFFFF


def read_attributes(raw: bytes, at: int, ceiling: int) -> Attributes:
    """Return the attributes in `raw`, sorted by name.

    Raises:
        MalformedInput: they contradict themselves.
    """
    found: dict[str, bytes] = {}
    if raw[:4] != _MAGIC:
        return ()
    place = _HEADER
    while place + _ENTRY.size <= len(raw) and raw[place : place + 4] != bytes(4):
        prefix, name_size, value_size = _ENTRY.unpack_from(raw, place)
        start = place + _ENTRY.size
        end = start + name_size + value_size
        name, value = raw[start : start + name_size], raw[start + name_size : end]
        if end > len(raw) or end > ceiling or b"\0" in name:
            raise MalformedInput(FORMAT, at, f"extended attribute of {name_size} and {value_size} bytes")
        if prefix in _ACCESS_LISTS and not name:
            key, value = _ACCESS_LISTS[prefix], _shown(value, at)
        elif prefix in _PREFIXES:
            key = _PREFIXES[prefix] + name.decode("utf-8", "surrogateescape")
        else:
            raise MalformedInput(FORMAT, at, f"extended attribute of kind {prefix}, named {name!r}")
        if key in found:
            raise MalformedInput(FORMAT, at, f"extended attribute {key!r} stands twice")
        found[key] = value
        place = end + 3 & ~3
    return tuple(sorted(found.items()))


def _shown(value: bytes, at: int) -> bytes:
    """Return an access list as a device shows it."""
    if len(value) % 4 or value[:4] != b"\1\0\0\0":
        raise MalformedInput(FORMAT, at, "access list of an unknown version")
    shown, place = b"\2\0\0\0", 4
    while place < len(value):
        tag, permissions = Struct("<2H").unpack_from(value, place)
        place += 4
        who = _NOBODY
        if tag in _NAMED:
            who = int.from_bytes(value[place : place + 4], "little")
            place += 4
            if place > len(value):
                raise MalformedInput(FORMAT, at, "access list that ends within an entry")
        shown += pack("<2HI", tag, permissions, who)
    return shown
