"""cpio: members, links and archives in a row are read front to back like at once, and what is wrong is reported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import Held, Reading
from trueware.formats.packages.cpio import Cpio
from trueware.formats.stream import Stream
from trueware.model.limits import Limits
from trueware.model.part import Kind

FILE, FOLDER, LINK, DEVICE = 0o100644, 0o040755, 0o120777, 0o020600


def newc(
    name: str,
    data: bytes = b"",
    mode: int = FILE,
    *,
    ino: int = 1,
    links: int = 1,
    check: int | None = None,
    rdev: int = 0,
) -> bytes:
    encoded = name.encode("utf-8", "surrogateescape") + b"\0"
    values = (ino, mode, 10, 20, links, 30, len(data), 0, 0, 0, rdev, len(encoded), check or 0)
    head = (b"070701" if check is None else b"070702") + b"".join(b"%08x" % value for value in values) + encoded
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def odc(name: str, data: bytes = b"", mode: int = FILE, *, ino: int = 1, links: int = 1) -> bytes:
    values = (0, ino, mode, 10, 20, links, 0x0501)
    head = b"070707" + b"".join(b"%06o" % value for value in values)
    return head + b"%011o%06o%011o" % (30, len(name) + 1, len(data)) + name.encode() + b"\0" + data


END = newc("TRAILER!!!", mode=0)
ODC_END = odc("TRAILER!!!", mode=0)


def read(data: bytes, piece: int = 0) -> tuple[Reading, list[tuple[str, bytes | None, str | None]]]:
    """Return path, data and link of all entries; with `piece`, of a stream that passes."""
    stream = Stream(memoryview(data)[at : at + piece] for at in range(0, len(data), piece)) if piece else None
    reading = Cpio.read_stream(stream or Stream.over(memoryview(data)), Limits())
    found = [
        (entry.path, b"".join(entry.content.chunks()) if entry.content else None, entry.hard_link)
        for entry in reading.entries
    ]
    return reading, found


def rules(reading: Reading) -> set[str]:
    return {anomaly.rule for anomaly in reading.anomalies}


@given(
    datas=st.lists(st.binary(max_size=600), min_size=1, max_size=6),
    crc=st.booleans(),
    piece=st.integers(0, 900),
    tail=st.integers(0, 700),
)
def test_members_are_read_as_written(datas: list[bytes], *, crc: bool, piece: int, tail: int) -> None:
    """Data and their sums are those that were packed, held and passing."""
    members = [newc(f"file-{n}", data, check=sum(data) if crc else None) for n, data in enumerate(datas)]
    end = newc("TRAILER!!!", mode=0, check=0 if crc else None)
    reading, found = read(b"".join(members) + end + bytes(tail), piece)

    assert found == [(f"file-{n}", data, None) for n, data in enumerate(datas)]
    assert rules(reading) == set()


@pytest.mark.parametrize("piece", [0, 7, 4_096])
def test_changed_data_do_not_fit_their_sum(piece: int) -> None:
    """The sum of crc archives is verified while data pass too."""
    data = newc("file", b"Data", check=sum(b"data")) + newc("TRAILER!!!", mode=0, check=0)

    assert rules(read(data, piece)[0]) == {"checksum-mismatch"}


def test_attributes_are_read() -> None:
    """Mode, owner, time, device and target come from the header."""
    data = newc("dev", mode=FOLDER) + newc("dev/null", mode=DEVICE, rdev=3) + newc("link", b"target", mode=LINK) + END
    entries = list(Cpio.read(memoryview(data), Limits()).entries)

    assert [(entry.kind, entry.mode, entry.link, entry.rdev) for entry in entries] == [
        (Kind.DIRECTORY, 0o755, None, None),
        (Kind.CHARACTER, 0o600, None, (0, 3)),
        (Kind.SYMLINK, 0o777, "target", None),
    ]
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries} == {(10, 20, 30)}


@pytest.mark.parametrize("piece", [0, 50])
def test_links_share_the_data_of_the_last(piece: int) -> None:
    """Names without data wait for the one that has them, and are links to it."""
    data = newc("a", links=3) + newc("b", links=3) + newc("other") + newc("c", b"data", links=3) + END
    reading, found = read(data, piece)

    assert found == [("other", b"", None), ("c", b"data", None), ("a", None, "c"), ("b", None, "c")]
    assert rules(reading) == set()


@pytest.mark.parametrize("piece", [0, 50])
@pytest.mark.parametrize(("second", "expected"), [(b"data", set()), (b"else", {"contradiction"})])
def test_links_with_data_each_are_compared(second: bytes, expected: set[str], piece: int) -> None:
    """In odc, data stand with every name; where they differ, programs keep different ones."""
    reading, found = read(odc("a", b"data", links=2) + odc("b", second, links=2) + ODC_END, piece)

    assert found == [("a", b"data", None), ("b", second, None)]
    assert rules(reading) == expected


def test_inodes_are_of_one_archive() -> None:
    """The kernel forgets links at the end of an archive."""
    reading, found = read(newc("a", b"1", links=2) + END + newc("b", links=2) + END)

    assert found == [("a", b"1", None), ("b", b"", None)]
    assert reading.facts == {"archives": "1+1"}


def test_bytes_behind_the_archive_are_left() -> None:
    """What no kernel would unpack behind an archive is not accounted for."""
    data = newc("a") + END
    reading, _ = read(data + bytes(8) + b"rest")

    assert reading.end == len(data) + 8


def test_compressed_data_behind_are_a_region() -> None:
    """What the kernel unpacks behind an archive is returned to be read."""
    reading, found = read(newc("a") + END + bytes(5) + b"\x1f\x8b\x08compressed")

    assert found[-1] == ("appended", b"\x1f\x8b\x08compressed", None)
    assert reading.end is None


def test_sizes_are_not_believed() -> None:
    """A size of four gigabytes costs nothing; a name of that length is refused."""
    header = newc("file", b"data")
    reading, found = read(header[:54] + b"ffffffff" + header[62:])
    assert found == [("file", b"data", None)]
    assert rules(reading) == {"truncated"}

    with pytest.raises(LimitExceeded):
        read(header[:94] + b"ffffffff" + header[102:])


@pytest.mark.parametrize("piece", [0, 64])
def test_archive_without_trailer_is_cut(piece: int) -> None:
    """The end of the bytes is not the end of an archive."""
    assert rules(read(newc("file", b"data"), piece)[0]) == {"truncated"}


def test_broken_header_ends_the_reading() -> None:
    """What was read before stays, and what follows is not guessed at."""
    reading = Cpio.read(memoryview(newc("a") + b"070701" + b"x" * 104), Limits())
    entries = iter(reading.entries)

    assert next(entries).path == "a"
    with pytest.raises(MalformedInput):
        next(entries)
    assert reading.spans == [(0, 112)]


def test_content_of_held_bytes_is_a_view() -> None:
    """Nothing is copied where the archive is in memory."""
    data = memoryview(newc("a", b"data") + END)
    (entry,) = Cpio.read(data, Limits()).entries

    assert isinstance(entry.content, Held)
    assert entry.content.view.obj is data.obj


@given(st.binary(max_size=2_000))
def test_sum_of_bytes(data: bytes) -> None:
    """The fast sum is the plain sum."""
    assert byte_sum(data) == sum(data)
    assert byte_sum(b"\xff" * 70_000) == 0xFF * 70_000
