"""The classes of a Dalvik program and the code of their methods, with every reference written out instead of numbered.

======  ====  ==========================================================================================
offset  size  field (little-endian)
======  ====  ==========================================================================================
0       8     magic "dex", line feed, version in three digits, NUL
32      8     lengths of the file, of the header
52      4     where the map is
56      ..    number and place of: strings, types, prototypes, fields, methods, classes
------  ----  --- class (32) --------------------------------------------------------------------------
0       16    type, access flags, type it extends, where the list of interfaces is
16      16    source file, where its annotations, its members, its static values are
------  ----  --- members: numbers in LEB128 ----------------------------------------------------------
0       ..    number of static fields, other fields, direct methods, virtual methods; then each of them:
..      ..    difference of its index from the one before, access flags, for a method where its code is
------  ----  --- code (16) ---------------------------------------------------------------------------
0       8     registers, of them arguments, arguments of calls, number of tries
8       8     where its line numbers are, number of code units
16      ..    instructions; tries: first unit u32, units u16, handler u16; handlers in LEB128
======  ====  ==========================================================================================

An instruction names strings, types, fields and methods by their index in a table; the tables are sorted, so that one string more
changes the numbers everywhere. Here the names stand in their place, and equal code is equal whatever else is in the program.

Not part of what is compared: line numbers, annotations, the order of tables.

Every piece of code is taken apart once, wherever it is named, and the total that is looked at is bounded by the size of the file.

BUG: where a string's index crosses 65,535, a compiler uses a longer instruction, and jumps across it grow; such a method reads as
changed. Counting jumps in instructions instead of units would mend it, at several times the cost.

Source: source.android.com "Dalvik executable format", "Dalvik bytecode", "Dalvik executable instruction formats".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct, error, unpack_from
from typing import Any
from zlib import adler32

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.explaining.patterns import regex

MAGIC = b"dex\n0"
_HEADER, _CLASS, _CODE, _TRY = 112, Struct("<8I"), Struct("<HHHHII"), Struct("<IHH")
_WORD, _HANDLE_ROW = Struct("<I"), Struct("<4H")
_NONE = 0xFFFFFFFF
_NATIVE_OR_ABSTRACT = 0x0500
_CALL_SITES, _HANDLES = 0x0007, 0x0008
_DEEPEST = 8
"""Arrays in arrays, in the values of fields."""

_BUDGET = 32
"""Bytes that may be looked at, for each byte of the file: names are written out wherever they are named, which makes seven or so."""


_AT_ONCE = 4096
"""Pieces that are joined at once."""


def _ops(*ranges: tuple[int, int]) -> bytes:
    return b"[" + b"".join(re.escape(bytes([op])) for first, last in ranges for op in range(first, last + 1)) + b"]"


# Opcodes without an index, by their length in code units of two bytes
_ONE = _ops(
    (0x01, 0x01), (0x04, 0x04), (0x07, 0x07), (0x0A, 0x12), (0x1D, 0x1E), (0x21, 0x21), (0x27, 0x28), (0x3E, 0x43),
    (0x73, 0x73), (0x79, 0x8F), (0xB0, 0xCF), (0xF3, 0xF9),
)  # fmt: skip
_TWO = _ops(
    (0x02, 0x02), (0x05, 0x05), (0x08, 0x08), (0x13, 0x13), (0x15, 0x16), (0x19, 0x19), (0x29, 0x29), (0x2D, 0x3D),
    (0x44, 0x51), (0x90, 0xAF), (0xD0, 0xE8), (0xEB, 0xF2),
)  # fmt: skip
_THREE = _ops(
    (0x03, 0x03), (0x06, 0x06), (0x09, 0x09), (0x14, 0x14), (0x17, 0x17), (0x26, 0x26), (0x2A, 0x2C), (0xE9, 0xEA)
)
_PLAIN = (
    rb"(?:" + _ONE + rb".|\0[^\x01-\x03]|" + _TWO + rb".{3}|" + _THREE + rb".{5}|\x18.{9})*+"  # \x18: const-wide
)

_INDEXED = regex(
    _PLAIN
    + rb"(?:"
    + rb"([\x1a\x1c\x1f\x20\x22\x23\x52-\x6d\xfe\xff]).(..)"  # 1, 2: index in the last unit
    + rb"|([\x24\x25\x6e-\x72\x74-\x78\xfc\xfd]).(..)(..)"  # 3, 4, 5: and registers behind it
    + rb"|(\x1b).(....)"  # 6, 7: of a string, in two units
    + rb"|([\xfa\xfb]).(..)(..)(..)"  # 8, 9, 10, 11: of a method, and of a prototype
    + rb"|\0([\x01-\x03])"  # 12: a table, behind the code that uses it
    + rb"|(\Z))",  # 13
    re.DOTALL,
)
_STRING, _TYPE, _METHOD, _FIELD, _SITE, _HANDLE, _PROTO = range(7)
_TOLD = 3
"""The first of these kinds are told of a piece of code."""

_KIND = {
    **dict.fromkeys((0x1A, 0x1B), _STRING),
    **dict.fromkeys((0x1C, 0x1F, 0x20, 0x22, 0x23, 0x24, 0x25), _TYPE),
    **dict.fromkeys(range(0x52, 0x6E), _FIELD),
    **dict.fromkeys((*range(0x6E, 0x73), *range(0x74, 0x79)), _METHOD),
    **dict.fromkeys((0xFC, 0xFD), _SITE),
    0xFE: _HANDLE,
    0xFF: _PROTO,
}


_NAMING = {2: (1, 2), 5: (3, 4), 7: (6, 7)}
"""The groups of an instruction with one index: by the last of them that of the opcode and that of the index."""


@dataclass(frozen=True, slots=True)
class Code:
    """One piece of code."""

    digest: bytes
    """SHA-256 of its instructions with references written out, of its registers, tries and handlers."""

    instructions: bytes
    """As they are in the file."""

    strings: frozenset[int]
    """Indices of the strings it names."""

    methods: frozenset[int]
    """Indices of the methods it calls."""

    types: frozenset[int]
    """Indices of the types it makes, casts to or looks at."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a class."""

    name: str
    signature: str
    """Types of its arguments in parentheses, and what it returns."""

    access: int
    code: Code | None
    """None for one without code."""


@dataclass(frozen=True, slots=True)
class Class:
    """One class as it is defined."""

    name: str
    """A descriptor: ``Lorg/example/Main;``."""

    access: int
    extends: str
    implements: tuple[str, ...]
    fields: tuple[bytes, ...]
    """Each with its name, type, access and, where it has one, its first value."""

    strings: frozenset[int]
    """Indices of strings that are values of its fields."""

    methods: tuple[Method, ...]


class Dex:
    """A program.

    Raises:
        MalformedInput: it is none, or its tables are not where they can be.
        UnsupportedInput: it is of a version in which several programs share their strings.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEADER or not data.startswith(MAGIC):
            raise MalformedInput("dex", 0, "no program")
        if data[4:7] >= b"041":
            raise UnsupportedInput("dex", 4, "version 041, in which programs share what they name")
        self._data = data
        self._left = _BUDGET * len(data)
        tables = unpack_from("<12I", data, 56)
        self._strings = self._table(tables[0], tables[1], 1, "strings")
        self._types = self._table(tables[2], tables[3], 1, "types")
        self._protos = self._table(tables[4], tables[5], 3, "prototypes")
        self._fields = self._table(tables[6], tables[7], 2, "fields")
        self._methods = self._table(tables[8], tables[9], 2, "methods")
        self._class_count, self._classes_at = tables[10], tables[11]
        if tables[10] * _CLASS.size + tables[11] > len(data):
            raise MalformedInput("dex", 96, f"{tables[10]} classes do not fit")
        self._sites, self._handles = self._indirect(unpack_from("<I", data, 52)[0])
        self._known: tuple[dict[int, bytes], ...] = tuple({} for _ in range(7))
        self._lists: dict[int, tuple[bytes, ...]] = {}
        self._codes: dict[int, Code] = {}
        self._resolvers = (
            self.string, self._type, self._method, self._field, self._site, self._handle, self._proto,
        )  # fmt: skip

    @property
    def string_count(self) -> int:
        """How many strings there are."""
        return len(self._strings)

    @property
    def method_count(self) -> int:
        """How many methods are named, its own and those of others."""
        return len(self._methods) // 2

    def string(self, index: int) -> bytes:
        """Return a string as it is kept: UTF-8 with NUL and what is beyond the first plane written otherwise."""
        at = self._entry(self._strings, index, "string")
        _, start = self._uleb(at)
        end = self._data.find(b"\0", start)
        if end < 0:
            raise MalformedInput("dex", at, "a string does not end")
        self._spend(end - start, at)
        return self._data[start:end]

    def reference(self, kind: int, index: int) -> bytes:
        """Return what an index stands for, written out: a method as ``Lorg/example/Main;->name(I)V``."""
        known = self._known[kind]
        found = known.get(index)
        if found is None:
            found = known[index] = self._resolvers[kind](index)
            self._spend(len(found), 0)
        return found

    def method(self, index: int) -> str:
        """Return class, name, arguments and result of a method that is named in the program."""
        return self._text(self.reference(_METHOD, index))

    def type(self, index: int) -> str:
        """Return the descriptor of a type."""
        return self._text(self.reference(_TYPE, index))

    def _text(self, name: bytes) -> str:
        self._spend(len(name), 0)
        return text(name)

    def classes(self) -> Iterator[Class]:
        """Yield the classes that are defined, in the order of the file."""
        for number in range(self._class_count):
            yield self._class(self._classes_at + number * _CLASS.size)

    def _class(self, at: int) -> Class:
        name, access, extends, interfaces, _, _, members, values = self._unpack(_CLASS, at)
        below = self.type(extends) if extends != _NONE else ""
        implements = tuple(self._text(each) for each in self._list(interfaces))
        fields, strings, methods = self._members(members, self._values(values))
        return Class(self.type(name), access, below, implements, fields, strings, methods)

    def _members(
        self, at: int, values: list[tuple[bytes, frozenset[int]]]
    ) -> tuple[tuple[bytes, ...], frozenset[int], tuple[Method, ...]]:
        if not at:
            return (), frozenset(), ()
        counts = []
        for _ in range(4):
            count, at = self._uleb(at)
            counts.append(count)
        fields: list[bytes] = []
        strings: set[int] = set()
        for kind, count in enumerate(counts[:2]):
            index = 0
            for number in range(count):
                step, at = self._uleb(at)
                access, at = self._uleb(at)
                index += step
                value = b""
                if not kind and number < len(values):
                    value = values[number][0]
                    strings |= values[number][1]
                fields.append(b"%b %d %b" % (self.reference(_FIELD, index), access, value))
                self._spend(len(fields[-1]) + 2, at)
        methods: list[Method] = []
        for count in counts[2:]:
            index = 0
            for _ in range(count):
                step, at = self._uleb(at)
                access, at = self._uleb(at)
                place, at = self._uleb(at)
                index += step
                whole = self.method(index).partition("->")[2]
                head, _, tail = whole.partition("(")
                methods.append(Method(head, f"({tail}", access, self._code(place) if place else None))
        return tuple(fields), frozenset(strings), tuple(methods)

    def _code(self, at: int) -> Code:
        if (known := self._codes.get(at)) is None:
            known = self._codes[at] = self._take_apart(at)
        return known

    def _take_apart(self, at: int) -> Code:
        registers, ins, outs, tries, _, units = self._unpack(_CODE, at)
        start = at + _CODE.size
        end = start + 2 * units
        if end > len(self._data):
            raise MalformedInput("dex", at, f"{units} code units do not fit")
        self._spend(2 * units + 16, at)
        code = self._data[start:end]
        pieces = [b"%d %d %d" % (registers, ins, outs)]
        used: tuple[set[int], set[int], set[int]] = (set(), set(), set())
        self._instructions(code, pieces, used, start)
        if tries:
            pieces += self._tries(end + (2 if units & 1 else 0), tries)
        self._spend(sum(map(len, pieces)), at)
        written = sha256()
        for first in range(0, len(pieces), _AT_ONCE):
            written.update(b"\0".join((*pieces[first : first + _AT_ONCE], b"")))
        return Code(written.digest(), code, frozenset(used[_STRING]), frozenset(used[_METHOD]), frozenset(used[_TYPE]))

    def _instructions(self, code: bytes, pieces: list[bytes], used: tuple[set[int], ...], start: int) -> None:
        at = 0
        add, reference, known, match = pieces.append, self.reference, self._known, _INDEXED.match
        while at < len(code):
            if (found := match(code, at)) is None:
                # what no instruction begins with, or one that is cut: nothing runs it, and it is compared as it is
                add(code[at:])
                return
            last = found.lastindex
            if last in _NAMING:
                op, operand = _NAMING[last]
                index = int.from_bytes(found[operand], "little")
                kind = _KIND[found[op][0]]
                if kind < _TOLD:
                    used[kind].add(index)
                split = found.start(operand)
                if kind == _STRING:  # without the opcode: the two ways to name one are one
                    add(code[at : split - 2])
                    at = split - 1
                add(code[at:split])
                add(known[kind].get(index) or reference(kind, index))
                if last == 5:
                    add(found[5])
                at = found.end()
            elif last == 11:
                add(code[at : found.start(9)])
                method, proto = int.from_bytes(found[9], "little"), int.from_bytes(found[11], "little")
                used[_METHOD].add(method)
                pieces += (reference(_METHOD, method), found[10], reference(_PROTO, proto))
                at = found.end()
            elif last == 12:
                end = self._table_end(code, found.start(12) - 1, start)
                add(code[at:end])
                at = end
            else:
                add(code[at:])
                return

    def _table_end(self, code: bytes, at: int, start: int) -> int:
        """Return where a table of jumps or values ends that lies among the instructions."""
        head = code[at : at + 8]
        if len(head) < 8:
            return len(code)
        size = int.from_bytes(head[2:4], "little")
        match head[1]:
            case 1:
                units = 2 * size + 4
            case 2:
                units = 4 * size + 2
            case _:
                units = (size * int.from_bytes(head[4:8], "little") + 1) // 2 + 4
        if at + 2 * units > len(code):
            raise MalformedInput("dex", start + at, f"a table of {units} units does not fit")
        return at + 2 * units

    def _tries(self, at: int, count: int) -> Iterator[bytes]:
        handlers = at + count * _TRY.size
        offsets = {}
        for number in range(count):
            first, units, handler = self._unpack(_TRY, at + number * _TRY.size)
            if handler not in offsets:
                offsets[handler] = b" ".join(self._handlers(handlers + handler))
            self._spend(8 + len(offsets[handler]), at)
            yield b"%d %d %b" % (first, units, offsets[handler])

    def _handlers(self, at: int) -> Iterator[bytes]:
        size, at = self._sleb(at)
        for _ in range(abs(size)):
            kind, at = self._uleb(at)
            target, at = self._uleb(at)
            name = self.reference(_TYPE, kind)
            self._spend(len(name) + 2, at)
            yield b"%b %d" % (name, target)
        if size <= 0:
            target, at = self._uleb(at)
            yield b"* %d" % target

    def _values(self, at: int) -> list[tuple[bytes, frozenset[int]]]:
        if not at:
            return []
        count, at = self._uleb(at)
        values = []
        for _ in range(count):
            strings: set[int] = set()
            value, at = self._value(at, strings, 0)
            self._spend(len(value), at)
            values.append((value, frozenset(strings)))
        return values

    def _value(self, at: int, strings: set[int], depth: int) -> tuple[bytes, int]:
        """Return a value written out, and where it ends."""
        self._spend(2, at)
        if at >= len(self._data):
            raise MalformedInput("dex", at, "a value lies behind the end")
        head = self._data[at]
        kind, size = head & 0x1F, (head >> 5) + 1
        at += 1
        match kind:
            case 0x1C | 0x1D if depth < _DEEPEST:
                pieces = [b"[" if kind == 0x1C else b"@"]
                if kind == 0x1D:
                    index, at = self._uleb(at)
                    pieces.append(self.reference(_TYPE, index))
                count, at = self._uleb(at)
                for _ in range(count):
                    if kind == 0x1D:
                        name, at = self._uleb(at)
                        pieces.append(self.reference(_STRING, name))
                    piece, at = self._value(at, strings, depth + 1)
                    pieces.append(piece)
                return b"\1".join(pieces), at
            case 0x1C | 0x1D:
                raise MalformedInput("dex", at, f"values more than {_DEEPEST} deep")
            case 0x1E | 0x1F:
                return bytes([head]), at
            case 0x15 | 0x16 | 0x17 | 0x18 | 0x19 | 0x1A | 0x1B:
                index = int.from_bytes(self._data[at : at + size], "little")
                which = {0x15: _PROTO, 0x16: _HANDLE, 0x17: _STRING, 0x18: _TYPE, 0x1A: _METHOD}.get(kind, _FIELD)
                if which == _STRING:
                    strings.add(index)
                return bytes([kind]) + self.reference(which, index), at + size
            case _:
                return bytes([head]) + self._data[at : at + size], at + size

    def _list(self, at: int) -> tuple[bytes, ...]:
        """Return a list of types."""
        if not at:
            return ()
        if (known := self._lists.get(at)) is None:
            (count,) = self._unpack(_WORD, at)
            if at + 4 + 2 * count > len(self._data):
                raise MalformedInput("dex", at, f"{count} types do not fit")
            self._spend(2 * count + 4, at)
            indices = unpack_from(f"<{count}H", self._data, at + 4)
            known = self._lists[at] = tuple(self.reference(_TYPE, index) for index in indices)
        return known

    def _type(self, index: int) -> bytes:
        return self.reference(_STRING, self._entry(self._types, index, "type"))

    def _proto(self, index: int) -> bytes:
        at = 3 * index
        result, arguments = (
            self._entry(self._protos, at + 1, "prototype"),
            self._entry(self._protos, at + 2, "prototype"),
        )
        names = self._list(arguments)
        self._spend(sum(map(len, names)), 0)
        return b"(%b)%b" % (b"".join(names), self.reference(_TYPE, result))

    def _field(self, index: int) -> bytes:
        both, name = self._entry(self._fields, 2 * index, "field"), self._entry(self._fields, 2 * index + 1, "field")
        owner, kind = self.reference(_TYPE, both & 0xFFFF), self.reference(_TYPE, both >> 16)
        return b"%b->%b:%b" % (owner, self.reference(_STRING, name), kind)

    def _method(self, index: int) -> bytes:
        both, name = (
            self._entry(self._methods, 2 * index, "method"),
            self._entry(self._methods, 2 * index + 1, "method"),
        )
        owner, proto = self.reference(_TYPE, both & 0xFFFF), self.reference(_PROTO, both >> 16)
        return b"%b->%b%b" % (owner, self.reference(_STRING, name), proto)

    def _site(self, index: int) -> bytes:
        if index >= self._sites[1]:
            raise MalformedInput("dex", 0, f"call site {index} of {self._sites[1]}")
        (at,) = self._unpack(_WORD, self._sites[0] + 4 * index)
        return b"\2".join(value for value, _ in self._values(at))

    def _handle(self, index: int) -> bytes:
        if index >= self._handles[1]:
            raise MalformedInput("dex", 0, f"method handle {index} of {self._handles[1]}")
        kind, _, member, _ = self._unpack(_HANDLE_ROW, self._handles[0] + 8 * index)
        return b"%d %b" % (kind, self.reference(_FIELD if kind < 4 else _METHOD, member))

    def _indirect(self, at: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return where call sites and method handles are, and how many; only the map says so."""
        found = {}
        if at and at + 4 <= len(self._data):
            (count,) = unpack_from("<I", self._data, at)
            if at + 4 + 12 * count <= len(self._data):
                for number in range(count):
                    kind, _, size, place = unpack_from("<HHII", self._data, at + 4 + 12 * number)
                    if kind in (_CALL_SITES, _HANDLES) and place + 4 * size <= len(self._data):
                        found[kind] = place, size
        return found.get(_CALL_SITES, (0, 0)), found.get(_HANDLES, (0, 0))

    def _table(self, count: int, at: int, words: int, what: str) -> tuple[int, ...]:
        if at + 4 * words * count > len(self._data):
            raise MalformedInput("dex", at, f"{count} {what} do not fit")
        return unpack_from(f"<{words * count}I", self._data, at)

    def _entry(self, table: tuple[int, ...], index: int, what: str) -> int:
        if index >= len(table):
            raise MalformedInput("dex", 0, f"{what} {index}, which there is not")
        return table[index]

    def _unpack(self, form: Struct, at: int) -> tuple[Any, ...]:
        try:
            return form.unpack_from(self._data, at)
        except error as cause:
            raise MalformedInput("dex", at, f"{form.size} bytes behind the end") from cause

    def _uleb(self, at: int) -> tuple[int, int]:
        value = shift = 0
        data = self._data
        try:
            while shift < 35:
                byte = data[at]
                at += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    return value, at
                shift += 7
        except IndexError as cause:
            raise MalformedInput("dex", at, "a number behind the end") from cause
        raise MalformedInput("dex", at, "a number of more than five bytes")

    def _sleb(self, at: int) -> tuple[int, int]:
        value, end = self._uleb(at)
        bits = 7 * (end - at)
        return value - (1 << bits) if value >> bits - 1 else value, end

    def _spend(self, size: int, at: int) -> None:
        self._left -= size
        if self._left < 0:
            raise MalformedInput("dex", at, "pieces of it are named more often than any compiler does")


def is_intact(data: bytes) -> bool:
    """Tell whether the checksum of a program is that of its bytes; whoever compiles or assembles one gets it right."""
    return len(data) >= _HEADER and adler32(data[12 : program_end(data)]) == int.from_bytes(data[8:12], "little")


def program_end(data: bytes) -> int:
    """Return where the program ends by its header, at most where the bytes do."""
    return min(int.from_bytes(data[32:36], "little"), len(data))


def text(name: bytes) -> str:
    """Return a name that can be shown and compared; what is no UTF-8 keeps its bytes."""
    return name.decode("utf-8", "surrogateescape")
