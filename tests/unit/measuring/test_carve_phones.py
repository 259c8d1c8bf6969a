"""Searching dumps of phones and receivers for what their partitions hold."""

import random

import pytest
from tests.promises.vectors import FOLDER, Vector

from trueware.formats import FORMATS
from trueware.measuring.carve import Carver, Search
from trueware.model.limits import Limits

FOUND = {
    "boot/version-0": "boot",
    "boot/version-4": "boot",
    "vendor-boot/version-4": "vendor-boot",
    "vbmeta/whole": "vbmeta",
    "dtbo/version-0": "dtbo",
    "super/whole": "super",
    "payload/full": "payload",
    "mtk-partition/row": "mtk-partition",
    "mtk-preloader/emmc": "mtk-preloader",
    "rkfw/firmware": "rkfw",
    "rkaf/image": "rkaf",
    "rk-idblock/digests": "rk-idblock",
    "imagewty/version-300": "imagewty",
    "egon/boot0": "egon",
    "aml-upgrade/version-2": "aml-upgrade",
    "aml-resource/version-2": "aml-resource",
    "aml-block/later-stage": "aml-block",
    "fip/three": "fip",
    "mibib/given": "mibib",
    "mibib/block": "mibib",
    "erofs/plain": "erofs",
    "romfs/aligned": "romfs",
    "cramfs/little": "cramfs",
}
MAGICS = (
    b"ANDROID!", b"VNDRBOOT", b"AVB0", b"\xd7\xb7\xab\x1e", b"gDla", b"CrAU", b"\x88\x16\x88\x58", b"EMMC_BOOT\0", b"RKFW", b"RKAF",
    b"RKNS", b"IMAGEWTY", b"eGON.BT0", b"\x56\x19\xb5\x27", b"AML_RES!", b"\xe2\xe1\xf5\xe0", b"-rom1fs-", b"\x45\x3d\xcd\x28",
    b"@AML", b"\x01\0\x64\xaa", b"\x9a\x1b\x7d\xaa\xbc\x48\x7d\x1f",
)  # fmt: skip


def first(data: bytes) -> tuple[int, str] | None:
    candidate = Search(Carver(FORMATS), memoryview(data), Limits()).next(0)
    return None if candidate is None else (candidate.offset, candidate.format.name)


@pytest.mark.parametrize("case", FOUND)
def test_partition_is_found_in_a_dump(case: str) -> None:
    """A genuine container behind noise is found where it begins."""
    noise = random.Random(1).randbytes(8192)

    assert first(noise + Vector(FOLDER / case).data + noise) == (8192, FOUND[case])


@pytest.mark.parametrize("magic", MAGICS)
def test_magic_in_a_program_is_no_container(magic: bytes) -> None:
    """A boot loader holds the magics it compares with; nothing begins there."""
    around = b"\x7fELF" + bytes(5000) + b"bad magic %s\0expected " + magic + b"\0header\0" + bytes(3000)

    assert first(around) is None
