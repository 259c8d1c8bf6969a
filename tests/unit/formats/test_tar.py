"""tar: whatever Python's tarfile writes is read as it was meant, front to back like at once, and what is wrong is reported."""

import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.packages.tar import Tar
from trueware.formats.packages.tar.header import number
from trueware.formats.stream import Stream
from trueware.model.limits import Limits
from trueware.model.part import Kind

KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.CHRTYPE: Kind.CHARACTER,
    tarfile.BLKTYPE: Kind.BLOCK,
    tarfile.FIFOTYPE: Kind.FIFO,
}
FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
STEP = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40)
PATH = st.lists(STEP.filter(lambda step: step not in (".", "..")), min_size=1, max_size=5).map("/".join)


@st.composite
def members(draw: st.DrawFn) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Members with different paths of which none is a folder of another."""
    drawn = []
    for position, path in enumerate(draw(st.lists(PATH, max_size=6))):
        info = tarfile.TarInfo(f"{position}/{path}")
        info.type = draw(st.sampled_from(sorted(KINDS)))
        info.mode = draw(st.integers(0, 0o7777))
        info.uid, info.gid = draw(st.integers(0, 0o7777777)), draw(st.integers(0, 0o7777777))
        info.mtime = draw(st.integers(0, 0o77777777777))
        data = draw(st.binary(max_size=1_300)) if info.type == tarfile.REGTYPE else b""
        info.size = len(data)
        if info.type == tarfile.SYMTYPE:
            info.linkname = draw(PATH)
        if info.type in (tarfile.CHRTYPE, tarfile.BLKTYPE):
            info.devmajor, info.devminor = draw(st.integers(0, 255)), draw(st.integers(0, 255))
        drawn.append((info, data))
    return drawn


def packed(*given: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for info, data in given:
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def named(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def read(reading: Reading) -> list[tuple[Entry, bytes]]:
    """Return all entries with their content, read as it passes."""
    return [(entry, b"".join(entry.content.chunks()) if entry.content else b"") for entry in reading.entries]


def passing(data: bytes, piece: int) -> Stream:
    return Stream(memoryview(data)[at : at + piece] for at in range(0, len(data), piece))


def rules(reading: Reading) -> set[str]:
    return {anomaly.rule for anomaly in reading.anomalies}


@given(members=members(), form=st.sampled_from(FORMS[1:]), piece=st.integers(1, 5_000))
def test_members_are_read_as_written(members: list[tuple[tarfile.TarInfo, bytes]], form: int, piece: int) -> None:
    """Kind, attributes and data of every member are those that were packed, held and passing."""
    data = packed(*members, form=form)
    for stream in (Stream.over(memoryview(data)), passing(data, piece)):
        if not members:
            continue
        reading = Tar.read_stream(stream, Limits())
        found = read(reading)

        assert [entry.path for entry, _ in found] == [info.name for info, _ in members]
        assert [content for _, content in found] == [content for _, content in members]
        assert rules(reading) == set()
        for (entry, _), (info, _) in zip(found, members, strict=True):
            assert entry.kind is KINDS[info.type]
            assert (entry.mode, entry.uid, entry.gid, entry.mtime) == (info.mode, info.uid, info.gid, info.mtime)
            assert entry.link == (info.linkname if info.type == tarfile.SYMTYPE else None)
            device = (info.devmajor, info.devminor) if info.type in (tarfile.CHRTYPE, tarfile.BLKTYPE) else None
            assert entry.rdev == device


@given(data=st.binary(max_size=3_000), cut=st.integers(0, 3_000), form=st.sampled_from(FORMS))
def test_cut_archive_is_never_complete(data: bytes, cut: int, form: int) -> None:
    """An archive that ends before its end says so, whether or not contents were read."""
    whole = packed(named("file", data), named("after"), form=form)
    end = len(whole.rstrip(b"\0")) + 1
    reading = Tar.read(memoryview(whole)[: max(512, min(cut, end - 400))], Limits())
    try:
        list(reading.entries)
    except MalformedInput:
        return

    assert "truncated" in rules(reading)


def test_contents_nobody_reads_are_skipped() -> None:
    """Asking for the next entry of a passing stream goes past data that were not read, or only in part."""
    data = packed(named("first", bytes(3_000)), named("second", b"two" * 500), named("third", b"3"))
    entries = Tar.read_stream(passing(data, 700), Limits()).entries

    taken: Iterator[Entry] = iter(entries)
    first = next(taken)
    assert first.content is not None
    next(iter(first.content.chunks()))
    assert [entry.path for entry in taken] == ["second", "third"]


@given(
    pieces=st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 9_000)), max_size=60), piece=st.integers(1, 70_000)
)
def test_pieces_of_a_sparse_file_are_put_in_their_places(pieces: list[tuple[int, int]], piece: int) -> None:
    """Holes and data of any size, in any number, make the file that was packed."""
    content, stored, places = bytearray(), bytearray(), []
    for index, (hole, length) in enumerate(pieces):
        content += bytes(hole)
        places.append(f"{len(content)},{length}")
        data = bytes([index + 1]) * length
        content += data
        stored += data
    records = {"GNU.sparse.size": str(len(content) + 5), "GNU.sparse.map": ",".join(places or ["0,0"])}
    data = packed(named("sparse", bytes(stored), pax_headers=records))
    for stream in (Stream.over(memoryview(data)), passing(data, piece)):
        ((entry, found),) = read(Tar.read_stream(stream, Limits()))

        assert (entry.size, found) == (len(content) + 5, bytes(content) + bytes(5))


@pytest.mark.parametrize(
    "records",
    [{"atime": "1", "comment": "c"}, {"GNU.sparse.size": "9", "GNU.sparse.map": "1,0,2,0,3,0"}],
    ids=["records", "pieces"],
)
def test_what_describes_members_is_limited(records: dict[str, str]) -> None:
    """Headers without a member, and pieces of files, cost time like members do."""
    data = packed(*(named(str(number), pax_headers=records) for number in range(20)))

    with pytest.raises(LimitExceeded, match="max_entries"):
        list(Tar.read(memoryview(data), Limits(max_entries=10)).entries)


def test_hard_link_is_its_file() -> None:
    """A hard link has the attributes of its file, and a link to a link leads to the file."""
    first, second = named("a", b"data", mode=0o4755), named("b", type=tarfile.LNKTYPE, linkname="./a", mode=0o4755)
    third = named("c", type=tarfile.LNKTYPE, linkname="b", mode=0o4755)
    reading = Tar.read(memoryview(packed(first, second, third)), Limits())
    found = list(reading.entries)

    assert [(entry.path, entry.hard_link, entry.mode) for entry in found] == [
        ("a", None, 0o4755),
        ("b", "a", 0o4755),
        ("c", "a", 0o4755),
    ]
    assert rules(reading) == set()


def test_hard_link_to_symbolic_link_is_one() -> None:
    """A second name of a symbolic link is a symbolic link."""
    first = named("a", type=tarfile.SYMTYPE, linkname="target")
    second = named("b", type=tarfile.LNKTYPE, linkname="a")
    found = list(Tar.read(memoryview(packed(first, second)), Limits()).entries)

    assert [(entry.kind, entry.link, entry.hard_link) for entry in found] == [(Kind.SYMLINK, "target", None)] * 2


@pytest.mark.parametrize(
    ("record", "value"),
    [
        ("path", "elsewhere"),
        ("size", "3"),
        ("uid", "7"),
        ("linkpath", "other"),
        ("GNU.sparse.unknown", "1"),
        ("vendor.key", "x"),
        ("SCHILY.xattr.user.%3D", "x"),
        ("LIBARCHIVE.xattr.user.a", "YQ"),
    ],
)
def test_doubtful_record_is_reported(record: str, value: str) -> None:
    """A pax record that programs read differently, or that contradicts the header, never passes silently."""
    info, data = named("file", b"data", pax_headers={})
    archive = bytearray(packed((info, data), form=tarfile.USTAR_FORMAT))
    body = f"{record}={value}\n"
    line = f"{len(body) + 3} {body}".encode()
    extra = packed(named("x", line, type=tarfile.XHDTYPE), form=tarfile.USTAR_FORMAT)[:1024]
    reading = Tar.read(memoryview(extra + bytes(archive)), Limits())
    try:
        list(reading.entries)
    except MalformedInput:
        return

    assert rules(reading) & {"contradiction", "reserved-bits", "truncated", "malformed"}


def test_users_by_name_are_facts() -> None:
    """Names that a device could resolve are facts, root's is not, and two names of one user leave a doubt."""
    maker, root = named("a", uid=1_000, uname="maker", gname="root"), named("b", uname="root", gname="root")
    reading = Tar.read(memoryview(packed(maker, root)), Limits())
    list(reading.entries)
    assert reading.facts == {"user-1000": "maker"}
    assert rules(reading) == set()

    reading = Tar.read(memoryview(packed(maker, named("c", uid=1_000, uname="other"))), Limits())
    list(reading.entries)
    assert rules(reading) == {"contradiction"}


def test_long_names_are_bounded() -> None:
    """A name beyond the ceiling is refused before it is read."""
    data = packed(named("n" * 5_000), form=tarfile.GNU_FORMAT)
    with pytest.raises(LimitExceeded):
        list(Tar.read(memoryview(data), Limits()).entries)


def test_stated_size_is_not_believed() -> None:
    """A size of eight exabytes costs nothing, and what is there is read."""
    archive = bytearray(packed(named("file", b"data"), form=tarfile.GNU_FORMAT))
    archive[124:136] = b"\x80" + (1 << 62).to_bytes(11, "big")
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    reading = Tar.read(memoryview(bytes(archive)), Limits())
    (entry,) = reading.entries

    assert entry.path == "file"
    assert rules(reading) == {"truncated"}


@pytest.mark.parametrize("field", [b"\0007777777", b"0000 644", b"000064x\0", b"\x81\0\0\0\0\0\0\0", b"-000644\0"])
def test_doubtful_number_is_none(field: bytes) -> None:
    """A number that programs would read differently is refused."""
    with pytest.raises(ValueError, match=r".*"):
        number(field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"0000644\0", 0o644),
        (b"   644 \0", 0o644),
        (b"\0" * 8, 0),
        (b"\x80\0\0\0\0\x2d\xc6\xc0", 3_000_000),
        (b"\xff" * 8, -1),
    ],
)
def test_number_is_read(field: bytes, value: int) -> None:
    """Octal digits between blanks, blank, and binary numbers are read."""
    assert number(field) == value


@pytest.mark.parametrize(
    ("kind", "stated"), [(tarfile.SYMTYPE, "././@LongSymLink"), (tarfile.LNKTYPE, "././@LongHardLink")]
)
def test_what_libarchive_states_for_a_long_target_is_no_other_target(kind: bytes, stated: str) -> None:
    """The target stands in a record; one that would fit into the header must stand there."""

    def rules(target: str) -> set[str]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(tarfile.TarInfo(target))
            link = tarfile.TarInfo("link")
            link.type, link.linkname, link.pax_headers = kind, stated, {"linkpath": target}
            archive.addfile(link)
        reading = Tar.read(memoryview(packed.getvalue()), Limits())
        assert [entry.path for entry in reading.entries] == [target, "link"]
        return {anomaly.rule for anomaly in reading.anomalies}

    assert rules("x" * 150) == set()
    assert rules("x" * 50) == {"contradiction"}
