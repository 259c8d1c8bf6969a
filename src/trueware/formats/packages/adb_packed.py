"""A package or index of apk-tools 3, packed: four letters that say how, and one stream.

======  ====  ==========================================================
offset  size  field
======  ====  ==========================================================
0       4     "ADBd": deflate, the stream follows at once; "ADBc": see 4
4       1     of ADBc: 0 not packed, 1 deflate, 2 zstd
5       1     of ADBc: level
6       ..    of ADBc: the stream
======  ====  ==========================================================

Source: apk-tools ``src/adb_comp.c``. What is packed begins with "ADB." (`trueware.formats.packages.adb`). No package made
by apk-tools was at hand.
"""

from collections.abc import Generator
from typing import ClassVar
from zlib import MAX_WBITS, decompressobj
from zlib import error as zlib_error

from isal import igzip_lib

from trueware.errors import MalformedInput
from trueware.formats.compressed import Pass, data_entry, drain
from trueware.formats.contract import Buffer, Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_DEFLATE, _CHOSEN = b"ADBd", b"ADBc"
_NOT_PACKED, _DEFLATED, _ZSTD = range(3)
_HEAD = 1 << 12
"""Bytes of a stream in which the first of its data are."""

_BEGINNINGS = {_NOT_PACKED: b"ADB.", _ZSTD: b"\x28\xb5\x2f\xfd"}
_REFUSAL: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment] # isal's stub calls the class an instance


class AdbPacked:
    """A packed package."""

    name: ClassVar[str] = "adb-packed"
    doc: ClassVar[FormatDoc] = FormatDoc("packed apk-tools 3 package", "Alpine", ("apk-tools src/adb_comp.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _DEFLATE), Magic(0, _CHOSEN))

    @staticmethod
    def matches(view: memoryview) -> bool:
        if view[:4] == _DEFLATE:
            return _holds(view[4:])
        if view[:4] != _CHOSEN or len(view) <= 6:
            return False
        return _holds(view[6:]) if view[4] == _DEFLATED else view[4] <= _ZSTD and view[6:10] == _BEGINNINGS[view[4]]

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not AdbPacked.matches(view):
            raise MalformedInput("adb-packed", 0, "no header")
        start, how = (4, _DEFLATED) if view[:4] == _DEFLATE else (6, view[4])
        reading = Reading(notes={"packing": ("none", "deflate", "zstd")[how]})
        if start == 6:
            reading.notes["level"] = str(view[5])
        if how == _DEFLATED:
            reading.entries = [data_entry(reading, view, limits, lambda this: _inflate(view, start, this))]
        else:  # a format of its own
            reading.cover(0, start)
            reading.entries = [Entry("data", Kind.REGION, Held(view[start:]), len(view) - start, offset=start)]
        return reading


def _holds(stream: memoryview) -> bool:
    """Tell whether a deflate stream holds what begins as it should."""
    try:
        return decompressobj(-MAX_WBITS).decompress(stream[:_HEAD], 4) == b"ADB."
    except zlib_error:
        return False


def _inflate(view: memoryview, start: int, this: Pass) -> Generator[Buffer, None, int]:
    inflater = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
    end, size, complete = yield from drain(inflater, view, start, AdbPacked.name, _REFUSAL, this)
    this.end_stream(size, end)
    if not complete:
        this.note_truncated(size, end)
        return len(view)
    return end
