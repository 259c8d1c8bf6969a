"""Decompressors of single blocks, for file systems whose files are cut into blocks that are packed one by one.

Each is a `Codec`: it takes the packed bytes of one block and the most bytes it may unpack to, and returns what was packed.
It refuses a block that holds more than that, ends early or has bytes left over. All may be called from several threads at
once and do their work without the interpreter lock.

LZMA blocks have no one layout: kernels of routers were patched to read streams behind shorter headers, or behind none.
`LzmaLayout` tells them apart, and `find_lzma_layout` finds the one in use by trying them on a block whose content is known in part.
"""

import lzma
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from threading import local

import lz4.block
import zstandard
from deflate import DeflateError, adler32, deflate_decompress, zlib_decompress
from lzallright import LZOCompressor, LZOError

from trueware.errors import MalformedInput, UnsupportedInput

Buffer = bytes | bytearray | memoryview

Codec = Callable[[Buffer, int], bytes | bytearray]
"""`codec(block, max_size)`: what `block` holds, at most `max_size` bytes.

Raises:
    MalformedInput: the block cannot be unpacked, holds more than `max_size` bytes, or is followed by bytes of nothing.
"""

_XZ_MEMORY = 1 << 25
"""Bytes a block may make liblzma keep: xz by itself asks for a dictionary of 8 MiB, though a block has use for its own size."""

_ALONE = Struct("<BIQ")
_UNKNOWN_SIZE = (1 << 64) - 1
_SMALLEST_DICTIONARY = 1 << 12
_MAX_PROPERTIES, _MAX_LC_LP = 9 * 5 * 5, 4
_STREAM_STARTS = 5
"""Bytes a range coder reads before it can say anything; the first is 0."""

_GLANCE = 64
"""Bytes that show most layouts to be wrong."""

_per_thread = local()


def inflate(block: Buffer, max_size: int) -> bytearray:
    """Unpack a zlib stream (RFC 1950)."""
    try:
        data = zlib_decompress(block, max_size)
    except DeflateError as error:
        raise MalformedInput("zlib", 0, f"no stream of up to {max_size} bytes") from error
    if block[-4:] != adler32(data).to_bytes(4, "big"):
        # libdeflate has verified the checksum where the stream ends and is silent about what follows
        raise MalformedInput("zlib", len(block) - 4, "the stream ends before its block")
    return data


def inflate_raw(block: Buffer, max_size: int) -> bytearray:
    """Unpack a raw deflate stream (RFC 1951).

    BUG: bytes behind the end of the stream go unseen; the library would have to tell where that is.
    """
    try:
        return deflate_decompress(block, max_size)
    except DeflateError as error:
        raise MalformedInput("deflate", 0, f"no stream of up to {max_size} bytes") from error


def unxz(block: Buffer, max_size: int) -> bytes:
    """Unpack one .xz stream, with the filters for machine code that it names."""
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    return _drain("xz", decompressor, block, max_size)


def unlzo(block: Buffer, max_size: int) -> bytes:
    """Unpack an LZO1X stream.

    BUG: the library unpacks all of it, up to 255 times its length, before it is refused; a ceiling would have to be its own.
    """
    try:
        data = LZOCompressor.decompress(block, max_size)
    except LZOError as error:
        raise MalformedInput("lzo", 0, f"the stream cannot be unpacked ({error.args[0]})") from error
    if len(data) > max_size:
        raise MalformedInput("lzo", 0, f"{len(data)} bytes, at most {max_size} were expected")
    return data


def unlz4(block: Buffer, max_size: int) -> bytes:
    """Unpack one LZ4 block, without a frame."""
    try:
        data: bytes = lz4.block.decompress(block, uncompressed_size=max_size)
    except lz4.block.LZ4BlockError as error:
        raise MalformedInput("lz4", 0, f"no block of up to {max_size} bytes") from error
    return data


def unzstd(block: Buffer, max_size: int) -> bytes:
    """Unpack one Zstandard frame (RFC 8878)."""
    try:
        stated = zstandard.frame_content_size(block)
        if stated > max_size:  # the library would take the frame's word and allocate as much
            raise MalformedInput("zstd", 0, f"{stated} bytes, at most {max_size} were expected")
        return _zstd_decompressor().decompress(block, max_output_size=max_size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise MalformedInput("zstd", 0, f"the frame cannot be unpacked ({error})") from error


def _zstd_decompressor() -> zstandard.ZstdDecompressor:
    """Return this thread's decompressor: making one costs more than a small block, and threads cannot share one."""
    known: zstandard.ZstdDecompressor | None = getattr(_per_thread, "zstd", None)
    if known is None:
        known = _per_thread.zstd = zstandard.ZstdDecompressor()
    return known


@dataclass(frozen=True, slots=True)
class LzmaLayout:
    """Where in a block its LZMA stream begins, and what stands before it.

    ======  ====  ==================================================
    offset  size  field, as far as `start` leaves room for it
    ======  ====  ==================================================
    0       1     properties: (pb * 5 + lp) * 9 + lc
    1       4     size of the dictionary
    5       4, 8  size of the data; eight times FF: an end mark tells
    ======  ====  ==================================================

    Source: LZMA SDK, DOC/lzma-specification.txt, for a `start` of 13.
    """

    start: int = _ALONE.size
    properties: int | None = None
    """What kernels take for granted, None: it stands in the block."""

    def unpack(self, block: Buffer, max_size: int) -> bytes:
        """Unpack a block (a `Codec`)."""
        if len(block) < self.start + _STREAM_STARTS or block[self.start]:
            raise MalformedInput("lzma", 0, f"no stream at {self.start}")
        properties, dictionary, size = self.properties, max_size, None
        if properties is None:
            properties, dictionary, size = self._header(block)
        if properties >= _MAX_PROPERTIES:
            raise MalformedInput("lzma", 0, f"properties {properties:#x}")
        if properties % 9 + properties // 9 % 5 > _MAX_LC_LP:
            raise UnsupportedInput("lzma", 0, f"properties {properties:#x}: lc and lp above {_MAX_LC_LP} together")
        if size is not None and max_size < size != _UNKNOWN_SIZE:
            raise MalformedInput("lzma", 5, f"{size} bytes, at most {max_size} were expected")
        # liblzma allocates the dictionary that a header states, and no block can look back further than it is long
        dictionary = max(_SMALLEST_DICTIONARY, min(dictionary, max_size))
        stream = memoryview(block)[self.start :]
        if size is None:
            return _unpack_unsized(stream, properties, dictionary, max_size)
        return _drain("lzma", _lzma_decompressor(properties, dictionary, size), stream, max_size)

    def _header(self, block: Buffer) -> tuple[int, int, int | None]:
        dictionary = int.from_bytes(block[1:5], "little")
        size = int.from_bytes(block[5 : self.start], "little") if self.start > 5 else None
        return block[0], dictionary, size

    def __str__(self) -> str:
        if self.properties is None:
            return f"behind a header of {self.start} bytes"
        lc, lp, pb = self.properties % 9, self.properties // 9 % 5, self.properties // 45
        return f"at {self.start}, lc={lc} lp={lp} pb={pb}"


LZMA_ALONE = LzmaLayout()
"""The header of LZMA Utils, as squashfs-tools and most patched kernels have it."""


def _lzma_decompressor(properties: int, dictionary: int, size: int) -> lzma.LZMADecompressor:
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_ALONE)
    decompressor.decompress(_ALONE.pack(properties, dictionary, size), 0)
    return decompressor


def _unpack_unsized(stream: Buffer, properties: int, dictionary: int, max_size: int) -> bytes:
    """Return the most that a stream unpacks to that does not say how much it is.

    Past its end a decoder makes a few bytes of nothing, or fails; only who knows the size can tell.
    """
    fits, fails, best = 0, max_size + 1, b""
    size = max_size
    while fits + 1 < fails:
        try:
            decompressor = _lzma_decompressor(properties, dictionary, _UNKNOWN_SIZE)
            best = decompressor.decompress(stream, size)
        except lzma.LZMAError:
            fails = size
        else:
            if decompressor.unused_data:
                raise MalformedInput("lzma", 0, f"{len(decompressor.unused_data)} bytes behind the stream")
            if len(best) < size:
                break
            fits = size
        size = (fits + fails) // 2
    if not best:
        raise MalformedInput("lzma", 0, "the stream cannot be unpacked")
    return best


def find_lzma_layout(block: Buffer, max_size: int, is_right: Callable[[bytes], bool]) -> LzmaLayout | None:
    """Return the layout in which `block` unpacks to what `is_right` takes for its content, None if there is none.

    `is_right` is asked about the beginning of what was unpacked, and about all of it.
    What stands in the block comes before what would have to be known. Of that the most fruitful is taken: with properties
    that are not the encoder's, a stream begins well and soon leads nowhere.
    """
    for layouts in (_STATED, _KNOWN):
        found = list(_fitting(block, max_size, is_right, layouts))
        if found:
            return max(found, key=lambda candidate: candidate[0])[1]
    return None


def _fitting(
    block: Buffer, max_size: int, is_right: Callable[[bytes], bool], layouts: Iterable[LzmaLayout]
) -> Iterator[tuple[int, LzmaLayout]]:
    """Yield the layouts that fit, each with how much `block` unpacks to by it."""
    for layout in layouts:
        try:
            if layout.properties is not None and not is_right(layout.unpack(block, _GLANCE)):
                continue
            data = layout.unpack(block, max_size)
        except MalformedInput:
            continue
        if is_right(data):
            yield len(data), layout


_STATED = (LZMA_ALONE, LzmaLayout(9), LzmaLayout(5))
_KNOWN = tuple(
    LzmaLayout(start, (pb * 5 + lp) * 9 + lc)
    for pb in (2, 0, 1, 3, 4)
    for lc in range(3, -1, -1)
    for lp in range(_MAX_LC_LP + 1 - lc)
    for start in (0, 4, 5, 9, 13)
)
"""Layouts of patched kernels, usual ones first."""


def _drain(
    name: str,
    decompressor: lzma.LZMADecompressor,
    block: Buffer,
    max_size: int,
) -> bytes:
    try:
        data = decompressor.decompress(block, max_size + 1)  # one more, or the end of the stream would go unseen
    except lzma.LZMAError as error:
        raise MalformedInput(name, 0, f"the stream cannot be unpacked ({error})") from error
    if len(data) > max_size:
        raise MalformedInput(name, 0, f"more than {max_size} bytes")
    if not decompressor.eof:
        raise MalformedInput(name, 0, f"the stream does not end within its block, after {len(data)} bytes")
    if decompressor.eof and decompressor.unused_data:
        raise MalformedInput(name, 0, f"{len(decompressor.unused_data)} bytes behind the stream")
    return data
