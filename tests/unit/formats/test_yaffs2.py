"""yaffs: what was written is what is read, by any geometry, and what unyaffs reads of the same bytes; the newest page counts."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.filesystems import differences, fill, left_over
from tests.yaffs import DELETED, FILE, FOLDER, HARD_LINK, LINK, ROOT, UNLINKED, Yaffs

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.yaffs2 import Yaffs2
from trueware.model.limits import Limits

GEOMETRIES = {
    "2048+64": Yaffs(),
    "2048+64-marked": Yaffs(place=2, more=True),
    "2048+64-big": Yaffs(sign=">"),
    "2048-inband": Yaffs(spare=0, sparse=True),
    "4096+128": Yaffs(4096, 128, more=True),
    "4096+224": Yaffs(4096, 224, sign=">", more=True, sparse=True),
    "8192+448": Yaffs(8192, 448),
    "512+16": Yaffs(512, 16),
    "512+16-big": Yaffs(512, 16, sign=">"),
}


def blank(like: Yaffs) -> Yaffs:
    return replace(like, out=bytearray())


def read(data: bytes, limits: Limits | None = None) -> tuple[Reading, list[Entry]]:
    assert Yaffs2.matches(memoryview(data))
    reading = Yaffs2.read(memoryview(data), limits or Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("yaffs") / "tree"
    fill(root, attributes=False)
    (root / "far").unlink()
    (root / "far").symlink_to("x/" * 70 + "end")
    for number in range(60):
        os.setxattr(root / "many" / f"{number * 4:04}", "security.selinux", b"u:object_r:system_file:s0\0")
    os.setxattr(root / "sticky", "trusted.empty", b"")
    return root


@pytest.mark.parametrize("like", GEOMETRIES.values(), ids=GEOMETRIES)
def test_what_was_written_is_read(tree: Path, like: Yaffs) -> None:
    """Every entry is that of the tree, nothing is remarked upon, no byte is left over, and the flash is known."""
    data = blank(like).write(tree)
    reading, entries = read(data)

    assert reading.anomalies == []
    assert differences(entries, tree, attributes=like.page > 512) == []
    assert left_over(reading, data) == []
    assert reading.facts["page-size"] == str(like.page)
    assert reading.facts["tags"] == (f"spare+{like.place}" if like.spare else "inband")
    assert reading.facts["version"] == ("1" if like.page == 512 else "2")


@pytest.mark.parametrize("name", ["2048+64", "2048+64-marked", "4096+128", "8192+448"])
def test_unyaffs_reads_the_same(tree: Path, tmp_path: Path, name: str) -> None:
    """The image is a yaffs2: a program written for those of mkyaffs2image makes the same tree of it as we do."""
    if shutil.which("unyaffs") is None:
        pytest.skip("needs unyaffs")
    like = replace(GEOMETRIES[name], more=False)  # which it does not know
    data = blank(like).write(tree)
    (tmp_path / "image").write_bytes(data)
    options = ["-c", str(like.page // 1024), "-s", str(like.spare), *(["-b"] if like.place else [])]
    subprocess.run(["unyaffs", *options, tmp_path / "image", tmp_path / "root"], check=True, capture_output=True)
    _, entries = read(data)

    assert len(entries) > 1_000
    assert differences(entries, tmp_path / "root", attributes=False) == []


def history(**more: bool) -> Yaffs:
    """Return an image with a root and a file of two and a half pages."""
    image = Yaffs(**more)  # type: ignore[arg-type]
    image.header(ROOT, FOLDER, ROOT, b"", 0o40755)
    image.header(0x101, FILE, ROOT, b"file", 0o100644, size=5_000)
    for chunk, size in ((1, 2_048), (2, 2_048), (3, 904)):
        image.data(0x101, chunk, b"%d" % chunk * size)
    return image


def test_newest_page_counts() -> None:
    """A page written again replaces the older one, in a later block wherever that lies."""
    image = history()
    image.sequence = 0x1002
    image.data(0x101, 2, b"n" * 2_048)
    image.sequence = 0x1001
    image.data(0x101, 2, b"o" * 2_048)
    reading, (file,) = read(bytes(image.out))

    assert content(file) == b"1" * 2_048 + b"n" * 2_048 + b"3" * 904
    assert reading.notes["earlier-pages"] == "2"
    assert [each.rule for each in reading.anomalies] == ["hidden-content"]


def test_what_was_cut_off_does_not_come_back() -> None:
    """A file that was shrunk and grew again has zeros where its old pages were."""
    image = history()
    image.header(0x101, FILE, ROOT, b"file", 0o100644, size=100, shrinks=True)
    image.data(0x101, 1, b"s" * 100 + bytes(1_948))
    image.header(0x101, FILE, ROOT, b"file", 0o100600, size=5_000)
    _, (file,) = read(bytes(image.out))

    assert file.mode == 0o600
    assert content(file) == b"s" * 100 + bytes(4_900)


@pytest.mark.parametrize("folder", [UNLINKED, DELETED])
def test_what_was_deleted_is_gone(folder: int) -> None:
    """Deleting moves an object to a folder that is not shown; its pages are counted."""
    image = history()
    image.header(0x101, FILE, folder, b"unlinked", 0o100644, size=0, shrinks=True)
    reading, entries = read(bytes(image.out))

    assert entries == []
    assert reading.notes["earlier-pages"] == "5"


def test_rename_takes_the_name_of_another() -> None:
    """The header of a renamed object says whose name it took: that one is gone though nothing of its own says so."""
    image = history()
    image.header(0x102, FILE, ROOT, b"file", 0o100644, size=3, shadows=0x101)
    image.data(0x102, 1, b"new")
    reading, (file,) = read(bytes(image.out))

    assert content(file) == b"new"
    assert [each.rule for each in reading.anomalies] == ["hidden-content"]


def test_two_of_one_name_are_told() -> None:
    """Without that, there are two files of one name."""
    image = history()
    image.header(0x102, FILE, ROOT, b"file", 0o100644)
    reading, entries = read(bytes(image.out))

    assert [entry.path for entry in entries] == ["file", "file"]
    assert [each.rule for each in reading.anomalies] == ["duplicate-path"]


def test_file_grows_by_its_pages() -> None:
    """Pages newer than the header of a file make it longer; a header that says more than they do makes holes."""
    image = history()
    image.data(0x101, 3, b"3" * 2_000)
    image.header(0x102, FILE, ROOT, b"hole", 0o100644, size=1 << 40)
    limits = Limits(max_unpacked=1 << 30)
    _, (file, hole) = read(bytes(image.out), limits)

    assert file.size == 2 * 2_048 + 2_000
    assert hole.content is not None
    with pytest.raises(LimitExceeded):
        next(hole.content.chunks())


def test_what_hangs_in_the_air_is_told() -> None:
    """Objects in a folder that is not there, in a circle, in a file, and links to nothing: told, and shown as Linux would."""
    image = history()
    image.header(0x102, FILE, 0x200, b"orphan", 0o100644)
    image.header(0x103, FOLDER, 0x104, b"circle", 0o40755)
    image.header(0x104, FOLDER, 0x103, b"circle", 0o40755)
    image.header(0x105, FILE, 0x101, b"inside", 0o100644)
    image.header(0x106, HARD_LINK, ROOT, b"to-nothing", 0, stands_for=0x300)
    image.header(0x107, HARD_LINK, ROOT, b"to-a-link", 0, stands_for=0x106)
    image.header(0x108, LINK, ROOT, b"a/b", 0o120777, target=b"x")
    reading, entries = read(bytes(image.out))

    assert sorted(entry.path for entry in entries) == ["a%2Fb", "file", "lost+found/orphan"]
    told = sorted(each.rule for each in reading.anomalies)
    assert told == [
        "contradiction",
        "contradiction",
        "cycle",
        "hidden-content",
        "hostile-name",
        "malformed",
        "malformed",
    ]


def test_tags_that_say_other_things_are_told() -> None:
    """A device may go by what the tags of a header say without reading it."""
    image = history(more=True)
    place = 2_048 + 2_112
    assert read(bytes(image.out))[0].anomalies == []
    image.out[place + 12] ^= 1
    reading, _ = read(bytes(image.out))

    assert [each.rule for each in reading.anomalies] == ["contradiction"]


def test_page_shorter_than_it_is_read_is_told() -> None:
    """What stands behind the bytes in use of a page within a file is read by a device, and by others not."""
    image = history()
    image.data(0x101, 1, b"short")
    reading, _ = read(bytes(image.out))

    assert "contradiction" in [each.rule for each in reading.anomalies]


def test_small_page_with_wrong_tags_is_told() -> None:
    """The tags of yaffs1 carry a check."""
    image = Yaffs(512, 16)
    image.header(ROOT, FOLDER, ROOT, b"", 0o40755)
    for number in range(3):
        image.header(0x101 + number, FILE, ROOT, b"%d" % number, 0o100644)
    image.out[3 * 528 + 512 + 3] ^= 0x40
    reading, entries = read(bytes(image.out))

    assert "checksum-mismatch" in [each.rule for each in reading.anomalies]
    assert len(entries) == 3


def test_checkpoint_is_told() -> None:
    """A device that finds a checkpoint believes it."""
    image = history()
    image.sequence = 0x21
    image.data(0x20, 1, b"checkpoint")
    reading, entries = read(bytes(image.out))

    assert [each.rule for each in reading.anomalies] == ["unsupported"]
    assert [entry.path for entry in entries] == ["file"]


def test_erased_flash_is_left() -> None:
    """Erased pages are no part of anything; what is in them all the same is left over."""
    image = history()
    used = len(image.out)
    image.erased(3)
    data = bytes(image.out)
    reading, _ = read(data)

    assert reading.anomalies == []
    assert reading.end == used
    image.data(0x101, 3, b"x")
    image.out[used + 2_112 + 100] = 0
    reading, _ = read(bytes(image.out))
    assert (used + 2_112) not in [start for start, _ in reading.spans]


def test_pages_without_their_tags_are_not_read() -> None:
    """A dump without spare bytes is known for what it is, and cannot be read."""
    image = history()
    image.header(0x102, FILE, ROOT, b"other", 0o100644)
    bare = b"".join(bytes(image.out[at : at + 2_048]) for at in range(0, len(image.out), 2_112))

    assert Yaffs2.matches(memoryview(bare))
    assert not Yaffs2.matches(memoryview(bare[:4_096]))
    with pytest.raises(UnsupportedInput):
        Yaffs2.read(memoryview(bare), Limits())
    with pytest.raises(MalformedInput):
        Yaffs2.read(memoryview(bytes(4_096)), Limits())


@pytest.mark.parametrize("like", [Yaffs(), Yaffs(512, 16, sign=">")], ids=["large", "small"])
def test_flips_are_answered(like: Yaffs) -> None:
    """Any byte that means something changed to anything: entries or an error of the input."""
    image = blank(like)
    image.header(ROOT, FOLDER, ROOT, b"", 0o40755)
    image.header(0x101, FILE, ROOT, b"file", 0o100644, size=600)
    image.data(0x101, 1, b"x" * min(600, image.held))
    image.header(0x102, LINK, ROOT, b"link", 0o120777, target=b"file")
    stride = image.page + image.spare
    for page in range(4):
        for at in (*range(20), *range(268, 310), *range(456, 520), *range(image.page, image.page + 16)):
            for value in (0x00, 0x7F, 0xFF):
                damaged = bytearray(image.out)
                damaged[page * stride + at] = value
                try:
                    for entry in list(Yaffs2.read(memoryview(damaged), Limits()).entries):
                        if entry.content is not None:
                            for piece in entry.content.chunks():
                                assert len(piece) <= 1 << 20
                except InputError:
                    continue
