"""squashfs: what mksquashfs packs is what is read, at a cost in proportion, whatever the bytes say."""

import os
import shutil
import stat
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.contract import CHUNK, Entry, Reading
from trueware.formats.filesystems.squashfs import Squashfs
from trueware.formats.filesystems.squashfs.blocks import find_overlaps
from trueware.formats.filesystems.squashfs.metadata import Packing
from trueware.model.limits import Limits
from trueware.model.part import Kind

INODE_TABLE = 64
STORED = ("-noI", "-noD", "-noF", "-noX", "-no-fragments")
KINDS = {
    stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.SYMLINK, stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.CHARACTER, stat.S_IFBLK: Kind.BLOCK, stat.S_IFSOCK: Kind.SOCKET,
}  # fmt: skip
CORPUS = {
    "tp-link-stock-vs-ddwrt/wr840nv2_eu_3_16_9_up_boot_160406_original.bin": (0x120200, 595),
    "tp-link-stock-vs-ddwrt/wr841nd-v9-factory-to-ddwrt.bin": (0xE3000, 680),
    "tl-wr841n-five-builders/openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs-sysupgrade.bin": (0x11F620, 1101),
    "tl-wr841n-five-builders/kukulo2011-wr841n-v9-factory.bin": (0xF3178, 1082),
    "ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9.bin": (0x1394D8, 1583),
}


def squash(tree: Path, *options: str) -> bytes:
    if shutil.which("mksquashfs") is None:
        pytest.skip("needs mksquashfs")
    image = tree.with_suffix(".squashfs")
    command: list[str | Path] = ["mksquashfs", tree, image, "-quiet", "-no-progress", "-noappend", *options]
    subprocess.run(command, check=True, capture_output=True)
    return image.read_bytes()


def read(data: bytes, limits: Limits | None = None) -> tuple[Reading, list[Entry]]:
    reading = Squashfs.read(memoryview(data), limits or Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


def rules(reading: Reading) -> set[str]:
    return {anomaly.rule for anomaly in reading.anomalies}


def u64(data: bytes | bytearray, at: int) -> int:
    return int(struct.unpack_from("<Q", data, at)[0])


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that needs every kind of inode and block."""
    root = tmp_path_factory.mktemp("squashfs") / "tree"
    (root / "many").mkdir(parents=True)
    for number in range(900):
        (root / "many" / f"a-name-that-is-rather-long-{number:04}").write_bytes(b"%d" % number)
    (root / "random").write_bytes(os.urandom(300_000))
    (root / "text").write_bytes(b"all work and no play\n" * 20_000)
    (root / "equal").write_bytes(b"all work and no play\n" * 20_000)
    (root / "blocks").write_bytes(bytes(range(256)) * 4_096)
    (root / "empty").touch()
    (root / "hole").write_bytes(b"begin" + bytes(3 << 20) + b"end")
    (root / "nothing").write_bytes(bytes(1 << 20))
    (root / os.fsdecode(b"latin-\xe9")).write_bytes(b"name")
    os.link(root / "text", root / "many" / "again")
    (root / "link").symlink_to("many/again")
    (root / "far").symlink_to("x" * 1_000)
    os.mkfifo(root / "fifo")
    (root / "random").chmod(0o4711)
    return root


LAYOUTS = (
    (),
    (*STORED, "-b", "8K"),
    ("-always-use-fragments", "-b", "4K"),
    ("-no-fragments", "-b", "1M", "-no-exports"),
)


def _paths(tree: Path) -> Iterator[str]:
    """Yield the paths below a folder; unlike `Path.rglob` of older Pythons it minds no link that is too long to follow."""
    for folder, folders, files in os.walk(tree):
        yield from (str((Path(folder) / name).relative_to(tree)) for name in folders + files)


@pytest.mark.parametrize("options", LAYOUTS, ids=["default", "stored", "fragments", "whole"])
@pytest.mark.parametrize("compressor", ["gzip", "lzma", "lzo", "xz", "lz4", "zstd"])
def test_what_was_packed_is_read(tree: Path, compressor: str, options: tuple[str, ...]) -> None:
    """Every entry is that of the tree, nothing is remarked upon, and no byte is left over."""
    data = squash(tree, "-comp", compressor, *options)
    reading, entries = read(data)

    assert reading.anomalies == []
    assert {entry.path for entry in entries} == set(_paths(tree))
    for entry in entries:
        compare(entry, tree / entry.path)
    assert covered(reading) == reading.end == u64(data, 40)


def compare(entry: Entry, path: Path) -> None:
    about = path.lstat()
    assert entry.kind is KINDS[stat.S_IFMT(about.st_mode)]
    assert (entry.mode, entry.uid, entry.gid) == (stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid), entry.path
    assert entry.mtime == int(about.st_mtime)
    if entry.kind is Kind.FILE:
        assert sha256(content(entry)).digest() == sha256(path.read_bytes()).digest(), entry.path
        assert entry.size == about.st_size
    elif entry.kind is Kind.SYMLINK:
        assert entry.link == str(path.readlink())


def covered(reading: Reading) -> int:
    """Return how far the spans reach without a hole."""
    end = 0
    for start, stop in sorted(reading.spans):
        if start > end:
            break
        end = max(end, stop)
    return end


@pytest.mark.corpus
@pytest.mark.parametrize("name", CORPUS)
def test_firmware_is_read_as_unsquashfs_does(corpus: Path, tmp_path: Path, name: str) -> None:
    """The roots of real routers: OpenWrt's and DD-WRT's xz, TP-Link's LZMA."""
    (path,) = corpus.rglob(f"open/{name}")
    start, count = CORPUS[name]
    check_firmware(path.read_bytes()[start:], count, tmp_path)


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "count"), [("V1.9.0-200827", 629), ("V1.9.0-201104", 623)])
def test_terminal_is_read_as_unsquashfs_does(corpus: Path, tmp_path: Path, name: str, count: int) -> None:
    """The roots of an optical terminal: LZMA in a kernel by Realtek, inodes that point to attributes that are not there."""
    (path,) = corpus.rglob(f"open/gpon-onu/V2801F_{name}.tar")
    rootfs = subprocess.run(["tar", "-xOf", path, "rootfs"], check=True, capture_output=True).stdout
    check_firmware(rootfs, count, tmp_path)


def check_firmware(data: bytes, count: int, place: Path) -> None:
    reading, entries = read(data)

    assert reading.anomalies == []
    assert covered(reading) == reading.end
    assert len(entries) == count
    if shutil.which("unsquashfs") is None or os.geteuid():
        pytest.skip("needs unsquashfs, and root to let it make devices")
    (place / "image").write_bytes(data)
    subprocess.run(["unsquashfs", "-q", "-n", "-d", place / "root", place / "image"], check=True, capture_output=True)
    for entry in entries:
        compare(entry, place / "root" / entry.path)


def test_names_and_equal_files_share_a_content(tree: Path) -> None:
    """What is stored once is hashed once: hard links, and files that mksquashfs found to be equal."""
    _, entries = read(squash(tree))
    by_path = {entry.path: entry.content for entry in entries}

    assert by_path["text"] is by_path["many/again"] is by_path["equal"]
    assert by_path["text"] is not by_path["random"]


def test_fragment_is_unpacked_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents read in order of their group unpack each block of the image once."""
    _, entries = read(squash(tree, "-b", "4K"))
    seen: Counter[int] = Counter()
    unpack = Packing.unpack

    def spy(self: Packing, start: int, size: int, max_size: int) -> bytes | bytearray:
        seen[start] += 1
        return unpack(self, start, size, max_size)

    monkeypatch.setattr(Packing, "unpack", spy)
    contents = {id(entry.content): entry.content for entry in entries if entry.content is not None}
    for each in sorted(contents.values(), key=lambda content: content.group):
        assert sum(map(len, each.chunks())) == each.size

    assert len(seen) > 100
    assert set(seen.values()) == {1}


def test_contents_are_read_from_several_threads(tree: Path) -> None:
    """All contents by four threads, in an order that has them meet in the same fragments."""
    _, entries = read(squash(tree, "-comp", "zstd"))
    files = [entry for entry in entries if entry.kind is Kind.FILE]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(content, files))

    assert [sha256(data).digest() for data in found] == [
        sha256((tree / file.path).read_bytes()).digest() for file in files
    ]


def test_hole_is_never_held(tmp_path: Path) -> None:
    """A file of nothing comes in pieces, and one above the ceiling not at all."""
    root = tmp_path / "tree"
    root.mkdir()
    for name, size in (("absurd", 600 << 20), ("large", 500 << 20)):
        (root / name).touch()
        os.truncate(root / name, size)
    _, (absurd, large) = read(squash(root, "-b", "1M"), Limits(max_unpacked=550 << 20))

    assert large.content is not None
    assert absurd.content is not None
    assert large.content.size == 500 << 20
    assert [len(piece) for piece in islice(large.content.chunks(), 8)] == [CHUNK] * 8
    assert sum(map(len, large.content.chunks())) == 500 << 20
    with pytest.raises(LimitExceeded):
        next(absurd.content.chunks())


def bad(tmp_path: Path) -> bytearray:
    """Return an image, metadata stored, of two folders with a file each, and of one large file."""
    root = tmp_path / "tree"
    for folder in ("one", "two"):
        (root / folder).mkdir(parents=True)
        (root / folder / f"{folder}-file").write_bytes(folder.encode() * 2_000)
    (root / "large").write_bytes(os.urandom(20_000))
    return bytearray(squash(root, *STORED, "-b", "4K"))


def entry_of(data: bytes | bytearray, name: bytes) -> int:
    return data.index(struct.pack("<H", len(name) - 1) + name) - 6


def inode_of(data: bytes | bytearray, name: bytes) -> int:
    return u64(data, INODE_TABLE) + 2 + int(struct.unpack_from("<H", data, entry_of(data, name))[0])


def test_folders_that_share_a_listing_are_told(tmp_path: Path) -> None:
    """One listing for two folders, which would show its files under both."""
    data = bad(tmp_path)
    one, two = inode_of(data, b"one"), inode_of(data, b"two")
    data[two + 16 : two + 28] = data[one + 16 : one + 28]
    reading, entries = read(bytes(data))

    assert {"overlap", "hidden-content", "contradiction"} <= rules(reading)
    assert [entry.path for entry in entries if "file" in entry.path] == ["one/one-file", "two/one-file"]


def test_listing_used_again_and_again_ends(tmp_path: Path) -> None:
    """Many folders that share one listing are cut off once they took more than there is: cost stays in proportion."""
    root = tmp_path / "tree"
    for number in range(40):
        (root / f"{number:02}").mkdir(parents=True)
        (root / f"{number:02}" / "file").touch()
    data = bytearray(squash(root, *STORED))
    first = inode_of(data, b"00")
    for number in range(1, 40):
        other = inode_of(data, b"%02d" % number)
        data[other + 16 : other + 28] = data[first + 16 : first + 28]
    data[first + 24 : first + 26] = struct.pack("<H", 700)
    for number in range(1, 40):
        other = inode_of(data, b"%02d" % number)
        data[other + 24 : other + 26] = data[first + 24 : first + 26]
    reading, entries = read(bytes(data))

    assert "malformed" in rules(reading)
    assert len(entries) < 200


def test_bad_block_of_many_files_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be unpacked is remembered: a thousand inodes with the same bad block cost one attempt."""
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(50):
        (root / f"{number:02}").write_bytes(b"text " * 800 + b"%02d" % number)
    data = bytearray(squash(root, "-noI", "-no-fragments", "-b", "4K"))
    at = u64(data, INODE_TABLE) + 2
    first = data[at + 16 : at + 36]
    for number in range(50):
        data[at + 36 * number + 16 : at + 36 * number + 36] = first
    start = int.from_bytes(first[:4], "little")
    data[start + 10 : start + 14] = b"\xff\xff\xff\xff"
    data[at + 28] ^= 1
    attempts: Counter[int] = Counter()
    unpack = Packing.unpack

    def spy(self: Packing, start: int, size: int, max_size: int) -> bytes | bytearray:
        attempts[start] += 1
        return unpack(self, start, size, max_size)

    _, entries = read(bytes(data))
    monkeypatch.setattr(Packing, "unpack", spy)
    for entry in entries:
        with pytest.raises(MalformedInput):
            content(entry)

    assert attempts[start] == 2


def test_size_beyond_the_blocks_is_refused(tmp_path: Path) -> None:
    """A file that says to be 4 GiB does not have the words for its blocks: no inode, a finding."""
    data = bad(tmp_path)
    large = inode_of(data, b"large")
    data[large + 28 : large + 32] = b"\xff\xff\xff\xff"
    reading, entries = read(bytes(data))

    assert [anomaly.path for anomaly in reading.anomalies if anomaly.rule == "malformed"] == ["large"]
    assert "large" not in [entry.path for entry in entries]


def test_metadata_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """A table that takes more than its share of what may be held ends the reading."""
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(600):
        (root / f"{number:03}").touch()
    data = squash(root)

    assert len(read(data, Limits(max_held=1 << 20))[1]) == 600
    with pytest.raises(LimitExceeded, match="max_held"):
        read(data, Limits(max_held=1 << 16))


def test_flips_in_metadata_are_answered(tmp_path: Path) -> None:
    """Any byte of the tables of an image changed to anything: entries or an error of the input, and contents likewise."""
    data = bad(tmp_path)
    table = u64(data, INODE_TABLE)
    for at in (*range(96), *range(table, len(data.rstrip(b"\0")))):
        for value in (0x00, 0x7F, 0xFF):
            damaged = bytearray(data)
            damaged[at] = value
            try:
                _, entries = read(bytes(damaged))
            except InputError:
                continue
            for entry in entries:
                drain(entry)


def drain(entry: Entry) -> None:
    if entry.content is not None:
        try:
            for piece in islice(entry.content.chunks(), 100):
                assert len(piece) <= CHUNK
        except InputError:
            pass


def words(*sizes: int) -> bytes:
    return struct.pack(f"<{len(sizes)}I", *sizes)


OVERLAPS: list[tuple[list[tuple[int, int, bytes]], list[int]]] = [
    ([(100, 200, words(100)), (200, 300, words(100))], []),
    ([(100, 200, words(50, 50)), (150, 200, words(50))], []),
    ([(100, 200, words(50, 50)), (150, 250, words(50, 50))], []),
    ([(100, 200, words(50, 50)), (151, 200, words(49))], [151]),
    ([(100, 200, words(50, 50)), (150, 190, words(40))], [150]),
    ([(100, 200, words(100)), (100, 200, words(60, 40))], [100]),
    ([(100, 400, words(300)), (150, 200, words(50)), (300, 500, words(200))], [150, 300]),
]


@pytest.mark.parametrize(("runs", "starts"), OVERLAPS)
def test_overlaps_are_found(runs: list[tuple[int, int, bytes]], starts: list[int]) -> None:
    """Runs may share whole blocks, and nothing else."""
    assert [run[0] for run in find_overlaps(runs)] == starts


def prefixes(data: bytes) -> Iterator[bytes]:
    yield from (data[:size] for size in range(0, len(data), 97))


def test_truncated_image_says_what_is_missing(tmp_path: Path) -> None:
    """Cut anywhere behind the superblock, the image is known for what it is, and how much is gone."""
    data = bytes(bad(tmp_path))
    used = u64(data, 40)
    for cut in prefixes(data[:used]):
        if len(cut) < 96:
            assert not Squashfs.matches(memoryview(cut))
            continue
        reading, entries = read(cut)

        assert entries == []
        assert [(each.rule, each.detail) for each in reading.anomalies] == [
            ("truncated", f"{used - len(cut)} of {used} bytes are missing")
        ]
