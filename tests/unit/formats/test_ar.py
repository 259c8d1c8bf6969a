"""ar and Debian packages: names of all kinds, and packages that programs read differently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.packages.ar import Ar, Deb
from trueware.model.limits import Limits


def member(name: bytes, data: bytes, size: int | None = None) -> bytes:
    head = b"%-16b%-12d%-6d%-6d%-8b%-10d`\n" % (name, 1, 2, 3, b"100755", len(data) if size is None else size)
    return head + data + b"\n" * (len(data) % 2)


def archive(*members: bytes) -> memoryview:
    return memoryview(b"!<arch>\n" + b"".join(members))


def read(reading: Reading) -> list[tuple[str, bytes]]:
    return [(entry.path, b"".join(entry.content.chunks()) if entry.content else b"") for entry in reading.entries]


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=8))
def test_members_are_read_as_written(datas: list[bytes]) -> None:
    """Data of odd and even length, and where they are."""
    view = archive(*(member(b"name-%d/" % n, data) for n, data in enumerate(datas)))
    reading = Ar.read(view, Limits())
    entries = list(reading.entries)

    assert [(entry.path, entry.mode, entry.uid, entry.gid, entry.mtime) for entry in entries] == [
        (f"name-{n}", 0o755, 2, 3, 1) for n in range(len(datas))
    ]
    assert [bytes(view[entry.offset : (entry.offset or 0) + entry.size]) for entry in entries] == datas
    assert reading.anomalies == []
    assert (reading.spans, reading.end) == ([(0, len(view))], len(view))


@pytest.mark.parametrize(
    ("members", "paths"),
    [
        (
            [member(b"//", b"a-very-long-name.o/\nb.o/\n"), member(b"/0", b""), member(b"/20", b"")],
            ["a-very-long-name.o", "b.o"],
        ),
        ([member(b"#1/8", b"name\0\0\0\0data")], ["name"]),
        ([member(b"with space", b"")], ["with space"]),
    ],
)
def test_names(members: list[bytes], paths: list[str]) -> None:
    """Long names of GNU and BSD, and plain ones."""
    found = [path for path, _ in read(Ar.read(archive(*members), Limits())) if path != "names"]

    assert found == paths


@pytest.mark.parametrize(
    "bad",
    [
        member(b"/7", b""),
        member(b"#1/9", b"short"),
        member(b"#1/x", b"short"),
        member(b"name", b"").replace(b"100755", b"100799"),
    ],
)
def test_nonsense_is_refused(bad: bytes) -> None:
    """A name that is nowhere, or a number that is none."""
    with pytest.raises(MalformedInput):
        read(Ar.read(archive(bad), Limits()))


@pytest.mark.parametrize("name", [b"", b"./", b"#1/1"])
def test_nameless_member_is_reported(name: bytes) -> None:
    """A member that cannot be placed leaves a doubt."""
    reading = Ar.read(archive(member(name, b"/data")), Limits())
    list(reading.entries)

    assert {anomaly.rule for anomaly in reading.anomalies} == {"hostile-name"}


def test_sizes_are_not_believed() -> None:
    """What is there is read; a long name is refused."""
    reading = Ar.read(archive(member(b"name", b"data", 9_999_999_999)), Limits())
    assert read(reading) == [("name", b"data")]
    assert [anomaly.rule for anomaly in reading.anomalies] == ["truncated"]

    with pytest.raises(LimitExceeded):
        read(Ar.read(archive(member(b"#1/5000", bytes(5_000))), Limits()))


@pytest.mark.parametrize(
    ("names", "rules"),
    [
        (["debian-binary", "control.tar.gz", "data.tar.xz"], set()),
        (["debian-binary", "_x", "control.tar", "_y", "data.tar", "anything"], set()),
        (["debian-binary", "x", "control.tar", "data.tar"], {"contradiction"}),
        (["debian-binary", "control.tar", "data.tar", "data.tar.gz"], {"contradiction"}),
        (["debian-binary", "control.tar", "control.tar.gz", "data.tar"], {"contradiction"}),
        (["debian-binary", "control.tar.new", "data.tar"], {"contradiction", "malformed"}),
        (["debian-binary", "debian-binary", "control.tar", "data.tar"], {"contradiction"}),
        (["debian-binary", "control.tar"], {"malformed"}),
    ],
)
def test_order_of_a_package(names: list[str], rules: set[str]) -> None:
    """Where dpkg, which goes by order, and programs that go by name differ, there is a doubt."""
    view = archive(*(member(name.encode(), b"2.0\n") for name in names))
    reading = Deb.read(view, Limits())

    assert Deb.matches(view)
    assert [path for path, _ in read(reading)] == names
    assert {anomaly.rule for anomaly in reading.anomalies} == rules


def test_package_is_told_from_archive() -> None:
    """The name of the first member decides."""
    assert not Deb.matches(archive(member(b"control.tar", b"")))
    assert Ar.matches(archive(member(b"control.tar", b"")))
    assert not Ar.matches(memoryview(b"!<arch>\n"))
