"""exFAT against mkfs.exfat and exfat-fuse: what the driver wrote is what is read."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.formats.wide_tree import BEYOND, LETTERS, content, make_tree

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, Held, Reading
from trueware.formats.filesystems.exfat import Exfat
from trueware.formats.filesystems.exfat.directories import Capitals, sum16
from trueware.formats.scattered import Scattered
from trueware.model.limits import Limits
from trueware.model.part import Kind

needs_tools = pytest.mark.skipif(not shutil.which("mkfs.exfat"), reason="exfatprogs is missing")


def make(image: Path, cluster: str = "4K", size: int = 64 << 20) -> None:
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.exfat", "-L", "Vector", "-c", cluster, str(image)], check=True, capture_output=True)


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Have the image mounted by exfat-fuse; skips where that cannot be."""
    folder.mkdir()
    try:
        found = subprocess.run(["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no loop device to be had")
    device = found.stdout.strip()
    try:
        try:
            subprocess.run(["mount.exfat-fuse", device, str(folder)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("exfat-fuse cannot mount")
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)


def read(image: bytes | bytearray) -> tuple[Reading, dict[str, Entry]]:
    reading = Exfat.read(memoryview(image), Limits())
    return reading, {entry.path: entry for entry in reading.entries if entry.kind is not Kind.REGION}


def content_of(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


@needs_tools
@pytest.mark.parametrize("cluster", ["512", "32K"])
def test_reads_what_the_driver_wrote(tmp_path: Path, cluster: str) -> None:
    """More than a thousand names come back with their contents and times, and nothing is wrong."""
    source, image = make_tree(tmp_path / "source", letters=(*LETTERS, BEYOND)), tmp_path / "image"
    make(image, cluster)
    with mounted(image, tmp_path / "mounted") as folder:
        copy = ["cp", "-rp", "--no-preserve=mode,ownership", *map(str, sorted((tmp_path / "source").iterdir()))]
        subprocess.run([*copy, str(folder)], check=True)
    reading, entries = read(image.read_bytes())

    assert len(source) > 1000
    assert set(entries) == set(source)
    # the driver leaves what it had in memory behind the ends of files
    assert {anomaly.rule for anomaly in reading.anomalies} <= {"hidden-content"}
    assert reading.facts["label"] == "Vector"
    for name, path in source.items():
        entry = entries[name]
        assert (entry.kind is Kind.DIRECTORY) == path.is_dir()
        assert entry.mtime is not None
        if path.is_file():
            assert sha256(content_of(entry)).digest() == sha256(path.read_bytes()).digest(), name
            assert abs(path.stat().st_mtime - entry.mtime) < 3


@needs_tools
def test_reads_files_in_one_piece_and_in_many(tmp_path: Path) -> None:
    """What is in one piece is a view of the image; what another file cuts in two follows the table."""
    image, pieces = tmp_path / "image", [content(f"{number}", 9_000) for number in range(50)]
    make(image)
    with mounted(image, tmp_path / "mounted") as folder:
        (folder / "whole").write_bytes(content("whole", 500_000))
        with (folder / "pieces").open("wb") as file:
            for number, piece in enumerate(pieces):
                file.write(piece)
                file.flush()
                (folder / f"between {number}").write_bytes(b"-")
    reading, entries = read(image.read_bytes())

    assert isinstance(entries["whole"].content, Held)
    assert content_of(entries["whole"]) == content("whole", 500_000)
    assert isinstance(entries["pieces"].content, Scattered)
    assert content_of(entries["pieces"]) == b"".join(pieces)
    assert len(entries) == 52
    assert {anomaly.rule for anomaly in reading.anomalies} <= {"hidden-content"}


@needs_tools
def test_an_empty_one_has_nothing_wrong(tmp_path: Path) -> None:
    """What mkfs.exfat makes is accounted for to the last byte."""
    make(tmp_path / "image", size=4 << 20)
    reading, entries = read((tmp_path / "image").read_bytes())

    assert entries == {}
    assert reading.anomalies == []
    assert reading.end == 4 << 20


@needs_tools
def test_capitals_are_those_of_the_table(tmp_path: Path) -> None:
    """The table that mkfs.exfat writes knows the capitals of the Latin, Greek and Cyrillic letters."""
    make(tmp_path / "image", size=4 << 20)
    data = (tmp_path / "image").read_bytes()
    entry = data.index(b"\x82\0\0\0", 0x10000)
    size = int.from_bytes(data[entry + 24 : entry + 28], "little")
    start = data.index(bytes(2) + b"\1\0\2\0\3\0", 0x10000)
    capitals = Capitals(data[start : start + size])

    assert capitals.of("straße \u03b1я1".encode("utf-16-le")).decode("utf-16-le") == "STRAßE \u0391\u042f1"


def test_checksum_turns_right() -> None:
    """The sum is turned by one bit before each byte is added (specification §6.3.3)."""
    assert sum16(b"\1") == 1
    assert sum16(b"\1\0") == 0x8000
    assert sum16(b"\1\0\1") == 0x4001


def test_what_is_no_boot_sector_is_refused() -> None:
    """The name alone is not enough, and other versions are not guessed at."""
    named = b"\xeb\x76\x90EXFAT   " + bytes(499) + b"\x55\xaa"
    with pytest.raises(UnsupportedInput):
        Exfat.read(memoryview(named), Limits())
    with pytest.raises(MalformedInput):
        Exfat.read(memoryview(named[:105] + b"\1" + named[106:]), Limits())
