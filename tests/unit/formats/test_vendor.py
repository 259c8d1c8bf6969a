"""Containers of network devices: what is none of them, and what their checksums are."""

import zlib
from dataclasses import replace
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promises.vectors import FOLDER, Vector

from trueware.errors import LimitExceeded
from trueware.formats import FORMATS
from trueware.formats.contract import Format
from trueware.formats.sums import cksum, folded, long_sum, word_sum
from trueware.formats.vendor.hwnp import Hwnp
from trueware.formats.vendor.netgear_chk import checksum
from trueware.formats.vendor.npk import Npk
from trueware.model.limits import Limits

VENDOR = [format_ for format_ in FORMATS if format_.__module__.startswith("trueware.formats.vendor.")]
ORDINARY = [
    b"",
    b"#!/bin/sh\n" * 400,
    b"\x7fELF" + bytes(8000),
    bytes(8192),
    b"\xff" * 8192,
    b"device:eth0\nversion:1\nregion:none\n" + b"key:value\n" * 500,
    bytes(range(256)) * 40,
]


@pytest.mark.parametrize("format_", VENDOR, ids=lambda format_: format_.name)
def test_ordinary_files_are_none_of_them(format_: type[Format]) -> None:
    """Text, programs and fillers do not match, whatever magic is written over them."""
    for content in ORDINARY:
        for magic in format_.magics:
            data = bytearray(content)
            start = magic.offset if magic.offset >= 0 else max(len(data) + magic.offset, 0)
            data[start : start + len(magic.value)] = magic.value

            assert not format_.matches(memoryview(bytes(data)))


@pytest.mark.parametrize("format_", VENDOR, ids=lambda format_: format_.name)
def test_no_beginning_of_an_image_escapes(format_: type[Format]) -> None:
    """`matches` answers for every beginning of every genuine image, however short."""
    for folder in (FOLDER / format_.name).iterdir():
        if folder.is_dir():
            data = Vector(folder).data
            for size in range(min(len(data), 700)):
                assert format_.matches(memoryview(data[:size])) in (True, False)


@given(data=st.binary(max_size=400))
def test_netgear_checksum(data: bytes) -> None:
    """The sums of short pieces are the sums over all bytes, as the definition has them."""
    low = high = 0
    for byte in data:
        low = (low + byte) % 2**32
        high = (high + low) % 2**32
    for _ in range(2):
        low, high = (low & 0xFFFF) + (low >> 16), (high & 0xFFFF) + (high >> 16)

    assert checksum(memoryview(data)) == (high & 0xFFFF) << 16 | low & 0xFFFF


def test_netgear_checksum_wraps_around() -> None:
    """The second sum passes 2³² within a few kilobytes of the highest byte."""
    data = b"\xff" * 10_000
    high = sum(255 * place for place in range(1, 10_001)) % 2**32
    folded = (high & 0xFFFF) + (high >> 16)
    low = 2_550_000 % 65_536 + 2_550_000 // 65_536

    assert checksum(memoryview(data)).to_bytes(4, "big") == pack(">HH", (folded & 0xFFFF) + (folded >> 16), low)


@given(data=st.binary(max_size=700))
def test_word_sums(data: bytes) -> None:
    """Sums over words are those over each word in turn, in either byte order, a last odd byte filled up."""
    words = [data[at : at + 2].ljust(2, b"\0") for at in range(0, len(data), 2)]
    big = sum(int.from_bytes(word, "big") for word in words)
    little = sum(int.from_bytes(word, "little") for word in words)
    carried = 0
    for word in words:
        carried += int.from_bytes(word, "big")
        carried = (carried & 0xFFFF) + (carried >> 16)

    assert word_sum(memoryview(data), big_endian=True) == big
    assert word_sum(memoryview(data), big_endian=False) == little
    assert folded(big) == carried


@given(words=st.lists(st.integers(0, 0xFFFFFFFF), max_size=200))
def test_sum_of_long_words(words: list[int]) -> None:
    """The sum of 32-bit words is that of each in turn."""
    assert long_sum(memoryview(pack(f"<{len(words)}I", *words))) == sum(words)


def test_cksum() -> None:
    """The checksum of POSIX cksum for the standard's check input, for nothing, and across the pieces it is made of."""
    assert cksum(memoryview(b"123456789")) == 930_766_865
    assert cksum(memoryview(b"")) == 4_294_967_295
    assert cksum(memoryview(bytes(1 << 18) + b"1")) == 749_982_785


def test_items_that_claim_everything_are_not_all_checked() -> None:
    """A hundred items over the same bytes overlap; their checksums are not worked out a hundred times."""
    data = bytes(50_000)
    start = 36 + 360 * 100
    items = b"".join(
        pack("<4I", number, 1, start, len(data)) + b"flash:%d" % number + bytes(344 - 6 - len(str(number)))
        for number in range(100)
    )
    head = b"HWNP" + pack(">I", start + len(data) - 0x4C) + pack("<IIII2xHII", 0, start, 0, 100, 0, 360, 0)
    reading = Hwnp.read(memoryview(head + items + data), Limits())
    found = [anomaly.rule for anomaly in reading.anomalies]

    assert found.count("overlap") == 99
    assert found.count("checksum-mismatch") == 3


@pytest.mark.parametrize("parts", [1, 5])
def test_packed_files_are_bounded(parts: int) -> None:
    """Streams in a package that unpack to more than may be held, alone or together, are a limit, not memory."""
    packed = zlib.compress(bytes((1 << 21) // parts))
    part = pack("<HI", 4, len(packed)) + packed
    data = pack("<II", 0xBAD0F11E, len(part) * parts) + part * parts
    with pytest.raises(LimitExceeded, match="max_held"):
        Npk.read(memoryview(data), replace(Limits(), max_held=1 << 20))


def test_packed_files_are_counted() -> None:
    """Files in a package beyond what a container may have are a limit."""
    files = pack("<H22xIH", 0o100644, 0, 1) + b"a"
    packed = zlib.compress(files * 1000)
    data = pack("<IIHI", 0xBAD0F11E, 6 + len(packed), 4, len(packed)) + packed
    with pytest.raises(LimitExceeded, match="max_entries"):
        Npk.read(memoryview(data), replace(Limits(), max_entries=500))
