"""Real firmware of the corpus: headers as their makers wrote them, every checksum fitting."""

from pathlib import Path

import pytest

from trueware.errors import MalformedInput
from trueware.formats.containers.gpt import Gpt
from trueware.formats.containers.tplink_v1 import TplinkV1
from trueware.formats.containers.uimage import UImage
from trueware.formats.contract import Entry, Reading
from trueware.model.limits import Limits

pytestmark = pytest.mark.corpus

STOCK = "tp-link-stock-vs-ddwrt/wr840nv2_eu_3_16_9_up_boot_160406_original.bin"
GLUON = "ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9"


def read(corpus: Path, name: str, start: int = 0) -> tuple[Reading, dict[str, Entry]]:
    (path,) = sorted(corpus.rglob(f"open/{name}"))
    reading = TplinkV1.read(memoryview(path.read_bytes())[start:], Limits())
    return reading, {entry.path: entry for entry in reading.entries}


def rules(reading: Reading) -> set[str]:
    return {anomaly.rule for anomaly in reading.anomalies}


def test_stock_image_with_boot_loader(corpus: Path) -> None:
    """TP-Link's own image: the boot loader's salt, then the inner header with the other one."""
    outer, regions = read(corpus, STOCK)
    inner, inside = read(corpus, STOCK, 0x20200)

    assert (outer.facts["vendor"], outer.facts["firmware-version"]) == ("TP-LINK Technologies", "3.16.9")
    assert {path: (entry.offset, entry.size) for path, entry in regions.items()} == {
        "bootloader": (0x200, 0xC400),
        "firmware": (0x20200, 0x3C0000),
    }
    assert {path: (entry.offset, entry.size) for path, entry in inside.items()} == {
        "kernel": (0x200, 0xCF4D0),
        "rootfs": (0x100000, 0x2C0000),
    }
    assert rules(outer) == rules(inner) == {"checksum-unchecked"}


@pytest.mark.parametrize("suffix", [".bin", "-sysupgrade.bin"])
def test_root_of_gluon_follows_its_kernel(corpus: Path, suffix: str) -> None:
    """The header says 0x100000; the root is where OpenWrt looks first, in the factory image and in the sysupgrade."""
    reading, regions = read(corpus, GLUON + suffix)

    assert (regions["rootfs"].offset, regions["rootfs"].size) == (0x1394D8, 2272222)
    assert rules(reading) == set()


def test_ddwrt_calls_itself_tplink(corpus: Path) -> None:
    """DD-WRT with the vendor's name and an MD5 that fits: the header proves nothing about its maker."""
    reading, regions = read(corpus, "tp-link-stock-vs-ddwrt/wr841nd-v9-factory-to-ddwrt.bin")

    assert reading.facts["vendor"] == "TP-LINK Technologies"
    assert regions["rootfs"].offset == 0xE3000
    assert rules(reading) == set()


def test_flipped_byte_of_a_real_image_is_noticed(corpus: Path) -> None:
    """One bit in the middle of the stock image, and its MD5 no longer fits."""
    (path,) = sorted(corpus.rglob(f"open/{STOCK}"))
    data = bytearray(path.read_bytes())
    data[0x180000] ^= 1

    assert "checksum-mismatch" in rules(TplinkV1.read(memoryview(bytes(data)), Limits()))


def test_boot_scripts_of_a_receiver(corpus: Path) -> None:
    """The scripts of the IPTV box are uImages of one text each, checksums fitting."""
    scripts = sorted(path for path in corpus.rglob("open/iptv-stb-b860h/*_autoscript") if path.stat().st_size > 64)
    readings = [UImage.read(memoryview(path.read_bytes()), Limits()) for path in scripts]

    assert [reading.facts["name"] for reading in readings] == ["eMMC autoscript", "S905 autoscript"]
    assert [[entry.path for entry in reading.entries] for reading in readings] == [["payload-0"], ["payload-0"]]
    assert [rules(reading) for reading in readings] == [set(), set()]


def test_partition_table_without_its_disk(corpus: Path) -> None:
    """A phone's table as a file of its own, its checksums left at zero: every partition is named, nothing passes as certain."""
    (path,) = sorted(corpus.rglob("open/motorola-milan_g/PGPT"))
    reading = Gpt.read(memoryview(path.read_bytes()), Limits())
    names = [entry.path for entry in reading.entries]

    assert len(names) == len(set(names)) == 65
    assert {"boot_a", "boot_b", "super", "vbmeta_a"} <= set(names)
    assert {"checksum-mismatch", "truncated"} <= rules(reading)


def test_other_files_are_refused(corpus: Path) -> None:
    """A text file of the corpus is none of these."""
    (path,) = sorted(corpus.rglob("open/tp-link-stock-vs-ddwrt/MANIFEST.md"))
    with pytest.raises(MalformedInput):
        TplinkV1.read(memoryview(path.read_bytes()), Limits())
