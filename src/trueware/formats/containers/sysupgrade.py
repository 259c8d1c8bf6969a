"""OpenWrt's fwtool trailers: metadata and signatures appended to a firmware image.

Read from the end, possibly several times; each chunk is its data followed by a trailer:

======  ====  ===================================================================================
offset  size  field (big-endian)
======  ====  ===================================================================================
-16     4     magic "FWx0"
-12     4     CRC-32 (not inverted at the end) of everything before this trailer, from byte 0
-8      1     type: 0 signature, 1 metadata
-7      3     padding
-4      4     size of data and trailer
======  ====  ===================================================================================

Metadata begins with eight bytes of its own, version (0) and flags, followed by JSON. What a chunk's CRC covers includes
the chunks before it. Source: OpenWrt fwtool ``src/fwtool.c`` and ``src/fwimage.h``. No official tool was at hand to
confirm this reader.
"""

from struct import Struct, unpack_from
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"FWx0"
_TRAILER = Struct(">4sIB3sI")
_SIGNATURE, _METADATA = 0, 1
_NAMES = {_SIGNATURE: "signature", _METADATA: "metadata"}
_MAX_CHUNKS = 16
"""fwtool writes one of each type; more than this is not an image anybody made."""


class Sysupgrade:
    """An image with fwtool trailers."""

    name: ClassVar[str] = "sysupgrade"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "firmware with fwtool metadata",
        "OpenWrt",
        ("OpenWrt fwtool src/fwtool.c",),
        ("signatures are not verified here",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-16, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _chunk_size(view, len(view)) > 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (chunks are bounded by _MAX_CHUNKS)
        end = len(view)
        chunks: list[tuple[int, int]] = []
        while len(chunks) < _MAX_CHUNKS and (size := _chunk_size(view, end)):
            chunks.append((end - size, end))
            end -= size
        if not chunks:
            raise MalformedInput("sysupgrade", len(view), "no trailer")
        reading = Reading()
        entries = [Entry("image", Kind.REGION, Held(view[:end]), end, offset=0)]
        crc = at = 0
        counts = dict.fromkeys(_NAMES, 0)
        for start, stop in reversed(chunks):
            trailer = stop - _TRAILER.size
            _, stated, kind, padding, _ = _TRAILER.unpack_from(view, trailer)
            crc, at = crc32(view[at:trailer], crc), trailer
            if crc ^ 0xFFFFFFFF != stated:
                detail = f"the {_NAMES[kind]}'s CRC-32 is {crc ^ 0xFFFFFFFF:08x}, stated {stated:08x}"
                reading.note_anomaly("checksum-mismatch", detail, trailer + 4)
            if padding != b"\0\0\0":
                reading.note_anomaly("reserved-bits", f"the trailer's padding is {padding.hex()}", trailer + 9)
            reading.cover(trailer, stop)
            path = f"{_NAMES[kind]}-{counts[kind]}" if counts[kind] else _NAMES[kind]
            counts[kind] += 1
            facts: tuple[tuple[str, str], ...] = ()
            if kind == _METADATA:
                facts = _metadata_facts(view, start, reading, path)
                start += 8  # noqa: PLW2901 (the JSON begins after version and flags)
            data = view[start:trailer]
            entries.append(Entry(path, Kind.REGION, Held(data), len(data), offset=start, facts=facts))
        for kind, count in counts.items():
            if count > 1:
                detail = f"{count} chunks of type {_NAMES[kind]}; which counts is unclear"
                reading.note_anomaly("contradiction", detail, end)
        # a signature covers what stands before it, so the order of the chunks is part of what they say
        reading.facts["chunks"] = " ".join(entry.path for entry in entries[1:])
        reading.entries = entries
        return reading


def _metadata_facts(view: memoryview, start: int, reading: Reading, path: str) -> tuple[tuple[str, str], ...]:
    version, flags = unpack_from(">II", view, start)
    reading.cover(start, start + 8)
    if version:
        reading.note_anomaly("unsupported", f"metadata of version {version}", start, path)
    return (("flags", f"{flags:#x}"), ("version", str(version)))


def _chunk_size(view: memoryview, end: int) -> int:
    """Return the size of the chunk that ends at `end`, trailer included, 0 if there is none."""
    if end < _TRAILER.size or view[end - 16 : end - 12] != _MAGIC:
        return 0
    _, _, kind, _, size = _TRAILER.unpack_from(view, end - _TRAILER.size)
    least = _TRAILER.size + (8 if kind == _METADATA else 0)
    return size if kind in _NAMES and least <= size <= end else 0
