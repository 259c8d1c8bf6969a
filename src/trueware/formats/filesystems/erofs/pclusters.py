"""Unpacks pclusters, of which some are stored as they are.

Those of a fixed size are filled up with zero bytes in front, which no stream begins with.

Where a file was found to repeat an earlier one, an extent may want only the first part of what its pcluster holds.

Before that padding was invented an LZ4 stream stood first, and behind it anything. Linux stops where it has all it wants; our
library has to be told where the stream ends.

Source: Linux fs/erofs/decompressor.c, decompressor_lzma.c, decompressor_deflate.c, decompressor_zstd.c; XZ Utils
src/liblzma/api/lzma/container.h (`lzma_microlzma_decoder`).
"""

import lzma
import zlib
from collections.abc import Callable
from struct import Struct
from threading import local

from isal import isal_zlib

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.codecs import unlz4, unzstd
from trueware.formats.contract import Buffer
from trueware.formats.filesystems.erofs.extents import HOW, INTERLACED, MAX_UNPACKED, PARTIAL, SHIFTED
from trueware.formats.filesystems.erofs.superblock import FORMAT, Incompat, Superblock

Unpack = Callable[[bytes, int, bool], bytes]
"""`unpack(stream, size, part)`: the `size` bytes that `stream` holds, or where `part` the first `size` of them.

Raises:
    MalformedInput: it does not hold as many, or not exactly that.
"""

_DEFLATE_REFUSAL: type[Exception] = isal_zlib.error  # type: ignore[assignment] # isal's stub calls the class an instance
_LZ4_RATIO, _LZ4_LEAST_MATCH = 255, 4
_LZ4_LAST = b"\xc0" + bytes(12)
"""What may end a block: literals, and enough of them."""

_LZMA_HEADER = Struct("<BIQ")
_LZMA_DICTIONARY, _LZMA_UNKNOWN = 8 << 20, (1 << 64) - 1
_DICTIONARY_LEAST = 1 << 12
_KEPT = 2
"""Unpacked pclusters that each thread keeps: the end of a file may lie across two."""


def unpack_lz4(stream: bytes, size: int, part: bool) -> bytes:  # noqa: FBT001
    """Unpack an LZ4 block."""
    if part:
        return unlz4(stream, min(len(stream) * _LZ4_RATIO, MAX_UNPACKED))[:size]
    return unlz4(stream, size)


def unpack_old_lz4(stream: bytes, size: int, part: bool) -> bytes:  # noqa: FBT001, ARG001
    """Unpack an LZ4 block that is followed by zero bytes, or by what its maker's buffer held before."""
    try:
        data = unlz4(stream.rstrip(b"\0"), size)
    except MalformedInput:
        data = b""
    return data if len(data) == size else unlz4(*_lz4_beginning(stream, size))[:size]


def _lz4_beginning(stream: bytes, size: int) -> tuple[bytes, int]:
    """Return the least of an LZ4 block that unpacks to `size` bytes, as a block of its own, and what that unpacks to.

    Source: LZ4 lz4_Block_format.md.
    """
    at = made = 0
    while at < len(stream):
        token, at = stream[at], at + 1
        literals, at = _lz4_length(stream, token >> 4, at)
        at, made = at + literals, made + literals
        if made >= size:
            return stream[:at], made
        matched, at = _lz4_length(stream, token & 15, at + 2)
        made += matched + _LZ4_LEAST_MATCH
        if made > MAX_UNPACKED:
            break
        if made >= size:
            return stream[:at] + _LZ4_LAST, made + len(_LZ4_LAST) - 1
    raise MalformedInput("lz4", at, f"{made} bytes, not {size}")


def _lz4_length(stream: bytes, length: int, at: int) -> tuple[int, int]:
    if length == 15:
        while at < len(stream) and stream[at] == 255:
            length, at = length + 255, at + 1
        length, at = length + sum(stream[at : at + 1]), at + 1
    return length, at


def unpack_lzma(stream: bytes, size: int, part: bool) -> bytes:  # noqa: FBT001
    """Unpack a MicroLZMA stream: one whose first byte, always 0, was replaced by the inverted properties."""
    dictionary = max(_DICTIONARY_LEAST, min(_LZMA_DICTIONARY, MAX_UNPACKED if part else size))
    header = _LZMA_HEADER.pack(stream[0] ^ 0xFF, dictionary, _LZMA_UNKNOWN if part else size)
    try:
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_ALONE)
        decompressor.decompress(header, 0)
        data = decompressor.decompress(b"\0" + stream[1:], size + (not part))
    except lzma.LZMAError as error:
        raise MalformedInput("lzma", 0, f"the stream cannot be unpacked ({error})") from error
    if not part and (not decompressor.eof or decompressor.unused_data):
        raise MalformedInput("lzma", 0, f"the stream does not end with its pcluster, after {len(data)} bytes")
    return data


def unpack_deflate(stream: bytes, size: int, part: bool) -> bytes:  # noqa: FBT001
    """Unpack a raw deflate stream (RFC 1951)."""
    inflater = isal_zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data: bytes = inflater.decompress(stream, size + (not part))
    except _DEFLATE_REFUSAL as error:
        raise MalformedInput("deflate", 0, f"the stream cannot be unpacked ({error})") from error
    if not part and (not inflater.eof or inflater.unused_data):
        raise MalformedInput("deflate", 0, f"the stream does not end with its pcluster, after {len(data)} bytes")
    return data


def unpack_zstd(stream: bytes, size: int, part: bool) -> bytes:  # noqa: FBT001
    """Unpack one Zstandard frame."""
    return unzstd(stream, MAX_UNPACKED if part else size)[:size]


CODECS: tuple[Unpack, ...] = (unpack_lz4, unpack_lzma, unpack_deflate, unpack_zstd)
"""In the order of `superblock.ALGORITHMS`."""


class Pclusters:
    """Unpacks the pclusters of one file system, from any thread.

    Attributes:
        view: the image.
        shared: where those begin that several files use.
    """

    def __init__(self, view: memoryview, sb: Superblock) -> None:
        self.view, self._block = view, sb.block
        self._padded = Incompat.ZERO_PADDING in sb.incompat
        self._codecs = CODECS if self._padded else (unpack_old_lz4, *CODECS[1:])
        self._per_thread = local()
        self.shared: set[int] = set()

    def unpack(self, view: memoryview, start: int, length: int, packed: int, how: int, at: int) -> Buffer:
        """Return the `length` bytes of the extent at `at` in its file, of which `packed` are stored in `view` from `start`.

        Raises:
            MalformedInput: they are not there.
        """
        kind = how & HOW
        if kind == SHIFTED:
            return view[start : start + length]
        if kind == INTERLACED:
            if packed % self._block:
                raise UnsupportedInput(FORMAT, start, f"an interlaced pcluster of {packed} bytes")
            right = self._block - at % self._block
            head = view[start + packed - right : start + packed][:length]
            return b"".join((head, view[start : start + length - len(head)]))
        stream = bytes(view[start : start + packed])
        if not stream[0] and (self._padded or kind):
            stream = stream.lstrip(b"\0") or b"\0"
        try:
            data = self._codecs[kind](stream, length, how & PARTIAL != 0)
        except MalformedInput as error:
            raise type(error)(FORMAT, start, f"pcluster of {packed} bytes: {error.format}: {error.reason}") from error
        if len(data) != length:
            raise MalformedInput(FORMAT, start, f"pcluster of {len(data)} bytes, not {length}")
        return data

    def unpack_again(self, view: memoryview, start: int, length: int, packed: int, how: int, at: int) -> Buffer:
        """Return what `unpack` does, of what is likely to be asked for again; each thread keeps a few."""
        known: dict[tuple[int, int], Buffer] | None = getattr(self._per_thread, "known", None)
        if known is None:
            known = self._per_thread.known = {}
        key = id(view), start
        data = known.get(key, b"")
        if len(data) == length or (len(data) > length and how & PARTIAL):
            return data[:length]
        data = self.unpack(view, start, length, packed, how, at)
        if how & HOW < SHIFTED:
            known[key] = data
            if len(known) > _KEPT:
                del known[next(iter(known))]
        return data
