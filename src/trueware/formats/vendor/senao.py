"""Senao's firmware header (EnGenius, D-Link): a vendor and product, an MD5, and an image masked with eight bytes.

======  ====  ====================================================================
offset  size  field (big-endian)
======  ====  ====================================================================
0x00    4     head
0x04    4     vendor id
0x08    4     product id
0x0C    16    version
0x1C    4     type: 0 combined with the header below, 2 kernel, 3 kernel and root, …
0x20    4     length of the image
0x24    4     zero
0x28    16    MD5 of the image
0x38    32    padding
0x58    4     sum of the header's bytes, this field as zero
0x5C    4     magic, usually 12 34 56 78
0x60    ..    for type 0 and a second magic "all": further header, see below
..      ..    image, masked: byte i with the magic shifted right by i modulo 8 bits
======  ====  ====================================================================

======  ====  ====================================================================
0       4     "all" and NUL
4       4     domain
8       12    version of the firmware, three numbers
20      4     date
24      12    version of the management protocol, three numbers
36      4     length of the model
40      ..    model
======  ====  ====================================================================

Sources: OpenWrt ``firmware-utils/src/mksenaofw.c``, unblob ``handlers/archive/engeniustech/engenius.py``. The vectors were built from
that layout; no image of a maker confirmed the reading.
"""

from collections.abc import Iterator
from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import CHUNK, Entry, FormatDoc, Magic, Produced, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x12\x34\x56\x78"
_HEADER = Struct(">3I16s3I16s32sI4s")
_COMBINED = Struct(">4sI3II3II")
_ALL = b"all\0"
_TYPES = "combined boot-loader kernel kernel-and-root root"
_LONGEST_MODEL = 64
_MASK = bytes(int.from_bytes(_MAGIC, "big") >> bit & 0xFF for bit in range(8))
_LARGEST_BLOCK = 1 << 16
"""Bytes an image may be filled up to a multiple of."""


class Senao:
    """A masked firmware."""

    name: ClassVar[str] = "senao"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Senao firmware", "EnGenius", ("OpenWrt firmware-utils src/mksenaofw.c", "unblob"),
        ("images whose magic is not 12 34 56 78 are not recognised",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0x5C, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[0x5C:0x60] != _MAGIC:
            return False
        _, vendor, product, version, _, size, zero, *_ = _HEADER.unpack_from(view)
        return vendor > 0 and product > 0 and size > 0 and zero == 0 and is_text(version)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Senao.matches(view):
            raise MalformedInput("senao", 0, "no header")
        head, vendor, product, version, kind, size, _, digest, _, header_sum, _ = _HEADER.unpack_from(view)
        types = _TYPES.split()
        reading = Reading(
            facts={
                "head": f"{head:#x}",
                "vendor-id": f"{vendor:#x}",
                "product-id": f"{product:#x}",
                "type": types[kind] if kind < len(types) else str(kind),
            }
        )
        tell(reading.facts, "version", version)
        reading.cover(0, 0x38)
        reading.cover(0x58, _HEADER.size)
        start = _HEADER.size
        if kind == 0 and view[start : start + 4] == _ALL:
            start = _tell_combined(view, start, reading)
        found = byte_sum(view[:start]) - byte_sum(view[0x58:0x5C])
        if found != header_sum:
            reading.note_anomaly("checksum-mismatch", f"the header's sum is {found:#x}, stated {header_sum:#x}", 0x58)
        masked = view[start : start + size]
        reading.end = start + len(masked)
        if len(masked) < size:
            reading.note_anomaly("truncated", f"{len(masked)} of {size} bytes are there", len(view))
        else:
            found_digest = md5(usedforsecurity=False)
            for piece in _unmasked(masked):
                found_digest.update(piece)
            if found_digest.digest() != digest:
                detail = f"the MD5 is {found_digest.hexdigest()}, stated {digest.hex()}"
                reading.note_anomaly("checksum-mismatch", detail, 0x28)
            reading.end += _filler(view[reading.end :], size)
        reading.cover(start, reading.end)
        content = Produced(lambda: _unmasked(masked), len(masked))
        reading.entries = [Entry("image", Kind.REGION, content, len(masked), offset=start)]
        return reading


def _tell_combined(view: memoryview, at: int, reading: Reading) -> int:
    """Make facts of the further header and return where it ends."""
    if at + _COMBINED.size > len(view):
        raise MalformedInput("senao", at, "no room for the further header")
    _, domain, *numbers, length = _COMBINED.unpack_from(view, at)
    end = at + _COMBINED.size + int(length)
    if length > _LONGEST_MODEL or end > len(view):
        raise MalformedInput("senao", at + 36, f"a model of {length} bytes")
    reading.facts["domain"] = f"{domain:#x}"
    reading.facts["firmware-version"] = ".".join(map(str, numbers[:3]))
    reading.facts["date"] = str(numbers[3])
    reading.facts["protocol-version"] = ".".join(map(str, numbers[4:]))
    tell(reading.facts, "model", view[at + _COMBINED.size : end])
    reading.cover(at, end)
    return end


def _filler(rest: memoryview, size: int) -> int:
    """Return how many bytes behind an image of `size` bytes are masked zeros, which fill it up to whole blocks."""
    turned = size % len(_MASK)
    expected = (_MASK * (_LARGEST_BLOCK // len(_MASK) + 1))[turned : turned + len(rest)]
    return len(rest) if len(rest) < _LARGEST_BLOCK and rest == expected else 0


def _unmasked(masked: memoryview) -> Iterator[bytes]:
    """Yield the image; whole pieces are masked as one large number each."""
    mask = int.from_bytes(_MASK * (CHUNK // len(_MASK)), "big")
    for at in range(0, len(masked), CHUNK):
        piece = masked[at : at + CHUNK]
        fitted = mask >> 8 * (CHUNK - len(piece))
        yield (int.from_bytes(piece, "big") ^ fitted).to_bytes(len(piece), "big")
