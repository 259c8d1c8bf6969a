"""squashfs before 4.0, and big-endian: what was written is what is read, and what unsquashfs reads of the same bytes."""

import lzma
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.filesystems import differences, fill, left_over
from tests.old_squashfs import OldSquashfs

from trueware.errors import InputError
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.squashfs import Squashfs
from trueware.model.limits import Limits

VERSIONS = [
    OldSquashfs(1, 0, "little", 15),
    OldSquashfs(1, 0, "big", 12, users=tuple(range(2_000, 2_020))),
    OldSquashfs(2, 0, "big", 16),
    OldSquashfs(2, 1, "little", 12),
    OldSquashfs(3, 0, "little", 17),
    OldSquashfs(3, 1, "big", 12),
    OldSquashfs(3, 1, "little", 16, checked=True, packed=False),
]
BIG_4 = OldSquashfs(4, 0, "big", 12)


def named(version: OldSquashfs) -> str:
    return f"{version.major}.{version.minor}-{version.order}"


def read(data: bytes) -> tuple[Reading, list[Entry]]:
    assert Squashfs.matches(memoryview(data))
    reading = Squashfs.read(memoryview(data), Limits())
    return reading, list(reading.entries)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("old-squashfs") / "tree"
    fill(root, attributes=False)
    return root


@pytest.mark.parametrize("version", [*VERSIONS, BIG_4], ids=named)
def test_what_was_written_is_read(tree: Path, version: OldSquashfs) -> None:
    """Every entry is that of the tree, nothing is remarked upon, and no byte is left over."""
    data = version.write(tree)
    reading, entries = read(data)

    assert reading.anomalies == []
    assert reading.facts["version"] == f"{version.major}.{version.minor}"
    assert reading.facts["byte-order"] == f"{version.order}-endian"
    assert differences(entries, tree, attributes=False, time=version.major > 2) == []
    assert left_over(reading, data) == []


@pytest.mark.parametrize("version", VERSIONS, ids=named)
def test_unsquashfs_reads_the_same(tree: Path, tmp_path: Path, version: OldSquashfs) -> None:
    """The image is one of its version: the tool of the format makes the same tree of it as we do, times included."""
    if shutil.which("unsquashfs") is None:
        pytest.skip("needs unsquashfs")
    data = version.write(tree)
    (tmp_path / "image").write_bytes(data)
    command: list[str | Path] = ["unsquashfs", "-q", "-n", "-d", tmp_path / "root", tmp_path / "image"]
    subprocess.run(command, check=True, capture_output=True)
    _, entries = read(data)

    assert len(entries) > 1_000
    assert differences(entries, tmp_path / "root", attributes=False) == []


@pytest.mark.parametrize("magic", [b"hsqt", b"shsq", b"sqlz"])
def test_lzma_of_vendors_is_read(tmp_path: Path, magic: bytes) -> None:
    """Routers' kernels of 2.4 and 2.6 have LZMA where the version knows only zlib; their magic says so, or does not."""

    def pack(data: bytes) -> bytes:
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]
        return lzma.compress(data, lzma.FORMAT_ALONE, filters=filters)

    for number in range(30):
        (tmp_path / "tree" / f"folder{number}").mkdir(parents=True)
        (tmp_path / "tree" / f"folder{number}" / "file").write_bytes(b"line %d\n" % number * 3_000)
    data = OldSquashfs(3, 0, "little", 16, pack=pack, magic=magic).write(tmp_path / "tree")
    reading, entries = read(data)

    assert reading.anomalies == []
    assert reading.facts["magic"] == magic.decode()
    assert reading.facts["lzma"] == "behind a header of 13 bytes"
    assert differences(entries, tmp_path / "tree", attributes=False) == []


@pytest.mark.parametrize("version", [*VERSIONS, BIG_4], ids=named)
def test_flips_are_answered(tmp_path: Path, version: OldSquashfs) -> None:
    """Any byte changed to anything: entries or an error of the input, and contents likewise."""
    for folder in ("one", "two"):
        (tmp_path / "tree" / folder).mkdir(parents=True)
        (tmp_path / "tree" / folder / f"{folder}-file").write_bytes(folder.encode() * 900)
    (tmp_path / "tree" / "link").symlink_to("one/one-file")
    stored = OldSquashfs(version.major, version.minor, version.order, packed=False, checked=version.checked)
    data = stored.write(tmp_path / "tree")
    for at in range(4, len(data)):
        for value in (0x00, 0x7F, 0xFF):
            damaged = bytearray(data)
            damaged[at] = value
            try:
                entries = list(Squashfs.read(memoryview(damaged), Limits()).entries)
                for entry in entries:
                    if entry.content is not None:
                        for piece in entry.content.chunks():
                            assert len(piece) <= 1 << 20
            except InputError:
                continue
