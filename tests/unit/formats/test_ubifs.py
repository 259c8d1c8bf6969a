"""ubifs: what mkfs.ubifs packs is what is read, the journal is followed, and whatever the bytes say is answered."""

import os
import random
import shutil
import stat
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from trueware.errors import InputError, MalformedInput
from trueware.formats.containers.ubi import Ubi
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.ubifs import Ubifs
from trueware.formats.filesystems.ubifs.nodes import crc, hash_of
from trueware.measuring import measure
from trueware.model.limits import Limits
from trueware.model.part import Kind

KINDS = {
    stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.SYMLINK, stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.CHARACTER, stat.S_IFBLK: Kind.BLOCK, stat.S_IFSOCK: Kind.SOCKET,
}  # fmt: skip
NAND, NOR = ("-m", "2048", "-e", "126976", "-c", "400"), ("-m", "8", "-e", "15360", "-c", "2000")


def pack(tree: Path, *options: str | Path) -> bytes:
    if shutil.which("mkfs.ubifs") is None:
        pytest.skip("needs mkfs.ubifs")
    image = tree.with_suffix(".ubifs")
    subprocess.run(["mkfs.ubifs", "-r", tree, "-o", image, *options], check=True, capture_output=True)
    return image.read_bytes()


def read(data: bytes | bytearray) -> tuple[Reading, list[Entry]]:
    reading = Ubifs.read(memoryview(data), Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of more than a thousand files that needs every kind of node."""
    chance = random.Random(5)
    root = tmp_path_factory.mktemp("ubifs") / "tree"
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
    for name in (b"sp ace", b"new\nline", b"\xff\xfebad", b"-rf", b"*", b"!", b"x" * 255):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(name)
    os.link(root / "random", root / "folder-1" / "again")
    (root / "link").symlink_to("folder-1/again")
    (root / "far").symlink_to("x" * 1_000)
    os.mkfifo(root / "fifo")
    if not os.geteuid():
        os.mknod(root / "console", stat.S_IFCHR | 0o600, os.makedev(5, 1))
        os.mknod(root / "disk", stat.S_IFBLK | 0o660, os.makedev(300, 70_000))
        os.chown(root / "zeros", 100_000, 65_534)
    return root


LAYOUTS = {
    "lzo": (*NAND, "-x", "lzo"),
    "zlib": (*NOR, "-x", "zlib"),
    "zstd": (*NAND, "-x", "zstd", "-f", "64"),
    "none": (*NOR, "-x", "none", "-k", "test"),
    "favor": (*NAND, "-x", "favor_lzo", "-F", "-R", "100KiB"),
}


def _paths(tree: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(tree):
        yield from (str((Path(folder) / name).relative_to(tree)) for name in folders + files)


@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS)
def test_what_was_packed_is_read(tree: Path, options: tuple[str, ...]) -> None:
    """Every entry is that of the tree, nothing is remarked upon, and what is left over is erased flash."""
    data = pack(tree, *options)
    reading, entries = read(data)

    assert reading.anomalies == []
    assert sorted(entry.path for entry in entries) == sorted(_paths(tree))
    for entry in entries:
        compare(entry, tree / entry.path)
    assert reading.end == len(data)
    at = 0
    for start, stop in [*sorted(reading.spans), (len(data), len(data))]:
        assert not data[at:start].strip(b"\xff")
        at = max(at, stop)


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
    elif entry.kind in (Kind.CHARACTER, Kind.BLOCK):
        assert entry.rdev == (os.major(about.st_rdev), os.minor(about.st_rdev))


def test_file_system_in_a_volume_is_measured(tree: Path, tmp_path: Path, pool: Executor) -> None:
    """An image of UBI with a ubifs inside, whole: every digest is that of the file."""
    (tmp_path / "rootfs").write_bytes(pack(tree, *NAND))
    (tmp_path / "volumes.ini").write_text(
        "[a]\nmode=ubi\nimage=rootfs\nvol_id=0\nvol_type=dynamic\nvol_name=rootfs\nvol_flags=autoresize\n"
    )
    command = ["ubinize", "-o", "image", "-m", "2048", "-p", "128KiB", "volumes.ini"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    data = (tmp_path / "image").read_bytes()
    measurement = measure("image", memoryview(data), pool=pool, clock=time.monotonic, formats=(Ubi, Ubifs))
    parts = {path: part for path, part in measurement.root.walk() if path.startswith("rootfs!/")}
    files = {path: part.sha256 for path, part in parts.items() if part.kind is Kind.FILE}

    assert measurement.findings == ()
    assert measurement.root.certain
    assert len(files) > 1_000
    for path, digest in files.items():
        name = path.removeprefix("rootfs!/").replace("%21", "!")
        assert digest == sha256((tree / name).read_bytes()).digest(), path


def test_encrypted_content_is_told_and_measured_as_it_is_stored(tree: Path, tmp_path: Path) -> None:
    """By fscrypt: every file and folder is said to be encrypted, has its context as an attribute, and can be compared."""
    (tmp_path / "key").write_bytes(bytes(range(64)))
    options = ("-K", tmp_path / "key", "-b", "0123456789abcdef", "-C", "AES-256-XTS")
    reading, entries = read(pack(tree, *NAND, *options))
    files = [entry for entry in entries if entry.kind is Kind.FILE]

    assert reading.facts["flags"] == "double-hash,encryption"
    assert {anomaly.rule for anomaly in reading.anomalies} == {"encrypted"}
    encrypted = [entry for entry in files if entry.facts == (("flags", "encrypted"),)]
    assert {name for entry in encrypted for name, _ in entry.xattrs} == {"c"}
    assert sum(len(content(entry)) for entry in encrypted) > 100_000
    assert len(encrypted) > len(files) // 2  # the tool leaves out what is empty, and what has several names


def test_authenticated_image_is_read(tree: Path, tmp_path: Path) -> None:
    """Hashes in the index: it is read, and that nobody has checked them is told."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(request, check=True, capture_output=True)
    data = pack(tree, *NAND, "--hash-algo", "sha256", "--auth-key", key, "--auth-cert", certificate)
    reading, entries = read(data)

    assert (reading.facts["flags"], reading.facts["authentication"]) == ("authentication", "sha256")
    assert [anomaly.rule for anomaly in reading.anomalies] == ["checksum-unchecked"]
    assert sorted(entry.path for entry in entries) == sorted(_paths(tree))


def test_names_share_a_content(tree: Path) -> None:
    """What is stored once is hashed once."""
    _, entries = read(pack(tree, *NAND))
    by_path = {entry.path: entry.content for entry in entries}

    assert by_path["random"] is by_path["folder-1/again"]


def test_hash_of_names_is_that_of_linux() -> None:
    """Against r5 byte by byte, with the sign that a char has there, and never less than three."""
    chance = random.Random(4)
    for length in range(1, 256):
        name = chance.randbytes(length)
        value = 0
        for byte in struct.unpack(f"{length}b", name):
            value = (value + (byte << 4) + (byte >> 4)) * 11 & 0xFFFFFFFF
        value &= 0x1FFFFFFF

        assert hash_of(name, 0) == (value if value > 2 else value + 3)


def small(tmp_path: Path) -> bytes:
    root = tmp_path / "small"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_bytes(random.Random(2).randbytes(300))
    (root / "text").write_bytes(b"text " * 2_000)
    (root / "link").symlink_to("text")
    return pack(root, "-m", "8", "-e", "15360", "-c", "24", "-j", "8KiB", "-l", "2")


def places(data: bytes) -> Iterator[int]:
    """Yield where something stands that is not erased flash and not the map of space."""
    for block in range(0, len(data), 15_360):
        if block // 15_360 not in (5, 6):
            yield from range(block, block + len(data[block : block + 15_360].rstrip(b"\xff")))


def test_flips_are_noticed(tmp_path: Path) -> None:
    """Any bit of the nodes of an image changed: an anomaly, or other entries."""
    data = small(tmp_path)
    sound = told(data)
    checked = 0
    for at in places(data):
        if 400 < at < 4_000:
            continue  # the unused end of the superblock
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        if Ubifs.matches(memoryview(damaged)):
            assert told(damaged) != sound, at
            checked += 1
    assert checked > 2_000


def told(data: bytes | bytearray) -> list[object]:
    """Return all there is to be told of an image."""
    try:
        reading, entries = read(data)
    except MalformedInput as error:
        return [str(error)]
    result: list[object] = []
    for entry in entries:
        result.append((entry.path, entry.mode, entry.link, entry.xattrs))
        if entry.content is not None:
            try:
                result += map(bytes, islice(entry.content.chunks(), 20))
            except InputError as error:
                result.append(str(error))
    return [*result, *reading.anomalies, *reading.facts.items(), *reading.spans]


def test_lies_with_good_sums_are_answered(tmp_path: Path) -> None:
    """Fields of nodes changed to anything, their CRCs right: entries or an error of the input."""
    data = small(tmp_path)
    chance = random.Random(6)
    starts = [at for at in range(0, len(data), 8) if data[at : at + 4] == b"\x31\x18\x10\x06"]
    outcomes = set()
    for _ in range(1_500):
        damaged = bytearray(data)
        at = chance.choice(starts)
        (size,) = struct.unpack_from("<I", data, at + 16)
        value = chance.choice((0, 1, 2, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, size, 15_360))
        struct.pack_into("<I", damaged, at + chance.randrange(8, min(size, 180) - 3), value)
        struct.pack_into("<I", damaged, at + 4, crc(damaged[at + 8 : at + size]))
        outcomes.add(len(told(damaged)))

    assert len(outcomes) > 5


def test_image_cut_anywhere_is_answered(tmp_path: Path) -> None:
    """Every beginning of an image is read as far as it goes."""
    data = small(tmp_path)
    for size in range(4_096, len(data), 1_001):
        try:
            reading, entries = read(data[:size])
        except MalformedInput:
            assert size < 11 * 15_360
            continue
        assert reading.end == size
        assert len(entries) <= 4
