"""Binary XML and the manifest in it, from documents built here by the layout of ResourceTypes.h."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import MalformedInput
from trueware.formats.android.axml import read_elements
from trueware.identifying.android_manifest import AndroidManifest

VERSION_CODE, VERSION_NAME, MIN_SDK, TARGET_SDK = 0x0101021B, 0x0101021C, 0x0101020C, 0x01010270
NONE = 0xFFFFFFFF
STRING, REFERENCE, DECIMAL, HEXADECIMAL = 0x03, 0x01, 0x10, 0x11
NAMES = ["versionCode", "versionName", "minSdkVersion", "targetSdkVersion"]
RESOURCES = [VERSION_CODE, VERSION_NAME, MIN_SDK, TARGET_SDK]

Value = tuple[int, int | str]


def chunk(kind: int, header: bytes, body: bytes = b"") -> bytes:
    return pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def pool(strings: list[str], *, utf8: bool) -> bytes:
    offsets, data = [], b""
    for text in strings:
        offsets.append(len(data))
        units = len(text.encode("utf-16-le")) // 2
        if utf8:
            raw = text.encode()
            data += length(units, 1) + length(len(raw), 1) + raw + b"\0"
        else:
            data += length(units, 2) + text.encode("utf-16-le") + b"\0\0"
    data += bytes(-len(data) % 4)
    header = pack("<5I", len(strings), 0, 0x100 if utf8 else 0, 28 + 4 * len(strings), 0)
    return chunk(0x0001, header, pack(f"<{len(offsets)}I", *offsets) + data)


def length(size: int, width: int) -> bytes:
    top = 1 << 8 * width - 1
    if size < top:
        return size.to_bytes(width, "little")
    return (top | size >> 8 * width).to_bytes(width, "little") + (size & (1 << 8 * width) - 1).to_bytes(width, "little")


class Document:
    """Builds a document; names of `NAMES` stand for the platform's resources."""

    def __init__(self, *, utf8: bool) -> None:
        self.utf8 = utf8
        self.strings = list(NAMES)
        self.nodes = b""

    def index(self, text: str) -> int:
        if text not in self.strings:
            self.strings.append(text)
        return self.strings.index(text)

    def start(self, name: str, *attributes: tuple[str, Value]) -> "Document":
        body = b""
        for key, (kind, value) in attributes:
            data = self.index(value) if isinstance(value, str) else value
            body += pack("<IIIHBBI", NONE, self.index(key), data if kind == STRING else NONE, 8, 0, kind, data)
        element = pack("<IIHHHHHH", NONE, self.index(name), 20, 20, len(attributes), 0, 0, 0)
        self.nodes += chunk(0x0102, pack("<II", 1, NONE), element + body)
        return self

    def end(self, name: str) -> "Document":
        self.nodes += chunk(0x0103, pack("<II", 1, NONE), pack("<II", NONE, self.index(name)))
        return self

    def build(self) -> bytes:
        resources = chunk(0x0180, b"", pack(f"<{len(RESOURCES)}I", *RESOURCES))
        return chunk(0x0003, b"", pool(self.strings, utf8=self.utf8) + resources + self.nodes)


def manifest(*attributes: tuple[str, Value], utf8: bool = True) -> bytes:
    document = Document(utf8=utf8).start("manifest", *attributes)
    document.start("uses-sdk", ("minSdkVersion", (DECIMAL, 21)), ("targetSdkVersion", (HEXADECIMAL, 34)))
    return document.end("uses-sdk").end("manifest").build()


def told(content: bytes) -> list[tuple[str, str, str]]:
    return [(claim.source, claim.name, claim.value) for claim in AndroidManifest.read(content, "AndroidManifest.xml")]


@pytest.mark.parametrize("utf8", [True, False])
def test_manifest(utf8: bool) -> None:  # noqa: FBT001
    """Package, both versions and the Android it is made for are read from either kind of string pool."""
    content = manifest(
        ("package", (STRING, "org.exämple.app")),
        ("versionCode", (DECIMAL, 42)),
        ("versionName", (STRING, "1.2-β")),
        utf8=utf8,
    )

    assert told(content) == [
        ("android-manifest", "package", "org.exämple.app"),
        ("android-manifest", "version", "1.2-β"),
        ("android-version-code", "version", "42"),
        ("android-manifest", "os", "Android API 21, made for 34"),
    ]


def test_a_version_name_in_the_resources_is_left_out() -> None:
    """A reference cannot be followed without the resource table, so it claims nothing."""
    content = manifest(("package", (STRING, "a.b")), ("versionName", (REFERENCE, 0x7F0E0012)))

    assert told(content) == [
        ("android-manifest", "package", "a.b"),
        ("android-manifest", "os", "Android API 21, made for 34"),
    ]


def test_values_by_kind() -> None:
    """Integers are signed and decimal, references keep their number, other kinds have no value."""
    content = manifest(
        ("versionCode", (DECIMAL, 0xFFFFFFFF)), ("versionName", (REFERENCE, 0x7F0E0012)), ("x", (0x12, 1))
    )
    element = next(iter(read_elements(content)))

    assert element.name == "manifest"
    assert element.by_resource(VERSION_CODE) == "-1"
    assert element.by_resource(VERSION_NAME) == "@0x7f0e0012"
    assert element.by_name("x") is None
    assert element.by_resource(MIN_SDK) is None


def test_an_attribute_is_found_by_resource_whatever_its_name() -> None:
    """A name in the map stands for its resource and is no plain name, as for the platform."""
    content = manifest(("versionName", (STRING, "1")))
    element = next(iter(read_elements(content)))

    assert element.by_name("versionName") is None
    assert element.by_resource(VERSION_NAME) == "1"


def test_long_strings() -> None:
    """A string of 128 to 4096 characters has a length of two units."""
    for utf8 in (True, False):
        element = next(iter(read_elements(manifest(("package", (STRING, "p" * 4096)), utf8=utf8))))

        assert element.by_name("package") == "p" * 4096


def test_depths() -> None:
    """Elements come in order, each with how deep it lies."""
    content = Document(utf8=True).start("a").start("b").end("b").start("c").end("c").end("a").build()
    elements = [(element.name, element.depth) for element in read_elements(content)]

    assert elements == [("a", 0), ("b", 1), ("c", 1)]


def twice() -> bytes:
    return manifest(("package", (STRING, "a")), ("package", (STRING, "b")))


def overlong() -> bytes:
    return manifest(("package", (STRING, "p" * 5_000)))


def no_manifest() -> bytes:
    return Document(utf8=True).start("resources").end("resources").build()


def open_element() -> bytes:
    return Document(utf8=True).start("manifest").build()


def two_pools() -> bytes:
    return chunk(0x0003, b"", pool(["manifest"], utf8=True) + pool(["manifest"], utf8=True))


def string_out_of_range() -> bytes:
    return manifest(("package", (STRING, 10_000)))


def many_strings() -> bytes:
    return chunk(0x0003, b"", chunk(0x0001, pack("<5I", 0x40000000, 0, 0x100, 28, 0)))


def trailing() -> bytes:
    return manifest(("package", (STRING, "a"))) + b"\0\0\0\0"


def text() -> bytes:
    return b'<?xml version="1.0"?><manifest package="a"/>'


@pytest.mark.parametrize(
    "build",
    [twice, overlong, no_manifest, open_element, two_pools, string_out_of_range, many_strings, trailing, text, bytes],
)
def test_what_is_refused(build: type[bytes]) -> None:
    """Doubled attributes, strings outside the pool, chunks that do not tile and other documents claim nothing."""
    with pytest.raises(MalformedInput):
        told(build())


@given(data=st.data())
def test_damaged_documents_are_read_or_refused(data: st.DataObject) -> None:
    """Whatever bytes are changed or cut, only `MalformedInput` is raised."""
    content = bytearray(manifest(("package", (STRING, "org.example")), ("versionName", (STRING, "1.0"))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from((0, 1, 3, 0x7F, 0x80, 0xFF)))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        try:
            claims = told(damaged)
        except MalformedInput:
            continue

        assert len(claims) <= 4
