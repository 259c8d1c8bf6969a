r"""lzop, one or several parts, each a header and blocks of LZO1X.

======  ====  ==================================================================
offset  size  field (big-endian)
======  ====  ==================================================================
0       9     magic 89 "LZO" 00 0D 0A 1A 0A
9       2     version of lzop that wrote it
11      2     version of the LZO library
…       2     version needed to read it (if written by 0x0940 or later)
…       1     method: 1 LZO1X-1, 2 LZO1X-1(15), 3 LZO1X-999
…       1     level (if written by 0x0940 or later)
…       4     flags, see the constants below
…       4     mode of the file
…       4     mtime, then 4 of its high half (if written by 0x0940 or later)
…       1     length of the name
…       ..    name
…       4     Adler-32, or CRC-32 if flagged, of the header from offset 9
…       4     block: size of the data, 0: no more
…       4     packed size; the same: stored
…       4     Adler-32, then CRC-32 of the data, each if flagged
…       4     Adler-32, then CRC-32 of the packed bytes, each if flagged, and only if not stored
…       ..    packed bytes; more blocks
======  ====  ==================================================================

Source: lzop 1.04, lzop.c. The Linux kernel (lib/decompress_unlzo.c) takes one checksum in front of each block for granted and
finds other data where the flags say otherwise; which checksums there are is therefore a fact.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from struct import Struct
from typing import ClassVar
from zlib import adler32, crc32

from lzallright import LZOCompressor, LZOError

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.compressed import Pass, SmallBlocks, data_entry, told
from trueware.formats.contract import CHUNK, Buffer, FormatDoc, Magic, Reading
from trueware.model.limits import Limits

Checksum = Callable[[Buffer], int]

_MAGIC = b"\x89LZO\0\r\n\x1a\n"
_LEVELS = 0x0940
"""The first version that writes the version needed, the level and the high half of mtime."""

_OLDEST = 0x0900
_NEW, _OLD = Struct(">4xHBBIIIIB"), Struct(">4xBIIIB")
_U16, _U32 = Struct(">H"), Struct(">I")
_METHODS = {1: "LZO1X-1", 2: "LZO1X-1(15)", 3: "LZO1X-999"}
_HEADER_CRC32, _EXTRA, _FILTER = 0x1000, 0x0040, 0x0800
_RESERVED = 0x000FC000
_DATA_CHECKS: tuple[tuple[int, str, Checksum], ...] = ((0x0001, "adler32", adler32), (0x0100, "crc32", crc32))
_PACKED_CHECKS: tuple[tuple[int, str, Checksum], ...] = ((0x0002, "adler32", adler32), (0x0200, "crc32", crc32))
_MAX_BLOCK = CHUNK
"""What lzop writes and the Linux kernel accepts. The codec cannot be told where to stop, and unpacks 1 byte to 255 at most."""


class Lzop:
    """Compressed data in lzop's framing."""

    name: ClassVar[str] = "lzop"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "lzop compressed data",
        references=("lzop 1.04, lzop.c",),
        limitations=(f"blocks over {_MAX_BLOCK >> 10} KiB", "filters and extra fields, which no lzop writes"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return bytes(view[: len(_MAGIC)]) == _MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        header = _header(view, 0)
        reading = Reading(facts=header.facts, notes=header.notes)
        reading.entries = [data_entry(reading, view, limits, lambda this: _parts(view, header, this))]
        return reading


@dataclass(slots=True)
class _Header:
    """The header of one part."""

    start: int
    """First byte after it: where the first block's header stands."""

    flags: int
    name: str
    fits: bool
    """Whether its checksum does."""

    notes: dict[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, str]:
        """Which checksums stand in front of a block."""
        data = [name for flag, name, _ in _DATA_CHECKS if self.flags & flag]
        packed = [f"packed-{name}" for flag, name, _ in _PACKED_CHECKS if self.flags & flag]
        return {"checks": " ".join((*data, *packed)) or "none"}


def _header(view: memoryview, at: int) -> _Header:
    """Read the header of the part at `at`."""
    if not Lzop.matches(view[at:]):
        raise MalformedInput("lzop", at, "no header")
    start = at + len(_MAGIC)
    if start + 4 + _NEW.size > len(view):
        raise MalformedInput("lzop", at, "shorter than a header")
    (version,) = _U16.unpack_from(view, start)
    if version < _OLDEST:
        raise UnsupportedInput("lzop", start, f"written by version {version:#06x}")
    if version >= _LEVELS:
        _, method, level, flags, mode, mtime, high, length = _NEW.unpack_from(view, start)
        name_at = start + _NEW.size
    else:
        method, flags, mode, mtime, length = _OLD.unpack_from(view, start)
        level, high, name_at = 0, 0, start + _OLD.size
    if method not in _METHODS or flags & (_EXTRA | _FILTER | _RESERVED):
        raise UnsupportedInput("lzop", start, f"method {method}, flags {flags:#010x}")
    end = name_at + int(length)
    if end + 4 > len(view):
        raise MalformedInput("lzop", at, "the header runs past the end")
    (stated,) = _U32.unpack_from(view, end)
    covered = view[start:end]
    found = crc32(covered) if flags & _HEADER_CRC32 else adler32(covered)
    name = bytes(view[name_at:end]).decode("utf-8", "surrogateescape")
    notes = {"method": _METHODS[method], "level": str(level), "flags": f"{flags:#010x}", "mode": f"{mode:o}"}
    notes |= {
        key: value for key, value in (("name", name), ("modified", str(high << 32 | mtime))) if value not in ("", "0")
    }
    return _Header(end + 4, flags, name, found == stated, notes)


def _parts(view: memoryview, header: _Header, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of all parts and return where the last one ends."""
    headers, small = [header], SmallBlocks(this.limits)
    while True:
        if not header.fits:
            this.note_anomaly("checksum-mismatch", "the checksum of the header does not fit", header.start - 4)
        end = yield from _blocks(view, header, this, small)
        if not Lzop.matches(view[end:]):
            break
        header = _header(view, end)
        headers.append(header)
    if len(headers) > 1:
        this.facts["names"] = told(repr(header.name) for header in headers)
        this.facts["checks"] = told(header.facts["checks"] for header in headers)
    return end


def _blocks(view: memoryview, header: _Header, this: Pass, small: SmallBlocks) -> Generator[Buffer, None, int]:
    """Yield the data of one part, check it, return where the part ends."""
    of_data = [(name, checksum) for flag, name, checksum in _DATA_CHECKS if header.flags & flag]
    of_packed = [(name, checksum) for flag, name, checksum in _PACKED_CHECKS if header.flags & flag]
    stored, packed = Struct(f">{2 + len(of_data)}I"), Struct(f">{2 + len(of_data) + len(of_packed)}I")
    at, total = header.start, 0
    while at + 4 <= len(view):
        (size,) = _U32.unpack_from(view, at)
        if not size:
            this.end_stream(total, at + 4)
            return at + 4
        if at + 8 > len(view):
            break
        (length,) = _U32.unpack_from(view, at + 4)
        this.end = min(at + packed.size + length, len(view))
        if size > _MAX_BLOCK:
            raise UnsupportedInput("lzop", at, f"a block of {size} bytes, at most {_MAX_BLOCK} are unpacked at once")
        if not 0 < length <= size:
            raise MalformedInput("lzop", at + 4, f"a block of {size} bytes packed to {length}")
        layout = packed if length < size else stored
        start = at + layout.size
        end = start + length
        if end > len(view):
            break
        _, _, *stated = layout.unpack_from(view, at)
        small.add(size)
        raw = view[start:end]
        data: Buffer = raw if length == size else _unpack(raw, size, start)
        for (name, checksum), expected in zip(of_data, stated, strict=False):
            _verify(f"{name} of the data", checksum(data), expected, at, this)
        for (name, checksum), expected in zip(of_packed, stated[len(of_data) :], strict=False):
            _verify(f"{name} of the packed bytes", checksum(raw), expected, at, this)
        yield data
        total += size
        at = end
    this.end_stream(total, len(view))
    this.note_truncated(total, at)
    return len(view)


def _unpack(raw: memoryview, size: int, at: int) -> bytes:
    """Return the `size` bytes that the block at `at` packs."""
    try:
        data = LZOCompressor.decompress(raw, size)
    except LZOError as error:
        raise MalformedInput("lzop", at, f"the block cannot be unpacked ({error.args[0]})") from error
    if len(data) != size:
        raise MalformedInput("lzop", at, f"the block unpacks to {len(data)} bytes, {size} are stated")
    return data


def _verify(what: str, found: int, stated: int, at: int, this: Pass) -> None:
    if found != stated:
        this.note_anomaly("checksum-mismatch", f"{what} is {found:08x}, the block's header says {stated:08x}", at)
