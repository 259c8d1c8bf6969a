r"""gzip, one or several members, as RFC 1952 describes it.

======  ====  ==========================================================
offset  size  field
======  ====  ==========================================================
0       2     magic 1F 8B
2       1     method, 8 = deflate
3       1     flags: 1 text, 2 header CRC, 4 extra, 8 name, 16 comment
4       4     mtime
8       1     extra flags
9       1     operating system
10      ..    extra (u16 length + bytes), name\0, comment\0, CRC-16
…       ..    deflate stream
-8      4     CRC-32 of the data
-4      4     length of the data modulo 2^32
======  ====  ==========================================================

Source: RFC 1952 §2.3. Members may follow each other (§2.2) and their data is one; what comes after the last member, zero
bytes as tapes and flash leave them included, is left to be found as unread.

Of the optional fields the Linux kernel skips only the name (lib/decompress_inflate.c) and takes the bytes of any other
for deflate data. What such a field holds is therefore a fact: two programs may see different data there.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct
from typing import ClassVar
from zlib import crc32

from isal import igzip_lib

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.compressed import Pass, data_entry, drain
from trueware.formats.contract import Buffer, FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_MAGIC = b"\x1f\x8b\x08"
_FIXED = Struct("<2xBBI2x")
_TRAILER = Struct("<II")
_U16 = Struct("<H")
_SMALLEST = _FIXED.size + _TRAILER.size
_REFUSAL: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment] # isal's stub calls the class an instance
_HEADER_CRC, _EXTRA, _NAME, _COMMENT, _RESERVED = 2, 4, 8, 16, 0xE0


class Gzip:
    """Compressed data in gzip's framing."""

    name: ClassVar[str] = "gzip"
    doc: ClassVar[FormatDoc] = FormatDoc("gzip compressed data", references=("RFC 1952",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _begins(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        header = _header(view, 0, limits)
        reading = Reading(facts=header.facts, notes=header.notes)
        reading.entries = [data_entry(reading, view, limits, lambda this: _members(view, header, this))]
        return reading


@dataclass(slots=True)
class _Header:
    """The header of one member."""

    start: int
    """First byte after it: where the deflate stream begins."""

    crc_fits: bool = True
    facts: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def _begins(view: memoryview, at: int) -> bool:
    """Tell whether a member begins at `at`."""
    return len(view) - at >= _SMALLEST and bytes(view[at : at + 3]) == _MAGIC and not view[at + 3] & _RESERVED


def _members(view: memoryview, header: _Header, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of all members and return where the last one ends."""
    while True:
        if not header.crc_fits:
            this.note_anomaly("checksum-mismatch", "the CRC-16 of the header does not fit", header.start - 2)
        end = yield from _member(view, header.start, this)
        if not _begins(view, end):
            return end
        header = _header(view, end, this.limits)


def _member(view: memoryview, start: int, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of the member whose deflate stream is at `start`, check it, return where the member ends."""
    inflater = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP_NO_HDR)
    end, size, complete = yield from drain(inflater, view, start, Gzip.name, _REFUSAL, this)
    this.end_stream(size, end)
    if not complete or end + _TRAILER.size > len(view):
        this.note_truncated(size, end)
        return len(view)
    stated_crc, stated_size = _TRAILER.unpack_from(view, end)
    if stated_crc != inflater.crc:
        this.note_anomaly("checksum-mismatch", f"CRC-32 is {inflater.crc:08x}, the trailer says {stated_crc:08x}", end)
    if stated_size != size & 0xFFFFFFFF:
        this.note_anomaly("contradiction", f"{size} bytes of data, the trailer says {stated_size}", end + 4)
    return end + _TRAILER.size


def _header(view: memoryview, at: int, limits: Limits) -> _Header:
    """Read the header of the member at `at`."""
    if len(view) - at < _SMALLEST:
        raise MalformedInput("gzip", at, "shorter than a header and a trailer")
    method, flags, mtime = _FIXED.unpack_from(view, at)
    if method != 8 or flags & _RESERVED:
        raise UnsupportedInput("gzip", at + 2, f"method {method}, flags {flags:#x}")
    header = _Header(at + _FIXED.size)
    if mtime:
        header.notes["modified"] = str(mtime)
    if flags & _EXTRA:
        start = header.start + 2
        header.start = start + _U16.unpack_from(view, header.start)[0]
        header.facts["extra"] = sha256(view[start : header.start]).hexdigest()
    for flag, key, told in ((_NAME, "name", header.notes), (_COMMENT, "comment", header.facts)):
        if flags & flag:
            text = bytes(view[header.start : header.start + limits.max_name + 1])
            length = text.find(0)
            if length < 0:
                raise MalformedInput("gzip", header.start, f"{key} does not end within {limits.max_name} bytes")
            told[key] = text[:length].decode("latin-1")
            header.start += length + 1
    if flags & _HEADER_CRC:
        header.start += 2
        header.facts["header-crc"] = "present"
    if header.start + _TRAILER.size > len(view):
        raise MalformedInput("gzip", at, "the header runs past the end")
    if flags & _HEADER_CRC:
        (stated,) = _U16.unpack_from(view, header.start - 2)
        header.crc_fits = stated == crc32(view[at : header.start - 2]) & 0xFFFF
    return header
