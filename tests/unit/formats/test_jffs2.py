"""jffs2: what mkfs.jffs2 packs is what is read, earlier states stay hidden, and whatever the bytes say is answered."""

import os
import random
import shutil
import stat
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from trueware.errors import InputError, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.jffs2 import Jffs2
from trueware.formats.filesystems.jffs2.files import Piece, lay_out
from trueware.formats.filesystems.jffs2.packing import unrtime
from trueware.model.limits import Limits
from trueware.model.part import Kind

KINDS = {
    stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.SYMLINK, stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.CHARACTER, stat.S_IFBLK: Kind.BLOCK, stat.S_IFSOCK: Kind.SOCKET,
}  # fmt: skip


def pack(tree: Path, *options: str) -> bytes:
    if shutil.which("mkfs.jffs2") is None:
        pytest.skip("needs mkfs.jffs2")
    image = tree.with_suffix(".jffs2")
    subprocess.run(["mkfs.jffs2", "-d", tree, "-o", image, "--with-xattr", *options], check=True, capture_output=True)
    return image.read_bytes()


def read(data: bytes, limits: Limits | None = None) -> tuple[Reading, list[Entry]]:
    reading = Jffs2.read(memoryview(data), limits or Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of more than a thousand files that needs every kind of node."""
    chance = random.Random(5)
    root = tmp_path_factory.mktemp("jffs2") / "tree"
    for number in range(1_000):
        path = root / f"folder-{number % 23}" / f"file-{number:04}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.choice((b"", b"x", b"some words " * 50, b"many words " * 1_000)))
        path.chmod(chance.choice((0o644, 0o600, 0o4755, 0o2755, 0o7777)))
    (root / "random").write_bytes(chance.randbytes(100_000))
    (root / "zeros").write_bytes(bytes(50_000))
    with (root / "sparse").open("wb") as sparse:
        sparse.write(b"begin")
        sparse.seek(300_000)
        sparse.write(b"middle")
        sparse.truncate(400_001)
    for name in (b"sp ace", b"new\nline", b"\xff\xfebad", b"-rf", b"*", b"!", b"x" * 250):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(name)
    os.link(root / "random", root / "folder-1" / "again")
    (root / "link").symlink_to("folder-1/again")
    (root / "far").symlink_to("x" * 250)
    os.mkfifo(root / "fifo")
    if not os.geteuid():
        os.mknod(root / "console", stat.S_IFCHR | 0o600, os.makedev(5, 1))
        os.mknod(root / "disk", stat.S_IFBLK | 0o660, os.makedev(31, 200))
        os.chown(root / "zeros", 1_000, 65_534)
    os.setxattr(root / "random", "user.long", bytes(range(256)))
    os.setxattr(root / "folder-2", "user.folder", b"")
    return root


LAYOUTS = {
    "little": ("-l",),
    "big": ("-b", "-e", "128KiB", "-p"),
    "lzo": ("-l", "-x", "zlib", "-x", "rtime", "-X", "lzo", "-n"),
    "rtime": ("-b", "-x", "zlib", "-e", "16KiB", "-c", "32"),
    "stored": ("-l", "-m", "none", "-s", "16384"),
}


def _paths(tree: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(tree):
        yield from (str((Path(folder) / name).relative_to(tree)) for name in folders + files)


@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS)
def test_what_was_packed_is_read(tree: Path, options: tuple[str, ...]) -> None:
    """Every entry is that of the tree, nothing is remarked upon, and no byte is left over."""
    data = pack(tree, *options)
    reading, entries = read(data)

    assert reading.anomalies == []
    assert sorted(entry.path for entry in entries) == sorted(_paths(tree))
    for entry in entries:
        compare(entry, tree / entry.path)
    assert covered(reading) == reading.end == len(data)


@pytest.mark.parametrize("sign", ["-l", "-b"])
def test_summaries_are_compared_with_nodes(tree: Path, tmp_path: Path, sign: str) -> None:
    """The summaries that sumtool writes say of every node what it says itself."""
    (tmp_path / "image").write_bytes(pack(tree, sign, "-e", "16KiB"))
    command: list[str | Path] = ["sumtool", "-i", tmp_path / "image", "-o", tmp_path / "summed", sign, "-e", "16KiB"]
    subprocess.run(command, check=True, capture_output=True)
    reading, entries = read((tmp_path / "summed").read_bytes())

    assert reading.anomalies == []
    assert reading.notes["erase-block"] == "16384"
    for entry in entries:
        compare(entry, tree / entry.path)


def compare(entry: Entry, path: Path) -> None:
    about = path.lstat()
    assert entry.kind is KINDS[stat.S_IFMT(about.st_mode)]
    assert (entry.mode, entry.uid, entry.gid) == (stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid), entry.path
    assert entry.mtime == int(about.st_mtime)
    names = os.listxattr(path, follow_symlinks=False)
    assert dict(entry.xattrs) == {name: os.getxattr(path, name, follow_symlinks=False) for name in names}
    if entry.kind is Kind.FILE:
        assert sha256(content(entry)).digest() == sha256(path.read_bytes()).digest(), entry.path
        assert entry.size == about.st_size
    elif entry.kind is Kind.SYMLINK:
        assert entry.link == str(path.readlink())
    elif entry.kind in (Kind.CHARACTER, Kind.BLOCK):
        assert entry.rdev == (os.major(about.st_rdev), os.minor(about.st_rdev))


def covered(reading: Reading) -> int:
    """Return how far the spans reach without a hole."""
    end = 0
    for start, stop in sorted(reading.spans):
        if start > end:
            break
        end = max(end, stop)
    return end


def test_names_share_a_content(tree: Path) -> None:
    """What is stored once is hashed once."""
    _, entries = read(pack(tree, "-l"))
    by_path = {entry.path: entry.content for entry in entries}

    assert by_path["random"] is by_path["folder-1/again"]


def test_newer_nodes_cover_older_ones() -> None:
    """Against painting each node over the ones before it, byte by byte."""
    chance = random.Random(1)
    for _ in range(500):
        size = chance.randrange(1, 60)
        extents: list[Piece] = []
        for at in range(chance.randrange(12)):
            start = chance.randrange(60)
            extents.append((start, start + chance.randrange(1, 30), at))
        painted: list[int | None] = [None] * size
        for start, stop, at in extents:
            painted[start:stop] = [at] * (min(stop, size) - min(start, size))
        shown: list[int | None] = [None] * size
        for start, stop, at in lay_out(extents, size):
            assert shown[start:stop] == [None] * (stop - start)
            shown[start:stop] = [at] * (stop - start)

        assert shown == painted[:size]


def test_rtime_repeats_what_it_is_still_making() -> None:
    """A run is a byte and a copy that begins at its own end; the wrong size is refused."""
    assert unrtime(b"a\0a\x05b\0", 8) == b"aaaaaaab"
    assert unrtime(b"a\0b\0a\x01", 4) == b"abab"
    with pytest.raises(MalformedInput):
        unrtime(b"a\0b\0", 4)


def small(tmp_path: Path) -> bytes:
    root = tmp_path / "small"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_bytes(random.Random(2).randbytes(300))
    (root / "text").write_bytes(b"text " * 2_000)
    (root / "link").symlink_to("text")
    os.setxattr(root / "text", "user.x", b"y")
    return pack(root, "-l")


def test_flips_are_noticed(tmp_path: Path) -> None:
    """Any bit of an image changed: an anomaly, or other entries."""
    data = small(tmp_path)
    sound = told(data)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        if Jffs2.matches(memoryview(damaged)):
            assert told(bytes(damaged)) != sound, at


def told(data: bytes) -> list[object]:
    """Return all there is to be told of an image."""
    reading, entries = read(data)
    result: list[object] = [*reading.anomalies, *reading.facts.items(), covered(reading)]
    for entry in entries:
        result.append((entry.path, entry.mode, entry.link, entry.xattrs))
        if entry.content is not None:
            try:
                result.append(content(entry))
            except InputError as error:
                result.append(str(error))
    return result


def test_image_cut_anywhere_is_answered(tmp_path: Path) -> None:
    """Every beginning of an image is read as far as it goes."""
    data = small(tmp_path)
    for size in range(12, len(data), 7):
        reading, entries = read(data[:size])

        assert len(entries) <= 4
        assert reading.end is not None
        assert reading.end <= size
