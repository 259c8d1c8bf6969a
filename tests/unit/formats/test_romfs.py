"""romfs: what genromfs packs is what is read, whatever the bytes say."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from tests.filesystems import differences, fill, left_over

from trueware.errors import InputError, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.romfs import Romfs
from trueware.model.limits import Limits
from trueware.model.part import Kind


def pack(tree: Path, *options: str) -> bytes:
    if shutil.which("genromfs") is None:
        pytest.skip("needs genromfs")
    image = tree.with_suffix(".romfs")
    subprocess.run(["genromfs", "-d", tree, "-f", image, "-V", "test", *options], check=True)
    return image.read_bytes()


def read(data: bytes) -> tuple[Reading, list[Entry]]:
    reading = Romfs.read(memoryview(data), Limits())
    return reading, list(reading.entries)


@pytest.mark.parametrize("options", [(), ("-a", "4096")])
def test_what_was_packed_is_read(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Every entry is that of the tree as far as a romfs can hold it, nothing is remarked upon, no byte is left over."""
    fill(tmp_path / "tree", longest=100, attributes=False)
    data = pack(tmp_path / "tree", *options)
    reading, entries = read(data)
    by_path = {entry.path: entry for entry in entries}

    assert reading.anomalies == []
    assert differences(entries, tmp_path / "tree", mode=False, owner=False, time=False, attributes=False) == []
    assert left_over(reading, data) == []
    assert by_path["d1/setuid"].mode == 0o755
    assert by_path["hard"].content is by_path["d1/setuid"].content is by_path["d2/hard"].content


def test_chain_of_hard_links_is_followed(tmp_path: Path) -> None:
    """Linux follows a hard link to a hard link; so do we, and no further than there are headers."""
    (tmp_path / "tree").mkdir()
    for name in ("aa", "bb", "cc"):
        (tmp_path / "tree" / name).write_bytes(name.encode())
    data = bytearray(pack(tmp_path / "tree"))
    place = {name: data.index(name.encode().ljust(16, b"\0")) - 16 for name in ("aa", "bb", "cc")}
    for name, target in (("bb", "cc"), ("aa", "bb")):
        at = place[name]
        (following,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">2I", data, at, following & ~7, place[target])
    by_path = {entry.path: entry for entry in read(bytes(data))[1]}

    assert by_path["aa"].content is by_path["bb"].content is by_path["cc"].content


def test_changed_bytes_are_answered(tmp_path: Path) -> None:
    """Any byte of the headers changed: entries or an error of the input."""
    (tmp_path / "tree" / "dir").mkdir(parents=True)
    (tmp_path / "tree" / "dir" / "file").write_bytes(b"content")
    (tmp_path / "tree" / "link").symlink_to("dir/file")
    data = pack(tmp_path / "tree")
    for at in range(len(data)):
        for value in (0x00, 0x01, 0x7F, 0xFF):
            damaged = bytearray(data)
            damaged[at] = value
            try:
                _, entries = read(bytes(damaged))
            except InputError:
                continue
            assert len(entries) <= 6


def test_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    """Nothing can be told of a romfs without a root."""
    (tmp_path / "tree").mkdir()
    data = bytearray(pack(tmp_path / "tree"))
    data[35] = data[35] & ~7 | 2

    with pytest.raises(MalformedInput, match="root"):
        read(bytes(data))


def test_mode_of_the_root_is_that_of_linux(tmp_path: Path) -> None:
    """The root is a folder of root's that may be entered."""
    (tmp_path / "tree").mkdir()
    reading, entries = read(pack(tmp_path / "tree"))

    assert entries == []
    assert reading.attributes is not None
    assert (reading.attributes.kind, reading.attributes.mode) == (Kind.DIRECTORY, 0o755)
