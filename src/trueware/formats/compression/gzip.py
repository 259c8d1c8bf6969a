"""gzip, one or several members, as RFC 1952 describes it.

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

Source: RFC 1952 §2.3. Members may follow each other (§2.2) and their data is one; zero bytes after the last member are padding
as tapes and flash leave it, anything else is left to be found as unread.
"""

from collections.abc import Generator, Iterator
from struct import unpack_from
from typing import ClassVar
from zlib import crc32

from isal import isal_zlib

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import CHUNK, Buffer, Entry, FormatDoc, Magic, Produced, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER_CRC, _EXTRA, _NAME, _COMMENT, _RESERVED = 2, 4, 8, 16, 0xE0


class Gzip:
    """Compressed data in gzip's framing."""

    name: ClassVar[str] = "gzip"
    doc: ClassVar[FormatDoc] = FormatDoc("gzip compressed data", references=("RFC 1952",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, b"\x1f\x8b\x08"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= 18 and view[:3] == b"\x1f\x8b\x08" and not view[3] & _RESERVED

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        start, notes = _header(view, 0, limits)
        reading = Reading(notes=notes)

        def produce() -> Iterator[Buffer]:
            end = yield from _members(view, start, reading, limits)
            reading.end = end
            reading.spans[:] = [(0, end)]

        reading.entries = [Entry("data", Kind.REGION, Produced(produce), offset=0)]
        return reading


def _members(view: memoryview, start: int, reading: Reading, limits: Limits) -> Generator[Buffer, None, int]:
    """Yield the data of all members and return where the last one ends."""
    while True:
        end, crc, size = yield from _inflate(view, start)
        stated_crc, stated_size = unpack_from("<II", view, end)
        if stated_crc != crc:
            reading.note_anomaly("checksum-mismatch", f"CRC-32 is {crc:08x}, the trailer says {stated_crc:08x}", end)
        if stated_size != size & 0xFFFFFFFF:
            reading.note_anomaly("contradiction", f"{size} bytes of data, the trailer says {stated_size}", end + 4)
        end += 8
        if not Gzip.matches(view[end:]):
            return end
        start, _ = _header(view, end, limits)


def _inflate(view: memoryview, at: int) -> Generator[Buffer, None, tuple[int, int, int]]:
    """Yield the data of the deflate stream at `at`; return its end (room for the trailer checked), CRC-32 and length."""
    inflater = isal_zlib.decompressobj(wbits=-15)
    crc = size = 0
    while not inflater.eof:
        piece = inflater.unconsumed_tail or view[at : at + CHUNK]
        if not inflater.unconsumed_tail:
            at += len(piece)
        if not len(piece):
            raise MalformedInput("gzip", len(view), "the deflate stream does not end")
        try:
            data = inflater.decompress(piece, CHUNK)
        except isal_zlib.error as error:
            raise MalformedInput("gzip", at, f"bad deflate stream ({error})") from error
        crc = crc32(data, crc)
        size += len(data)
        if data:
            yield data
    end = at - len(inflater.unused_data)
    if end + 8 > len(view):
        raise MalformedInput("gzip", end, "the trailer is missing")
    return end, crc, size


def _header(view: memoryview, at: int, limits: Limits) -> tuple[int, dict[str, str]]:
    """Return where the deflate stream of the member at `at` begins, and what its header notes."""
    if len(view) - at < 18:
        raise MalformedInput("gzip", at, "shorter than a header and a trailer")
    method, flags, mtime = unpack_from("<BBI", view, at + 2)
    if method != 8 or flags & _RESERVED:
        raise UnsupportedInput("gzip", at + 2, f"method {method}, flags {flags:#x}")
    notes = {"modified": str(mtime)} if mtime else {}
    end = at + 10
    if flags & _EXTRA:
        (length,) = unpack_from("<H", view, end)
        end += 2 + length
    for flag, key in ((_NAME, "name"), (_COMMENT, "comment")):
        if flags & flag:
            text = bytes(view[end : end + limits.max_name + 1])
            length = text.find(0)
            if length < 0:
                raise MalformedInput("gzip", end, f"{key} does not end within {limits.max_name} bytes")
            notes[key] = text[:length].decode("latin-1")
            end += length + 1
    if flags & _HEADER_CRC:
        if end + 2 <= len(view) and unpack_from("<H", view, end)[0] != crc32(view[at:end]) & 0xFFFF:
            raise MalformedInput("gzip", end, "the header's CRC-16 does not fit")
        end += 2
    if end + 8 > len(view):
        raise MalformedInput("gzip", end, "the header runs past the end")
    return end, notes
