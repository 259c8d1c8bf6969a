"""f2fs: what mkfs.f2fs and sload.f2fs write is what is read; what they cannot write is made of that by hand."""

import lzma
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import lz4.block
import pytest
import zstandard
from lzallright import LZOCompressor
from tests.filesystems import differences, fill, left_over, text

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.f2fs import F2fs
from trueware.formats.filesystems.f2fs.superblock import BLOCK, checksum
from trueware.model.limits import Limits
from trueware.model.part import Kind

NOT_WRITTEN = {"fifo", "mtd", "null", "sock"}
"""What sload.f2fs makes files of."""

FEATURES = {
    "plain": (),
    "extra": (
        "-O",
        "extra_attr,inode_checksum,sb_checksum,flexible_inline_xattr,inode_crtime,project_quota,lost_found",
    ),
    "ro": ("-O", "extra_attr,inode_checksum,ro"),
}
NEW, PACKED = 0xFFFFFFFF, 0xFFFFFFFE


def make(tree: Path, *options: str, load: tuple[str, ...] = (), size: int = 100) -> bytearray:
    if shutil.which("sload.f2fs") is None:
        pytest.skip("needs f2fs-tools")
    image = tree.with_suffix(".f2fs")
    image.write_bytes(b"")
    with image.open("r+b") as file:
        file.truncate(size << 20)
    subprocess.run(["mkfs.f2fs", "-q", "-f", *options, image], check=True, capture_output=True)
    # its check at the end counts what it has set right as a failure
    subprocess.run(["sload.f2fs", "-P", *load, "-f", tree, image], check=False, capture_output=True)
    return bytearray(image.read_bytes())


def read(data: bytes | bytearray, limits: Limits | None = None) -> tuple[Reading, list[Entry]]:
    assert F2fs.matches(memoryview(data))
    reading = F2fs.read(memoryview(data), limits or Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


def rules(reading: Reading) -> list[str]:
    return sorted({anomaly.rule for anomaly in reading.anomalies})


def inode_of(data: bytearray, name: bytes) -> int:
    """Return where the inode with a name is."""
    for at in range(0, len(data), BLOCK):
        number, owner = struct.unpack_from("<2I", data, at + 4072)
        (length,) = struct.unpack_from("<I", data, at + 88)
        if number and number == owner and length == len(name) and data[at + 92 : at + 92 + length] == name:
            return at
    raise AssertionError(name)


def entry_of(data: bytearray, name: bytes) -> int:
    """Return where the inode number in the entry of a name is; its kind is 6 bytes on."""
    (number,) = struct.unpack_from("<I", data, inode_of(data, name) + 4072)
    return data.index(struct.pack("<IH", number, len(name)))


@pytest.mark.parametrize("options", FEATURES.values(), ids=FEATURES)
def test_what_was_written_is_read(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Every entry is that of the tree, as far as the tool writes it, nothing is remarked upon, and no byte is left over."""
    fill(tmp_path / "tree", attributes=False)
    data = make(tmp_path / "tree", *options)
    reading, entries = read(data)
    entries = [entry for entry in entries if entry.path != "lost+found"]

    assert reading.anomalies == []
    assert len(entries) > 1_000
    assert set(differences(entries, tmp_path / "tree")) == NOT_WRITTEN
    assert left_over(reading, bytes(data)) == []


def test_labels_are_read(tmp_path: Path) -> None:
    """The attribute that the tool writes stands in the inode of everything."""
    (tmp_path / "tree" / "folder").mkdir(parents=True)
    (tmp_path / "tree" / "file").write_bytes(b"x" * 5_000)
    (tmp_path / "contexts").write_text("/.* u:object_r:system_file:s0\n")
    data = make(tmp_path / "tree", load=("-t", "/", "-s", str(tmp_path / "contexts")))
    _, entries = read(data)

    assert {entry.path for entry in entries} == {"folder", "file"}
    assert {entry.xattrs for entry in entries} == {(("security.selinux", b"u:object_r:system_file:s0"),)}


def small(tmp_path: Path) -> bytearray:
    """Return an image of a few files."""
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    for name, size in (("one", 100), ("two", 9_000), ("three", 70_000), ("sub/four", 5_000)):
        (tmp_path / "tree" / name).write_bytes(text(size, size))
    for name in ("console", "disk", "pipe"):
        (tmp_path / "tree" / name).touch()
    return make(tmp_path / "tree", "-O", "ro", size=20)


def test_devices_and_fifos_are_read(tmp_path: Path) -> None:
    """The number of a device stands where the first address of a file is, or the second, in the later form."""
    data = small(tmp_path)
    for name, mode, kind, words in (
        (b"console", 0o020600, 3, (5 << 8 | 1, 0)),
        (b"disk", 0o060640, 4, (0, 259 << 8 | 5 | 1 << 20)),
        (b"pipe", 0o010644, 5, (0, 0)),
    ):
        at = inode_of(data, name)
        struct.pack_into("<H", data, at, mode)
        data[at + 3] &= ~0x02
        struct.pack_into("<2I", data, at + 360, *words)
        data[entry_of(data, name) + 6] = kind
    reading, entries = read(data)
    by_path = {entry.path: entry for entry in entries}

    assert reading.anomalies == []
    assert (by_path["console"].kind, by_path["console"].rdev) == (Kind.CHARACTER, (5, 1))
    assert (by_path["disk"].kind, by_path["disk"].rdev) == (Kind.BLOCK, (259, 261))
    assert (by_path["pipe"].kind, by_path["pipe"].mode) == (Kind.FIFO, 0o644)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def lzo(data: bytes) -> bytes:
    return bytes(LZOCompressor().compress(data))


def lz4_block(data: bytes) -> bytes:
    return bytes(lz4.block.compress(data, store_size=False))


def packed(tmp_path: Path, algorithm: int, pack: Callable[[bytes], bytes]) -> tuple[bytearray, bytes, int]:
    """Return an image whose large file was packed in clusters of four blocks, its content, and where its inode is."""
    whole = text(60_000, 1) + bytes(20_000) + lzma.compress(text(300_000, 2))[:30_000] + text(9_000, 3)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "packed").write_bytes(whole)
    data = make(tmp_path / "tree", "-O", "extra_attr,compression")
    at = inode_of(data, b"packed")
    (extra,) = struct.unpack_from("<H", data, at + 360)
    data[at + 392 : at + 396] = bytes((algorithm, 2, 1, 0))
    (flags,) = struct.unpack_from("<I", data, at + 80)
    struct.pack_into("<I", data, at + 80, flags | 4)
    for first in range(0, -(-len(whole) // BLOCK), 4):
        place = at + 360 + extra + 4 * first
        addresses = struct.unpack_from("<4I", data, place)
        body = pack(whole[first * BLOCK : (first + 4) * BLOCK].ljust(4 * BLOCK, b"\0"))
        blocks = -(-(len(body) + 24) // BLOCK)
        if blocks > 3 or 0 in addresses[:blocks]:
            continue
        body = struct.pack("<2I16x", len(body), checksum(body)) + body
        for number, address in enumerate(addresses):
            piece = body[number * BLOCK : (number + 1) * BLOCK].ljust(BLOCK, b"\0")
            if address:
                data[address * BLOCK : (address + 1) * BLOCK] = piece
        struct.pack_into("<4I", data, place, PACKED, *(addresses[:blocks] + (NEW,) * 3)[:3])
    return data, whole, at


@pytest.mark.parametrize(
    ("algorithm", "pack"), [(0, lzo), (1, lz4_block), (2, zstd), (3, lzo)], ids=["lzo", "lz4", "zstd", "lzo-rle"]
)
def test_packed_files_are_read(tmp_path: Path, algorithm: int, pack: Callable[[bytes], bytes]) -> None:
    """Clusters that are packed and others that are not, in one file."""
    data, whole, at = packed(tmp_path, algorithm, pack)
    reading, (file,) = read(data)

    assert content(file) == whole
    (told,) = reading.anomalies  # blocks that packing left over are in use by the segment table still
    assert told.detail.startswith("0 blocks in use are free")
    data[at + 392] = 4
    with pytest.raises(UnsupportedInput, match="packed by 4"):
        content(read(data)[1][0])


def test_damage_to_packed_data_is_told(tmp_path: Path) -> None:
    """A checksum that does not fit is told; a cluster that is not whole is refused."""
    data, whole, at = packed(tmp_path, 1, lz4_block)
    (extra,) = struct.unpack_from("<H", data, at + 360)
    block = struct.unpack_from("<2I", data, at + 360 + extra)[1]
    data[block * BLOCK + 4] ^= 1
    reading, (file,) = read(data)
    assert content(file) == whole
    assert rules(reading) == ["checksum-mismatch", "contradiction"]
    struct.pack_into("<I", data, block * BLOCK, 1 << 30)
    with pytest.raises(MalformedInput):
        content(read(data)[1][0])


def test_name_of_another_inode_is_told(tmp_path: Path) -> None:
    """Two names for one inode are one content; that it says to have one, and another lost its name, is told."""
    data = small(tmp_path)
    one, three = (struct.unpack_from("<I", data, inode_of(data, name) + 4072)[0] for name in (b"one", b"three"))
    struct.pack_into("<I", data, data.index(struct.pack("<IH", three, 5)), one)
    reading, entries = read(data)
    by_path = {entry.path: entry for entry in entries}

    assert by_path["one"].content is by_path["three"].content
    assert rules(reading) == ["contradiction", "hidden-content"]


def test_folder_in_itself_is_told(tmp_path: Path) -> None:
    """A folder that is the root again ends there."""
    data = small(tmp_path)
    struct.pack_into("<I", data, entry_of(data, b"sub"), 3)
    reading, entries = read(data)

    assert "cycle" in rules(reading)
    assert "sub/four" not in [entry.path for entry in entries]


def test_blocks_of_two_files_are_told(tmp_path: Path) -> None:
    """A block belongs to one file."""
    data = small(tmp_path)
    two, three = inode_of(data, b"two"), inode_of(data, b"three")
    data[two + 360 : two + 364] = data[three + 360 : three + 364]
    reading, _ = read(data)

    assert rules(reading) == ["hidden-content", "overlap"]


CHANGES: list[tuple[str, int, bytes, list[str]]] = [
    ("an encrypted file", 2, b"\x04", ["encrypted"]),
    ("an address that is none", 360, b"\1\0\0\0", ["hidden-content"]),
    ("a node of another inode", 4076, b"\x63", ["contradiction", "hidden-content", "malformed"]),
    ("a kind the folder does not say", 1, b"\x11", ["contradiction", "hidden-content"]),
    ("a kind there is not", 1, b"\x01", ["contradiction", "hidden-content", "malformed"]),
    ("more names than there are", 12, b"\2", ["contradiction"]),
]


@pytest.mark.parametrize(
    ("at", "change", "told"), [change[1:] for change in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_what_is_wrong_with_an_inode_is_told(tmp_path: Path, at: int, change: bytes, told: list[str]) -> None:
    """One thing at a time, of a file of three blocks."""
    data = small(tmp_path)
    place = inode_of(data, b"two") + at
    data[place : place + len(change)] = change

    assert rules(read(data)[0]) == told


def test_size_beyond_the_ceiling_is_refused(tmp_path: Path) -> None:
    """A file that says to be larger than anything is not unpacked."""
    data = small(tmp_path)
    struct.pack_into("<Q", data, inode_of(data, b"two") + 16, 1 << 60)
    by_path = {entry.path: entry for entry in read(data)[1]}

    with pytest.raises(LimitExceeded):
        content(by_path["two"])


def test_checksum_of_an_inode_is_checked(tmp_path: Path) -> None:
    """One bit of an inode with a checksum."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(b"x")
    data = make(tmp_path / "tree", "-O", "extra_attr,inode_checksum,ro", size=20)
    assert read(data)[0].anomalies == []
    data[inode_of(data, b"file") + 4] ^= 1

    assert rules(read(data)[0]) == ["checksum-mismatch"]


def test_either_superblock_will_do(tmp_path: Path) -> None:
    """What is wrong with one of them is told; without any there is no file system."""
    data = small(tmp_path)
    whole = [entry.path for entry in read(data)[1]]
    data[1024 + 1700] ^= 1
    assert rules(read(data)[0]) == ["contradiction"]
    data[1024] ^= 1
    reading, entries = read(data)
    assert rules(reading) == ["checksum-mismatch"]
    assert [entry.path for entry in entries] == whole
    data[BLOCK + 1024 + 16] ^= 1
    assert not F2fs.matches(memoryview(data))
    with pytest.raises(MalformedInput):
        F2fs.read(memoryview(data), Limits())


def test_checkpoint_that_is_not_sound_is_told(tmp_path: Path) -> None:
    """The older one counts then, which sload.f2fs leaves as it was before; without any nothing can be read."""
    data = small(tmp_path)
    (first,) = struct.unpack_from("<I", data, 1024 + 76)
    data[first * BLOCK + 200] ^= 1
    reading, _ = read(data)
    assert "checksum-mismatch" in rules(reading)
    data[(first + 512) * BLOCK + 200] ^= 1
    reading = F2fs.read(memoryview(data), Limits())
    with pytest.raises(MalformedInput, match="no sound checkpoint"):
        list(reading.entries)


def test_truncated_image_says_so(tmp_path: Path) -> None:
    """Where the end is missing, what is there is read."""
    data = small(tmp_path)
    reading, entries = read(data[: len(data) - (1 << 20)])
    assert rules(reading) == ["truncated"]
    assert len(entries) == 8
    with pytest.raises(InputError):
        list(F2fs.read(memoryview(data)[: 1 << 20], Limits()).entries)


def test_flips_are_answered(tmp_path: Path) -> None:
    """Bytes of the superblock, the inodes and listings changed to anything: entries or an error of the input."""
    data = small(tmp_path)
    root = next(at for at in range(0, len(data), BLOCK) if struct.unpack_from("<2I", data, at + 4072) == (3, 3))
    two = inode_of(data, b"two")
    places = [1024 + at for at in (*range(0, 108, 3), 2180, 2201)]
    places += [root + at for at in (*range(0, 92, 3), *range(360, 700, 7), *range(4072, 4080))]
    places += [two + at for at in (*range(0, 92, 3), *range(360, 372), *range(4052, 4080, 2))]
    for at in places:
        for value in (0x00, 0xFF):
            before, data[at] = data[at], value
            try:
                for entry in F2fs.read(memoryview(data), Limits()).entries:
                    if entry.content is not None and entry.size < 1 << 20:
                        content(entry)
            except InputError:
                pass
            data[at] = before


def many(tmp_path: Path) -> bytearray:
    """Return an image of a folder with buckets of several levels, its names in lower case."""
    (tmp_path / "tree" / "many").mkdir(parents=True)
    for number in range(2_000):
        (tmp_path / "tree" / "many" / f"name-{number:04}").touch()
    return make(tmp_path / "tree")


def lost(data: bytearray) -> list[str]:
    reading, entries = read(data)
    assert len(entries) == 2_001
    return [anomaly.detail for anomaly in reading.anomalies]


def test_hashes_of_names_are_verified(tmp_path: Path) -> None:
    """A hash that is another, and buckets that begin with another level: a device would not find these names."""
    data = many(tmp_path)
    assert lost(data) == []
    at = entry_of(data, b"name-1234") - 4
    data[at] ^= 1
    assert lost(data) == ["1 names are not where their hash leads, b'name-1234' is one"]
    data[at] ^= 1
    folder = inode_of(data, b"many")
    data[folder + 347] = 3
    (told,) = lost(data)
    assert int(told.split()[0]) > 1_000


def test_folder_that_ignores_case_hashes_names_in_lower_case(tmp_path: Path) -> None:
    """The same hashes stand for names in capitals then, and for those alone."""
    data = many(tmp_path)
    at = data.index(b"name-0777", entry_of(data, b"name-0777") // BLOCK * BLOCK)
    data[at : at + 4] = b"NAME"
    assert lost(data) == ["1 names are not where their hash leads, b'NAME-0777' is one"]
    data[inode_of(data, b"many") + 83] |= 0x40
    assert lost(data) == []
    data[at] = 0xC3
    assert lost(data) == ["1 names, not ASCII, in a folder that ignores case"]


def test_segment_table_is_compared(tmp_path: Path) -> None:
    """A block that is free by the table though a file has it, and a number that does not fit the bits."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(text(20_000, 1))
    data = make(tmp_path / "tree")
    (file,) = read(data)[1]
    assert file.offset is not None
    table, main = (struct.unpack_from("<I", data, 1_024 + at)[0] for at in (80, 92))
    segment, block = divmod(file.offset // BLOCK - main, 512)
    copy = struct.unpack_from("<I", data, 1_024 + 56)[0] // 2 * 512
    for start in (table, table + copy):
        data[start * BLOCK + 74 * segment + 2 + block // 8] &= ~(0x80 >> block % 8)

    assert {anomaly.detail for anomaly in read(data)[0].anomalies} == {
        "1 segments with another number of blocks in use",
        "1 blocks in use are free by the segment table, 0 are in use by it alone",
    }
