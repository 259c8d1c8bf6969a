"""cramfs: what mkfs.cramfs packs is what is read, whatever the bytes say."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from tests.filesystems import differences, fill, left_over

from trueware.errors import InputError
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.cramfs import Cramfs
from trueware.model.limits import Limits


def pack(tree: Path, *options: str) -> bytes:
    if shutil.which("mkfs.cramfs") is None:
        pytest.skip("needs mkfs.cramfs")
    image = tree.with_suffix(".cramfs")
    subprocess.run(["mkfs.cramfs", *options, tree, image], check=True, capture_output=True)
    return image.read_bytes()


def read(data: bytes) -> tuple[Reading, list[Entry]]:
    reading = Cramfs.read(memoryview(data), Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cramfs") / "tree"
    fill(root, attributes=False)
    return root


@pytest.mark.parametrize("options", [("-N", "little"), ("-N", "big"), ("-p", "-n", "name"), ("-z",)])
def test_what_was_packed_is_read(tree: Path, options: tuple[str, ...]) -> None:
    """Every entry is that of the tree, in either byte order, nothing is remarked upon, no byte is left over."""
    data = pack(tree, *options)
    reading, entries = read(data)

    assert reading.anomalies == []
    assert differences(entries, tree, time=False, attributes=False) == []
    assert left_over(reading, data) == []


def test_equal_files_share_a_content(tree: Path) -> None:
    """What is stored once is hashed once."""
    by_path = {entry.path: entry.content for entry in read(pack(tree))[1]}

    assert by_path["text"] is by_path["again"]
    assert by_path["hard"] is by_path["d1/setuid"]
    assert by_path["text"] is not by_path["random"]


def test_checksum_covers_every_byte(tmp_path: Path) -> None:
    """A bit anywhere behind the superblock is noticed, be it in a name or in a block."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(b"content")
    data = pack(tmp_path / "tree")
    for at in range(76, len(data), 37):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        reading, _ = read(bytes(damaged))

        assert "checksum-mismatch" in {anomaly.rule for anomaly in reading.anomalies}


def test_changed_bytes_are_answered(tmp_path: Path) -> None:
    """Any byte changed: entries or an error of the input, and contents likewise."""
    (tmp_path / "tree" / "dir").mkdir(parents=True)
    (tmp_path / "tree" / "dir" / "file").write_bytes(b"content " * 2_000)
    (tmp_path / "tree" / "link").symlink_to("dir/file")
    data = pack(tmp_path / "tree")
    for at in range(len(data.rstrip(b"\0"))):
        for value in (0x00, 0x01, 0x7F, 0xFF):
            damaged = bytearray(data)
            damaged[at] = value
            try:
                _, entries = read(bytes(damaged))
            except InputError:
                continue
            for entry in entries:
                if entry.content is not None:
                    with suppress(InputError):
                        assert len(content(entry)) == entry.content.size
