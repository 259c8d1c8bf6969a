"""Packages and indexes of apk-tools 3: blocks in a row, the first of them a small database, the others signatures and files.

======  ====  =======================================================================
offset  size  field (little-endian)
======  ====  =======================================================================
0       4     magic "ADB."
4       4     schema: "pckg" package, "indx" index
8       ..    blocks, each at a multiple of 8: length with this field (bits 0-29) and
              type (30-31): 0 database, 1 signature, 2 data; 3: the type is in the low
              bits, then 4 bytes reserved, length (8)
======  ====  =======================================================================

The database begins with its version (2), 2 bytes reserved and the root. A value has 4 bytes: type (upper 4 bits) and a number or a
place; an object or array is at its place with the number of its values, itself included, then these. A block of data begins with
the numbers of a folder and of a file in it. Source: apk-tools ``src/adb.h``, ``src/apk_adb.h``, ``src/extract_v3.c``.

The database is a region, compared by its bytes; so are signatures. No package made by apk-tools was at hand.
"""

import hashlib
from collections.abc import Iterator
from struct import Struct, unpack_from
from typing import ClassVar, NamedTuple

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import KINDS, place
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"ADB."
_SCHEMAS = {b"pckg": "package", b"indx": "index"}
_WORD, _LONG = Struct("<I"), Struct("<IIQ")
DATABASE, SIGNATURE, DATA, _LONG_BLOCK = range(4)
_SIZE = (1 << 30) - 1

_INT, _INT_32, _INT_64, _BLOBS, _ARRAY, _OBJECT = 0x1, 0x2, 0x3, {0x8: 1, 0x9: 2, 0xA: 4}, 0xD, 0xE
_PLACE = (1 << 28) - 1
INFO, PATHS = 1, 2
_FACTS = {1: "name", 2: "version", 5: "arch", 7: "origin", 8: "maintainer"}
DIR_NAME, _DIR_ACL, DIR_FILES = 1, 2, 3
NAME, _ACL, FILE_SIZE, _MTIME, HASHES, TARGET = range(1, 7)
_MODE, _USER, _GROUP, _XATTRS = range(1, 5)
_FIELDS = 32
"""Fields of an object that are looked at; the schemas have up to 20."""

DIGESTS = {16: "md5", 20: "sha1", 32: "sha256", 64: "sha512"}


class Adb:
    """A package or an index."""

    name: ClassVar[str] = "adb"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "apk-tools 3 package or index", "Alpine", ("apk-tools src/adb.h, src/apk_adb.h",),
        ("signatures are kept; the scheme apk-tools verifies them",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= 24 and view[:4] == _MAGIC and bytes(view[4:8]) in _SCHEMAS and view[11] >> 6 == DATABASE

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Adb.matches(view):
            raise MalformedInput("adb", 0, "no header before a database")
        reading = Reading(facts={"schema": _SCHEMAS[bytes(view[4:8])]})
        found, entries, data = list(blocks(view, limits, reading)), list[Entry](), list[Block]()
        for number, block in enumerate(found):
            if block.kind == DATA:
                data.append(block)
            else:
                name = {DATABASE: "database", SIGNATURE: "signature"}.get(block.kind, f"type-{block.kind}")
                path = name if not number else f"{name}-{number}"
                held = Held(view[block.start : block.end])
                entries.append(Entry(path, Kind.REGION, held, block.end - block.start, offset=block.start))
        database = Values(view[found[0].start : found[0].end], limits)
        root = database.fields(database.root)
        if reading.facts["schema"] == "package":
            info = database.fields(at(root, INFO))
            for field, fact in _FACTS.items():
                if text := database.text(at(info, field)):
                    reading.facts[fact] = text
            reading.entries = _Files(view, database, data, reading).entries(root, entries)
        else:
            reading.entries = entries
        return reading


class Block(NamedTuple):
    """A block of the file."""

    kind: int
    start: int
    """First byte behind the header."""

    end: int


def blocks(view: memoryview, limits: Limits, reading: Reading) -> Iterator[Block]:
    """Yield the blocks of a file, and cover their headers and filling."""
    at, count = 8, 0
    reading.cover(0, at)
    while at + _WORD.size <= len(view):
        (word,) = _WORD.unpack_from(view, at)
        kind, size, header = word >> 30, word & _SIZE, _WORD.size
        if kind == _LONG_BLOCK:
            if at + _LONG.size > len(view):
                break
            kind, header, size = size, _LONG.size, _LONG.unpack_from(view, at)[2]
        if size < header or size > len(view) - at:
            rule = "truncated" if count and size >= header else "malformed"
            if not count:
                raise MalformedInput("adb", at, f"a database of {size} bytes in {len(view) - at}")
            reading.note_anomaly(rule, f"a block of {size} bytes in {len(view) - at}", at)
            break
        count += 1
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "blocks of a package")
        filler = -size % 8
        reading.cover(at, at + header)
        if not any(view[at + size : at + size + filler]):
            reading.cover(at + size, min(at + size + filler, len(view)))
        yield Block(kind, at + header, at + size)
        at += size + filler
    reading.end = min(at, len(view))


def at(fields: list[int], number: int) -> int:
    """Return the value of a field, 0 (nothing) where the object has no such one."""
    return fields[number] if number < len(fields) else 0


class Values:
    """The values of a database."""

    def __init__(self, data: memoryview, limits: Limits) -> None:
        if len(data) < 8:
            raise MalformedInput("adb", 8, "a database without a root")
        self._data, self._limits = data, limits
        self.root = int(_WORD.unpack_from(data, 4)[0])

    def fields(self, value: int, most: int = _FIELDS) -> list[int]:
        """Return the first values of an object or array, their number before them; many may be at one place."""
        at = value & _PLACE
        if value >> 28 not in (_ARRAY, _OBJECT) or at + 4 > len(self._data):
            return []
        (count,) = _WORD.unpack_from(self._data, at)
        if count > (len(self._data) - at) // 4:
            raise MalformedInput("adb", at, f"{count} values in {len(self._data) - at} bytes")
        return list(unpack_from(f"<{min(count, most + 1)}I", self._data, at))

    def items(self, value: int) -> list[int]:
        """Return all values of an array."""
        return self.fields(value, len(self._data))[1:]

    def number(self, value: int) -> int:
        """Return a number, 0 where it is none."""
        kind, at = value >> 28, value & _PLACE
        size = {_INT_32: 4, _INT_64: 8}.get(kind)
        if size is None:
            return at if kind == _INT else 0
        return int.from_bytes(self._data[at : at + size], "little")

    def octets(self, value: int) -> bytes:
        """Return the bytes of a value, none where it has none."""
        length, at = _BLOBS.get(value >> 28), value & _PLACE
        if length is None:
            return b""
        size = int.from_bytes(self._data[at : at + length], "little")
        if size > min(len(self._data) - at - length, self._limits.max_xattrs):
            raise MalformedInput("adb", at, f"a value of {size} bytes")
        return bytes(self._data[at + length : at + length + size])

    def xattrs(self, value: int) -> Iterator[tuple[str, bytes]]:
        """Yield extended attributes, of which there are no more together than one entry may have."""
        room = self._limits.max_xattrs
        for each in self.fields(value, room)[1:]:
            octets = self.octets(each)
            room -= len(octets) + 1
            if room < 0:
                raise LimitExceeded("max_xattrs", self._limits.max_xattrs, "attributes of a file of a package")
            name, _, data = octets.partition(b"\0")
            yield name.decode("utf-8", "surrogateescape"), data

    def text(self, value: int) -> str:
        """Return the bytes of a value as text."""
        return self.octets(value)[: self._limits.max_name].decode("utf-8", "surrogateescape")


class _Files:
    """The files of a package, in its order, each with the block of data that follows for it."""

    def __init__(self, view: memoryview, database: Values, data: list[Block], reading: Reading) -> None:
        self._view, self._values, self._reading = view, database, reading
        self._data = iter(data)

    def entries(self, root: list[int], before: list[Entry]) -> Iterator[Entry]:
        yield from before
        values = self._values
        for number, path in enumerate(values.items(at(root, PATHS)), 1):
            folder = values.fields(path)
            name = values.text(at(folder, DIR_NAME))
            above = place(name, 0, self._reading)
            if above:
                entry = Entry(above, Kind.DIRECTORY)
                self._own(entry, at(folder, _DIR_ACL))
                yield entry
            for index, file in enumerate(values.items(at(folder, DIR_FILES)), 1):
                yield self._file(above, values.fields(file), (number, index))
        for block in self._data:
            self._reading.note_anomaly("contradiction", "data that are of no file", block.start)
            data = self._view[block.start : block.end]
            yield Entry(f"data-{block.start:#x}", Kind.REGION, Held(data), len(data), offset=block.start)

    def _file(self, above: str, fields: list[int], numbers: tuple[int, int]) -> Entry:
        values, reading = self._values, self._reading
        name = values.text(at(fields, NAME))
        path = f"{above}/{name}" if above else name
        entry = Entry(path, Kind.FILE, mtime=values.number(at(fields, _MTIME)))
        self._own(entry, at(fields, _ACL))
        if target := values.octets(at(fields, TARGET)):
            self._link(entry, target)
            return entry
        size = values.number(at(fields, FILE_SIZE))
        data = self._view[:0]
        if size and (block := next(self._data, None)) is not None:
            data = self._view[block.start + 8 : block.end]
            reading.cover(block.start, block.end)
            entry.offset = block.start + 8
            stated = unpack_from("<2I", self._view, block.start) if block.end - block.start >= 8 else ()
            if stated != numbers or len(data) != size:
                detail = f"data of file {stated} and {len(data)} bytes where {size} of {numbers} belong"
                reading.note_anomaly("contradiction", detail, block.start, path)
        elif size:
            reading.note_anomaly("truncated", f"no data for a file of {size} bytes", None, path)
        entry.content, entry.size = Held(data), len(data)
        digest = values.octets(at(fields, HASHES))
        if algorithm := DIGESTS.get(len(digest)):
            found = hashlib.new(algorithm, data, usedforsecurity=False).digest()
            if found != digest:
                detail = f"the {algorithm} is {found.hex()}, stated {digest.hex()}"
                reading.note_anomaly("checksum-mismatch", detail, entry.offset, path)
        return entry

    def _link(self, entry: Entry, target: bytes) -> None:
        """Make what it is of an entry without data: the target begins with the type, two bytes."""
        kind = KINDS.get(int.from_bytes(target[:2], "little") & 0o170000)
        if kind is Kind.FILE:
            entry.hard_link = target[2:].decode("utf-8", "surrogateescape")
        elif kind is Kind.SYMLINK:
            entry.kind, entry.link = kind, target[2:].decode("utf-8", "surrogateescape")
        elif kind in (Kind.CHARACTER, Kind.BLOCK, Kind.FIFO) and len(target) == 10:
            device = int.from_bytes(target[2:], "little")
            entry.kind = kind
            if kind is not Kind.FIFO:  # as Linux' makedev
                entry.rdev = (device >> 8 & 0xFFF) | device >> 32 & ~0xFFF, device & 0xFF | device >> 12 & ~0xFF
        else:
            self._reading.note_anomaly("unsupported", f"a target {target[:2].hex()}", None, entry.path)
            entry.content = Held(target)
            entry.size = len(target)

    def _own(self, entry: Entry, value: int) -> None:
        """Give an entry its mode, its extended attributes and, as facts, the names of its owners."""
        values = self._values
        acl = values.fields(value)
        entry.mode = values.number(at(acl, _MODE)) & 0o7777
        names = (("group", values.text(at(acl, _GROUP))), ("owner", values.text(at(acl, _USER))))
        entry.facts = tuple((fact, name) for fact, name in names if name != "root")
        entry.xattrs = tuple(sorted(values.xattrs(at(acl, _XATTRS))))
