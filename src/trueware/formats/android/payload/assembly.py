"""Puts a partition together from the operations of an update, front to back and without holding it."""

import bz2
import lzma
from collections.abc import Callable, Generator, Iterator
from hashlib import sha256
from itertools import pairwise

import zstandard

from trueware.errors import MalformedInput
from trueware.formats.android.payload.manifest import (
    DISCARD,
    FULL,
    REPLACE,
    REPLACE_BZ,
    REPLACE_XZ,
    REPLACE_ZSTD,
    ZERO,
    Operation,
    Update,
)
from trueware.formats.compressed import MAX_WINDOW, Drained, drain
from trueware.formats.contract import CHUNK, Buffer
from trueware.formats.scattered import zeros

_MAX_SCATTERED = 64 << 20
"""Bytes of operations that write to several places, which are held; full updates as tools make them have none."""

_FEED = 1 << 14

Note = Callable[[str, str, int | None], None]
"""Told a rule, a detail and an offset; the same again is passed over."""

_Piece = tuple[int, int, Operation, int]
"""First byte and end in the partition, the operation that writes it, and the first byte of what that makes."""


def obstacle(update: Update, made: list[_Piece], size: int) -> tuple[str, str] | None:
    """Return the rule and the reason why a partition of `size` bytes cannot be put together from the payload; None if it can."""
    foreign = sorted({operation.name for operation in update.operations if operation.kind not in FULL})
    if foreign:
        return "unsupported", f"it is made from what is on the device ({' '.join(foreign)})"
    scattered = sum(operation.output for operation in update.operations if len(operation.targets) > 1)
    if scattered > _MAX_SCATTERED:
        return "unsupported", f"{scattered} bytes of operations that write to several places"
    if any(before[1] > after[0] for before, after in pairwise(made)):
        return "overlap", "two operations write to one place"
    if made and made[-1][1] - size >= update.block_size:
        return "contradiction", f"it has {size} bytes and operations write up to {made[-1][1]}"
    return None


def pieces(update: Update) -> list[_Piece]:
    """Return what the partition is made of, in the order of the partition."""
    found = []
    for operation in update.operations:
        made = 0
        for start, length in operation.targets:
            found.append((start, start + length, operation, made))
            made += length
    return sorted(found, key=lambda piece: piece[0])


def untouched(made: list[_Piece], size: int) -> list[tuple[int, int]]:
    """Return what of a partition of `size` bytes no operation writes, or only discards: it is as it was."""
    found: list[tuple[int, int]] = []
    at = 0
    for start, end, operation, _ in (*made, (size, size, None, 0)):
        upto = end if operation is not None and operation.kind == DISCARD else start
        if upto > at:
            if found and found[-1][1] == at:
                found[-1] = found[-1][0], upto
            else:
                found.append((at, upto))
        at = end
    return found


def assemble(view: memoryview, update: Update, made: list[_Piece], size: int, note: Note) -> Iterator[Buffer]:
    """Yield the partition; compare its digest, and those of the data it is made from, with what is stated.

    Raises:
        MalformedInput: an operation does not make what it should.
    """
    digest = sha256()
    for piece in _cut(_all(view, update, made, size, note), size):
        digest.update(piece)
        yield piece
    if update.sha256 and not update.made_by_device and digest.digest() != update.sha256:
        note(
            "checksum-mismatch", f"the partition's SHA-256 is {digest.hexdigest()}, stated {update.sha256.hex()}", None
        )


def _cut(chunks: Iterator[Buffer], size: int) -> Iterator[Buffer]:
    """Yield the first `size` bytes; what is behind them, less than a block, is made all the same, so that it is checked."""
    for chunk in chunks:
        if size > 0:
            yield chunk if len(chunk) <= size else chunk[:size]
        size -= len(chunk)


def _all(view: memoryview, update: Update, made: list[_Piece], size: int, note: Note) -> Iterator[Buffer]:
    held: dict[int, bytes] = {}
    at = 0
    for start, end, operation, first in made:
        yield from zeros(min(start, size) - at)
        if len(operation.targets) == 1:
            yield from _output(view, operation, update.block_size, note)
        else:
            if id(operation) not in held:
                held[id(operation)] = b"".join(_output(view, operation, update.block_size, note))
            yield held[id(operation)][first : first + end - start]
        at = end
    yield from zeros(size - at)


def _output(view: memoryview, operation: Operation, block_size: int, note: Note) -> Iterator[Buffer]:
    """Yield what an operation writes, exactly as much as its targets take."""
    expected = operation.output
    if operation.kind in (ZERO, DISCARD):
        yield from zeros(expected)
        return
    data = view[operation.start : operation.start + operation.size]
    if len(data) < operation.size:
        raise MalformedInput("payload", operation.start, f"{len(data)} of {operation.size} bytes of data are there")
    if operation.sha256 and (found := sha256(data)).digest() != operation.sha256:
        detail = f"the SHA-256 of data is {found.hexdigest()}, stated {operation.sha256.hex()}"
        note("checksum-mismatch", detail, operation.start)
    left = expected
    for piece in _UNPACK[operation.kind](data):
        left -= len(piece)
        if left < 0:
            break
        yield piece
    # update_engine fills up the last block that it writes, and no more
    if not 0 <= left < block_size:
        made = expected - left
        raise MalformedInput("payload", operation.start, f"{operation.name} makes {made} bytes of {expected}")
    yield from zeros(left)


def _raw(data: memoryview) -> Iterator[Buffer]:
    for at in range(0, len(data), CHUNK):
        yield data[at : at + CHUNK]


def _stream(pieces: Generator[bytes, None, Drained], data: memoryview) -> Iterator[Buffer]:
    """Yield one compressed stream that takes all of `data`."""
    drained = yield from pieces
    if not drained.complete or drained.end != len(data):
        raise MalformedInput("payload", drained.end, "a compressed stream does not end with its data")


def _bzip2(data: memoryview) -> Iterator[Buffer]:
    return _stream(drain(bz2.BZ2Decompressor(), data, 0, "payload", OSError), data)


def _xz(data: memoryview) -> Iterator[Buffer]:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_WINDOW)
    return _stream(drain(unpacker, data, 0, "payload", lzma.LZMAError), data)


def _zstd(data: memoryview) -> Iterator[Buffer]:
    """Yield one Zstandard frame; fed little by little, since the library returns all that its input unpacks to."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    try:
        for at in range(0, len(data), _FEED):
            if piece := unpacker.decompress(data[at : at + _FEED]):
                yield piece
            if unpacker.eof:
                break
    except zstandard.ZstdError as error:
        raise MalformedInput("payload", 0, f"the stream cannot be unpacked ({error})") from error
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedInput("payload", 0, "a compressed stream does not end with its data")


_UNPACK: dict[int, Callable[[memoryview], Iterator[Buffer]]] = {
    REPLACE: _raw,
    REPLACE_BZ: _bzip2,
    REPLACE_XZ: _xz,
    REPLACE_ZSTD: _zstd,
}
