"""Trees of hashes as veritysetup makes them, and such that do not fit."""

import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from trueware.formats.hashtree import BLOCK, unfitting

SALT = bytes(range(32))
PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def blocks(count: int) -> bytes:
    return b"".join(sha256(b"%d" % number).digest() * (BLOCK // 32) for number in range(count))


@pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 300])
def test_trees_of_veritysetup(count: int, tmp_path: Path) -> None:
    """Of none, one and two levels: cryptsetup's program makes them, and they fit; any byte of either that differs does not."""
    if (program := shutil.which("veritysetup", path=PATH)) is None:
        pytest.skip("veritysetup is not installed")
    (tmp_path / "data").write_bytes(data := blocks(count))
    made = subprocess.run(
        [program, "format", "--no-superblock", f"--salt={SALT.hex()}", "data", "tree"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    root = bytes.fromhex(re.findall(r"Root hash:\s+(\w+)", made.stdout)[0])
    tree = (tmp_path / "tree").read_bytes()

    assert unfitting(memoryview(data), memoryview(tree), root, SALT) is None
    changed = bytearray(data)
    changed[-1] ^= 1
    assert unfitting(memoryview(changed), memoryview(tree), root, SALT) is not None
    for at in range(0, len(tree), BLOCK):
        for place in (at, at + BLOCK - 1):
            other = bytearray(tree)
            other[place] ^= 1
            assert unfitting(memoryview(data), memoryview(other), root, SALT) is not None
    assert unfitting(memoryview(data), memoryview(tree), bytes(32), SALT) is not None
    assert unfitting(memoryview(data), memoryview(tree), root, bytes(32)) is not None


def test_what_is_no_tree() -> None:
    """Data that is no whole blocks, a tree too short, and bytes before it."""
    data = memoryview(blocks(200))

    assert unfitting(data[:-1], memoryview(b""), bytes(32), SALT) == "819199 bytes are not whole blocks"
    assert unfitting(data, memoryview(b""), bytes(32), SALT) == "no room for level 0 of the tree"
    assert unfitting(data[:BLOCK], memoryview(bytes(BLOCK)), bytes(32), SALT) == "4096 bytes before the tree"
