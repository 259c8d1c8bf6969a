"""Indexes of apk-tools 3: the vectors of its signatures, with packages beside them."""

import zlib
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.importing.mirrors import PUBLISHER, registry, take, write

from trueware.errors import InputError
from trueware.model.verdict import Verdict
from trueware.registry.lookup import Registry
from trueware.signatures.keys import read_keys
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/apk_tools"
INDEX = (VECTORS / "index/packages.adb").read_bytes()
KEYS = read_keys((VECTORS / "keys/vectors-rsa.pub").read_bytes())


def data(case: str) -> bytes:
    return (VECTORS / case / "input.apk").read_bytes()


def test_packages_beside_an_index(tmp_path: Path) -> None:
    """The one that is listed is a reference by the digest of its file, whether index or package are packed or not."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"ADBd" + packer.compress(INDEX) + packer.flush()
    for number, (index, case) in enumerate(((INDEX, "package"), (packed, "package"), (packed, "deflate"))):
        store = registry(*KEYS)
        folder = write(tmp_path / str(number), {"packages.adb": index, "vector-1.0-r0.apk": data(case)})
        done = take(store, folder / "packages.adb")
        (release,) = store.releases()
        assert (release.product, release.version, release.sha256) == (
            "vector", "1.0-r0", sha256(data(case)).digest(),
        )  # fmt: skip
        assert release.source.startswith("packages.adb, signed by OpenWrt (")
        assert (done.added, done.refusals) == (1, 0)
        assert verify(folder / "vector-1.0-r0.apk", Registry(store)).verdict is Verdict.GENUINE
        assert take(store, folder / "packages.adb").added == 0


def test_packages_that_are_not_there(tmp_path: Path) -> None:
    """They are counted: an index states no digest by which their files would be known."""
    store = registry(*KEYS)
    done = take(store, write(tmp_path, {"packages.adb": INDEX}) / "packages.adb")
    assert (done.added, [each.reason.partition(" ")[0] for each in done.refused]) == (0, ["1"])


@pytest.mark.parametrize("case", ["changed", "renamed", "more"])
def test_other_packages_under_a_listed_name(tmp_path: Path, case: str) -> None:
    """Other data, another database, data of no file: no reference."""
    store = registry(*KEYS)
    take(store, write(tmp_path, {"packages.adb": INDEX, "vector-1.0-r0.apk": data(case)}) / "packages.adb")
    assert store.releases() == ()


def test_a_package_that_the_index_does_not_name(tmp_path: Path) -> None:
    """A package in itself without fault, unsigned and of another database: it has only the name."""
    other = data("package").replace(b"aarch64", b"aarch65")
    start = other.index(b"aarch65")
    assert start < 8 + (int.from_bytes(other[8:12], "little") & (1 << 30) - 1)
    length = int.from_bytes(other[8:12], "little")
    after = 8 + length + -length % 8  # the signature, which is left out: OpenWrt's packages have none
    size = int.from_bytes(other[after : after + 4], "little") & (1 << 30) - 1
    unsigned = other[:after] + other[after + size + -size % 8 :]
    store = registry(*KEYS)
    done = take(store, write(tmp_path, {"packages.adb": INDEX, "vector-1.0-r0.apk": unsigned}) / "packages.adb")
    assert ["another package than the index names" in each.reason for each in done.refused] == [True]
    assert store.releases() == ()


def test_no_flipped_bit_of_the_index_passes(tmp_path: Path) -> None:
    """Whatever byte is another: refused whole, or not signed any more; never more than that."""
    for at in range(0, len(INDEX), 3):
        changed = INDEX[:at] + bytes([INDEX[at] ^ 1]) + INDEX[at + 1 :]
        store = registry(*KEYS)
        path = write(tmp_path, {"packages.adb": changed, "vector-1.0-r0.apk": data("package")}) / "packages.adb"
        try:
            take(store, path, kind="apk")
        except InputError:
            assert store.releases() == ()
        else:
            assert all("signed by OpenWrt" not in each.source for each in store.releases()) or _is_filler(at)


def _is_filler(at: int) -> bool:
    """Whether a byte is one of those that fill up a block to a multiple of 8, which nobody signs or reads."""
    length = int.from_bytes(INDEX[8:12], "little") & (1 << 30) - 1
    second = 8 + length + -length % 8
    end = second + (int.from_bytes(INDEX[second : second + 4], "little") & (1 << 30) - 1)
    return 8 + length <= at < second or at >= end


def test_unsigned(tmp_path: Path) -> None:
    """Without the key it is somebody's word."""
    path = write(tmp_path, {"packages.adb": INDEX, "vector-1.0-r0.apk": data("package")}) / "packages.adb"
    with pytest.raises(InputError, match="--publisher"):
        take(MemoryStore(), path)
    store = MemoryStore()
    assert take(store, path, PUBLISHER).added == 1
    assert "not checked" in store.releases()[0].source
