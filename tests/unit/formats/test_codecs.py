"""Block decompressors: what they return, and what they refuse."""

import lzma
import os
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from struct import pack

import lz4.block
import pytest
import zstandard
from lzallright import LZOCompressor

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats import codecs
from trueware.formats.codecs import LZMA_ALONE, Codec, LzmaLayout, find_lzma_layout

DATA = b"all work and no play makes jack a dull boy\n" * 90 + bytes(range(256))
FILTER = {"id": lzma.FILTER_LZMA1, "lc": 3, "lp": 0, "pb": 2, "dict_size": 1 << 16}


def raw_lzma(data: bytes, lc: int = 3, lp: int = 0, pb: int = 2) -> bytes:
    """Return an LZMA stream without its header, with an end mark."""
    alone = lzma.compress(data, lzma.FORMAT_ALONE, filters=[{**FILTER, "lc": lc, "lp": lp, "pb": pb}])
    return alone[13:]


def alone(data: bytes) -> bytes:
    return pack("<BIQ", 0x5D, 1 << 16, (1 << 64) - 1) + raw_lzma(data)


PACKERS: dict[str, tuple[Codec, Callable[[bytes], bytes]]] = {
    "zlib": (codecs.inflate, zlib.compress),
    "xz": (codecs.unxz, lambda data: lzma.compress(data, check=lzma.CHECK_CRC32)),
    "lzma": (LZMA_ALONE.unpack, alone),
    "lzo": (codecs.unlzo, lambda data: LZOCompressor().compress(data)),
    "lz4": (codecs.unlz4, lambda data: lz4.block.compress(data, store_size=False)),
    "zstd": (codecs.unzstd, lambda data: zstandard.ZstdCompressor().compress(data)),
}

by_codec = pytest.mark.parametrize(("codec", "pack"), PACKERS.values(), ids=PACKERS)


@by_codec
def test_block_is_unpacked(codec: Codec, pack: Callable[[bytes], bytes]) -> None:
    """The data come back, from any kind of buffer, with the ceiling met exactly or not."""
    packed = pack(DATA)

    assert codec(packed, len(DATA)) == DATA
    assert codec(memoryview(packed), 1 << 17) == DATA


@by_codec
def test_block_larger_than_allowed_is_refused(codec: Codec, pack: Callable[[bytes], bytes]) -> None:
    """One byte more than the ceiling is too much, and so is a bomb."""
    for data in (DATA, bytes(1 << 22)):
        with pytest.raises(MalformedInput):
            codec(pack(data), min(len(data) - 1, 1 << 17))


@by_codec
def test_block_that_ends_early_does_not_pass(codec: Codec, pack: Callable[[bytes], bytes]) -> None:
    """No prefix of a block gives the data of the block; only LZ4 has prefixes that give some of it."""
    packed = pack(DATA)
    for size in range(len(packed)):
        try:
            data = codec(packed[:size], len(DATA))
        except MalformedInput:
            continue
        assert codec is codecs.unlz4
        assert len(data) < len(DATA)


@by_codec
def test_block_with_bytes_behind_is_refused(codec: Codec, pack: Callable[[bytes], bytes]) -> None:
    """Bytes behind the end, which a device would not see, do not hide."""
    with pytest.raises(MalformedInput):
        codec(pack(DATA) + b"hidden", 1 << 17)


@by_codec
def test_flipped_bits_are_refused_or_read(codec: Codec, pack: Callable[[bytes], bytes]) -> None:
    """Damage anywhere gives some data within the ceiling, or the one error."""
    packed = pack(DATA)
    for at in range(len(packed)):
        damaged = bytearray(packed)
        damaged[at] ^= 1 << at % 8
        try:
            data = codec(bytes(damaged), len(DATA))
        except MalformedInput:
            continue
        assert len(data) <= len(DATA)


@by_codec
def test_threads_do_not_disturb_each_other(codec: Codec, pack: Callable[[bytes], bytes]) -> None:
    """Many blocks at once from several threads come back as they went in."""
    blocks = [os.urandom(40) * 500 for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        unpacked = list(pool.map(lambda block: codec(block, 1 << 17), [pack(block) for block in blocks]))

    assert unpacked == blocks


def test_xz_filters_for_machine_code_are_undone() -> None:
    """The branch filters squashfs uses."""
    for branch in (lzma.FILTER_X86, lzma.FILTER_ARM, lzma.FILTER_ARMTHUMB, lzma.FILTER_POWERPC, lzma.FILTER_SPARC):
        packed = lzma.compress(DATA, filters=[{"id": branch}, {"id": lzma.FILTER_LZMA2}])

        assert codecs.unxz(packed, len(DATA)) == DATA


def test_xz_dictionary_out_of_proportion_is_refused() -> None:
    """A block of 4 KiB that asks for a dictionary of 256 MiB does not get it."""
    packed = lzma.compress(DATA, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28}])

    with pytest.raises(MalformedInput, match="usage limit"):
        codecs.unxz(packed, len(DATA))


def test_zstd_frame_is_not_believed_when_it_states_too_much() -> None:
    """The size in the frame is looked at before the library allocates as much."""
    frame = bytes.fromhex("28b52ffde0") + pack("<Q", 1 << 40) + bytes(8)

    with pytest.raises(MalformedInput, match="1099511627776 bytes"):
        codecs.unzstd(frame, 1 << 17)


def test_lzma_header_with_huge_dictionary_is_read() -> None:
    """Some makers state 32 MiB for every block; a block cannot look back further than it is long."""
    block = pack("<BIQ", 0x5D, 0xFFFFFFFF, (1 << 64) - 1) + raw_lzma(DATA)

    assert LZMA_ALONE.unpack(block, 1 << 17) == DATA


def test_lzma_with_properties_of_no_use_is_unsupported() -> None:
    """What the format allows and liblzma does not: lc and lp above 4 together."""
    with pytest.raises(UnsupportedInput):
        LZMA_ALONE.unpack(pack("<BIQ", 4 * 9 + 8, 1 << 16, 5) + bytes(20), 100)


SHORT_HEADERS = {
    LzmaLayout(5): pack("<BI", 0x5D, 1 << 16),
    LzmaLayout(9): pack("<BII", 0x5D, 1 << 16, 0),
    LzmaLayout(0, 0x5D): b"",
    LzmaLayout(4, 0x5D): b"size",
    LzmaLayout(0, (1 * 5 + 1) * 9 + 2): b"",
}


@pytest.mark.parametrize("layout", SHORT_HEADERS, ids=str)
def test_layout_of_vendor_is_found(layout: LzmaLayout) -> None:
    """A block behind a shorter header, or none, shows by its content how it is to be read."""
    header = SHORT_HEADERS[layout]
    if layout.start == 9:
        header = header[:5] + pack("<I", len(DATA))
    known = layout.properties or 0x5D
    stream = raw_lzma(DATA, lc=known % 9, lp=known // 9 % 5, pb=known // 45)

    found = find_lzma_layout(header + stream, 1 << 13, lambda data: data.startswith(DATA[:40]))

    assert found == layout
    assert found.unpack(header + stream, 1 << 13) == DATA


def test_no_layout_is_found_where_nothing_fits() -> None:
    """Bytes that are no LZMA in any layout."""
    assert find_lzma_layout(bytes(range(200)), 1 << 13, lambda data: data.startswith(b"x")) is None


def test_raw_deflate_is_unpacked_or_refused() -> None:
    """Deflate without header and checksum: its data up to the ceiling, no more, and not half a stream."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(DATA) + packer.flush()

    assert codecs.inflate_raw(packed, len(DATA)) == DATA
    assert codecs.inflate_raw(packed, len(DATA) + 100) == DATA
    for block, size in ((packed, len(DATA) - 1), (packed[:-2], len(DATA)), (b"", 10)):
        with pytest.raises(MalformedInput):
            codecs.inflate_raw(block, size)
