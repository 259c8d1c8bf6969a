"""Error correction of dm-verity: parity that veritysetup makes, in whatever pieces the data come."""

import shutil
import subprocess
from pathlib import Path

import pytest

from trueware.formats.reed_solomon import ParityCheck, parity_size

DATA = bytes(number * number % 251 for number in range(4096 * 260))


def parity(folder: Path, roots: int) -> tuple[bytes, bytes]:
    """Return what is corrected, data and hash tree, and its parity."""
    data, tree, fec = folder / "data", folder / "tree", folder / "fec"
    data.write_bytes(DATA)
    tree.touch()
    fec.touch()
    command = [
        "veritysetup",
        "format",
        "--no-superblock",
        f"--fec-device={fec}",
        f"--fec-roots={roots}",
        str(data),
        str(tree),
    ]
    subprocess.run(command, capture_output=True, check=True)
    return DATA + tree.read_bytes(), fec.read_bytes()


def fits(data: bytes, made: bytes, roots: int, step: int = 1 << 30) -> bool:
    check = ParityCheck(len(data), roots)
    for at in range(0, len(data), step):
        check.feed(data[at : at + step])
    return check.fits(made)


@pytest.mark.skipif(shutil.which("veritysetup") is None, reason="needs veritysetup (cryptsetup-bin)")
@pytest.mark.parametrize("roots", [2, 3, 24])
def test_parity_is_that_of_veritysetup(tmp_path: Path, roots: int) -> None:
    """Parity of another implementation fits, and not once a byte of it or of the data is another."""
    data, made = parity(tmp_path, roots)

    assert len(made) == parity_size(len(data), roots)
    assert fits(data, made, roots)
    assert fits(data, made, roots, step=100_003)
    assert not fits(data, made[:100] + bytes([made[100] ^ 1]) + made[101:], roots)
    assert not fits(data[:9] + bytes([data[9] ^ 1]) + data[10:], made, roots)
    assert not fits(data, made[:-1], roots)


def test_data_that_are_longer_than_stated_do_not_fit() -> None:
    """More bytes than the check was made for are none of its code words."""
    check = ParityCheck(4096, 2)
    check.feed(bytes(4096 * 300))
    assert not check.fits(bytes(8192))


def test_roots_without_a_code_are_refused() -> None:
    """A single root is no code that dm-verity has."""
    with pytest.raises(ValueError, match="1 roots"):
        ParityCheck(4096, 1)
