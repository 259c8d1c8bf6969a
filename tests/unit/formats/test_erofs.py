"""EROFS: what mkfs.erofs packs is what is read, at a cost in proportion, whatever the bytes say."""

import os
import random
import shutil
import struct
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import lz4.block
import pytest
from tests.filesystems import differences, fill, found, left_over

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.erofs import Erofs
from trueware.formats.filesystems.erofs.pclusters import Pclusters, unpack_lzma, unpack_old_lz4
from trueware.formats.filesystems.erofs.xattrs import xxh32
from trueware.model.limits import Limits
from trueware.model.part import Kind

MKFS = os.environ.get("MKFS_EROFS") or shutil.which("mkfs.erofs")
SB = 1024
OPTIONS = (
    "", "-zlz4", "-zlz4hc -C65536", "-zlz4hc -Eztailpacking", "-zlz4 -Elegacy-compress", "--chunksize=4096",
    "-Eforce-inode-extended", "-zlzma -C65536", "-zdeflate -C16384", "-zzstd -C131072", "-zlzma -Efragments -C16384",
    "-zlz4hc -Efragments,ztailpacking -C16384", "-zzstd -Ededupe,all-fragments -C65536", "-zlz4hc -Ededupe",
    "-zzstd -E48bit -C65536", "-zlz4 -b1024", "-zlz4:lzma -C65536", "--chunksize=65536 -E48bit", "-zlz4hc --zD=1",
    "-zzstd -m4096:zstd", "--xattr-prefix=user.overlay.", "-zlz4 -Eall-fragments --xattr-prefix=user.overlay.",
)  # fmt: skip


def pack(tree: Path, options: str) -> bytes:
    """Return an image, times of files with it; skip what an old mkfs.erofs does not know."""
    if MKFS is None:
        pytest.skip("needs mkfs.erofs")
    image = tree.with_suffix(".erofs")
    image.unlink(missing_ok=True)
    command = [MKFS, "--quiet", "--preserve-mtime", *options.split(), str(image), str(tree)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this mkfs.erofs does not know {options}")
    return image.read_bytes()


def read(data: bytes, limits: Limits | None = None) -> tuple[Reading, list[Entry]]:
    reading = Erofs.read(memoryview(data), limits or Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


def rules(reading: Reading) -> set[str]:
    return {anomaly.rule for anomaly in reading.anomalies}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("erofs") / "tree"
    fill(root)
    return root


@pytest.mark.parametrize("options", OPTIONS)
def test_what_was_packed_is_read(tree: Path, options: str) -> None:
    """Every entry is that of the tree, nothing but the tool's own leavings is remarked upon, and no byte is left over."""
    data = pack(tree, options)
    reading, entries = read(data)

    assert rules(reading) <= {"hidden-content"}
    assert all("slack" in anomaly.detail for anomaly in reading.anomalies)
    assert differences(entries, tree) == []
    assert left_over(reading, data) == []


def test_names_and_equal_files_share_a_content(tree: Path) -> None:
    """What is stored once is hashed once: hard links, and files that were found to be equal."""
    by_path = {entry.path: entry.content for entry in read(pack(tree, "-zlz4hc"))[1]}

    assert by_path["hard"] is by_path["d1/setuid"] is by_path["d2/hard"]
    assert by_path["text"] is not by_path["random"]


@pytest.mark.parametrize("options", ["-zlz4hc -C65536", "-zzstd -Eall-fragments -C65536", "-zlz4hc -Ededupe"])
def test_pcluster_is_unpacked_once(tree: Path, options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents read in order of their group unpack nearly each pcluster once, the ends of files too."""
    _, entries = read(pack(tree, options))
    seen: Counter[int] = Counter()
    unpack = Pclusters.unpack

    def spy(self: Pclusters, view: memoryview, start: int, length: int, packed: int, how: int, at: int) -> object:
        seen[start] += how & 15 < 4
        return unpack(self, view, start, length, packed, how, at)

    monkeypatch.setattr(Pclusters, "unpack", spy)
    contents = {id(entry.content): entry.content for entry in entries if entry.content is not None}
    for each in sorted(contents.values(), key=lambda content: content.group):
        assert sum(map(len, each.chunks())) == each.size

    assert sum(seen.values()) > 15
    assert sum(seen.values()) < 1.1 * len(seen) + 10


def test_contents_are_read_from_several_threads(tree: Path) -> None:
    """All contents by four threads, which meet in the same ends of files."""
    _, entries = read(pack(tree, "-zzstd -Eall-fragments -C65536"))
    files = [entry for entry in entries if entry.kind is Kind.FILE]

    def digest(entry: Entry) -> object:
        return found(entry, mode=False, owner=False, time=False, attributes=False)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(digest, files)) == list(map(digest, files))


def small(tmp_path: Path, options: str = "-Enosbcrc") -> bytearray:
    """Return an image of a file and a folder with one."""
    root = tmp_path / "tree"
    (root / "dir").mkdir(parents=True)
    (root / "aa").write_bytes(b"text of some length " * 1_000)
    (root / "dir" / "bb").write_bytes(b"text")
    return bytearray(pack(root, options))


def inode_of(data: bytes | bytearray, name: bytes) -> int:
    """Return where the inode of a name in the root is, whose listing is inline."""
    start = 32 * int.from_bytes(data[SB + 14 : SB + 16], "little")
    start += int.from_bytes(data[SB + 40 : SB + 44], "little") << data[SB + 12]
    listing = start + (64 if data[start] & 1 else 32)
    block = data[listing : listing + int.from_bytes(data[start + 8 : start + 12], "little")]
    for at in range(0, int.from_bytes(block[8:10], "little"), 12):
        number, place = struct.unpack_from("<QH", block, at)
        if block[place : place + len(name)] == name:
            return 32 * int(number) + (int.from_bytes(data[SB + 40 : SB + 44], "little") << data[SB + 12])
    raise KeyError(name)


def test_size_beyond_the_indexes_is_refused(tmp_path: Path) -> None:
    """A packed file that says to be 4 GiB has no indexes for them: its content cannot be had, the rest can."""
    data = small(tmp_path, "-Enosbcrc -zlz4")
    at = inode_of(data, b"aa")
    data[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    _, entries = read(bytes(data))
    by_path = {entry.path: entry for entry in entries}

    with pytest.raises(MalformedInput):
        content(by_path["aa"])
    assert content(by_path["dir/bb"]) == b"text"


def test_hole_above_the_ceiling_is_refused(tmp_path: Path) -> None:
    """A file of nothing, as large as can be said, is refused before it is read."""
    data = small(tmp_path, "-Enosbcrc -Eforce-inode-extended,noinline_data")
    at = 32 * int.from_bytes(data[SB + 14 : SB + 16], "little")
    place = data.index((20_000).to_bytes(8, "little"), at) - 8
    data[place + 8 : place + 20] = b"\xff" * 7 + b"\x00" + b"\xff" * 4
    (aa,) = (entry for entry in read(bytes(data))[1] if entry.path == "aa")

    with pytest.raises(LimitExceeded, match="max_unpacked"):
        content(aa)


def test_folders_that_are_too_much_together_end_the_reading(tree: Path) -> None:
    """Names of folders are held, so there is a ceiling on them."""
    data = pack(tree, "")

    with pytest.raises(LimitExceeded, match="max_held"):
        read(data, Limits(max_held=1 << 14))


def test_changed_bytes_of_inodes_are_answered(tmp_path: Path) -> None:
    """Any byte of the superblock, the inodes and what is behind them changed: entries or an error of the input."""
    data = small(tmp_path, "-Enosbcrc -zlz4 -Elegacy-compress")
    places = [*range(SB, SB + 128), *(at for at in range(SB + 128, len(data)) if data[at])][:900]
    for at in places:
        for value in (0x00, 0x7F, 0xFF):
            damaged = bytearray(data)
            damaged[at] = value
            try:
                _, entries = read(bytes(damaged))
            except InputError:
                continue
            for entry in entries:
                if entry.content is not None and (entry.content.size or 0) < 1 << 24:
                    with suppress(InputError):
                        assert len(content(entry)) == entry.content.size


@pytest.mark.parametrize("cut", [4_696, 5_000, 5_001, 6_999])
def test_old_stream_is_cut_where_its_file_wants(cut: int) -> None:
    """Before there was padding, a pcluster may hold more than is wanted, and anything behind its stream."""
    data = b"".join(b"%d words that repeat, %d of them; " % (n, n * n % 91) for n in range(250))
    packed = lz4.block.compress(data, store_size=False)
    for rest in (b"", bytes(100), b"stale bytes" * 9):
        assert unpack_old_lz4(packed + rest, cut, part=False) == data[:cut]


def test_lzma_without_end_is_refused() -> None:
    """A stream that does not hold what is asked for is refused, whatever it holds."""
    with pytest.raises(MalformedInput):
        unpack_lzma(b"\xa2" + bytes(20), 4_096, part=False)


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [(b"", 0, 0x02CC5D05), (b"a", 0, 0x550D7456), (b"Nobody inspects the spammish repetition", 0, 0xE2293B2F)],
)
def test_hash_of_names(data: bytes, seed: int, expected: int) -> None:
    """Values that are published for XXH32."""
    assert xxh32(data, seed) == expected


def widened(data: bytes, name: bytes, log: int, layout: int) -> bytes:
    """Return an image whose full indexes of one file are of clusters of 2^`log` blocks, full (`layout` 1) or compact (3)."""
    changed, at = bytearray(data), inode_of(data, name)
    header = -(-(at + (64 if data[at] & 1 else 32)) // 8) * 8
    size, low = int.from_bytes(data[at + 8 : at + 12], "little"), data[SB + 12] + log
    indexes = list(struct.iter_unpack("<3HH", data[header + 16 : header + 16 + 8 * -(-size // (1 << data[SB + 12]))]))
    heads = {}
    for number, (kind, offset, place, _) in enumerate(indexes):
        if kind != 2 and (start := (number << data[SB + 12]) + offset) < size:
            heads[start >> low] = kind, start & (1 << low) - 1, place, indexes[number + 1][2] & 0x7FF
    assert len(heads) > 3
    table, count, last = [], -(-size // (1 << low)), 0
    for number in range(count):
        if number in heads:
            last = number
            table.append((number, *heads[number][:3]))
        else:
            ahead = min((each for each in heads if each > number), default=count) - number
            table.append((number, 2, 0x800 | heads[last][3] if number == last + 1 else number - last, ahead))
    if layout == 1:
        packed = bytes(8) + b"".join(
            struct.pack("<4H", kind, *((0, a, b) if kind == 2 else (a, b, 0))) for _, kind, a, b in table
        )
    else:
        packed = b""
        for pair in zip(table[::2], [*table[1::2], (count, 2, 0, 0)][: len(table[::2])], strict=True):
            word = sum(
                (kind << low | (b if kind == 2 and place and not a & 0x800 else a)) << 16 * place
                for place, (_, kind, a, b) in enumerate(pair)
            )
            (base,) = [b for _, kind, _, b in pair if kind != 2] or [0]
            before = pair[0][2] & 0x7FF if pair[0][1] == 2 and pair[0][2] & 0x800 and base else 0
            packed += struct.pack("<2I", word, base - before)
    changed[at] = changed[at] & 0xF1 | layout << 1
    changed[header + 4] |= 6  # both kinds of heads have large pclusters
    changed[header + 7] = log
    room = 8 + 8 * len(indexes)
    changed[header + 8 : header + 8 + room] = packed.ljust(room, b"\0")
    return bytes(changed)


@pytest.mark.parametrize(("log", "layout"), [(1, 1), (2, 1), (1, 3), (2, 3)])
def test_clusters_of_several_blocks(tmp_path: Path, log: int, layout: int) -> None:
    """Indexes of clusters larger than a block lead to the same content; no tool makes them, and programs differ about them."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "aa").write_bytes(b"".join(b"%d words that repeat, %d of them; " % (n // 9, n % 7) for n in range(40_000)))
    data = widened(pack(root, "-Enosbcrc -zlz4hc -C8192 -Elegacy-compress"), b"aa", log, layout)
    reading, entries = read(data)

    assert [content(entry) for entry in entries] == [(root / "aa").read_bytes()]
    assert "contradiction" in rules(reading)
    (remark,) = [anomaly.detail for anomaly in reading.anomalies if anomaly.rule == "contradiction"]
    assert "otherwise" in remark


def test_devices_behind_each_other_are_read(tmp_path: Path) -> None:
    """A device that stands in the image behind the first is read where its first block says; elsewhere it is reported."""
    root, blob = tmp_path / "tree", tmp_path / "blob"
    root.mkdir()
    noise = random.Random(1).randbytes(50_000)
    (root / "aa").write_bytes(noise)
    data = bytearray(pack(root, f"-Enosbcrc --chunksize=4096 --blobdev={blob}"))
    start = len(data) + 8_192
    table = 128 * int.from_bytes(data[SB + 88 : SB + 90], "little")
    struct.pack_into("<2I", data, table + 64, blob.stat().st_size // 4_096, start // 4_096)
    whole = bytes(data).ljust(start, b"\0") + blob.read_bytes()

    reading, (entry,) = read(whole + b"next")
    assert content(entry) == noise
    assert reading.end == len(whole)
    assert rules(reading) == set()
    (entry,) = read(bytes(data))[1]
    with pytest.raises(UnsupportedInput, match="device 1 of 1"):
        content(entry)
