"""UBI: what ubinize packs is what is read, wherever its blocks lie, and whatever their headers say is answered."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.containers.ubi import Ubi
from trueware.formats.containers.ubi.headers import crc
from trueware.formats.contract import Entry, Reading
from trueware.measuring.budget import Budget
from trueware.measuring.detect import Detector
from trueware.measuring.hashing import Hasher
from trueware.model.limits import Limits

KERNEL = random.Random(1).randbytes(100_000)
ROOTFS = random.Random(2).randbytes(300_000)
VOLUMES = """
[a]
mode=ubi
image=PLACE/kernel
vol_id=0
vol_type=static
vol_name=kernel
[b]
mode=ubi
image=PLACE/rootfs
vol_id=77
vol_type=dynamic
vol_name=rootfs
vol_size=2MiB
"""
NOR, NAND = ("-m", "1", "-p", "16KiB"), ("-m", "2048", "-s", "512", "-p", "128KiB", "-e", "5")


def ubinize(place: Path, *options: str) -> bytes:
    if shutil.which("ubinize") is None:
        pytest.skip("needs ubinize")
    (place / "kernel").write_bytes(KERNEL)
    (place / "rootfs").write_bytes(ROOTFS)
    (place / "volumes.ini").write_text(VOLUMES.replace("PLACE", str(place)))
    command = ["ubinize", "-o", "image", *options, "volumes.ini"]
    subprocess.run(command, check=True, capture_output=True, cwd=place)
    return (place / "image").read_bytes()


def read(data: bytes | bytearray) -> tuple[Reading, list[Entry]]:
    reading = Ubi.read(memoryview(data), Limits())
    return reading, list(reading.entries)


def content(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


@pytest.mark.parametrize("options", [NOR, NAND], ids=["nor", "nand"])
def test_volumes_are_what_was_packed(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The bytes of each volume, with erased flash behind those of a dynamic one, and no byte of the image left over."""
    data = ubinize(tmp_path, *options)
    reading, (kernel, rootfs) = read(data)

    assert reading.anomalies == []
    assert (kernel.path, content(kernel), kernel.size) == ("kernel", KERNEL, len(KERNEL))
    assert (rootfs.path, content(rootfs).rstrip(b"\xff"), rootfs.size) == ("rootfs", ROOTFS, len(content(rootfs)))
    assert (kernel.facts[1:], rootfs.facts[1:]) == (
        (("id", "0"), ("type", "static")),
        (("id", "77"), ("type", "dynamic")),
    )
    end = 0
    for start, stop in sorted(reading.spans):
        assert start <= end
        end = max(end, stop)
    assert end == reading.end == len(data)


def test_order_of_the_blocks_does_not_matter(tmp_path: Path) -> None:
    """Blocks in any order, erased ones between them."""
    data = ubinize(tmp_path, *NOR)
    size = 16 << 10
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    blocks += [b"\xff" * size] * 9
    first = blocks.pop(0)
    random.Random(3).shuffle(blocks)
    reading, (kernel, rootfs) = read(b"".join((first, *blocks)))

    assert reading.anomalies == []
    assert content(kernel) == KERNEL
    assert content(rootfs).rstrip(b"\xff") == ROOTFS


def test_two_images_in_a_row_are_two(tmp_path: Path) -> None:
    """An image ends where blocks of another one begin."""
    one, other = ubinize(tmp_path, *NOR, "-Q", "1"), ubinize(tmp_path, *NOR, "-Q", "2")
    reading, (kernel, _) = read(one + other)

    assert reading.end == len(one)
    assert content(kernel) == KERNEL


def far(tmp_path: Path, block: int) -> bytearray:
    """Return an image whose last block says to be block `block` of a volume of as many."""
    data = bytearray(ubinize(tmp_path, *NOR))
    at = len(data) - (16 << 10) + 64
    data[at + 12 : at + 16] = block.to_bytes(4, "big")
    data[at + 60 : at + 64] = crc(data[at : at + 60]).to_bytes(4, "big")
    for table in (0, 16 << 10):
        record = table + 128 + 77 * 172
        data[record : record + 4] = b"\x7f\xff\xff\xff"
        data[record + 168 : record + 172] = crc(data[record : record + 168]).to_bytes(4, "big")
    return data


def test_volume_with_a_block_far_away_is_not_held(tmp_path: Path) -> None:
    """A hole of 34 TB costs no memory to tell of, and reading it ends at a ceiling."""
    _, (_, rootfs) = read(far(tmp_path, 0x7FFFFFFE))
    limits = Limits().fitted(1 << 20)
    assert rootfs.content is not None
    hasher = Hasher(Detector(()), Budget(limits, 1 << 20, lambda: 0.0), limits)

    assert rootfs.size == 0x7FFFFFFF * ((16 << 10) - 128)
    assert isinstance(hasher.examine(rootfs.content, whole=True, hold=False).error, LimitExceeded)


def test_flips_are_answered(tmp_path: Path) -> None:
    """Any byte of headers and tables changed to anything: volumes or an error of the input."""
    data = ubinize(tmp_path, *NOR)
    seen = 0
    for block in range(0, len(data), 16 << 10):
        for at in range(block, block + 300, 3):
            damaged = bytearray(data)
            damaged[at] ^= 0xFF
            try:
                reading, entries = read(damaged)
            except MalformedInput:
                continue
            for entry in entries:
                try:
                    content(entry)
                except InputError:
                    seen += 1
            seen += len(reading.anomalies)
            assert reading.end is not None
            assert reading.end <= len(data)

    assert seen > 1_000


def test_image_cut_anywhere_is_answered(tmp_path: Path) -> None:
    """Every beginning of an image is read as far as it goes."""
    data = ubinize(tmp_path, *NOR)
    for size in range(64, len(data), 999):
        try:
            reading, _ = read(data[:size])
        except MalformedInput:
            assert size < 3 * (16 << 10)
            continue
        assert reading.end in (size, size // (16 << 10) * (16 << 10))
