"""LZMA alone, the stream of LZMA Utils and of the boot loaders of many routers: a header without magic or checksum.

======  ====  ==================================================================
offset  size  field
======  ====  ==================================================================
0       1     properties: (pb * 5 + lp) * 9 + lc
1       4     size of the dictionary, little endian
5       8     size of the data, little endian; all ones: not known, an end mark tells
13      ..    LZMA stream; its first byte is 0
======  ====  ==================================================================

Source: LZMA SDK, DOC/lzma-specification.txt. As there is no magic, `matches` takes only what encoders write: pb = 2 (5D as
everybody has it, 6D as OpenWrt and TP-Link tune it for MIPS), a dictionary of 2^n or 2^n + 2^(n-1) bytes from 64 KiB on, a
believable size, and a beginning that unpacks.
"""

import lzma
from collections.abc import Generator
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.compressed import MAX_WINDOW, Pass, data_entry, drain
from trueware.formats.contract import Buffer, FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_HEADER = Struct("<BIQ")
_SMALLEST = _HEADER.size + 5
_UNKNOWN = (1 << 64) - 1
_MAX_LC_LP = 4
"""Ceiling of lc + lp in liblzma; beyond it the tables grow without use."""

_MEMORY = MAX_WINDOW + (1 << 20)
_BELIEVABLE = 1 << 38
"""Bytes of data from which xz, too, takes the header for something else."""

_MAX_RATIO = 1 << 13
"""Unpacked bytes for one packed byte; the longest match, repeated at the least cost, stays below."""

_PROBED = 1 << 12
"""Packed bytes that must unpack for the format to match."""

_PROBED_DICTIONARY = 1 << 16
"""Dictionary kept for that, and what is unpacked at most, so that no match can reach beyond it."""

_MAGICS = tuple(
    bytes(((2 * 5 + lp) * 9 + lc, 0, 0)) for lp in range(_MAX_LC_LP + 1) for lc in range(_MAX_LC_LP + 1 - lp)
)
"""Properties with pb = 2, and the low half of the size of a dictionary of 64 KiB or more."""


class LzmaAlone:
    """An LZMA stream behind the header of LZMA Utils."""

    name: ClassVar[str] = "lzma-alone"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "LZMA compressed data (LZMA Utils)",
        references=("LZMA SDK, DOC/lzma-specification.txt",),
        limitations=(
            "found by itself only with pb = 2 and a dictionary of 2^n or 2^n + 2^(n-1) bytes, 64 KiB or more",
            f"dictionaries over {MAX_WINDOW >> 20} MiB, lc + lp over {_MAX_LC_LP}",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, value) for value in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _SMALLEST or bytes(view[:3]) not in _MAGICS or view[_HEADER.size] != 0:
            return False
        properties, dictionary, size = _HEADER.unpack_from(view)
        if not _is_usual(dictionary) or (size != _UNKNOWN and size >= _BELIEVABLE):
            return False
        # code 0 would unpack zeros for ever: the mark of a table that begins like a header, not of an encoder's work
        return any(view[_HEADER.size + 1 : _SMALLEST]) and _unpacks(view[:_PROBED], properties, size)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if len(view) < _SMALLEST:
            raise MalformedInput("lzma-alone", 0, "shorter than a header and the smallest stream")
        properties, dictionary, size = _HEADER.unpack_from(view)
        if properties >= 9 * 5 * 5:
            raise MalformedInput("lzma-alone", 0, f"properties {properties:#x}")
        if view[_HEADER.size] != 0:
            raise MalformedInput("lzma-alone", _HEADER.size, "the stream does not begin with 0")
        pb, lp, lc = properties // 45, properties // 9 % 5, properties % 9
        if lc + lp > _MAX_LC_LP:
            raise UnsupportedInput("lzma-alone", 0, f"lc {lc} and lp {lp} are more than {_MAX_LC_LP} together")
        if dictionary > MAX_WINDOW:
            raise UnsupportedInput(
                "lzma-alone", 1, f"a dictionary of {dictionary} bytes, at most {MAX_WINDOW} are kept"
            )
        if size != _UNKNOWN and size > len(view) * _MAX_RATIO:
            raise MalformedInput("lzma-alone", 5, f"{len(view)} bytes cannot hold the {size} the header states")
        reading = Reading(notes={"dictionary": str(dictionary), "properties": f"lc={lc} lp={lp} pb={pb}"})
        reading.entries = [data_entry(reading, view, limits, lambda this: _stream(view, this))]
        return reading


def _is_usual(dictionary: int) -> bool:
    """Tell whether the size is one that encoders write: 2^n or 2^n + 2^(n-1)."""
    return dictionary > 0 and dictionary & (dictionary - 1) in (0, 1 << max(dictionary.bit_length() - 2, 0))


def _unpacks(head: memoryview, properties: int, size: int) -> bool:
    """Tell whether the beginning of a stream unpacks to something without an error."""
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_ALONE)
    try:
        decompressor.decompress(_HEADER.pack(properties, _PROBED_DICTIONARY, size))
        return bool(decompressor.decompress(head[_HEADER.size :], _PROBED_DICTIONARY)) or decompressor.eof
    except lzma.LZMAError:
        return False


def _stream(view: memoryview, this: Pass) -> Generator[Buffer, None, int]:
    """Yield the data of the stream and return where it ends."""
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY)
    end, size, complete = yield from drain(decompressor, view, 0, LzmaAlone.name, lzma.LZMAError, this)
    this.end_stream(size, end)
    if not complete:
        this.note_truncated(size, end)
    return end
