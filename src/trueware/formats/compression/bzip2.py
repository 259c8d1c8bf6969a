"""bzip2, one or several streams, as its own documentation and the blocks of its decompressor describe it.

======  ====  ==================================================================
offset  size  field
======  ====  ==================================================================
0       3     magic "BZh"
3       1     block size, '1' to '9', in units of 100,000 bytes
4       6     first block, 31 41 59 26 53 59, or at once the end, 17 72 45 38 50 90
10      ..    bits, not bytes: CRC-32 of the block, its Huffman-coded data, more blocks
…       6     end mark, at any bit
…       4     CRC-32 over the CRCs of the blocks, then bits up to the next byte
======  ====  ==================================================================

Source: bzip2 1.0.8, decompress.c. libbz2 verifies both kinds of CRC and does not say whether data or CRC is at fault:
either is `malformed`. Streams may follow each other; their data is one.
"""

from bz2 import BZ2Decompressor
from collections.abc import Generator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.compressed import Pass, data_entry, drain
from trueware.formats.contract import Buffer, FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_BLOCK, _END = b"1AY&SY", b"\x17rE8P\x90"


class Bzip2:
    """Compressed data in bzip2's framing."""

    name: ClassVar[str] = "bzip2"
    doc: ClassVar[FormatDoc] = FormatDoc("bzip2 compressed data", references=("bzip2 1.0.8, decompress.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(4, _BLOCK), Magic(4, _END))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _begins(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not _begins(view, 0):
            raise MalformedInput("bzip2", 0, "no stream header")
        reading = Reading(notes={"block-size": f"{chr(view[3])}00000"})
        reading.entries = [data_entry(reading, view, limits, lambda this: _streams(view, this))]
        return reading


def _begins(view: memoryview, at: int) -> bool:
    """Tell whether a stream begins at `at`."""
    head = bytes(view[at : at + 10])
    return head[:3] == b"BZh" and b"1" <= head[3:4] <= b"9" and head[4:] in (_BLOCK, _END)


def _streams(view: memoryview, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of all streams and return where the last one ends."""
    at = 0
    while True:
        # libbz2 has no exception of its own: the standard library raises OSError for bad data
        end, size, complete = yield from drain(BZ2Decompressor(), view, at, Bzip2.name, OSError, this)
        this.end_stream(size, end)
        if not complete:
            this.note_truncated(size, end)
            return end
        if not _begins(view, end):
            return end
        at = end
