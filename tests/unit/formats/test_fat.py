"""FAT against mkfs.fat and mtools: what mcopy put there is what is read, and what is broken is reported."""

import os
import shutil
import struct
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.formats.wide_tree import content, make_tree

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, Held, Reading
from trueware.formats.filesystems.fat import Fat
from trueware.formats.filesystems.fat.directories import Listing, checksum_of, shown
from trueware.formats.scattered import Scattered
from trueware.model.limits import Limits
from trueware.model.part import Kind

pytestmark = pytest.mark.skipif(
    not shutil.which("mkfs.fat") or not shutil.which("mcopy"), reason="dosfstools or mtools is missing"
)

OPTIONS = {
    "fat12": ("-F", "12", "-s", "4", "7000"),
    "fat16": ("-F", "16", "20000"),
    "fat32": ("-F", "32", "-s", "1", "40000"),
    "large-sectors": ("-F", "16", "-S", "2048", "-s", "1", "20000"),
    "one-table": ("-F", "16", "-f", "1", "-R", "9", "20000"),
}


def make(image: Path, *options: str) -> None:
    *rest, kilobytes = options
    subprocess.run(["mkfs.fat", "-n", "VOLUME", *rest, "-C", str(image), kilobytes], check=True, capture_output=True)


def mtools(tool: str, image: Path, *arguments: str) -> None:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    subprocess.run([tool, "-i", str(image), *arguments], check=True, env=environment, capture_output=True)


def fill(image: Path, source: Path) -> None:
    mtools("mcopy", image, "-s", "-Q", "-m", *map(str, sorted(source.iterdir())), "::")


def read(image: bytes | bytearray) -> tuple[Reading, dict[str, Entry]]:
    reading = Fat.read(memoryview(image), Limits())
    return reading, {entry.path: entry for entry in reading.entries if entry.kind is not Kind.REGION}


def content_of(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


def rules(reading: Reading) -> set[str]:
    return {anomaly.rule for anomaly in reading.anomalies}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_reads_what_mtools_wrote(tmp_path: Path, options: tuple[str, ...]) -> None:
    """More than a thousand names come back with their contents and times, and nothing is wrong."""
    full = options == OPTIONS["fat32"]
    source, image = make_tree(tmp_path / "source", many=940 if full else 60), tmp_path / "image"
    make(image, *options)
    fill(image, tmp_path / "source")
    reading, entries = read(image.read_bytes())

    assert len(source) > (1000 if full else 100)
    assert set(entries) == set(source)
    assert reading.anomalies == []
    assert reading.facts["label"] == "VOLUME"
    for name, path in source.items():
        entry = entries[name]
        assert (entry.kind is Kind.DIRECTORY) == path.is_dir()
        assert entry.mtime is not None
        if path.is_file():
            assert sha256(content_of(entry)).digest() == sha256(path.read_bytes()).digest(), name
            assert 0 <= path.stat().st_mtime - entry.mtime < 3


def test_agrees_with_mcopy_on_a_full_and_fragmented_disk(tmp_path: Path) -> None:
    """A file that fills the holes of deleted ones is as mcopy gets it back."""
    image, source = tmp_path / "image", tmp_path / "file"
    make(image, "-F", "16", "-s", "1", "4000")
    for number in range(100):
        source.write_bytes(content(f"f{number}", 33_000))
        mtools("mcopy", image, str(source), f"::f{number}")
    mtools("mdel", image, *(f"::f{number}" for number in range(0, 100, 2)))
    source.write_bytes(content("spread", 1_900_000))
    mtools("mcopy", image, str(source), "::spread")
    mtools("mcopy", image, "::spread", str(tmp_path / "back"))
    reading, entries = read(image.read_bytes())

    assert isinstance(entries["spread"].content, Scattered)
    assert content_of(entries["spread"]) == (tmp_path / "back").read_bytes() == source.read_bytes()
    assert content_of(entries["f99"]) == content("f99", 33_000)
    assert rules(reading) == {"hidden-content"}


def test_content_in_one_piece_is_a_view(tmp_path: Path) -> None:
    """Nothing is copied where a file lies in one piece; its offset says where."""
    image = tmp_path / "image"
    (tmp_path / "file").write_bytes(content("file", 70_000))
    make(image, "-F", "16", "-s", "1", "4000")
    mtools("mcopy", image, str(tmp_path / "file"), "::file")
    data = image.read_bytes()
    entry = read(data)[1]["file"]

    assert isinstance(entry.content, Held)
    assert entry.content.view.obj is data
    assert entry.offset is not None
    assert data[entry.offset : entry.offset + 70_000] == content("file", 70_000)


def test_copy_of_the_boot_sector_that_differs_is_a_contradiction(tmp_path: Path) -> None:
    """Programs that repair would take it."""
    image = tmp_path / "image"
    make(image, "-F", "32", "-s", "1", "34000")
    data = bytearray(image.read_bytes())
    data[6 * 512 + 44] = 3

    assert rules(read(data)[0]) == {"contradiction"}


def test_state_is_told(tmp_path: Path) -> None:
    """Whether it was closed properly, and another label in the boot sector."""
    image = tmp_path / "image"
    make(image, "-F", "16", "-s", "1", "4000")
    data = bytearray(image.read_bytes())
    data[43:54] = b"OTHER LABEL"
    for start in (data[14] * 512, (data[14] + data[22]) * 512):
        data[start + 3] &= 0x7F
    reading, _ = read(data)

    assert reading.notes["dirty"] == "not closed properly"
    assert reading.facts["boot-label"] == "OTHER LABEL"
    assert reading.anomalies == []


def test_names_of_both_cases_are_as_windows_shows_them() -> None:
    """Two bits say which half of a short name is in lower case; bytes above 127 are of code page 437."""
    assert shown(b"README  TXT", 0x18) == b"readme.txt"
    assert shown(b"README  TXT", 0x10) == b"README.txt"
    assert shown(b"\x05BC        ").decode() == "\u03c3BC"
    assert shown(b"\x81BER       ").decode() == "üBER"


def test_long_name_without_its_last_part_is_no_name() -> None:
    """Parts must count down from the marked one to 1, right before the entry."""
    short = b"LONGNA~1TXT"
    entry = struct.pack("<11sB14xHHHI"[:-1] + "I", short, 0x20, 0, 0, 0, 0)[:32].ljust(32, b"\0")

    def part(number: int) -> bytes:
        text = "abcdefghijklm".encode("utf-16-le")
        return (
            bytes((number,)) + text[:10] + b"\x0f\0" + bytes((checksum_of(short),)) + text[10:22] + b"\0\0" + text[22:]
        )

    whole, torn, late = (Listing(b"".join(parts)) for parts in (
        (part(0x42), part(1), entry), (part(2), part(1), entry), (part(0x42), part(1), entry[:0] + b"\xe5" + entry[1:], entry)
    ))  # fmt: skip

    assert [name.name for name in whole.names] == [b"abcdefghijklm" * 2]
    assert [name.name for name in torn.names] == [name.name for name in late.names] == [b"LONGNA~1.TXT"]
    assert (whole.orphans, torn.orphans, late.orphans) == (0, 2, 2)


def test_folders_end_at_the_limit(tmp_path: Path) -> None:
    """Folders within folders are followed to `max_path_depth` and no further."""
    image = tmp_path / "image"
    make(image, "-F", "16", "-s", "1", "4000")
    (tmp_path / "/".join(["s"] + ["d"] * 140)).mkdir(parents=True)
    fill(image, tmp_path / "s")
    reading, entries = read(image.read_bytes())

    assert max(path.count("/") for path in entries) + 1 == Limits().max_path_depth
    assert rules(reading) == {"limit-reached", "hidden-content"}


def test_chains_that_meet_cost_little(tmp_path: Path) -> None:
    """Hundreds of files whose chains lead into one long chain are followed a bounded number of steps."""
    image = tmp_path / "image"
    make(image, "-F", "16", "-s", "1", "30000")
    (tmp_path / "long").write_bytes(content("long", 20_000_000))
    mtools("mcopy", image, str(tmp_path / "long"), "::long")
    data = bytearray(image.read_bytes())
    at = data.index(b"LONG       ") + 32
    for number in range(400):
        data[at + number * 32 : at + number * 32 + 32] = struct.pack(
            "<8s3sB14xHI", b"F%07d" % number, b"   ", 0x20, 2 + number, 99
        )
    reading, entries = read(data)

    assert len(entries) == 401
    assert {"overlap", "cycle"} <= rules(reading)


def test_what_is_no_boot_sector_is_refused() -> None:
    """A sector that ends as one and begins as none."""
    with pytest.raises(MalformedInput):
        Fat.read(memoryview(b"\xeb\x3c\x90" + bytes(507) + b"\x55\xaa"), Limits())
