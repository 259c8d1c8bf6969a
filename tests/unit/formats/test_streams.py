"""Compressed streams: what their own tools pack comes back, whole, bounded, as often as asked, and no more of it than there is."""

import bz2
import gzip
import lzma
import random
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from struct import pack
from zlib import adler32, crc32

import lz4.block
import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from lzallright import LZOCompressor

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.compressed import MAX_WINDOW
from trueware.formats.compression.bzip2 import Bzip2
from trueware.formats.compression.gzip import Gzip
from trueware.formats.compression.lz4 import Lz4
from trueware.formats.compression.lz4_legacy import Lz4Legacy
from trueware.formats.compression.lzma_alone import LzmaAlone
from trueware.formats.compression.lzop import Lzop
from trueware.formats.compression.xz import Xz
from trueware.formats.compression.zstd import Zstd
from trueware.formats.contract import CHUNK, Buffer, Entry, Format, Reading
from trueware.model.limits import Limits

DATA = b"".join(b"%d: pages and scripts pack well\n" % (number * number) for number in range(40_000))
"""More than a chunk, so that decompressors stop and go on."""

Packer = Callable[[bytes], bytes]


def lz4_legacy(data: bytes) -> bytes:
    """Return `data` in LZ4's legacy frame, which Python's lz4 does not write."""
    blocks = [data[at : at + (8 << 20)] for at in range(0, len(data), 8 << 20)]
    packed = [lz4.block.compress(block, store_size=False) for block in blocks]
    return b"\x02\x21\x4c\x18" + b"".join(pack("<I", len(block)) + block for block in packed)


def lzop(data: bytes) -> bytes:
    """Return `data` as lzop writes it, with a checksum of either kind in front of the data and of the packed bytes."""
    flags = 0x0001 | 0x0002 | 0x0100 | 0x0200
    header = pack(">HHHBBIIIIB", 0x1040, 0x20A0, 0x0940, 1, 5, flags, 0o100644, 0, 0, 0)
    blocks = []
    for block in (data[at : at + CHUNK] for at in range(0, len(data), CHUNK)):
        small = LZOCompressor().compress(block)
        sums = [adler32(block), crc32(block)]
        if len(small) < len(block):
            sums += [adler32(small), crc32(small)]
        else:
            small = block
        blocks.append(pack(f">{2 + len(sums)}I", len(block), len(small), *sums) + small)
    return b"\x89LZO\0\r\n\x1a\n" + header + pack(">I", adler32(header)) + b"".join(blocks) + bytes(4)


PACKERS: dict[str, tuple[type[Format], Packer]] = {
    "gzip": (Gzip, gzip.compress),
    "xz": (Xz, lzma.compress),
    "xz-sha256": (Xz, lambda data: lzma.compress(data, check=lzma.CHECK_SHA256)),
    "lzma-alone": (LzmaAlone, lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
    "bzip2": (Bzip2, bz2.compress),
    "zstd": (Zstd, lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data)),
    "lz4": (Lz4, lambda data: lz4.frame.compress(data, content_checksum=True, block_checksum=True)),
    "lz4-linked": (
        Lz4,
        lambda data: lz4.frame.compress(data, block_linked=True, block_size=lz4.frame.BLOCKSIZE_MAX4MB),
    ),
    "lz4-legacy": (Lz4Legacy, lz4_legacy),
    "lzop": (Lzop, lzop),
}

TOOLS: dict[str, tuple[type[Format], tuple[str, ...]]] = {
    "gzip": (Gzip, ("gzip", "-c")),
    "xz": (Xz, ("xz", "-c", "--block-size=300000")),
    "lzma-5d": (LzmaAlone, ("xz", "-c", "--format=lzma")),
    "lzma-6d": (LzmaAlone, ("xz", "-c", "--format=lzma", "--lzma1=lc=1,lp=2,pb=2,dict=1MiB")),
    "bzip2": (Bzip2, ("bzip2", "-c")),
    "zstd": (Zstd, ("zstd", "-qc", "-12")),
    "zstd-long": (Zstd, ("zstd", "-qc", "--long=27", "--no-check")),
    "lz4": (Lz4, ("lz4", "-qc")),
    "lz4-linked": (Lz4, ("lz4", "-qc", "-B4", "-BD", "-BX")),
    "lz4-legacy": (Lz4Legacy, ("lz4", "-qlc")),
    "lzop": (Lzop, ("lzop", "-qc")),
    "lzop-999": (Lzop, ("lzop", "-qc", "-9", "--crc32")),
}

by_packer = pytest.mark.parametrize(("format_", "pack_"), PACKERS.values(), ids=PACKERS)
in_a_row = pytest.mark.parametrize(
    ("format_", "pack_"),
    [PACKERS[name] for name in PACKERS if name != "lzma-alone"],
    ids=[name for name in PACKERS if name != "lzma-alone"],
)


def read(format_: type[Format], data: bytes, limits: Limits = Limits()) -> tuple[Reading, Entry]:  # noqa: B008 (frozen)
    """Read `data` and return its reading and the entry `data` of it."""
    reading = format_.read(memoryview(data), limits)
    return reading, next(iter(reading.entries))


def chunks(entry: Entry) -> Iterator[Buffer]:
    """Return the content of an entry piece by piece."""
    assert entry.content is not None
    return entry.content.chunks()


def rules(reading: Reading) -> list[str]:
    return [anomaly.rule for anomaly in reading.anomalies]


# --- what was packed comes back -----------------------------------------------------------------------------------------


@by_packer
@given(data=st.binary(min_size=1, max_size=3000), repeat=st.integers(1, 400), tail=st.binary(max_size=40))
def test_packed_data_comes_back(format_: type[Format], pack_: Packer, data: bytes, repeat: int, tail: bytes) -> None:
    """Any data, packed, comes back; the stream ends where it ends, whatever stands behind."""
    stream = pack_(data * repeat)
    reading, entry = read(format_, stream + b"\xff" * 4 + tail)

    assert format_.matches(memoryview(stream))
    assert b"".join(chunks(entry)) == data * repeat
    assert reading.end == len(stream)
    assert reading.spans == [(0, len(stream))]
    assert reading.anomalies == []


@pytest.mark.parametrize(("format_", "tool"), TOOLS.values(), ids=TOOLS)
@pytest.mark.parametrize("size", [1, 1000, CHUNK, len(DATA)])
def test_what_the_tool_packs_comes_back(format_: type[Format], tool: tuple[str, ...], size: int) -> None:
    """The format's own tool is understood."""
    stream = subprocess.run(tool, input=DATA[:size], capture_output=True, check=True).stdout
    reading, entry = read(format_, stream)

    assert format_.matches(memoryview(stream))
    assert b"".join(chunks(entry)) == DATA[:size]
    assert (reading.end, reading.anomalies) == (len(stream), [])


@by_packer
def test_chunks_are_bounded(format_: type[Format], pack_: Packer) -> None:
    """A bomb unpacks piece by piece."""
    _, entry = read(format_, pack_(bytes(5 << 20)))
    sizes = [len(chunk) for chunk in chunks(entry)]

    assert sum(sizes) == 5 << 20
    assert max(sizes) <= CHUNK


@in_a_row
@given(lengths=st.lists(st.integers(1, 500), min_size=2, max_size=20))
def test_streams_in_a_row_are_one_content(format_: type[Format], pack_: Packer, lengths: list[int]) -> None:
    """Their data is joined, and how it is divided is a fact."""
    stream = b"".join(pack_(DATA[:length]) for length in lengths)
    reading, entry = read(format_, stream)

    assert b"".join(chunks(entry)) == b"".join(DATA[:length] for length in lengths)
    assert (reading.end, reading.anomalies) == (len(stream), [])
    told = reading.facts["streams"]
    assert told.startswith(f"{len(lengths)} of sha256 " if len(lengths) > 16 else f"{lengths[0]}+{lengths[1]}")


@in_a_row
def test_border_between_streams_is_told(format_: type[Format], pack_: Packer) -> None:
    """The same data divided elsewhere gives other facts, however many streams there are."""
    facts = []
    for borders in ([10], [11], range(1, 40), [*range(1, 39), 41]):
        pieces = [DATA[start:stop] for start, stop in pairwise([0, *borders, 60])]
        reading, entry = read(format_, b"".join(map(pack_, pieces)))

        assert b"".join(chunks(entry)) == DATA[:60]
        facts.append(reading.facts["streams"])

    assert len(set(facts)) == 4


@in_a_row
def test_streams_in_a_row_are_limited(format_: type[Format], pack_: Packer) -> None:
    """More streams than a container may have entries are refused."""
    stream = pack_(b"x") * 12

    with pytest.raises(LimitExceeded, match="max_entries"):
        list(chunks(read(format_, stream, Limits(max_entries=10))[1]))


# --- reading again ------------------------------------------------------------------------------------------------------


@by_packer
def test_content_is_read_again_without_doubling(format_: type[Format], pack_: Packer) -> None:
    """A second pass, one given up half-way, and eight at once find and report what the first did."""
    stream = pack_(DATA)[:-1]
    reading, entry = read(format_, stream)
    first = b"".join(chunks(entry))
    once = list(reading.anomalies)
    next(chunks(entry), None)
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(lambda _: b"".join(chunks(entry)), range(8)))

    assert again == [first] * 8
    assert [anomaly.rule for anomaly in once] == ["truncated"]
    assert reading.anomalies == once
    assert reading.spans == [(0, len(stream))]


@by_packer
def test_pass_given_up_claims_everything_and_leaves_a_doubt(format_: type[Format], pack_: Packer) -> None:
    """What nobody waited for is neither unread bytes nor proof of anything."""
    stream = pack_(DATA)
    reading, entry = read(format_, stream + b"behind")
    next(chunks(entry))

    assert rules(reading) == ["limit-reached"]
    assert (reading.spans, reading.end) == ([(0, len(stream) + 6)], len(stream) + 6)


# --- damage -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["xz", "bzip2", "zstd", "lz4", "lzop"])
def test_failed_pass_claims_what_was_unpacked_and_leaves_a_doubt(name: str) -> None:
    """What follows the bytes that decompressors were given is not the stream's own."""
    format_, pack_ = PACKERS[name]
    words = [b"%x" % number for number in range(0, 1 << 32, 1 << 20)]
    stream = bytearray(pack_(b" ".join(random.Random(name).choices(words, k=1 << 18))))
    middle = len(stream) // 2
    stream[middle : middle + 200] = bytes(200)
    reading, entry = read(format_, bytes(stream) + bytes(1 << 20))
    with pytest.raises(MalformedInput):
        list(chunks(entry))

    assert {"malformed", "unsupported"} & set(rules(reading))
    assert reading.end is not None
    assert middle < reading.end <= len(stream)
    assert reading.spans == [(0, reading.end)]


def test_frame_behind_others_that_cannot_be_read_is_not_theirs() -> None:
    """The data before it are there."""
    frame = zstandard.ZstdCompressor().compress(b"x")
    reading, entry = read(Zstd, frame + frame[:4] + b"\xff" * 20)
    data = chunks(entry)

    assert next(data) == b"x"
    with pytest.raises(MalformedInput):
        next(data)
    assert (reading.spans, rules(reading)) == ([(0, len(frame))], ["malformed"])


EMPTY_BLOCKS: dict[str, tuple[type[Format], bytes]] = {
    "zstd": (Zstd, b"\x28\xb5\x2f\xfd\x00\x58" + bytes(3) * 100 + b"\1\0\0"),
    "lz4": (Lz4, lz4.frame.compress(b"")[:-4] + b"\1\0\0\x80x" * 100 + bytes(4)),
    "lz4-legacy": (Lz4Legacy, b"\x02\x21\x4c\x18" + b"\4\0\0\0\x30xyz" * 100),
    "lzop": (Lzop, lzop(b"x")[:-4].partition(b"\0\0\0\1\0\0\0\1")[0] + pack(">4IB", 1, 1, 0, 0, 120) * 100),
}


@pytest.mark.parametrize("name", EMPTY_BLOCKS)
def test_blocks_of_next_to_nothing_are_limited(name: str) -> None:
    """They are bounded like streams in a row; all of the input counts as claimed, so that nobody looks for more in it."""
    format_, stream = EMPTY_BLOCKS[name]
    reading, entry = read(format_, stream, Limits(max_entries=50))
    with pytest.raises(LimitExceeded, match="next to nothing"):
        list(chunks(entry))

    assert reading.spans == [(0, len(stream))]
    assert "limit-reached" in rules(reading)


@by_packer
@given(place=st.floats(0, 1, exclude_max=True))
def test_cut_stream_gives_its_beginning_and_says_so(format_: type[Format], pack_: Packer, place: float) -> None:
    """Whatever is missing, what is there is no invention, and a reading without a finding does not happen."""
    stream = pack_(DATA[:9000])
    cut = stream[: int(place * len(stream))]
    try:
        reading, entry = read(format_, cut)
    except MalformedInput:
        return
    data = b"".join(chunks(entry))

    assert DATA.startswith(data)
    assert rules(reading) == ["truncated"]
    assert reading.end == len(cut)


@pytest.mark.parametrize("name", sorted(set(PACKERS) - {"lzma-alone", "lz4-legacy", "lz4-linked"}))
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_flipped_bit_never_changes_data_silently(name: str, place: float, bit: int) -> None:
    """Formats with a checksum give the right data, or a finding."""
    format_, pack_ = PACKERS[name]
    stream = bytearray(pack_(DATA[:9000]))
    stream[int(place * len(stream))] ^= 1 << bit
    try:
        reading, entry = read(format_, bytes(stream))
        data = b"".join(chunks(entry))
    except InputError:
        return

    assert data == DATA[:9000] or rules(reading)


# --- what would cost too much -------------------------------------------------------------------------------------------


def test_large_dictionary_of_xz_is_refused() -> None:
    """No dictionary of 1 GiB is made by liblzma for a stream of some bytes."""
    stream = bytearray(lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
    end = 12 + (stream[12] + 1) * 4 - 4
    stream[16] = 36
    stream[end : end + 4] = crc32(stream[12:end]).to_bytes(4, "little")

    with pytest.raises(UnsupportedInput, match="Memory usage"):
        list(chunks(read(Xz, bytes(stream))[1]))


def test_large_dictionary_of_lzma_is_refused() -> None:
    """The ceiling itself is read, twice as much is refused, and told apart from what is no LZMA."""
    stream = lzma.compress(DATA, lzma.FORMAT_ALONE)
    largest = stream[:1] + pack("<I", MAX_WINDOW) + stream[5:]
    larger = stream[:1] + pack("<I", MAX_WINDOW * 2) + stream[5:]

    assert b"".join(chunks(read(LzmaAlone, largest)[1])) == DATA
    assert LzmaAlone.matches(memoryview(larger))
    with pytest.raises(UnsupportedInput, match="dictionary"):
        read(LzmaAlone, larger)


def test_large_window_of_zstd_is_refused() -> None:
    """A frame header may ask for 2 GiB; it is refused before anything is unpacked."""
    parameters = zstandard.ZstdCompressionParameters(window_log=20, write_content_size=False)
    stream = bytearray(zstandard.ZstdCompressor(compression_params=parameters).compress(DATA))
    assert stream[5] == (20 - 10) << 3
    stream[5] = (31 - 10) << 3

    with pytest.raises(UnsupportedInput, match="window"):
        read(Zstd, bytes(stream))


def test_large_block_of_lzop_is_refused() -> None:
    """The codec cannot be told where to stop, so blocks are small or not unpacked."""
    block = LZOCompressor().compress(bytes(1 << 20))
    stream = lzop(b"")[:-4] + pack(">6I", 1 << 20, len(block), 0, 0, 0, 0) + block + bytes(4)

    with pytest.raises(UnsupportedInput, match="1048576 bytes"):
        list(chunks(read(Lzop, stream)[1]))


# --- what is not of the format ------------------------------------------------------------------------------------------


@given(st.binary(max_size=4000))
def test_lzma_header_alone_does_not_match(body: bytes) -> None:
    """Behind a likely header, what no encoder wrote is not taken for a stream, or soon is found not to be one."""
    data = pack("<BIQ", 0x5D, 1 << 23, (1 << 64) - 1) + body
    if not LzmaAlone.matches(memoryview(data)):
        return

    assert body[:1] == b"\0"
    assert len(body) >= 5


@pytest.mark.parametrize(
    "head",
    [
        pack("<BIQ", 0x5D, 0, 100),
        pack("<BIQ", 0x5D, (1 << 23) + 1, 100),
        pack("<BIQ", 0x5D, 5 << 21, 100),
        pack("<BIQ", 0x5D, 1 << 23, 1 << 50),
        pack("<BIQ", 0x68, 1 << 23, 100),
        pack("<BIQ", 0xFF, 1 << 23, 100),
    ],
)
def test_unlikely_lzma_headers_do_not_match(head: bytes) -> None:
    """No dictionary, one of odd size, an unbelievable length, lc + lp over four, properties that do not exist."""
    stream = lzma.compress(DATA, lzma.FORMAT_ALONE)

    assert LzmaAlone.matches(memoryview(stream))
    assert not LzmaAlone.matches(memoryview(head + stream[13:]))


def test_table_of_numbers_is_no_lzma() -> None:
    """Zero bytes behind something like a header would unpack to zeros for ever."""
    assert not LzmaAlone.matches(memoryview(pack("<BIQ", 0x5D, 1 << 16, 1 << 20) + bytes(4096)))


def test_lzma_of_any_properties_is_read_when_named() -> None:
    """What `matches` is too strict for is still read when somebody knows better."""
    filters = [{"id": lzma.FILTER_LZMA1, "lc": 0, "lp": 0, "pb": 0, "dict_size": 5000}]
    stream = lzma.compress(DATA, lzma.FORMAT_ALONE, filters=filters)

    assert not LzmaAlone.matches(memoryview(stream))
    assert b"".join(chunks(read(LzmaAlone, stream)[1])) == DATA


@pytest.mark.parametrize("cut", range(11, 40))
def test_gzip_header_may_end_anywhere(cut: int) -> None:
    """Every optional field is checked against what is there."""
    header = b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x05\0extra" + b"name\0" + b"comment\0" + b"\0\0"

    with pytest.raises(MalformedInput):
        read(Gzip, header[:cut].ljust(18, b"\xff"))


def test_gzip_fields_that_a_kernel_reads_otherwise_are_facts() -> None:
    """Only the name is skipped by a kernel; the other fields would be deflate data to it."""
    plain = gzip.compress(b"x", mtime=0)
    header = plain[:3] + b"\x1e" + plain[4:10] + b"\x05\0extra" + b"name\0" + b"comment\0"
    stream = header + pack("<H", crc32(header) & 0xFFFF) + plain[10:]
    reading, entry = read(Gzip, stream)

    assert b"".join(chunks(entry)) == b"x"
    assert set(reading.facts) == {"extra", "comment", "header-crc"}
    assert reading.notes == {"name": "name"}
    assert reading.anomalies == []


def test_gzip_wrong_header_crc_is_told() -> None:
    """A CRC-16 that does not fit is a finding, once, and the data is read."""
    plain = gzip.compress(b"x", mtime=0)
    stream = plain[:3] + b"\x02" + plain[4:10] + b"\xff\xff" + plain[10:]
    reading, entry = read(Gzip, stream)

    assert b"".join(chunks(entry)) == b"x"
    assert rules(reading) == ["checksum-mismatch"]


def test_blocks_of_zstd_do_not_hide_behind_skippable_frames() -> None:
    """Skippable frames of any kind are regions called after their place, and need not be whole at the end."""
    frame = zstandard.ZstdCompressor().compress(b"x")
    skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
    reading = Zstd.read(memoryview(skippable + frame + skippable + frame + skippable[:-1]), Limits())
    entries = list(reading.entries)

    assert [entry.path for entry in entries] == ["data", "skippable-0", "skippable-2"]
    assert b"".join(chunks(entries[0])) == b"xx"
    assert [bytes(next(chunks(entry))) for entry in entries[1:]] == [b"abc", b"abc"]
    assert reading.end == len(skippable) * 2 + len(frame) * 2


def test_skippable_frames_alone_are_neither_format() -> None:
    """Zstandard and LZ4 share them; without a frame of data nobody can tell whose they are."""
    skippable = memoryview(b"\x50\x2a\x4d\x18\x03\0\0\0abc")

    assert not Zstd.matches(skippable)
    assert not Lz4.matches(skippable)
    with pytest.raises(MalformedInput):
        Zstd.read(skippable, Limits())


def test_lz4_legacy_stops_where_a_kernel_appends_the_length() -> None:
    """Neither the length nor what follows it is taken for a block."""
    stream = lz4_legacy(DATA)
    reading, entry = read(Lz4Legacy, stream + pack("<I", len(DATA)) + DATA)

    assert b"".join(chunks(entry)) == DATA
    assert (reading.end, reading.anomalies) == (len(stream), [])
