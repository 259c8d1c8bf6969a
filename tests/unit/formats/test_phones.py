"""Containers of phones, their chips and receivers: what is none of them, and what their checksums are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promises.vectors import FOLDER, Vector

from trueware.formats import FORMATS
from trueware.formats.contract import Format
from trueware.formats.phones.update_app import crc16
from trueware.formats.soc.novatek_pack import checksum

MINE = [format_ for format_ in FORMATS if format_.__module__.split(".")[2] in ("phones", "receivers", "soc")]
ORDINARY = [
    b"",
    b"#!/bin/sh\n" * 400,
    bytes(8192),
    b"\xff" * 8192,
    b"device:eth0\nversion:1\nregion:none\n" + b"key:value\n" * 500,
    bytes(range(256)) * 40,
    b"G" * 20_000,
]


@pytest.mark.parametrize("format_", MINE, ids=lambda format_: format_.name)
def test_ordinary_files_are_none_of_them(format_: type[Format]) -> None:
    """Text, tables and fillers do not match, whatever magic is written over them."""
    for content in ORDINARY:
        for magic in format_.magics:
            data = bytearray(content)
            start = magic.offset if magic.offset >= 0 else max(len(data) + magic.offset, 0)
            data[start : start + len(magic.value)] = magic.value

            assert not format_.matches(memoryview(bytes(data)))


@pytest.mark.parametrize("format_", MINE, ids=lambda format_: format_.name)
def test_no_beginning_of_an_image_escapes(format_: type[Format]) -> None:
    """`matches` answers for every beginning of every genuine image, however short."""
    for folder in (FOLDER / format_.name).iterdir():
        if folder.is_dir():
            data = Vector(folder).data
            for size in range(min(len(data), 2700)):
                assert format_.matches(memoryview(data[:size])) in (True, False)


def test_crc_of_x25() -> None:
    """The check value of the catalogue of CRCs for CRC-16/X-25, and that of nothing."""
    assert crc16(memoryview(b"123456789")) == 0x906E
    assert crc16(memoryview(b"")) == 0


@given(data=st.binary(max_size=500))
def test_novatek_sum(data: bytes) -> None:
    """The sum of words and indices at once is that over each word in turn."""
    words = [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data) - 1, 2)]

    assert checksum(memoryview(data)) == sum(word + index for index, word in enumerate(words)) & 0xFFFF
