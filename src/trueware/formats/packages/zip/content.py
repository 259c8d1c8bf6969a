"""The contents of zip members: stored, or unpacked by the method that their record names, and checked on the way."""

import bz2
import lzma
from collections.abc import Callable, Generator, Iterator
from zlib import crc32

import zstandard
from isal import igzip_lib

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.compressed import MAX_WINDOW, Drained, drain
from trueware.formats.contract import Buffer, Content, Held
from trueware.formats.packages.zip.directory import Record

STORED, DEFLATE, _BZIP2, _LZMA, _ZSTD, _XZ = 0, 8, 12, 14, 93, 95
_LZMA_ENDED = 2
_LZMA_HEADER, _LZMA_PROPERTIES = 4, 5
_FEED = 256
"""Compressed bytes given to zstd at a time: 64 blocks of 4 bytes at most, which unpack to 8 MiB."""

_IGZIP_REFUSAL: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment] # isal's stub calls the class an instance

Note = Callable[[str, str], None]
"""Told a rule and a detail, at most once each."""

_Unpack = Generator[Buffer, None, Drained]


class _Compressed:
    """Content that is unpacked anew at each call; archives have many, so that each is kept small."""

    __slots__ = ("_note", "_record", "_start", "_view", "group", "size")

    def __init__(self, record: Record, view: memoryview, start: int, note: Note) -> None:
        self._record, self._view, self._start, self._note = record, view, start, note
        self.size: int | None = record.size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Unpack by the method of the record."""
        record = self._record
        data = self._view[self._start : self._start + record.packed]
        return _checked(_METHODS[record.method](record, data), record, data, self._note)


_: type[Content] = _Compressed


def content(record: Record, view: memoryview, start: int, note: Note) -> Content:
    """Return the content of a member whose compressed bytes begin at `start`.

    Raises:
        UnsupportedInput: its method is not known.
    """
    if record.method == STORED:
        data = view[start : start + record.packed]
        if record.size != len(data):
            note("contradiction", f"{record.size} bytes stored in {len(data)}")
        elif crc32(data) != record.crc:
            note("checksum-mismatch", f"CRC-32 is {crc32(data):08x}, stated {record.crc:08x}")
        return Held(data)
    if record.method not in _METHODS:
        raise UnsupportedInput("zip", record.at, f"method {record.method}")
    return _Compressed(record, view, start, note)


def _checked(pieces: _Unpack, record: Record, data: memoryview, note: Note) -> Iterator[Buffer]:
    """Yield exactly as many bytes as the record states, and compare how they and the stream end with it."""
    crc, left = 0, record.size
    while True:
        try:
            piece = next(pieces)
        except StopIteration as stop:
            drained: Drained = stop.value
            break
        left -= len(piece)
        if left < 0:
            raise MalformedInput("zip", record.offset, f"a member unpacks to more than the {record.size} bytes stated")
        crc = crc32(piece, crc)
        yield piece
    if left or not drained.complete:
        raise MalformedInput("zip", record.offset, f"the data end {left} bytes before the {record.size} stated")
    if drained.end != len(data):
        note("contradiction", f"{len(data) - drained.end} bytes after the end of the compressed stream")
    if crc != record.crc:
        note("checksum-mismatch", f"CRC-32 is {crc:08x}, stated {record.crc:08x}")


def _inflate(record: Record, data: memoryview) -> _Unpack:  # noqa: ARG001 (as all methods)
    return drain(igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE), data, 0, "zip", _IGZIP_REFUSAL)


def _bunzip2(record: Record, data: memoryview) -> _Unpack:  # noqa: ARG001
    return drain(bz2.BZ2Decompressor(), data, 0, "zip", OSError)


def _unxz(record: Record, data: memoryview) -> _Unpack:  # noqa: ARG001
    return drain(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_WINDOW), data, 0, "zip", lzma.LZMAError)


def _unlzma(record: Record, data: memoryview) -> _Unpack:
    """Unpack LZMA: version, length of the properties (5), properties, stream; it ends by a mark or by the stated size."""
    start = _LZMA_HEADER + _LZMA_PROPERTIES
    if len(data) < start or int.from_bytes(data[2:4], "little") != _LZMA_PROPERTIES or data[4] >= 9 * 5 * 5:
        raise MalformedInput("zip", record.offset, "no properties of LZMA")
    lc, lp, pb = data[4] % 9, data[4] // 9 % 5, data[4] // 45
    dictionary = int.from_bytes(data[5:start], "little")
    if dictionary > MAX_WINDOW or lc + lp > 4:
        raise UnsupportedInput("zip", record.offset, f"LZMA with a dictionary of {dictionary} bytes, lc {lc}, lp {lp}")
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": max(dictionary, 4096), "lc": lc, "lp": lp, "pb": pb}]
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
    if record.flags & _LZMA_ENDED:
        return (yield from drain(decompressor, data, start, "zip", lzma.LZMAError))
    left = record.size
    for piece in drain(decompressor, data, start, "zip", lzma.LZMAError):
        # without a mark, the last bytes of the stream read like more data
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            break
    return Drained(len(data), record.size - max(left, 0), complete=left <= 0)


def _unzstd(record: Record, data: memoryview) -> _Unpack:
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
    size = at = 0
    while at < len(data) and not decompressor.eof:
        try:
            piece = decompressor.decompress(data[at : at + _FEED])
        except zstandard.ZstdError as error:
            raise MalformedInput("zip", record.offset, f"the stream cannot be unpacked ({error})") from error
        at = min(at + _FEED, len(data))
        size += len(piece)
        yield piece
    return Drained(at - len(decompressor.unused_data), size, decompressor.eof)


_METHODS: dict[int, Callable[[Record, memoryview], _Unpack]] = {
    DEFLATE: _inflate,
    _BZIP2: _bunzip2,
    _LZMA: _unlzma,
    _ZSTD: _unzstd,
    _XZ: _unxz,
}
