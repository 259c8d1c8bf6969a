"""Allwinner's IMAGEWTY, which LiveSuit and PhoenixCard write to a device: a header, and a header for each file.

======  ====  ========================================================
offset  size  field (little-endian)
======  ====  ========================================================
0       8     magic "IMAGEWTY"
8       4     version of the header: 0x100, or 0x300
12      4     length of the header's fields: 0x50, or 0x60
16      4     base in memory
20      4     version of the format
24      4     length of the whole
28      4     length of the header: 1024
(32)    4     only in 0x300: unknown
32      16    product, vendor, hardware, firmware
48      8     unknown
56      4     number of files
60      4     unknown
======  ====  ========================================================

======  ====  ========================================================
0       4     length of the name's field: 256
4       4     length of this header: 1024
8       24    main type (8), sub type (16)
32      4     attributes
36      4     0x100: length stored; length; offset; checksum; name (256)
36      256   0x300: name; length stored, length, offset (8 bytes each)
======  ====  ========================================================

Source: awutils ``imagewty.h`` (Ithamar R. Adema) and its successors in OpenixSuit. The vectors were built from that layout; no image
of a device confirmed the reading. Checksums of partitions are files of their own, whose name begins with V, and not verified. Images
encrypted as a whole with the keys of a maker begin with none of this.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"IMAGEWTY"
_HEADER = Struct("<8s6I")
_IDENTITY = Struct("<4I8sI4s")
_FILE = Struct("<II8s16s4s")
_OLD, _NEW = Struct("<IIII256s"), Struct("<256sQQQ")
_STEP, _NAME = 1024, 256
_FIELDS = {0x100: 0x50, 0x300: 0x60}


class ImageWty:
    """An image of files, among them the partitions of a device."""

    name: ClassVar[str] = "imagewty"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "IMAGEWTY firmware (LiveSuit, PhoenixCard)", "Allwinner", ("awutils imagewty.h", "OpenixSuit"),
        ("checksums among the files are not verified", "images encrypted as a whole are not recognised"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _STEP or view[:8] != _MAGIC:
            return False
        _, version, fields, _, _, _, size = _HEADER.unpack_from(view)
        return bool(_FIELDS.get(version) == fields and size == _STEP)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not ImageWty.matches(view):
            raise MalformedInput("imagewty", 0, "no header")
        _, version, _, base, packing, length, _ = _HEADER.unpack_from(view)
        is_new = version == 0x300
        start = _HEADER.size + (4 if is_new else 0)
        *identity, unknown, count, more = _IDENTITY.unpack_from(view, start)
        table = _STEP * (1 + count)
        if table > len(view):
            raise MalformedInput("imagewty", start + 24, f"{count} files in {len(view)} bytes")
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "files of an imagewty")
        reading = Reading(
            facts={
                "version": f"{version:#x}",
                "base": f"{base:#010x}",
                "packing": f"{packing:#010x}",
                "unknown": (bytes(view[_HEADER.size : start]) + unknown + more).hex(),
            },
            end=min(max(length, table), len(view)),
        )
        for name, value in zip(("product", "vendor", "hardware", "firmware"), identity, strict=True):
            reading.facts[name] = f"{value:#x}"
        reading.cover(0, start + _IDENTITY.size)
        if length > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {length} bytes are there", len(view))
        entries = [_file(view, _STEP * (1 + number), number, reading, is_new=is_new) for number in range(count)]
        note_overlaps([Entry("the table", Kind.REGION, size=table, offset=0), *entries], reading)
        reading.entries = entries
        return reading


def _file(view: memoryview, at: int, number: int, reading: Reading, *, is_new: bool) -> Entry:
    named, header, main, sub, attributes = _FILE.unpack_from(view, at)
    if (named, header) != (_NAME, _STEP):
        raise MalformedInput("imagewty", at, f"a name of {named} and a header of {header} bytes")
    facts = {"attributes": attributes.hex()}
    if is_new:
        name, stored, size, start = _NEW.unpack_from(view, at + _FILE.size)
        reading.cover(at, at + _FILE.size + _NEW.size)
    else:
        stored, size, start, checksum, name = _OLD.unpack_from(view, at + _FILE.size)
        facts["checksum"] = f"{checksum:#010x}"
        reading.cover(at, at + _FILE.size + _OLD.size)
    for label, text in (("main-type", main), ("sub-type", sub), ("name", name)):
        tell(facts, label, text)
    if stored < size:
        reading.note_anomaly("contradiction", f"{stored} bytes are stored of a file of {size}", at + 36)
    path = f"{number}-{readable(name.partition(bytes(1))[0] or b'unnamed')}"
    facts["stored"] = str(stored)
    return region(path, view, start, size, reading, tuple(sorted(facts.items())))
