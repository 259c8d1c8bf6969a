"""ext against the tools of e2fsprogs: what mke2fs packed is what is read, and what debugfs breaks is reported."""

import os
import shutil
import struct
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Anomaly, Entry, Held, Reading
from trueware.formats.filesystems.ext import Ext
from trueware.formats.filesystems.ext.blocks import Mapped
from trueware.formats.filesystems.ext.htree import name_hashes
from trueware.model.limits import Limits
from trueware.model.part import Kind

pytestmark = pytest.mark.skipif(
    not shutil.which("mke2fs") or not shutil.which("debugfs"), reason="e2fsprogs is missing"
)

OPTIONS = {
    "ext2": ("-t", "ext2", "-b", "1024"),
    "ext2-revision-0": ("-t", "ext2", "-r", "0"),
    "ext3": ("-t", "ext3", "-b", "2048"),
    "ext4": ("-t", "ext4", "-b", "4096"),
    "ext4-uninit": ("-t", "ext4", "-b", "1024", "-O", "^metadata_csum,uninit_bg,64bit"),
    "ext4-groups": ("-t", "ext4", "-b", "1024", "-g", "512", "-O", "metadata_csum_seed,mmp,orphan_file"),
    "ext4-meta": ("-t", "ext4", "-b", "1024", "-g", "512", "-O", "meta_bg,^resize_inode,sparse_super2"),
    "ext4-inline": ("-t", "ext4", "-b", "4096", "-I", "512", "-O", "inline_data,^has_journal"),
    "ext4-bigalloc": ("-t", "ext4", "-b", "4096", "-O", "bigalloc"),
    "ext4-large-blocks": ("-t", "ext4", "-F", "-b", "65536"),
}


def make(folder: Path, source: Path | None, *options: str, size: str = "16M") -> bytearray:
    image = folder / "image"
    image.unlink(missing_ok=True)
    fill = ["-d", str(source)] if source else []
    subprocess.run(
        ["mke2fs", "-q", "-F", "-m", "0", *options, *fill, str(image), size], check=True, capture_output=True
    )
    return bytearray(image.read_bytes())


def debugfs(folder: Path, *commands: str) -> bytearray:
    script = folder / "script"
    script.write_text("".join(f"{command}\n" for command in commands))
    subprocess.run(
        ["debugfs", "-w", "-f", str(script), str(folder / "image")], check=True, capture_output=True, cwd=folder
    )
    return bytearray((folder / "image").read_bytes())


def read(image: bytes | bytearray) -> tuple[Reading, dict[str, Entry]]:
    reading = Ext.read(memoryview(image), Limits())
    return reading, {entry.path: entry for entry in reading.entries}


def content_of(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


def rules(reading: Reading) -> list[str]:
    return sorted({anomaly.rule for anomaly in reading.anomalies})


def about(reading: Reading, rule: str) -> list[Anomaly]:
    return [anomaly for anomaly in reading.anomalies if anomaly.rule == rule]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree with something of every size, a sparse file of many pieces, links, and a folder of many names."""
    root = tmp_path / "source"
    (root / "many").mkdir(parents=True)
    for number in range(300):
        (root / "many" / f"a-name-of-some-length-{number}").write_bytes(b"%d" % number)
    for size in (0, 1, 59, 60, 61, 159, 1024, 4096, 4097, 70_000, 700_000):
        (root / f"size-{size}").write_bytes(sha256(b"%d" % size).digest() * (size // 32) + b"." * (size % 32))
    with (root / "sparse").open("wb") as sparse:
        for piece in range(400):
            sparse.seek(piece * 8192)
            sparse.write(b"%07d\n" % piece * 512)
        sparse.seek(400 * 8192)
        sparse.write(b"end")
    (root / "size-1").chmod(0o4711)
    (root / "short").symlink_to("size-1")
    (root / "long").symlink_to("x" * 100)
    os.link(root / "size-61", root / "twin")
    return root


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_reads_what_mke2fs_packed(tmp_path: Path, source: Path, options: tuple[str, ...]) -> None:
    """Every name, kind, mode, target and content of the packed tree comes back, and nothing is wrong."""
    reading, entries = read(
        make(tmp_path, source, *options, size="64M" if {"65536", "bigalloc"} & {*options} else "16M")
    )

    packed = {str(path.relative_to(source)): path for path in source.rglob("*")}
    assert set(entries) == {*packed, "lost+found"}
    assert reading.anomalies == []
    for name, path in packed.items():
        entry = entries[name]
        if path.is_symlink():
            assert (entry.kind, entry.link) == (Kind.SYMLINK, str(path.readlink()))
            continue
        assert entry.mode == path.stat().st_mode & 0o7777
        if path.is_dir():
            assert entry.kind is Kind.DIRECTORY
            continue
        assert (entry.kind, entry.size) == (Kind.FILE, path.stat().st_size)
        assert sha256(content_of(entry)).digest() == sha256(path.read_bytes()).digest(), name
    assert entries["twin"].content is entries["size-61"].content


def test_agrees_with_debugfs(tmp_path: Path, source: Path) -> None:
    """Inode numbers aside, debugfs dumps the same contents."""
    _, entries = read(make(tmp_path, source, *OPTIONS["ext4"]))
    (tmp_path / "out").mkdir()
    debugfs(tmp_path, f"rdump / {tmp_path / 'out'}")

    dumped = {str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*")}
    assert set(dumped) == set(entries)
    for name, path in dumped.items():
        if entries[name].kind is Kind.FILE:
            assert content_of(entries[name]) == path.read_bytes(), name


def test_content_in_one_piece_is_a_view(tmp_path: Path, source: Path) -> None:
    """Nothing is copied where a file lies in one piece; its offset says where."""
    image = make(tmp_path, source, *OPTIONS["ext4"])
    _, entries = read(image)
    whole, pieces = entries["size-70000"], entries["sparse"]

    assert isinstance(whole.content, Held)
    assert whole.content.view.obj is image
    assert whole.offset is not None
    assert image[whole.offset : whole.offset + 70_000] == (tmp_path / "source" / "size-70000").read_bytes()
    assert isinstance(pieces.content, Mapped)
    assert pieces.offset is None


def test_reads_triple_indirect_blocks(tmp_path: Path) -> None:
    """The last degree of indirection of 1 KiB blocks begins at 64 MiB."""
    root = tmp_path / "root"
    root.mkdir()
    with (root / "far").open("wb") as far:
        for place in (0, 20_000, 500_000, 70_000_000):
            far.seek(place)
            far.write(b"here %d" % place)
    reading, entries = read(make(tmp_path, root, "-t", "ext2", "-b", "1024", size="1M"))

    assert reading.anomalies == []
    assert sha256(content_of(entries["far"])).digest() == sha256((root / "far").read_bytes()).digest()


def test_reads_attributes_lists_and_large_values(tmp_path: Path) -> None:
    """Access lists come back as a device shows them, values with an inode of their own as they were set."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_bytes(b"x")
    make(tmp_path, root, "-t", "ext4", "-b", "1024", "-O", "ea_inode", size="4M")
    shown = struct.pack("<I", 2) + b"".join(
        struct.pack("<2HI", *entry)
        for entry in ((1, 6, 0xFFFFFFFF), (2, 7, 1000), (4, 4, 0xFFFFFFFF), (16, 7, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF))
    )
    large = bytes(range(256)) * 4
    (tmp_path / "acl").write_bytes(shown)
    (tmp_path / "large").write_bytes(large)
    commands = ("ea_set -f acl file system.posix_acl_access", "ea_set -f large file user.large")
    reading, entries = read(debugfs(tmp_path, *commands))

    assert dict(entries["file"].xattrs) == {"system.posix_acl_access": shown, "user.large": large}
    assert reading.anomalies == []


def test_tells_flags_and_devices(tmp_path: Path) -> None:
    """Flags that bind a device are facts; device numbers are read in both encodings."""
    make(tmp_path, None, "-t", "ext4", "-b", "1024", size="1M")
    (tmp_path / "data").write_bytes(b"x")
    image = debugfs(
        tmp_path, "write data log", "sif log flags 0x80030", "mknod old c 5 1", "mknod new b 259 300", "mknod pipe p"
    )
    _, entries = read(image)

    assert entries["log"].facts == (("flags", "immutable,append-only"),)
    assert entries["old"].rdev == (5, 1)
    assert entries["new"].rdev == (259, 300)
    assert entries["pipe"].kind is Kind.FIFO


def test_journal_to_replay_is_no_certain_reading(tmp_path: Path) -> None:
    """With changes waiting in the journal, a device sees something else."""
    make(tmp_path, None, "-t", "ext4", "-b", "1024", size="8M")
    reading, _ = read(debugfs(tmp_path, "feature needs_recovery"))

    assert rules(reading) == ["unsupported"]


def test_journal_the_superblock_denies_is_a_contradiction(tmp_path: Path) -> None:
    """e2fsck would replay it, Linux would throw it away."""
    image = make(tmp_path, None, "-t", "ext3", "-b", "1024", size="8M")
    journal = image.index(b"\xc0\x3b\x39\x98")
    image[journal + 0x1C : journal + 0x20] = b"\0\0\0\1"

    assert rules(read(image)[0]) == ["contradiction"]


@pytest.mark.parametrize("algorithm", ["half_md4", "tea", "legacy"])
def test_every_name_is_where_the_index_leads(tmp_path: Path, algorithm: str) -> None:
    """e2fsck builds an index of two levels, and every name is found by its hash, ASCII or not."""
    root = tmp_path / "root"
    (root / "d").mkdir(parents=True)
    for number in range(4000):
        (root / "d" / f"file-number-{number}-\u00e9").touch()
    make(tmp_path, root, "-t", "ext2", "-O", "dir_index", "-b", "1024", "-N", "4100", size="4M")
    image = str(tmp_path / "image")
    subprocess.run(["tune2fs", "-E", f"hash_alg={algorithm}", image], check=True, capture_output=True)
    subprocess.run(["e2fsck", "-fyD", image], check=False, capture_output=True)
    reading, entries = read((tmp_path / "image").read_bytes())

    told = subprocess.run(["debugfs", "-R", "htree d", image], check=True, capture_output=True, text=True).stdout
    assert "Indirect levels: 1" in told
    assert len(entries) == 4002
    assert reading.anomalies == []


@pytest.mark.parametrize("version", range(3))
def test_names_are_hashed_together_as_they_are_alone(tmp_path: Path, version: int) -> None:
    """Names of every length, in any order; debugfs hashes them one by one."""
    names = [("%x" % number**40)[:length] for length in (255, *range(1, 100)) for number in (1_001, 2_003)]
    script = tmp_path / "script"
    script.write_text("".join(f"dx_hash -h {('legacy', 'half_md4', 'tea')[version]} {name}\n" for name in names))
    done = subprocess.run(["debugfs", "-f", str(script)], check=True, capture_output=True, text=True)
    told = [int(line.split()[4], 16) for line in done.stdout.splitlines() if line.startswith("Hash of")]
    start = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
    raw = [name.encode() for name in names]

    assert len(told) == len(names)
    assert name_hashes(raw, version, start, signed=True) == told
    assert [name_hashes([name], version, start, signed=True)[0] for name in raw] == told


def test_name_hidden_from_look_ups_is_a_contradiction(tmp_path: Path) -> None:
    """A bound moved in the index leaves the folder's list as it was, and files a device cannot open."""
    root = tmp_path / "root"
    (root / "d").mkdir(parents=True)
    for number in range(200):
        (root / "d" / f"file-number-{number}").touch()
    make(tmp_path, root, "-t", "ext2", "-O", "dir_index", "-b", "1024", "-N", "300", size="1M")
    subprocess.run(["e2fsck", "-fyD", str(tmp_path / "image")], check=False, capture_output=True)
    image = bytearray((tmp_path / "image").read_bytes())
    start = image.index(b"\0\0\0\0\x01\x08\0\0") + 8
    bound = int.from_bytes(image[start + 8 : start + 12], "little")
    image[start + 8 : start + 12] = (bound + 0x10000000).to_bytes(4, "little")
    reading, entries = read(image)

    assert len(entries) == 202
    assert [anomaly.path for anomaly in about(reading, "contradiction")] == ["d"]


def test_names_and_kinds_that_contradict(tmp_path: Path) -> None:
    """A kind beside a name that its inode denies, and names that its inode does not count, are reported."""
    make(tmp_path, None, "-t", "ext2", "-b", "1024", size="1M")
    (tmp_path / "data").write_bytes(b"x")
    image = debugfs(tmp_path, "write data one", "write data two", "ln one three")
    place = image.index(b"\x03\x01two")
    image[place + 1] = 7
    reading, entries = read(image)

    assert set(entries) == {"lost+found", "one", "two", "three"}
    assert {anomaly.path for anomaly in about(reading, "contradiction")} == {"two", ""}


def test_folder_that_stands_twice_is_read_once(tmp_path: Path) -> None:
    """A folder with two names is a cycle or looks like one."""
    make(tmp_path, None, "-t", "ext2", "-b", "1024", size="1M")
    reading, entries = read(debugfs(tmp_path, "mkdir a", "mkdir a/b", "ln a a/b/again"))

    assert set(entries) == {"lost+found", "a", "a/b", "a/b/again"}
    assert "cycle" in rules(reading)


def test_deep_folders_end_at_the_limit(tmp_path: Path) -> None:
    """Folders within folders are followed to `max_path_depth` and no further."""
    root = tmp_path / "root"
    (root / "/".join(["d"] * 200)).mkdir(parents=True)
    reading, entries = read(make(tmp_path, root, "-t", "ext2", "-b", "1024", "-N", "300", size="1M"))

    assert max(path.count("/") for path in entries) + 1 == Limits().max_path_depth
    assert rules(reading) == ["hidden-content", "limit-reached"]


def test_extents_out_of_bounds_spare_the_other_files(tmp_path: Path) -> None:
    """A file whose extents leave the file system cannot be read; the rest can."""
    make(tmp_path, None, "-t", "ext4", "-b", "1024", "-O", "^metadata_csum", size="1M")
    (tmp_path / "data").write_bytes(b"x" * 5000)
    image = debugfs(tmp_path, "write data good", "write data bad", "sif bad block[5] 9999999")
    reading, entries = read(image)

    assert content_of(entries["good"]) == b"x" * 5000
    with pytest.raises(MalformedInput):
        content_of(entries["bad"])
    assert rules(reading) == []


def test_block_maps_cannot_multiply(tmp_path: Path) -> None:
    """A block of block numbers that lists itself is read once, whatever its degree."""
    make(tmp_path, None, "-t", "ext2", "-b", "1024", size="2M")
    (tmp_path / "data").write_bytes(b"".join(b"%1024d" % number for number in range(200)))
    image = debugfs(tmp_path, "write data bomb")
    first = image.index(b"%1024d" % 12) // 1024
    block = image.index(struct.pack("<3I", first, first + 1, first + 2)) // 1024
    image[block * 1024 : (block + 1) * 1024] = struct.pack("<I", block) * 256
    (tmp_path / "image").write_bytes(image)
    image = debugfs(tmp_path, "sif bomb block[IND] 0", f"sif bomb block[TIND] {block}")
    _, entries = read(image)

    with pytest.raises(MalformedInput):
        content_of(entries["bomb"])


def test_unwritten_blocks_read_as_zeros(tmp_path: Path) -> None:
    """What lies in blocks that were set aside and never written is no content, but it is told."""
    make(tmp_path, None, "-t", "ext4", "-b", "1024", "-O", "^metadata_csum", size="1M")
    (tmp_path / "data").write_bytes(b"x" * 1024)
    image = debugfs(tmp_path, "write data file")
    place = image.index(struct.pack("<I2HI", 0, 1, 0, image.index(b"x" * 1024) // 1024))
    image[place + 4 : place + 6] = struct.pack("<H", 1 + 32768)
    reading, entries = read(image)

    assert content_of(entries["file"]) == bytes(1024)
    assert rules(reading) == ["hidden-content"]


def test_shared_blocks_are_fine_where_the_superblock_says_so(tmp_path: Path) -> None:
    """Android's read-only images keep equal blocks once."""
    make(tmp_path, None, "-t", "ext2", "-b", "1024", size="1M")
    (tmp_path / "data").write_bytes(b"x" * 900)
    image = debugfs(tmp_path, "write data one", "write data two")
    place = image.index(b"x" * 900) // 1024
    image = debugfs(tmp_path, f"sif two block[0] {place}")
    lonely, _ = read(image)
    image[1024 + 0x65] |= 0x40
    shared, entries = read(image)

    assert rules(lonely) == ["overlap"]
    assert rules(shared) == []
    assert content_of(entries["two"]) == b"x" * 900


def test_refuses_what_it_cannot_know(tmp_path: Path) -> None:
    """An unknown incompatible feature is refused, an unknown read-only one is told."""
    image = make(tmp_path, None, "-t", "ext2", "-b", "1024", size="1M")
    image[1024 + 0x67] = 0x80
    told, _ = read(image)
    image[1024 + 0x63] = 0x80

    assert rules(told) == ["reserved-bits"]
    with pytest.raises(UnsupportedInput):
        read(image)


def test_groups_that_share_their_tables_are_refused(tmp_path: Path) -> None:
    """Two groups with one inode table are no file system, and would let inodes be read twice."""
    image = make(tmp_path, None, "-t", "ext2", "-b", "1024", "-g", "256", size="1M")
    image[2048 + 32 + 8 : 2048 + 32 + 12] = image[2048 + 8 : 2048 + 12]

    with pytest.raises(MalformedInput, match="share blocks"):
        read(image)


def test_absurd_first_inode_is_refused(tmp_path: Path) -> None:
    """What the superblock states is never counted up to."""
    image = make(tmp_path, None, "-t", "ext2", "-b", "1024", size="1M")
    image[1024 + 0x54 : 1024 + 0x58] = b"\xff\xff\xff\x7f"

    with pytest.raises(MalformedInput, match="first inode"):
        read(image)


@pytest.mark.skipif(not shutil.which("e2fsck"), reason="e2fsck is missing")
def test_index_that_ignores_case_is_looked_up(tmp_path: Path) -> None:
    """Names are hashed in lower case, as e2fsck does when it makes an index anew; what is not ASCII is told of."""
    folder = tmp_path / "source" / "Folder"
    folder.mkdir(parents=True)
    for number in range(200):
        (folder / f"Name-Of-File-{number}").write_bytes(b"%d" % number)
    for names in ([], ["\u00c9t\u00e9"]):
        for name in names:
            (folder / name).write_bytes(b"")
        make(tmp_path, tmp_path / "source", "-t", "ext4", "-b", "1024", "-O", "casefold", "-E", "encoding=utf8")
        debugfs(tmp_path, "sif /Folder flags 0x40080000")
        subprocess.run(["e2fsck", "-fyD", str(tmp_path / "image")], check=False, capture_output=True)
        reading, entries = read((tmp_path / "image").read_bytes())
        assert len(entries) == 202 + len(names)
        assert [anomaly.detail[:1] for anomaly in reading.anomalies] == ["1" for _ in names]

    make(
        tmp_path,
        tmp_path / "source",
        "-t",
        "ext4",
        "-b",
        "1024",
        "-O",
        "casefold,^metadata_csum",
        "-E",
        "encoding=utf8",
    )
    debugfs(tmp_path, "sif /Folder flags 0x40080000")
    subprocess.run(["e2fsck", "-fyD", str(tmp_path / "image")], check=False, capture_output=True)
    image = bytearray((tmp_path / "image").read_bytes())
    for number in range(20, 40):  # the seed of the hash is random, and one name may stay in the block that it is in
        at = image.rindex(b"Name-Of-File-%d" % number)
        image[at : at + 4] = b"Game"
    assert about(read(image)[0], "contradiction")
