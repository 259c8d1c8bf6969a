"""Builds binary XML by the layout of ResourceTypes.h: just enough of it for manifests and network security configurations."""

from struct import pack

NONE = 0xFFFFFFFF
ANDROID = "http://schemas.android.com/apk/res/android"

RESOURCES = {
    "name": 0x01010003,
    "permission": 0x01010006,
    "readPermission": 0x01010007,
    "sharedUserId": 0x0101000B,
    "debuggable": 0x0101000F,
    "exported": 0x01010010,
    "minSdkVersion": 0x0101020C,
    "versionCode": 0x0101021B,
    "versionName": 0x0101021C,
    "targetSdkVersion": 0x01010270,
    "allowBackup": 0x01010280,
    "usesCleartextTraffic": 0x010104EC,
    "networkSecurityConfig": 0x01010527,
    "appComponentFactory": 0x0101057A,
}

Value = str | int | bool
Node = tuple[str, dict[str, Value], list["Node"]]
"""Name, attributes and children; an attribute of `RESOURCES` is the platform's, one whose text begins with @ a reference."""


def document(root: Node, *, strings_before: tuple[str, ...] = ()) -> bytes:
    """Return the document; `strings_before` are in the pool for no reason and shift the numbers of all others but resources'."""
    strings = [*RESOURCES, *strings_before]
    nodes = _nodes(root, strings)
    resources = _chunk(0x0180, b"", pack(f"<{len(RESOURCES)}I", *RESOURCES.values()))
    return _chunk(0x0003, b"", string_pool(strings) + resources + nodes)


def manifest(
    *,
    package: str = "org.example.app",
    version: int = 7,
    target: int = 33,
    permissions: tuple[str, ...] = (),
    application: dict[str, Value] | None = None,
    components: tuple[Node, ...] = (),
    top: dict[str, Value] | None = None,
    strings_before: tuple[str, ...] = (),
) -> bytes:
    """Return a manifest."""
    children: list[Node] = [("uses-sdk", {"minSdkVersion": 21, "targetSdkVersion": target}, [])]
    children += [("uses-permission", {"name": name}, []) for name in permissions]
    children.append(("application", application or {}, list(components)))
    attributes = {"package": package, "versionCode": version, "versionName": f"{version}.0", **(top or {})}
    return document(("manifest", attributes, children), strings_before=strings_before)


def component(kind: str, name: str, *actions: str, **attributes: Value) -> Node:
    """Return a component that answers to `actions`."""
    filters: list[Node] = [("intent-filter", {}, [("action", {"name": action}, []) for action in actions])]
    return kind, {"name": name, **attributes}, filters if actions else []


def _nodes(node: Node, strings: list[str]) -> bytes:
    name, attributes, children = node
    body = b""
    for key, value in attributes.items():
        raw, kind, data = NONE, 0x10, value
        if isinstance(value, bool):
            kind, data = 0x12, NONE if value else 0
        elif isinstance(value, str) and value.startswith("@0x"):
            kind, data = 0x01, int(value[1:], 16)
        elif isinstance(value, str):
            kind, raw, data = 0x03, _index(value, strings), _index(value, strings)
        space = _index(ANDROID, strings) if key in RESOURCES else NONE
        body += pack("<IIIHBBI", space, _index(key, strings), raw, 8, 0, kind, data)
    head = pack("<IIHHHHHH", NONE, _index(name, strings), 20, 20, len(attributes), 0, 0, 0)
    within = b"".join(_nodes(child, strings) for child in children)
    start = _chunk(0x0102, pack("<II", 1, NONE), head + body)
    return start + within + _chunk(0x0103, pack("<II", 1, NONE), pack("<II", NONE, _index(name, strings)))


def _index(text: str, strings: list[str]) -> int:
    if text not in strings:
        strings.append(text)
    return strings.index(text)


def string_pool(strings: list[str]) -> bytes:
    """Return a pool of strings."""
    offsets, data = [], b""
    for text in strings:
        offsets.append(len(data))
        data += pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    data += bytes(-len(data) % 4)
    header = pack("<5I", len(strings), 0, 0, 28 + 4 * len(strings), 0)
    return _chunk(0x0001, header, pack(f"<{len(offsets)}I", *offsets) + data)


def _chunk(kind: int, header: bytes, body: bytes = b"") -> bytes:
    return pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body
