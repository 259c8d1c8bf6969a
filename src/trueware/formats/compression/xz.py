"""xz, one or several streams with padding between them, as The .xz File Format 1.2.0 describes it.

======  ====  ==================================================================
offset  size  field
======  ====  ==================================================================
0       6     magic FD 37 7A 58 5A 00
6       1     stream flags: 0
7       1     check, low four bits: 0 none, 1 CRC-32, 4 CRC-64, 10 SHA-256
8       4     CRC-32 of the stream flags, little endian
12      ..    blocks: filters, LZMA2 data, check of the data
…       ..    index: sizes of all blocks, CRC-32
-12     12    footer: CRC-32, size of the index, stream flags, magic 59 5A
======  ====  ==================================================================

Source: https://tukaani.org/xz/xz-file-format.txt §2. Between streams and after the last there may be zero bytes in groups
of four (§2.2); those after the last are left to be found as padding. Everything behind the header is verified by liblzma,
which does not say whether data or a check is at fault: either is `malformed`.
"""

import lzma
from collections.abc import Generator
from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.compressed import MAX_WINDOW, Pass, data_entry, drain
from trueware.formats.contract import CHUNK, Buffer, FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_MAGIC = b"\xfd7zXZ\0"
_HEADER = Struct("<6x2sI")
_CHECKS = {lzma.CHECK_NONE: "none", lzma.CHECK_CRC32: "crc32", lzma.CHECK_CRC64: "crc64", lzma.CHECK_SHA256: "sha256"}
_MEMORY = MAX_WINDOW + (1 << 20)
"""What liblzma may use: the dictionary and its own state."""


class Xz:
    """Compressed data in xz's framing."""

    name: ClassVar[str] = "xz"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "xz compressed data",
        references=("The .xz File Format 1.2.0",),
        limitations=(
            f"dictionaries over {MAX_WINDOW >> 20} MiB",
            "checks other than CRC-32, CRC-64 and SHA-256 are not verified",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _begins(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        check = _check(view, 0)
        reading = Reading(notes={"check": _CHECKS.get(check, str(check))})
        reading.entries = [data_entry(reading, view, limits, lambda this: _streams(view, this))]
        return reading


def _begins(view: memoryview, at: int) -> bool:
    """Tell whether a stream begins at `at`."""
    return len(view) - at >= _HEADER.size and bytes(view[at : at + len(_MAGIC)]) == _MAGIC


def _check(view: memoryview, at: int) -> int:
    """Verify the header of the stream at `at` and return the number of its check."""
    if not _begins(view, at):
        raise MalformedInput("xz", at, "no stream header")
    flags, stated = _HEADER.unpack_from(view, at)
    if stated != crc32(flags):
        raise MalformedInput("xz", at + 8, "the CRC-32 of the stream header does not fit")
    if flags[0] or flags[1] & 0xF0:
        raise UnsupportedInput("xz", at + 6, f"stream flags {flags.hex()}")
    return int(flags[1])


def _streams(view: memoryview, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of all streams and return where the last one ends."""
    at = 0
    while True:
        check = _check(view, at)
        if not lzma.is_check_supported(check):
            this.note_anomaly("checksum-unchecked", f"check {check} is not known", at + 7)
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
        end, size, complete = yield from drain(decompressor, view, at, Xz.name, lzma.LZMAError, this)
        this.end_stream(size, end)
        if not complete:
            this.note_truncated(size, end)
            return end
        at = _past_padding(view, end)
        if (at - end) % 4 or not _begins(view, at):
            return end


def _past_padding(view: memoryview, at: int) -> int:
    """Return the first byte from `at` on that is not zero."""
    step = 64
    while rest := bytes(view[at : at + step]):
        zeros = len(rest) - len(rest.lstrip(b"\0"))
        at += zeros
        if zeros < len(rest):
            break
        step = min(step * 4, CHUNK)  # from little to much, as `drain` feeds: streams may be tiny and many
    return at
