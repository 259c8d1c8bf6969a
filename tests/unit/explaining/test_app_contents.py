"""What is said of the files in an app's package, and what is not."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.axml import Node, document, manifest
from tests.unit.explaining.axml import string_pool as pool
from tests.unit.explaining.cases import File, Tree, case, findings, rules
from tests.unit.explaining.dex_builder import Written, program

from trueware.errors import InputError
from trueware.explaining.detectors.app_contents import ContentsOfApp
from trueware.explaining.reading.network_security import read_network_security
from trueware.explaining.reading.resource_table import read_texts
from trueware.model.finding import Severity

MANIFEST = {"AndroidManifest.xml": manifest()}
DEX = program([Written("La/B;")])
ELF = b"\x7fELF" + bytes(60)


def told(before: Tree, after: Tree) -> list[str]:
    return rules(ContentsOfApp, case({**MANIFEST, **before}, {**MANIFEST, **after}))


def table(*texts: str) -> bytes:
    strings = pool(list(texts))
    return pack("<HHII", 0x0002, 12, 12 + len(strings), 0) + strings


def configuration(*children: Node) -> bytes:
    return document(("network-security-config", {}, list(children)))


def trust(source: str, scope: str = "base-config", **attributes: bool) -> Node:
    return scope, {}, [("trust-anchors", {}, [("certificates", {"src": source, **attributes}, [])])]


PIN: Node = ("pin", {"digest": "SHA-256"}, [])


@pytest.mark.parametrize("content", [DEX, ELF])
@pytest.mark.parametrize("path", ["assets/data.bin", "res/raw/sound", "META-INF/x.txt", "unknown/x", "x"])
def test_a_program_where_none_belongs(path: str, content: bytes) -> None:
    """Added, or in the place of what was none; where the genuine file is one, too, it is another matter."""
    assert told({}, {path: content}) == ["app-code-hidden"]
    assert told({path: b"data"}, {path: content}) == ["app-code-hidden"]
    assert told({path: content}, {path: content + b"x"}) == []


@pytest.mark.parametrize(
    ("path", "content"),
    [("assets/data.bin", b"PK\3\4"), ("assets/data.dexx", b"dex"), ("classes2.dex", DEX), ("assets/x.dex", DEX)],
)
def test_what_is_no_hidden_program(path: str, content: bytes) -> None:
    """Other data; and Dalvik files by their name are looked at as code."""
    assert told({}, {path: content}) == []


def test_a_program_outside_of_any_app_is_none_in_one() -> None:
    assert rules(ContentsOfApp, case({"x": b""}, {"x": b"", "assets/y": DEX})) == []


def test_an_added_library() -> None:
    """One that is there for another processor weighs less."""
    same = {"lib/arm64-v8a/liba.so": ELF}
    new = case({**MANIFEST, **same}, {**MANIFEST, **same, "lib/arm64-v8a/libb.so": ELF})
    other = case({**MANIFEST, **same}, {**MANIFEST, **same, "lib/x86/liba.so": ELF})
    both = case(MANIFEST, {**MANIFEST, **same, "lib/x86/liba.so": ELF})

    assert [(each.rule, each.severity) for each in findings(ContentsOfApp, new)] == [
        ("app-native-library-added", Severity.MEDIUM)
    ]
    assert [each.severity for each in findings(ContentsOfApp, other)] == [Severity.LOW]
    assert [each.severity for each in findings(ContentsOfApp, both)] == [Severity.MEDIUM, Severity.MEDIUM]
    assert told({**same, "lib/x86/liba.so": ELF}, same) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (configuration(), configuration(trust("user")), ["app-trusts-installed-certificates"]),
        (configuration(trust("user")), configuration(trust("user"), PIN), ["app-network-security-other"]),
        (configuration(trust("system")), configuration(trust("user")), ["app-trusts-installed-certificates"]),
        (configuration(trust("user")), configuration(trust("system")), ["app-network-security-other"]),
        (configuration(), configuration(trust("@0x7f110000")), ["app-trusts-bundled-certificates"]),
        (
            configuration(trust("@0x7f110000")),
            configuration(trust("@0x7f110001")),
            ["app-network-security-other"],
        ),
        (configuration(), configuration(trust("user", "debug-overrides")), ["app-network-security-other"]),
        (
            configuration(("domain-config", {}, [("pin-set", {}, [PIN, PIN])])),
            configuration(("domain-config", {}, [("pin-set", {}, [PIN])])),
            ["app-pins-removed"],
        ),
        (
            configuration(("domain-config", {}, [("pin-set", {}, [PIN])])),
            configuration(("domain-config", {}, [("pin-set", {}, [PIN, PIN])])),
            ["app-network-security-other"],
        ),
        (configuration(trust("system")), configuration(trust("system", overridePins=True)), ["app-pins-removed"]),
        (
            configuration(),
            configuration(("base-config", {"cleartextTrafficPermitted": True}, [])),
            ["app-network-cleartext"],
        ),
        (
            configuration(),
            configuration(("base-config", {"cleartextTrafficPermitted": False}, [])),
            ["app-network-security-other"],
        ),
    ],
)
def test_whom_the_app_trusts(before: bytes, after: bytes, expected: list[str]) -> None:
    """Whatever the file is called, it is known by its root; only the weaker direction is told as such."""
    assert told({"res/aB.xml": before}, {"res/aB.xml": after}) == expected


def test_a_configuration_that_is_added() -> None:
    assert told({}, {"res/xml/n.xml": configuration(trust("user"))}) == ["app-trusts-installed-certificates"]
    assert told({}, {"res/xml/n.xml": document(("LinearLayout", {}, []))}) == ["app-resources-changed"]
    assert told({"res/xml/n.xml": b"<a/>"}, {"res/xml/n.xml": b"<b/>"}) == []


def test_texts() -> None:
    """New hosts by their names, other texts as what they are."""
    old = table("Hello", "https://maker.example/a")

    assert told({"resources.arsc": old}, {"resources.arsc": table("Hello", "https://maker.example/b")}) == [
        "app-resources-changed"
    ]
    made = case(
        {**MANIFEST, "resources.arsc": old},
        {**MANIFEST, "resources.arsc": table("Hello", "https://maker.example/a", "https://evil.example/")},
    )
    hosts = findings(ContentsOfApp, made)[0]
    assert (hosts.rule, hosts.touches) == ("app-text-new-host", ("host:evil.example",))


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("META-INF/androidx.core_core.version", "app-build-notes-changed"),
        ("kotlin/kotlin.kotlin_builtins", "app-build-notes-changed"),
        ("play-services-base.properties", "app-build-notes-changed"),
        ("META-INF/channel", "app-meta-inf-added"),
    ],
)
def test_what_hardly_matters(path: str, rule: str) -> None:
    assert told({}, {path: b"1.0"}) == [rule]


@pytest.mark.parametrize("path", ["META-INF/CERT.RSA", "META-INF/MANIFEST.MF", "META-INF/services/x.y", "assets/a"])
def test_what_is_left_to_others(path: str) -> None:
    """The signature, and data of which nothing can be said."""
    assert told({path: b"1"}, {path: b"2"}) == []


@pytest.mark.parametrize("path", ["assets/a", "classes.dex", "META-INF/CERT.RSA"])
def test_other_rights_alone_are_hardly_anything(path: str) -> None:
    assert told({path: File(DEX, mode=0o600)}, {path: File(DEX, mode=0o644)}) == ["app-entry-rights-changed"]
    assert rules(ContentsOfApp, case({path: File(DEX, mode=0o600)}, {path: File(DEX, mode=0o644)})) == []


@given(data=st.data())
def test_damaged_tables_and_configurations_are_read_or_refused(data: st.DataObject) -> None:
    for good, read in ((table("a", "bc" * 200), read_texts), (configuration(trust("user")), read_network_security)):
        content = bytearray(good)
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
                st.sampled_from((0, 1, 2, 0x7F, 0x80, 0xFF))
            )
        try:
            read(bytes(content[: data.draw(st.integers(0, len(content)))]))
        except InputError:
            continue


def test_texts_within_one_another_are_refused() -> None:
    """Ten thousand texts that all begin at the same long one."""
    long = "x" * 20_000
    count = 10_000
    data = pack("<H", 0x8000 | len(long) >> 16) + pack("<H", len(long) & 0xFFFF) + long.encode("utf-16-le") + b"\0\0"
    data += bytes(-len(data) % 4)
    head = pack("<HHI5I", 1, 28, 28 + 4 * count + len(data), count, 0, 0, 28 + 4 * count, 0)
    made = pack("<HHII", 2, 12, 12 + len(head) + 4 * count + len(data), 0) + head + bytes(4 * count) + data

    with pytest.raises(InputError, match="within one another"):
        read_texts(made)
