"""Android's binary manifests: writes small ones, and puts elements and values into real ones.

Layout: AOSP ``frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h``. What is added to a real one goes behind its last
string, so that every index that was there still means what it meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import pack, pack_into, unpack_from

ANDROID = "http://schemas.android.com/apk/res/android"
_NONE = 0xFFFFFFFF
_UTF8 = 0x100
_IDS = {
    "name": 0x01010003,
    "permission": 0x01010006,
    "debuggable": 0x0101000F,
    "exported": 0x01010010,
    "minSdkVersion": 0x0101020C,
    "versionCode": 0x0101021B,
    "versionName": 0x0101021C,
    "targetSdkVersion": 0x01010270,
    "usesCleartextTraffic": 0x010104EC,
    "value": 0x01010024,
    "priority": 0x0101001C,
}
Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Element:
    """One element: attributes of Android's namespace by their names, and what is in it."""

    tag: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    inside: tuple["Element", ...] = ()

    package: str = ""
    """For the root: its attribute without a namespace."""


def permission(name: str) -> Element:
    """Return the wish for a permission."""
    return Element("uses-permission", {"name": name if "." in name else f"android.permission.{name}"})


def component(tag: str, name: str, *actions: str, guard: str = "") -> Element:
    """Return a receiver, service or activity that answers to actions; `guard` is the permission its callers need."""
    asked = Element("intent-filter", {}, tuple(Element("action", {"name": action}) for action in actions))
    attributes: dict[str, Value] = {"name": name, "exported": True}
    if guard:
        attributes["permission"] = guard
    return Element(tag, attributes, (asked,) if actions else ())


def manifest(package: str, version: int, inside: Sequence[Element] = (), application: Sequence[Element] = ()) -> bytes:
    """Return a manifest of an app."""
    app = Element("application", {"name": f"{package}.App"}, tuple(application))
    levels = Element("uses-sdk", {"minSdkVersion": 24, "targetSdkVersion": 30})
    root = Element(
        "manifest", {"versionCode": version, "versionName": f"{version}.0"}, (levels, *inside, app), package=package
    )
    pool = _Pool([])
    for name in _IDS:
        pool.attribute(name)
    body = _nodes(root, pool)
    space = pool.index(ANDROID), pool.index("android")
    opened = _chunk(0x100, pack("<2I", 1, _NONE), pack("<2I", space[1], space[0]))
    closed = _chunk(0x101, pack("<2I", 1, _NONE), pack("<2I", space[1], space[0]))
    ids = _chunk(0x180, b"", pack(f"<{len(_IDS)}I", *_IDS.values()))
    return _chunk(3, b"", pool.written() + ids + opened + body + closed)


def insert(data: bytes, elements: Sequence[Element], *, within: str = "manifest") -> bytes:
    """Return a manifest with elements more, right behind the start of the first element `within`.

    Raises:
        ValueError: there is no such element, or an attribute has no name there that stands for its id.
    """
    pool, chunks = _taken_apart(data)
    at = next((number for number, chunk in enumerate(chunks) if _starts(chunk, pool) == within), None)
    if at is None:
        raise ValueError(f"no element {within}")
    made = b"".join(_nodes(element, pool) for element in elements)
    return _put_together(pool, [*chunks[: at + 1], made, *chunks[at + 1 :]])


def assign(data: bytes, tag: str, name: str, value: Value) -> bytes:
    """Return a manifest with one attribute of the first element `tag` given, or given another value.

    Raises:
        ValueError: there is no such element.
    """
    pool, chunks = _taken_apart(data)
    for number, chunk in enumerate(chunks):
        if _starts(chunk, pool) == tag:
            chunks[number] = _assigned(chunk, pool, name, value)
            return _put_together(pool, chunks)
    raise ValueError(f"no element {tag}")


def _assigned(chunk: bytes, pool: "_Pool", name: str, value: Value) -> bytes:
    count = unpack_from("<H", chunk, 28)[0]
    rows = [chunk[36 + 20 * at : 56 + 20 * at] for at in range(count)]
    made = _attribute(pool, name, value)
    known = [unpack_from("<I", row, 4)[0] for row in rows]
    place = unpack_from("<I", made, 4)[0]
    if place in known:
        rows[known.index(place)] = made
    else:
        rows.append(made)
    rows.sort(key=lambda row: pool.ids[at] if (at := unpack_from("<I", row, 4)[0]) < len(pool.ids) else _NONE)
    head = bytearray(chunk[:36])
    pack_into("<I", head, 4, 36 + 20 * len(rows))
    pack_into("<H", head, 28, len(rows))
    return bytes(head) + b"".join(rows)


class _Pool:
    """The strings of a manifest, the first of them names of attributes with ids."""

    def __init__(self, strings: list[str], ids: Sequence[int] = ()) -> None:
        self.strings, self.ids = strings, list(ids)

    def index(self, text: str) -> int:
        if text not in self.strings:
            self.strings.append(text)
        return self.strings.index(text)

    def attribute(self, name: str) -> int:
        """Return the string that stands for an attribute of Android's; new names are put behind the last id."""
        if _IDS[name] in self.ids:
            return self.ids.index(_IDS[name])
        if len(self.ids) != len(self.strings):
            raise ValueError(f"no name stands for {name} there")
        self.ids.append(_IDS[name])
        self.strings.append(name)
        return len(self.strings) - 1

    def written(self) -> bytes:
        text, offsets = bytearray(), []
        for string in self.strings:
            offsets.append(len(text))
            text += pack("<H", len(string)) + string.encode("utf-16-le") + b"\0\0"
        text += bytes(-len(text) % 4)
        count = len(self.strings)
        return _chunk(1, pack("<5I", count, 0, 0, 28 + 4 * count, 0), pack(f"<{count}I", *offsets) + bytes(text))


def _taken_apart(data: bytes) -> tuple[_Pool, list[bytes]]:
    """Return the strings, and the nodes as they are; names of attributes that are missing get a place among those with ids."""
    chunks, at = [], 8
    while at < len(data):
        size = unpack_from("<I", data, at + 4)[0]
        chunks.append(data[at : at + size])
        at += size
    strings = _strings(chunks[0])
    ids = list(unpack_from(f"<{(len(chunks[1]) - 8) // 4}I", chunks[1], 8))
    missing = [name for name, id_ in _IDS.items() if id_ not in ids]
    shift, first = len(missing), len(ids)
    pool = _Pool([*strings[:first], *missing, *strings[first:]], [*ids, *(_IDS[name] for name in missing)])
    return pool, [_shifted(chunk, first, shift) for chunk in chunks[2:]]


def _shifted(chunk: bytes, first: int, shift: int) -> bytes:
    """Return a node with the indexes of strings from `first` on moved."""
    made, kind = bytearray(chunk), unpack_from("<H", chunk)[0]
    places = [12, 16, 20] if kind != 0x104 else [12, 16]
    if kind == 0x102:
        for at in range(36, len(chunk), 20):
            places += [at, at + 4, at + 8] + ([at + 16] if chunk[at + 15] == 3 else [])
    for place in places:
        index = unpack_from("<I", chunk, place)[0]
        if first <= index < _NONE:
            pack_into("<I", made, place, index + shift)
    return bytes(made)


def _strings(chunk: bytes) -> list[str]:
    count, _, flags, start = unpack_from("<4I", chunk, 8)
    found = []
    for offset in unpack_from(f"<{count}I", chunk, 28):
        at = start + offset
        if flags & _UTF8:
            at += 2 if chunk[at] & 0x80 else 1
            size = chunk[at] if not chunk[at] & 0x80 else (chunk[at] & 0x7F) << 8 | chunk[at + 1]
            at += 2 if chunk[at] & 0x80 else 1
            found.append(chunk[at : at + size].decode())
        else:
            size = unpack_from("<H", chunk, at)[0]
            found.append(chunk[at + 2 : at + 2 + 2 * size].decode("utf-16-le"))
    return found


def _put_together(pool: _Pool, chunks: Sequence[bytes]) -> bytes:
    ids = _chunk(0x180, b"", pack(f"<{len(pool.ids)}I", *pool.ids))
    return _chunk(3, b"", pool.written() + ids + b"".join(chunks))


def _starts(chunk: bytes, pool: _Pool) -> str | None:
    return pool.strings[unpack_from("<I", chunk, 20)[0]] if unpack_from("<H", chunk)[0] == 0x102 else None


def _nodes(element: Element, pool: _Pool) -> bytes:
    rows = [_attribute(pool, name, value) for name, value in element.attributes.items()]
    rows.sort(key=lambda row: pool.ids[unpack_from("<I", row, 4)[0]])
    if element.package:
        text = pool.index(element.package)
        rows.append(pack("<IIIHBBI", _NONE, pool.index("package"), text, 8, 0, 3, text))
    name = pool.index(element.tag)
    head = pack("<IIHHHHHH", _NONE, name, 20, 20, len(rows), 0, 0, 0)
    inside = b"".join(_nodes(each, pool) for each in element.inside)
    start = _chunk(0x102, pack("<2I", 1, _NONE), head + b"".join(rows))
    return start + inside + _chunk(0x103, pack("<2I", 1, _NONE), pack("<2I", _NONE, name))


def _attribute(pool: _Pool, name: str, value: Value) -> bytes:
    place, space = pool.attribute(name), pool.index(ANDROID)
    match value:
        case bool():
            return pack("<IIIHBBI", space, place, _NONE, 8, 0, 0x12, _NONE if value else 0)
        case int():
            return pack("<IIIHBBI", space, place, _NONE, 8, 0, 0x10, value)
    text = pool.index(value)
    return pack("<IIIHBBI", space, place, text, 8, 0, 3, text)


def _chunk(kind: int, header: bytes, body: bytes) -> bytes:
    return pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body
