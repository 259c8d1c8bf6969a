"""Hash trees of dm-verity: as veritysetup makes them, and which blocks a stored one tells to be changed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from trueware.formats.verity import can_make, make_tree

SALT = bytes(range(32))
DATA = b"".join(number.to_bytes(2, "big") * 256 for number in range(300))
"""Blocks of 512 bytes that are all different, more than one block of digests covers."""


@pytest.mark.parametrize(("algorithm", "block"), [("sha256", 512), ("sha1", 512), ("sha512", 1024)])
def test_as_veritysetup_makes_it(tmp_path: Path, algorithm: str, block: int) -> None:
    """Root and stored levels are those of the independent tool."""
    tool = shutil.which("veritysetup") or shutil.which("/usr/sbin/veritysetup")
    if tool is None:
        pytest.skip("no veritysetup")
    data, tree = tmp_path / "data", tmp_path / "tree"
    data.write_bytes(DATA)
    tree.touch()
    sizes = ["--data-block-size", str(block), "--hash-block-size", str(block)]
    command = [
        tool,
        "format",
        "--no-superblock",
        "--hash",
        algorithm,
        "--salt",
        SALT.hex(),
        *sizes,
        str(data),
        str(tree),
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    made = make_tree(memoryview(DATA), algorithm, SALT, block, block)

    assert re.findall(r"Root hash:\s+(\w+)", told) == [made.root.hex()]
    assert tree.read_bytes() == made.levels


def test_changed_blocks_are_named() -> None:
    """A stored tree tells which blocks of data are others."""
    stored = make_tree(memoryview(DATA), "sha256", SALT, 512, 512).levels
    changed = bytearray(DATA)
    changed[7 * 512] ^= 1
    changed[299 * 512 + 5] ^= 1

    assert make_tree(memoryview(changed), "sha256", SALT, 512, 512).differing(stored) == [7, 299]


@pytest.mark.parametrize(
    ("algorithm", "data_block", "hash_block", "size"),
    [
        ("md5", 4096, 4096, 4096),
        ("sha256", 0, 4096, 4096),
        ("sha256", 4096, 1 << 20, 4096),
        ("sha256", 4096, 4096, 100),
    ],
)
def test_what_cannot_be_made_is_told(algorithm: str, data_block: int, hash_block: int, size: int) -> None:
    """Trees that no device uses are not made."""
    assert not can_make(algorithm, data_block, hash_block, size)
