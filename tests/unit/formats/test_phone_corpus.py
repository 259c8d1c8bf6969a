"""Real images of a phone of the corpus: every byte of them has a place."""

from pathlib import Path

import pytest

from trueware.formats.contract import Reading
from trueware.formats.phones.samsung_signer import SamsungSigner
from trueware.formats.soc.mtk_partition import MtkPartition
from trueware.formats.soc.mtk_preloader import MtkPreloader
from trueware.model.limits import Limits

pytestmark = pytest.mark.corpus

IMAGES = {
    "lk.img": ["0-lk", "1-cert1", "2-cert2", "3-lk_main_dtb", "4-cert1", "5-cert2"],
    "tee.img": ["0-atf", "1-cert1", "2-cert2", "3-tee", "4-cert1", "5-cert2"],
    "gz.img": ["0-gz", "1-cert1", "2-cert2", "3-unmap2", "4-cert1", "5-cert2"],
    "sspm.img": ["0-tinysys-sspm", "1-cert1", "2-cert2"],
    "spmfw.img": ["0-spmfw", "1-cert1", "2-cert2"],
}


def covered(reading: Reading) -> int:
    """Return where the bytes that entries and spans account for without a gap end."""
    at = 0
    entries = [(entry.offset or 0, (entry.offset or 0) + entry.size) for entry in reading.entries]
    for start, end in sorted([*reading.spans, *entries]):
        if start > at:
            break
        at = max(at, end)
    return at


@pytest.mark.parametrize("name", IMAGES)
def test_partition_images(corpus: Path, name: str) -> None:
    """Images and their certificates tile the file, and the last says that it is."""
    (path,) = corpus.rglob(f"open/motorola-milan_g/{name}")
    data = path.read_bytes()
    reading = MtkPartition.read(memoryview(data), Limits())

    assert [entry.path for entry in reading.entries] == IMAGES[name]
    assert reading.anomalies == []
    assert covered(reading) == reading.end == len(data)


def test_preloader(corpus: Path) -> None:
    """Headers for the boot ROM, blocks, code and signature tile the file."""
    (path,) = corpus.rglob("open/motorola-milan_g/preloader.img")
    data = path.read_bytes()
    reading = MtkPreloader.read(memoryview(data), Limits())

    assert {entry.path: entry.size for entry in reading.entries} == {
        "boot-headers": 2048,
        "blocks": 240,
        "code": 321_348,
        "signature": 1644,
    }
    assert reading.anomalies == []
    assert covered(reading) == reading.end == len(data)


@pytest.mark.parametrize(
    ("name", "build", "product"),
    [
        ("1a9618e9c488052d", "T225XXU1AVE1", "SM-T225_EUR_XX_MKEY0"),
        ("9fccb97a3a00be3e", "A107FXXS8CWD3", "SM-A107F_SEA_DX_GBL0"),
    ],
)
def test_signed_by_samsung(corpus: Path, name: str, build: str, product: str) -> None:
    """The block behind Samsung's sums of partitions names build and model, and the two tile the file."""
    (path,) = corpus.rglob(f"avb-wild/open/{name}.img")
    data = path.read_bytes()
    reading = SamsungSigner.read(memoryview(data), Limits())

    assert (reading.facts["build"], reading.facts["product"]) == (build, product)
    assert {entry.path: entry.size for entry in reading.entries} == {"image": len(data) - 512, "signature": 512}
    assert covered(reading) == len(data)
