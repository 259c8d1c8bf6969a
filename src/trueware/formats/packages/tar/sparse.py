"""Files with holes in tar archives of GNU tar: where their data go, and the file they make.

Four ways to write the map, all lists of (offset in the file, length of data); the data follow each other in the archive:

=======  =====================================================================================================
old GNU  type ``S``; four pairs at 386 of the header (12 bytes each number), byte 482: a block with 21 more pairs
         and at 504 the same byte follows; 483: size of the file
pax 0.0  records ``GNU.sparse.size``, ``GNU.sparse.numblocks``, and ``GNU.sparse.offset``, ``GNU.sparse.numbytes`` for each
pax 0.1  records ``GNU.sparse.name``, ``GNU.sparse.size``, ``GNU.sparse.map`` "offset,length,offset,length…"
pax 1.0  records ``GNU.sparse.major``, ``.minor``, ``.name``, ``.realsize``; before the data: decimal numbers, each ending in a
         newline (how many pairs, then offset and length of each), filled up to a block
=======  =====================================================================================================

Source: GNU tar manual, appendix "Sparse Formats".
"""

import re
from collections.abc import Iterable, Iterator

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import CHUNK, Buffer
from trueware.formats.packages.tar.header import BLOCK, NOTHING, number
from trueware.formats.packages.tar.pax import Record
from trueware.formats.stream import Stream
from trueware.model.limits import Limits

_ZEROS = memoryview(bytes(CHUNK))
_SMALL = 1 << 12
"""Bytes of a hole and the data behind it up to which they are put together with others."""

_DECIMAL = re.compile(rb"[0-9]{1,18}")
_PAIR, _HELD, _MORE, _SIZE = 24, slice(386, 482), 482, slice(483, 495)
_HELD_NEXT, _MORE_NEXT = slice(0, 504), 504

Map = list[tuple[int, int]]


class Holes:
    """A map under way from its archive to its file."""

    __slots__ = ("pairs", "size")

    def __init__(self, pairs: Map, size: int) -> None:
        self.pairs, self.size = pairs, size

    def check(self, stored: int, at: int) -> None:
        """Make sure that `stored` bytes of data fill the map.

        Raises:
            MalformedInput: they do not, or pieces overlap or run past the file's end.
        """
        end = 0
        for offset, length in self.pairs:
            if offset < end or offset + length > self.size:
                raise MalformedInput("tar", at, f"data of a sparse file at {offset:#x} overlap or run past its end")
            end = offset + length
        if sum(length for _, length in self.pairs) != stored:
            raise MalformedInput("tar", at, f"the map of a sparse file is not for the {stored} bytes stored")

    def filled(self, stream: Stream) -> Iterator[Buffer]:
        """Yield the bytes of the file; the data are taken from `stream`.

        Raises:
            MalformedInput: there are not enough of them.
        """
        at, small = 0, bytearray()
        for offset, length in self.pairs:
            end = stream.offset + length
            if offset + length - at <= _SMALL:
                small += _ZEROS[: offset - at]
                small += stream.take(length)
            else:
                yield small
                small = bytearray()
                yield from _zeros(offset - at)
                yield from stream.chunks(length)
            if stream.offset < end:
                raise MalformedInput("tar", stream.offset, "the data of a sparse file are cut off")
            at = offset + length
            if len(small) >= CHUNK - _SMALL:
                yield small
                small = bytearray()
        yield small
        yield from _zeros(self.size - at)


def old(block: bytes, stream: Stream, at: int, limits: Limits) -> Holes:
    """Read the map of a header of type ``S`` and of the blocks that continue it.

    Raises:
        MalformedInput: a number is none, or a block is missing.
    """
    try:
        pairs = _pairs(block[_HELD])
        more = block[_MORE]
        while more:
            block_next = bytes(stream.take(BLOCK))
            if len(block_next) < BLOCK:
                raise MalformedInput("tar", at, "the map of a sparse file is cut off")
            pairs += _pairs(block_next[_HELD_NEXT])
            more = block_next[_MORE_NEXT]
            _bound(len(pairs), limits)
        return Holes(pairs, number(block[_SIZE]))
    except ValueError as error:
        raise MalformedInput("tar", at, f"a number in the map of a sparse file is none ({error})") from error


def from_records(records: list[Record], at: int) -> tuple[Holes | None, bytes | None]:
    """Return the map (None: it stands before the data) and the name that pax records give.

    Raises:
        MalformedInput: there is no map in them.
        UnsupportedInput: a version that is not known.
    """
    single = dict(records)
    name = single.get(b"name")
    if b"major" in single or b"minor" in single:
        if (single.get(b"major"), single.get(b"minor")) != (b"1", b"0"):
            raise UnsupportedInput("tar", at, "sparse files in a version other than 1.0")
        return None, name
    size = _decimal(single.get(b"size", single.get(b"realsize", b"")), at)
    if b"map" in single:
        numbers = [_decimal(each, at) for each in single[b"map"].split(b",")]
    else:
        numbers = [_decimal(value, at) for key, value in records if key in (b"offset", b"numbytes")]
    return Holes(_paired(numbers, at), size), name


def before_data(stream: Stream, records: list[Record], stored: int, at: int, limits: Limits) -> tuple[Holes, int]:
    """Take the map of version 1.0 from the first of `stored` bytes; returns it and how many bytes of data follow.

    Raises:
        MalformedInput: there is none.
    """
    size = _decimal(dict(records).get(b"realsize", b""), at)
    numbers: list[int] = []
    wanted, lines, partial = 1, [b""], b""
    while len(numbers) < wanted:
        block = bytes(stream.take(BLOCK)) if stored >= BLOCK else b""
        if len(block) < BLOCK or len(partial) > BLOCK:
            raise MalformedInput("tar", at, "the map of a sparse file does not end")
        stored -= BLOCK
        *lines, partial = (partial + block).split(b"\n")
        if not numbers and lines:
            numbers.append(_decimal(lines.pop(0), at))
            _bound(numbers[0], limits)
            wanted = 1 + 2 * numbers[0]
        taken = lines[: wanted - len(numbers)]
        numbers += [_decimal(line, at) for line in taken]
        lines = lines[len(taken) :]
    if any(lines) or partial.strip(b"\0"):
        raise MalformedInput("tar", at, "the map of a sparse file is followed by something else than its filler")
    return Holes(_paired(numbers[1:], at), size), stored


def _pairs(fields: bytes) -> Map:
    pairs = []
    for start in range(0, len(fields), _PAIR):
        pair = fields[start : start + _PAIR]
        if pair == NOTHING[:_PAIR]:
            break
        pairs.append((number(pair[:12]), number(pair[12:])))
        if min(pairs[-1]) < 0:
            raise ValueError(pair)
    return pairs


def _paired(numbers: Iterable[int], at: int) -> Map:
    listed = list(numbers)
    if len(listed) % 2:
        raise MalformedInput("tar", at, "the map of a sparse file ends within a pair")
    return list(zip(listed[::2], listed[1::2], strict=True))


def _decimal(value: bytes, at: int) -> int:
    if not _DECIMAL.fullmatch(value):
        raise MalformedInput("tar", at, f"no number in the map of a sparse file: {value[:40]!r}")
    return int(value)


def _bound(pairs: int, limits: Limits) -> None:
    if pairs > limits.max_entries:
        raise LimitExceeded("max_entries", limits.max_entries, "pieces of a sparse file")


def _zeros(size: int) -> Iterator[Buffer]:
    while size > 0:
        yield _ZEROS[:size]
        size -= CHUNK
