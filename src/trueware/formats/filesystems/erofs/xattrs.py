"""Extended attributes: those of one inode behind it, those of many in an area of their own.

::

    header  u32 filter, u8 number of shared ones, 7 bytes unused, then the numbers of these, u32 each
    entry   u8 length of the name, u8 prefix, u16 length of the value, name, value, aligned to 4
    prefix  u16 length, u8 short prefix, and what follows it in the names, aligned to 4

A shared one is an entry at 4 times its number from the first block of these. With bit 7 set a prefix is the number of a long one.
A bit set in the filter says that no name has this hash; Linux believes it and does not look further, while it lists what is there.

Source: Linux fs/erofs/erofs_fs.h, xattr.c; xxHash specification (XXH32).
"""

from struct import Struct, iter_unpack, unpack_from

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.erofs.inodes import Area, Inode
from trueware.formats.filesystems.erofs.superblock import FORMAT, Compat, Superblock

Attributes = tuple[tuple[str, bytes], ...]

LONGEST_PREFIX = 260
"""Bytes of a long prefix with its length, aligned."""

_HEADER = Struct("<IB7s")
_ENTRY = Struct("<2BH")
_LENGTH = Struct("<H")
_PREFIXES = {
    1: "user.", 2: "system.posix_acl_access", 3: "system.posix_acl_default", 4: "trusted.", 5: "lustre.", 6: "security.",
}  # fmt: skip
_LONG = 0x80

_SEED = 0x25BBE08F
_PRIMES = 2654435761, 2246822519, 3266489917, 668265263, 374761393
_WORD = 0xFFFFFFFF

_Name = tuple[int, bytes]
"""Short prefix, and what follows it."""


class AttributeReader:
    """Reads the extended attributes of inodes; shared ones are read once."""

    def __init__(self, sb: Superblock, shared: Area, reading: Reading, ceiling: int) -> None:
        """`shared` holds shared attributes, at the block of the superblock; `ceiling` bounds those of one inode."""
        self._shared, self._start = shared, sb.fields.xattr_block << sb.block_log
        self._filtered = Compat.XATTR_FILTER in sb.compat
        self._reading, self._ceiling = reading, ceiling
        self._prefixes: list[_Name] = []
        self._known: dict[int, tuple[_Name, bytes]] = {}
        self._hashes: dict[_Name, int] = {}

    def read_prefixes(self, data: memoryview | bytes, at: int, count: int) -> int:
        """Take `count` long prefixes from `data` and return where they end.

        Raises:
            MalformedInput: they do not lie there.
        """
        for _ in range(count):
            at = -(-at // 4) * 4
            length = int.from_bytes(data[at : at + _LENGTH.size], "little")
            start, at = at + _LENGTH.size, at + _LENGTH.size + length
            if not 0 < length < LONGEST_PREFIX - _LENGTH.size or at > len(data):
                raise MalformedInput(FORMAT, start, f"a prefix of {length} bytes")
            self._prefixes.append((data[start], bytes(data[start + 1 : at])))
        return at

    def read(self, inode: Inode) -> tuple[Attributes, Attributes]:
        """Return the attributes of an inode, sorted by name, and those that no program is shown.

        Raises:
            MalformedInput: they contradict themselves.
        """
        data, at, end = inode.area.data, inode.attributes, inode.end
        if end - at < _HEADER.size:
            return (), ()
        name_filter, count, unused = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        if at + 4 * count > end or any(unused):
            raise MalformedInput(FORMAT, at, f"{count} shared attributes, {unused.hex()} behind their number")
        shared = unpack_from(f"<{count}I", data, at)
        at += 4 * count
        found: list[tuple[_Name, bytes]] = []
        while at < end:
            name, value, at = self._entry(data, at, end)
            found.append((name, value))
        found.extend(map(self._shared_entry, shared))
        return self._shown(found, name_filter if self._filtered else 0, inode)

    def _shown(self, found: list[tuple[_Name, bytes]], name_filter: int, inode: Inode) -> tuple[Attributes, Attributes]:
        shown: dict[str, bytes] = {}
        unseen: list[tuple[str, bytes]] = []
        size = 0
        for name, value in found:
            prefix, rest = name
            text = rest.decode("utf-8", "surrogateescape")
            size += len(rest) + len(value)
            if size > self._ceiling or b"\0" in rest:
                raise MalformedInput(FORMAT, inode.at, f"extended attribute {text[:40]!r} among {size} bytes of them")
            if prefix not in _PREFIXES:
                unseen.append((f"{prefix}:{text}", value))
                continue
            key = _PREFIXES[prefix] + text
            if key in shown:
                raise MalformedInput(FORMAT, inode.at, f"extended attribute {key!r} stands twice")
            shown[key] = value
            if name_filter and name_filter >> self._hash(name) & 1:
                detail = f"the filter says that there is no attribute {key!r}"
                self._reading.note_anomaly("contradiction", detail, inode.attributes)
        return tuple(sorted(shown.items())), tuple(sorted(unseen))

    def _shared_entry(self, number: int) -> tuple[_Name, bytes]:
        if number not in self._known:
            at = self._start + 4 * number
            name, value, end = self._entry(self._shared.data, at, len(self._shared.data))
            self._shared.claims.share(at, end)
            self._known[number] = name, value
        return self._known[number]

    def _entry(self, data: memoryview, at: int, end: int) -> tuple[_Name, bytes, int]:
        """Return name and value of the entry at `at`, and where the next one begins."""
        if at + _ENTRY.size > end:
            raise MalformedInput(FORMAT, at, "no room for an extended attribute")
        length, prefix, size = _ENTRY.unpack_from(data, at)
        start = at + _ENTRY.size
        middle, stop = start + length, start + length + size
        if stop > end:
            raise MalformedInput(FORMAT, at, f"extended attribute with a name of {length} bytes, {size} of value")
        rest = bytes(data[start:middle])
        if prefix & _LONG:
            if prefix & ~_LONG >= len(self._prefixes):
                raise MalformedInput(FORMAT, at, f"prefix {prefix & ~_LONG} of {len(self._prefixes)}")
            prefix, infix = self._prefixes[prefix & ~_LONG]
            rest = infix + rest
        return (prefix, rest), bytes(data[middle:stop]), min(-(-stop // 4) * 4, end)

    def _hash(self, name: _Name) -> int:
        """Return the bit of the filter that stands for a name."""
        if name not in self._hashes:
            self._hashes[name] = xxh32(name[1], _SEED + name[0]) & 31
        return self._hashes[name]


def xxh32(data: bytes, seed: int) -> int:
    """Return the 32-bit xxHash of `data`; for names, which are short."""
    one, two, three, four, five = _PRIMES
    lanes_end = len(data) // 16 * 16
    if lanes_end:
        lanes = [seed + one + two, seed + two, seed, seed - one]
        for words in iter_unpack("<4I", data[:lanes_end]):
            lanes = [_rotated(lane + word * two, 13) * one for lane, word in zip(lanes, words, strict=True)]
        found = sum(_rotated(lane, shift) for lane, shift in zip(lanes, (1, 7, 12, 18), strict=True))
    else:
        found = seed + five
    found += len(data)
    words_end = len(data) // 4 * 4
    for (word,) in iter_unpack("<I", data[lanes_end:words_end]):
        found = _rotated(found + word * three, 17) * four
    for byte in data[words_end:]:
        found = _rotated(found + byte * five, 11) * one
    found &= _WORD
    found = (found ^ found >> 15) * two & _WORD
    found = (found ^ found >> 13) * three & _WORD
    return found ^ found >> 16


def _rotated(value: int, by: int) -> int:
    value &= _WORD
    return (value << by | value >> 32 - by) & _WORD
