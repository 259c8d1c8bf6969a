"""zip: whatever Python's zipfile writes is read as it was meant, and two readings of one archive never pass silently."""

import io
import zipfile
import zlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zstandard import ZstdCompressor

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Held, Reading
from trueware.formats.packages.zip import Zip
from trueware.formats.packages.zip.directory import find_end
from trueware.model.limits import Limits
from trueware.model.part import Kind

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
STEP = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=20)
PATH = st.lists(STEP.filter(lambda step: step not in (".", "..")), min_size=1, max_size=4).map("/".join)


def packed(*members: tuple[str, bytes, int], comment: bytes = b"", external: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data, method in members:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = method, external
            archive.writestr(info, data)
        archive.comment = comment
    return stream.getvalue()


def replaced(archive: bytes, method: int, data: bytes, size: int, crc: int) -> bytes:
    """Return the archive of one stored member with other bytes, said to be of `method`."""
    start = archive.find(b"PK\1\2")
    name = len("file")
    own, listed, end = bytearray(archive[: 30 + name]), bytearray(archive[start:-22]), bytearray(archive[-22:])
    own[8:10] = listed[10:12] = pack("<H", method)
    own[14:26] = listed[16:28] = pack("<3I", crc, len(data), size)
    end[16:20] = pack("<I", len(own) + len(data))
    return bytes(own) + data + bytes(listed) + bytes(end)


def read(data: bytes) -> tuple[Reading, dict[str, bytes]]:
    reading = Zip.read(memoryview(data), Limits())
    found = {entry.path: b"".join(entry.content.chunks()) if entry.content else b"" for entry in reading.entries}
    return reading, found


def rules(reading: Reading) -> set[str]:
    return {anomaly.rule for anomaly in reading.anomalies}


@given(
    members=st.lists(st.tuples(PATH, st.binary(max_size=400), st.sampled_from(METHODS)), max_size=5),
    comment=st.binary(max_size=30).filter(lambda comment: b"PK" not in comment),
)
def test_members_are_read_as_written(members: list[tuple[str, bytes, int]], comment: bytes) -> None:
    """Names and data are those that were packed, by all methods that zipfile writes; all bytes are accounted for."""
    members = [(f"{n}/{path}", data, method) for n, (path, data, method) in enumerate(members)]
    data = packed(*members, comment=comment)
    reading, found = read(data)

    assert found == {path: data for path, data, _ in members} | ({"comment": comment} if comment else {})
    assert rules(reading) == set()
    assert sum(stop - start for start, stop in reading.spans) == len(data)


@pytest.mark.parametrize("extra", [b"", b"behind"])
def test_zstd(extra: bytes) -> None:
    """A zstd frame is unpacked, and bytes behind it are seen."""
    content = b"content " * 2_000
    frame = ZstdCompressor().compress(content) + extra
    archive = replaced(packed(("file", b"x", 0)), 93, frame, len(content), zlib.crc32(content))
    reading, found = read(archive)

    assert found == {"file": content}
    assert rules(reading) == ({"contradiction"} if extra else set())


@pytest.mark.parametrize(
    ("size", "crc", "extra", "expected"),
    [(0, 0, b"", set()), (0, 1, b"", {"checksum-mismatch"}), (0, 0, b"behind", {"contradiction"})],
)
def test_stream_is_checked(size: int, crc: int, extra: bytes, expected: set[str]) -> None:
    """A checksum that does not fit and bytes behind the stream are reported once, however often the content is read."""
    content = b"content " * 50
    stream = zlib.compress(content)[2:-4] + extra
    archive = replaced(packed(("file", b"x", 0)), 8, stream, len(content) + size, zlib.crc32(content) ^ crc)
    reading = Zip.read(memoryview(archive), Limits())
    (entry,) = reading.entries

    assert entry.content is not None
    assert b"".join(entry.content.chunks()) == b"".join(entry.content.chunks()) == content
    assert [anomaly.rule for anomaly in reading.anomalies] == sorted(expected)


@pytest.mark.parametrize("lie", [-1, 1, -400, 1 << 31])
def test_size_is_kept_or_refused(lie: int) -> None:
    """A content never yields more than stated, nor less without an error."""
    content = b"content " * 50
    archive = replaced(
        packed(("file", b"x", 0)), 8, zlib.compress(content)[2:-4], len(content) + lie, zlib.crc32(content)
    )
    (entry,) = Zip.read(memoryview(archive), Limits()).entries

    assert entry.content is not None
    with pytest.raises(MalformedInput):
        list(entry.content.chunks())


def test_bomb_of_overlapping_members_is_not_unpacked() -> None:
    """Members that share one compressed kernel are refused before any byte of it is unpacked."""
    archive = packed(("file", bytes(100_000), zipfile.ZIP_DEFLATED))
    start = archive.find(b"PK\1\2")
    listed = archive[start:-22]
    end = archive[-22:-14] + pack("<2HIIH", 3, 3, 3 * len(listed), start, 0)
    reading = Zip.read(memoryview(archive[:start] + 3 * listed + end), Limits())
    contents = [entry.content for entry in reading.entries]

    assert rules(reading) == {"overlap"}
    for content in contents:
        assert content is not None
        with pytest.raises(MalformedInput, match="shared"):
            content.chunks()


def test_kinds_come_from_unix_attributes() -> None:
    """Links and modes of Unix are read; a folder by its mode that is none by its name leaves a doubt."""
    reading = Zip.read(memoryview(packed(("link", b"target", 8), external=0o120777 << 16)), Limits())
    (link,) = reading.entries
    assert (link.kind, link.link, link.mode, link.content) == (Kind.SYMLINK, "target", 0o777, None)

    reading = Zip.read(memoryview(packed(("file", b"", 0), external=0o040755 << 16)), Limits())
    (file,) = reading.entries
    assert (file.kind, rules(reading)) == (Kind.FILE, {"contradiction"})


def test_stored_content_is_a_view() -> None:
    """Stored data are not copied."""
    (entry,) = Zip.read(memoryview(packed(("file", b"data", 0))), Limits()).entries

    assert isinstance(entry.content, Held)


def test_unsplit_archives_only() -> None:
    """An archive in several files, and one with more members than a container may have, are refused."""
    archive = packed(("file", b"data", 0))
    with pytest.raises(UnsupportedInput):
        Zip.read(memoryview(archive[:-18] + b"\1" + archive[-17:]), Limits())

    with pytest.raises(LimitExceeded):
        Zip.read(memoryview(packed(("a", b"", 0), ("b", b"", 0))), Limits(max_entries=1))


@pytest.mark.parametrize(
    ("name", "flags", "expected"),
    [
        (b"n\xc3\xa4me", 0x800, set()),
        (b"n\x84me", 0, {"contradiction"}),
        (b"a\\b", 0, {"hostile-name"}),
        (b"/", 0, {"hostile-name"}),
    ],
)
def test_doubtful_names(name: bytes, flags: int, expected: set[str]) -> None:
    """Names whose character set or meaning programs guess are reported."""
    archive = packed(("x" * len(name), b"", 0)).replace(b"x" * len(name), name)
    start = archive.find(b"PK\1\2")
    changed = bytearray(archive)
    changed[6:8] = changed[start + 8 : start + 10] = pack("<H", flags)

    assert rules(read(bytes(changed))[0]) == expected


def test_end_record_in_a_comment() -> None:
    """An end record within the comment of another is found by some programs: a doubt."""
    inner = packed(("inner", b"inner", 0))
    reading, found = read(packed(("outer", b"outer", 0), comment=inner + b"!"))

    assert set(found) == {"outer", "comment"}
    assert rules(reading) == {"contradiction"}


def test_end_record_is_found_behind_appended_bytes() -> None:
    """Bytes after the archive do not hide it; without an end record there is none."""
    archive = packed(("file", b"data", 0))

    assert find_end(memoryview(archive + b"appended")) == len(archive) - 22
    assert find_end(memoryview(archive[:-1])) == -1
    assert find_end(memoryview(b"")) == -1
