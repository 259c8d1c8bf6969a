"""TP-Link's header: an image laid out anew around the same parts is the same software, and what it says otherwise counts."""

import lzma
from hashlib import md5
from struct import pack, pack_into

import pytest
from tests.conftest import Measure
from tests.promises.vectors import FOLDER, Vector

from trueware.model.part import Part

SALT = bytes.fromhex("dcd73aa5c39598fbddf9e7f40eae4738")
KERNEL = b"a kernel, unpacked by the boot loader " * 90
BLOCK = 0x10000
MARK = b"\xde\xad\xc0\xde"


def packed_kernel(lc: int) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 6, "lc": lc, "dict_size": 1 << 20}]
    return lzma.compress(KERNEL, lzma.FORMAT_ALONE, filters=filters)


def image(
    kernel: bytes, root: bytes, *, root_at: int | None = None, boot_at: int = 0, entry: int = 0x80060400, mark: int = 0
) -> bytes:
    """Return an image whose root lies at the next 256 bytes behind the kernel, `mark` erase blocks behind it the mark."""
    start = -(-(0x200 + len(kernel)) // 0x100) * 0x100
    made = bytearray(0x200) + kernel
    made += b"\xff" * (start - len(made)) + root
    made += b"\xff" * (-len(made) % BLOCK + mark * BLOCK) + MARK
    made += b"\xff" * (4 * BLOCK - len(made))
    pack_into(">4s24s36s", made, 0, b"\1\0\0\0", b"VECTOR", b"ver. 1.0")
    made[0x4C:0x5C] = SALT
    places = (0x200, len(kernel), start if root_at is None else root_at, len(root), boot_at, 0)
    pack_into(">3I6I", made, 0x74, 0x80060000, entry, 4 * BLOCK, *places)
    made[0x4C:0x5C] = md5(made, usedforsecurity=False).digest()
    return bytes(made)


def root(filler: int = 0) -> bytes:
    return Vector(FOLDER / "squashfs/xz").data + bytes(filler)


@pytest.fixture(scope="module")
def genuine(measure_bytes: Measure) -> Part:
    return measure_bytes(image(packed_kernel(3), root())).root


@pytest.mark.parametrize(
    "twin",
    [
        image(packed_kernel(0), root()),
        image(packed_kernel(3) + bytes(0x900), root()),
        image(packed_kernel(3), root(0x1000)),
    ],
    ids=["kernel packed anew", "kernel and its filler", "root and its filler"],
)
def test_the_same_parts_laid_out_anew_are_the_same_software(genuine: Part, twin: bytes, measure_bytes: Measure) -> None:
    """Other lengths, another place of the root, and a header that says so: nothing a device acts on differs."""
    measured = measure_bytes(twin).root

    assert measured.certain
    assert (measured.sha256 != genuine.sha256, measured.tree) == (True, genuine.tree)
    assert dict(measured.notes) != dict(genuine.notes)


@pytest.mark.parametrize(
    ("other", "fact"),
    [
        (image(packed_kernel(3), root(), entry=0x80060404), "entry"),
        (image(packed_kernel(3).ljust(0x300, b"\0"), root(), root_at=0x8000), "rootfs-offset"),
        (image(packed_kernel(3), root(), boot_at=0x8000), "bootloader-offset"),
        (image(packed_kernel(3), root(), mark=1), "jffs2-end-marks"),
        (image(packed_kernel(3), root() + bytes(BLOCK)), "jffs2-end-marks"),
    ],
    ids=["entry", "another root", "another boot loader", "mark too late", "filler before the mark"],
)
def test_what_a_device_may_follow_counts(genuine: Part, other: bytes, fact: str, measure_bytes: Measure) -> None:
    """An entry point, an offset where nothing was found, and a mark where no device looks are facts."""
    measured = measure_bytes(other).root
    differing = {name for name, _ in set(measured.facts) ^ set(genuine.facts)}

    assert (measured.tree != genuine.tree, differing) == (True, {fact})


def test_a_kernel_elsewhere_counts(measure_bytes: Measure) -> None:
    """A boot loader may look for the kernel right behind the header whatever that says."""
    plain, moved = (
        pack(">4s24s", b"\1\0\0\0", b"VECTOR").ljust(0x74, b"\0")
        + pack(">5I", 0x80060000, 0x80060400, 0x600, at, 0x100).ljust(0x200 - 0x74, b"\0")
        + (KERNEL[:0x100]).rjust(at - 0x200 + 0x100, b"\0").ljust(0x400, b"\0")
        for at in (0x200, 0x300)
    )

    assert dict(measure_bytes(moved).root.facts)["kernel-offset"] == "0x300"
    assert measure_bytes(moved).root.tree != measure_bytes(plain).root.tree
