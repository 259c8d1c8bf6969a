"""Searching opaque bytes for containers."""

import gzip
import random
from struct import pack
from typing import ClassVar
from zlib import crc32

import pytest
from tests.promises.vectors import FOLDER, Vector

from trueware.formats import FORMATS
from trueware.formats.containers.dtb import Dtb
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.measuring.carve import Carver, Search
from trueware.model.limits import Limits

FOUND = {
    "uimage/kernel": "uimage",
    "trx/version-1": "trx",
    "fit/inside": "fit",
    "dtb/board": "dtb",
    "android-sparse/img2simg": "android-sparse",
    "qcom-elf/version-3": "qcom-elf",
    "qcom-elf/version-6": "qcom-elf",
    "cbfs/files": "cbfs",
    "fmap/areas": "fmap",
}


def find(data: bytes, start: int = 0) -> list[tuple[int, str]]:
    """Return every candidate, searching on right behind the beginning of each."""
    search, found = Search(Carver(FORMATS), memoryview(data), Limits()), []
    while (candidate := search.next(start)) is not None:
        found.append((candidate.offset, candidate.format.name))
        start = candidate.offset + 1
    return found


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("case", ["little", "redundant"])
def test_environment_is_found_at_the_beginning_of_a_block(case: str) -> None:
    """U-Boot's settings have no magic: they are found by their names where a block of the flash begins."""
    found = find(noise(8192) + Vector(FOLDER / f"uboot-env/{case}").data + noise(1000, 2))

    assert found == [(8192, "uboot-env")]


def test_firmware_volume_is_found_between_others() -> None:
    """A volume begins 40 bytes before its signature, at a multiple of 8."""
    volume = Vector(FOLDER / "uefi-fv/files").data
    found = find(noise(4096) + volume + noise(1000, 2))

    assert found[0] == (4096, "uefi-fv")


@pytest.mark.parametrize("case", FOUND)
@pytest.mark.parametrize("before", [1, 4096, 100_001])
def test_container_is_found_at_any_offset(case: str, before: int) -> None:
    """A genuine container between noise is found where it begins, aligned or not."""
    container = Vector(FOLDER / case).data
    found = find(noise(before) + container + noise(1000, 2))

    assert found[0] == (before, FOUND[case])


def test_header_checksum_is_asked() -> None:
    """A uImage whose header's checksum does not fit is a constant in code, not a container."""
    found = find(noise(999) + Vector(FOLDER / "uimage/header-changed").data)

    assert found == []


def test_streams_must_unpack() -> None:
    """What has the header of a gzip stream and no stream behind it is not found; the stream behind it is."""
    header = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03"
    stream = gzip.compress(noise(100), mtime=0)
    found = find(header + b"\xff" * 64 + stream)

    assert found == [(74, "gzip")]


class Far:
    """Stands for a format that says yes to everything; by its name it is looked for by a magic 1,080 bytes in."""

    name: ClassVar[str] = "ext"
    doc: ClassVar[FormatDoc] = FormatDoc("anything")
    magics: ClassVar[tuple[Magic, ...]] = ()

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) > 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004
        return Reading()


def test_candidates_come_in_order() -> None:
    """What begins first comes first, even if its magic stands behind that of something that begins within it."""
    data = bytearray(4096)
    data[512 + 1080 : 512 + 1082] = b"\x53\xef"
    tree = Vector(FOLDER / "dtb/board").data
    data[900 : 900 + len(tree)] = tree
    search = Search(Carver((Far, Dtb)), memoryview(bytes(data)), Limits())
    found = [search.next(0), search.next(513), search.next(901)]

    assert [each and (each.offset, each.format) for each in found] == [(512, Far), (900, Dtb), None]


def test_search_goes_on_behind_a_container() -> None:
    """What lies within a container that was read is not found again."""
    tree = Vector(FOLDER / "fit/inside").data
    search = Search(Carver(FORMATS), memoryview(tree + tree), Limits())
    first = search.next(0)
    second = search.next(len(tree))

    assert (first and first.offset, second and second.offset) == (0, len(tree))
    assert search.next(len(tree) + 1) is None


def test_search_gives_up_on_bait() -> None:
    """Headers without end that are nothing cost a bounded number of looks, and the search says that it ended."""
    header = bytearray(b"\x27\x05\x19\x56" + bytes(60))
    header[4:8] = pack(">I", crc32(b"not this header"))
    search = Search(Carver(FORMATS), memoryview(bytes(header) * 4000), Limits())

    assert search.next(0) is None
    assert search.given_up


def test_bait_in_many_places_is_counted_together() -> None:
    """Opaque bytes in many parts of one artefact have no patience each."""
    carver, bait = Carver(FORMATS), memoryview((b"\x27\x05\x19\x56" + bytes(60)) * 300)
    searches = [Search(carver, bait, Limits()) for _ in range(5)]

    assert [search.next(0) for search in searches] == [None] * 5
    assert [search.given_up for search in searches] == [False, False, False, True, True]


def test_magics_with_nothing_behind_them_are_counted() -> None:
    """Nothing is confirmed there, and looking at each takes time all the same."""
    search = Search(Carver(FORMATS), memoryview(b"\x80" + b"PK\x03\x04" * (1 << 20)), Limits())

    assert search.next(0) is None
    assert search.given_up


@pytest.mark.parametrize("before", range((1 << 18) - 4, (1 << 18) + 1))
def test_magic_across_the_border_of_two_pieces_is_found(before: int) -> None:
    """The bytes are searched piece by piece."""
    assert find(bytes(before) + Vector(FOLDER / "dtb/board").data) == [(before, "dtb")]


def test_containers_are_counted_over_all_searches() -> None:
    """As many as the limits allow are found, whichever bytes they lie in."""
    carver, view, limits = Carver(FORMATS), memoryview(Vector(FOLDER / "dtb/board").data), Limits(max_carved=2)
    searches = [Search(carver, view, limits) for _ in range(3)]

    assert [search.next(0) is not None for search in searches] == [True, True, False]
    assert [search.given_up for search in searches] == [False, False, True]


def test_nothing_is_found_in_noise() -> None:
    """A mebibyte of noise and one of zeros hold no container."""
    assert find(noise(1 << 20)) == []
    assert find(bytes(1 << 20)) == []


def test_no_formats() -> None:
    """A search for nothing finds nothing."""
    assert Search(Carver(()), memoryview(Vector(FOLDER / "dtb/board").data), Limits()).next(0) is None
