"""minixfs: what was written is what is read, and what fsck.minix lists; whatever the bytes say."""

import importlib.util
import shutil
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest
from tests.filesystems import differences, fill, left_over, paths

from trueware.errors import InputError, MalformedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.minix import Minix
from trueware.model.limits import Limits

WRITER = Path(__file__).resolve().parents[2] / "vectors" / "minix_writer.py"
VERSIONS = (("-1", 14), ("-1", 30), ("-2", 14), ("-2", 30), ("-3", 60))


def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("minix_writer", WRITER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tool(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def make(tree: Path, version: str, length: int, order: str = "<", blocks: int = 8_192) -> bytes:
    image = tree.with_suffix(".minix")
    image.write_bytes(bytes(blocks << 10))
    names = () if version == "-3" else ("-n", str(length))
    command: list[str | Path] = [tool("mkfs.minix"), version, *names, "-i", "2000", image]
    subprocess.run(command, check=True, capture_output=True)
    data: bytes = writer().Writer(image.read_bytes(), order).fill(tree)
    image.write_bytes(data)
    return data


def read(data: bytes) -> tuple[Reading, list[Entry]]:
    reading = Minix.read(memoryview(data), Limits())
    return reading, list(reading.entries)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("version", "length"), VERSIONS)
def test_what_was_written_is_read(tmp_path: Path, version: str, length: int, order: str) -> None:
    """Every entry is that of the tree, by every version and byte order; nothing is remarked upon, no byte is left over."""
    tree = tmp_path / "tree"
    fill(tree, longest=length, attributes=False)
    data = make(tree, version, length, order)
    reading, entries = read(data)

    assert Minix.matches(memoryview(data))
    assert reading.anomalies == []
    assert differences(entries, tree, attributes=False) == []
    assert left_over(reading, data) == []


@pytest.mark.parametrize(("version", "length"), VERSIONS)
def test_what_is_read_is_what_fsck_lists(tmp_path: Path, version: str, length: int) -> None:
    """The file system's own tool accepts what is read here, and finds the same names."""
    tree = tmp_path / "tree"
    fill(tree, longest=length, odd=False, attributes=False)
    data = make(tree, version, length)
    image = tree.with_suffix(".minix")
    done = subprocess.run([tool("fsck.minix"), "-f", "-l", image], check=False, capture_output=True, text=True)
    listed = {line.lstrip("/").rstrip(":") for line in done.stdout.splitlines() if line.startswith("/")}

    assert done.returncode == 0, done.stdout[-500:]
    # it prints a name that fills its field without its last letter
    assert {str(Path(path).with_name(Path(path).name[: length - 1])) for path in paths(tree)} == listed
    assert {entry.path for entry in read(data)[1]} == paths(tree)


def test_zones_that_list_themselves_are_refused(tmp_path: Path) -> None:
    """A zone of zones that leads to itself would be a file of 512^3 zones: it is read once."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(b"content")
    data = bytearray(make(tmp_path / "tree", "-2", 30, blocks=256))
    inodes = 1024 * (2 + data[1024 + 4] + data[1024 + 6])
    at = inodes + 64
    zone = struct.unpack_from("<I", data, at + 24)[0]
    struct.pack_into("<I", data, at + 8, 0x7FFFFFFF)
    struct.pack_into("<10I", data, at + 24, *([0] * 9), zone)
    data[zone * 1024 : (zone + 1) * 1024] = struct.pack("<I", zone) * 256
    (file,) = read(bytes(data))[1]

    assert file.content is not None
    with pytest.raises(MalformedInput, match="something else"):
        next(file.content.chunks())


def test_changed_bytes_are_answered(tmp_path: Path) -> None:
    """Any byte that is not zero changed, and some that are: entries or an error of the input, and contents likewise."""
    (tmp_path / "tree" / "dir").mkdir(parents=True)
    (tmp_path / "tree" / "dir" / "file").write_bytes(b"content " * 2_000)
    (tmp_path / "tree" / "link").symlink_to("dir/file")
    data = make(tmp_path / "tree", "-1", 14, blocks=256)
    places = [at for at in range(1024, len(data)) if any(data[at - 2 : at + 2])][:1_500]
    for at in places:
        for value in (0x00, 0x01, 0xFF):
            damaged = bytearray(data)
            damaged[at] = value
            try:
                _, entries = read(bytes(damaged))
            except InputError:
                continue
            for entry in entries:
                if entry.content is not None:
                    with suppress(InputError):
                        assert sum(map(len, entry.content.chunks())) == entry.content.size
