"""Novatek's NVTPACK, firmware of cameras and recorders: a header with a sum, a table of partitions, and these.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       16    identity {D6012E07-10BC-4F91-B28A-352F82261A50}
16      4     version 16071515
20      4     length of the header
24      4     number of partitions
28      4     length of the whole
32      4     kind of sum: 0
36      4     word that makes the sum zero, in its lower half
..      12    behind the header: offset, length, number; and so on
======  ====  =====================================================

The sum is over 16-bit words, each with its own index added. Source: Novatek's ``nvtpack.h`` in its u-boot, viofo-fw (Apache-2.0). The
vectors were built from that layout; no image of a device confirmed the reading. Sums of single partitions are not verified.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.formats.sums import word_sum
from trueware.model.limits import Limits
from trueware.model.part import Kind

_IDENTITY = bytes.fromhex("072e01d6bc10914fb28a352f82261a50")
_VERSION = 0x16071515
_HEADER, _PARTITION = Struct("<16sIIIIIHH"), Struct("<III")
_LARGEST = 1 << 12


class NovatekPack:
    """Partitions of a camera."""

    name: ClassVar[str] = "novatek-pack"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "NVTPACK_FW_HDR2 firmware", "Novatek", ("u-boot nvtpack.h", "viofo-fw"),
        ("sums of single partitions are not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _IDENTITY),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:16] != _IDENTITY:
            return False
        _, version, header, count, *_ = _HEADER.unpack_from(view)
        return bool(version == _VERSION and _HEADER.size <= header <= _LARGEST and count > 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not NovatekPack.matches(view):
            raise MalformedInput("novatek-pack", 0, "no header")
        _, _, header, count, size, kind, _, rest = _HEADER.unpack_from(view)
        table = header + count * _PARTITION.size
        if table > len(view):
            raise MalformedInput("novatek-pack", 24, f"{count} partitions in {len(view)} bytes")
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "partitions of a novatek pack")
        reading = Reading(facts={"sum": str(kind), "unknown": f"{rest:#06x}"}, end=min(max(size, table), len(view)))
        reading.cover(0, _HEADER.size)
        reading.cover(header, table)
        if size > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {size} bytes are there", len(view))
        elif kind:
            reading.note_anomaly("checksum-unchecked", f"kind {kind} of sum", 32)
        elif found := checksum(view[:size]):
            reading.note_anomaly("checksum-mismatch", f"the sum is {found:04x}, not zero", 36)
        entries = list[Entry]()
        for number in range(count):
            start, length, identity = _PARTITION.unpack_from(view, header + number * _PARTITION.size)
            facts = (("number", str(identity)),)
            entries.append(region(f"{number}-partition-{identity}", view, start, length, reading, facts))
        note_overlaps([Entry("the table", Kind.REGION, size=table, offset=0), *entries], reading)
        reading.entries = entries
        return reading


def checksum(data: memoryview) -> int:
    """Return the sum of all 16-bit words and of their indices, in 16 bits; a last odd byte is not part of it."""
    words = len(data) // 2
    return word_sum(data[: 2 * words], big_endian=False) + words * (words - 1) // 2 & 0xFFFF
