"""Android's binary XML, as aapt compiles it: a string pool, a map from names to resource ids, and a stream of nodes.

======  ====  ================================================================================
offset  size  field (little-endian)
======  ====  ================================================================================
0       2     type: 0001 string pool, 0003 XML, 0100…0104 nodes, 0180 resource map
2       2     size of the header, this included
4       4     size of the chunk, header and content
------  ----  --- string pool (header 28) ----------------------------------------------------
8       8     number of strings, of styles
16      4     flags: 1 sorted, 0x100 UTF-8 (otherwise UTF-16)
20      8     where strings, styles begin, from the start of the chunk
28      ..    an offset for each string; at it one or two lengths, the text, a NUL
------  ----  --- resource map (header 8) -----------------------------------------------------
8       ..    for each of the first strings the resource id of the attribute it names
------  ----  --- node: start of an element (header 16) ---------------------------------------
8       8     line, comment
16      8     namespace, name (strings)
24      6     where attributes begin (from 16), size of one, their number
30      6     which of them are id, class and style
..      20    each attribute: namespace, name, raw value (strings); u16 8, u8 0, u8 type, u32 data
======  ====  ================================================================================

Source: AOSP ``frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h``. The platform finds an attribute of its
own by resource id, whatever its name says, and so does this. Stricter than the platform: chunks tile the file, every offset
lies inside its chunk, and one attribute stands once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, unpack_from

from trueware.errors import MalformedInput

_CHUNK = Struct("<HHI")
_POOL = Struct("<5I")
_ELEMENT = Struct("<IIHHH")
_ATTRIBUTE = Struct("<IIIHBBI")
_STRING_POOL, _XML, _RESOURCE_MAP = 0x0001, 0x0003, 0x0180
_START_ELEMENT, _END_ELEMENT = 0x0102, 0x0103
_NODES = range(0x0100, 0x0105)
_UTF8 = 0x100
_NONE = 0xFFFFFFFF
_MAX_STRING = 4096
"""Characters of one string that is looked at; package names, versions and names of elements are far shorter."""

_REFERENCE, _STRING, _DECIMAL, _HEXADECIMAL, _INTEGERS = 0x01, 0x03, 0x10, 0x11, range(0x10, 0x20)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: strings by their index in the pool, `resource` 0 where the name stands for none."""

    namespace: int
    name: int
    resource: int
    raw: int
    type: int
    data: int


@dataclass(frozen=True, slots=True)
class Element:
    """The start of an element. `depth` is 0 for the root."""

    name: str
    depth: int
    strings: "Strings"
    _resources: tuple[int, ...]
    _attributes: memoryview

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Its attributes in order, taken apart anew each time: most elements are not looked at."""
        resources = self._resources
        return tuple(
            Attribute(namespace, key, resources[key] if key < len(resources) else 0, raw, kind, data)
            for namespace, key, raw, _, _, kind, data in _ATTRIBUTE.iter_unpack(self._attributes)
        )

    def by_resource(self, resource: int) -> str | None:
        """Return the value of the attribute with that resource id, None without one.

        A reference is returned as ``@0x7f0e0012``, an integer in decimal.

        Raises:
            MalformedInput: the attribute stands twice, or its value lies outside the file.
        """
        return self._value([each for each in self.attributes if each.resource == resource])

    def by_name(self, name: str) -> str | None:
        """Return the value of the attribute of that name which has neither namespace nor resource id; see `by_resource`."""
        plain = (each for each in self.attributes if each.namespace == _NONE and not each.resource)
        return self._value([each for each in plain if self.strings[each.name] == name])

    def flag(self, resource: int) -> bool | None:
        """Return the truth of the attribute with that resource id as the platform takes it, None without one.

        Any integer but 0 is true, and so are the texts ``1``, ``true`` and ``TRUE``; what a reference stands for is not known.

        Raises:
            MalformedInput: see `by_resource`.
        """
        return self._truth([each for each in self.attributes if each.resource == resource])

    def flag_by_name(self, name: str) -> bool | None:
        """Return the truth of the attribute of that name which has neither namespace nor resource id; see `flag`."""
        plain = (each for each in self.attributes if each.namespace == _NONE and not each.resource)
        return self._truth([each for each in plain if self.strings[each.name] == name])

    def _truth(self, found: list[Attribute]) -> bool | None:
        if len(found) == 1 and found[0].type in _INTEGERS:
            return found[0].data != 0
        value = self._value(found)
        return None if value is None or value.startswith("@") else value in ("1", "true", "TRUE")

    def _value(self, found: list[Attribute]) -> str | None:
        if not found:
            return None
        attribute = found[0]
        if len(found) > 1:
            raise MalformedInput("axml", 0, f"{self.strings[attribute.name]!r} stands twice in <{self.name}>")
        if attribute.type == _STRING:
            if attribute.raw not in (attribute.data, _NONE):
                raise MalformedInput("axml", 0, f"{self.strings[attribute.name]!r} has two values in <{self.name}>")
            return self.strings[attribute.data]
        if attribute.type in (_DECIMAL, _HEXADECIMAL):
            return str((attribute.data ^ 0x80000000) - 0x80000000)
        return f"@{attribute.data:#010x}" if attribute.type == _REFERENCE else None


class Strings:
    """The pool of strings, decoded when asked for. One that is longer than `longest` units is refused."""

    def __init__(self, view: memoryview, at: int, header: int, end: int, longest: int = _MAX_STRING) -> None:
        if header < 28 or at + header > end:
            raise MalformedInput("axml", at, "the string pool's header is cut short")
        self.count, styles, flags, start, styles_start = _POOL.unpack_from(view, at + 8)
        if header + 4 * (self.count + styles) > end - at:
            raise MalformedInput("axml", at, f"{self.count} strings and {styles} styles do not fit")
        self._end = at + styles_start if styles else end
        self._start = at + start
        if self.count and not at + header + 4 * (self.count + styles) <= self._start <= self._end <= end:
            raise MalformedInput("axml", at, "the strings are not where they can be")
        self._offsets = unpack_from(f"<{self.count}I", view, at + header)
        self._view, self._utf8, self._longest = view, bool(flags & _UTF8), longest
        self._known: dict[int, str] = {}

    def __getitem__(self, index: int) -> str:
        text = self._known.get(index)
        if text is None:
            if index >= self.count:
                raise MalformedInput("axml", self._start, f"string {index} of {self.count}")
            at = self._start + self._offsets[index]
            text = self._known[index] = self._utf8_at(at) if self._utf8 else self._utf16_at(at)
        return text

    def _utf8_at(self, at: int) -> str:
        _, at = self._length(at, 1)  # in UTF-16 units, which nobody needs
        size, at = self._length(at, 1)
        return self._text(at, size, 1).decode("utf-8", "surrogateescape")

    def _utf16_at(self, at: int) -> str:
        size, at = self._length(at, 2)
        return self._text(at, size, 2).decode("utf-16-le", "replace")

    def _length(self, at: int, width: int) -> tuple[int, int]:
        """Return the length at `at` and where it ends; its highest bit says that a second unit follows."""
        top = 1 << 8 * width - 1
        if at + 2 * width > self._end:
            raise MalformedInput("axml", at, "a string lies outside the pool")
        first = int.from_bytes(self._view[at : at + width], "little")
        if not first & top:
            return first, at + width
        second = int.from_bytes(self._view[at + width : at + 2 * width], "little")
        return (first & top - 1) << 8 * width | second, at + 2 * width

    def _text(self, at: int, size: int, width: int) -> bytes:
        if size > self._longest:
            raise MalformedInput("axml", at, f"a string of {size} units")
        end = at + size * width
        if end + width > self._end or any(self._view[end : end + width]):
            raise MalformedInput("axml", at, "a string does not end within the pool")
        return bytes(self._view[at:end])


def read_elements(content: bytes) -> Iterator[Element]:
    """Yield the elements of a document in order.

    Raises:
        MalformedInput: it is not binary XML.
    """
    view = memoryview(content)
    kind, header, end = _chunk(view, 0, len(view))
    if kind != _XML:
        raise MalformedInput("axml", 0, f"begins with a chunk of type {kind:#06x}")
    if end != len(view):
        raise MalformedInput("axml", 4, f"{len(view)} bytes, the header says {end}")
    at, depth = header, 0
    strings: Strings | None = None
    resources: tuple[int, ...] | None = None
    while at < end:
        kind, header, size = _chunk(view, at, end)
        if kind == _STRING_POOL and strings is None:
            strings = Strings(view, at, header, at + size)
        elif kind == _RESOURCE_MAP and resources is None:
            resources = unpack_from(f"<{(size - header) // 4}I", view, at + header)
        elif kind not in _NODES or strings is None:
            raise MalformedInput("axml", at, f"a chunk of type {kind:#06x} where none can be")
        elif kind == _START_ELEMENT:
            yield _element(view, at, at + size, depth, strings, resources or ())
            depth += 1
        elif kind == _END_ELEMENT:
            depth -= 1
        at += size
    if depth:
        raise MalformedInput("axml", end, "an element does not end, or ends twice")


def _chunk(view: memoryview, at: int, end: int) -> tuple[int, int, int]:
    """Return type, size of the header and size of the chunk at `at`, all of it before `end`."""
    if end - at < _CHUNK.size:
        raise MalformedInput("axml", at, "a chunk is cut short")
    kind, header, size = _CHUNK.unpack_from(view, at)
    if not _CHUNK.size <= header <= size <= end - at or (header | size) & 3:
        raise MalformedInput("axml", at, f"a chunk of {size} bytes with a header of {header}, {end - at} are left")
    return kind, header, size


def _element(view: memoryview, at: int, end: int, depth: int, strings: Strings, resources: tuple[int, ...]) -> Element:
    base = at + 16
    if end - base < 20:
        raise MalformedInput("axml", at, "an element is cut short")
    _, name, start, size, count = _ELEMENT.unpack_from(view, base)
    if size != _ATTRIBUTE.size or start < 20 or base + start + count * size > end:
        raise MalformedInput("axml", at, f"{count} attributes of {size} bytes do not fit")
    start += base
    return Element(strings[name], depth, strings, resources, view[start : start + count * size])
