"""Amlogic's upgrade package, as its USB burning tool takes it: a header with a CRC, a table of items, and the items.

======  ====  ===========================================================
offset  size  field (little-endian)
======  ====  ===========================================================
0       4     CRC-32 from offset 4 on, not inverted at the end
4       4     version: 1 or 2
8       4     magic 56 19 B5 27
12      8     length of the whole
20      4     what items are aligned to
24      4     number of items
28      36    unused
64      ..    items
======  ====  ===========================================================

======  ====  ===========================================================
0       4     number
4       4     kind of file: 0 normal, 0xFE sparse, 0x1FE UBI, 0x2FE UBIFS
8       8     offset in the item, 0
16      16    offset in the image (8), length (8)
32      ..    main type and sub type, 32 bytes each, in version 2 256
..      4     whether it is verified by the next item
..      4     whether it is a backup (2), of which item (2)
..      24    unused
======  ====  ===========================================================

The item of main type VERIFY holds ``sha1sum`` and a digest of the item with the same sub type before it, which is verified here.
Source: hardkernel u-boot ``v2_burning/v2_common/amlImage_if.h``; 7Ji's ampack. The vectors were built from that layout; no package of
a device confirmed the reading. Version 3 is not described.
"""

from hashlib import sha1
from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x56\x19\xb5\x27"
_HEADER = Struct("<II4sQII")
_SIZE = 64
_ITEMS = {1: Struct("<IIQQQ32s32sIHH24x"), 2: Struct("<IIQQQ256s256sIHH24x")}
_VERIFY, _WORD = "VERIFY", b"sha1sum "


class AmlUpgrade:
    """An upgrade package."""

    name: ClassVar[str] = "aml-upgrade"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Amlogic upgrade package", "Amlogic", ("u-boot v2_burning amlImage_if.h", "ampack"), ("version 3 is not read",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(8, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _SIZE or view[8:12] != _MAGIC:
            return False
        _, version, _, size, _, count = _HEADER.unpack_from(view)
        return bool(0 < version <= 3 and size >= _SIZE and 0 < count < 1 << 16)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not AmlUpgrade.matches(view):
            raise MalformedInput("aml-upgrade", 0, "no header")
        stated, version, _, size, step, count = _HEADER.unpack_from(view)
        if version not in _ITEMS:
            raise UnsupportedInput("aml-upgrade", 4, f"version {version}")
        item = _ITEMS[version]
        table = _SIZE + count * item.size
        if table > len(view):
            raise MalformedInput("aml-upgrade", 24, f"{count} items in {len(view)} bytes")
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "items of an upgrade package")
        reading = Reading(facts={"version": str(version), "step": str(step)}, end=min(max(size, table), len(view)))
        reading.cover(0, _HEADER.size)
        if size > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {size} bytes are there", len(view))
        elif (found := crc32(view[4:size]) ^ 0xFFFFFFFF) != stated:
            reading.note_anomaly("checksum-mismatch", f"the CRC-32 is {found:08x}, stated {stated:08x}", 0)
        entries = [_item(view, _SIZE + number * item.size, item, number, reading) for number in range(count)]
        note_overlaps([Entry("the table", Kind.REGION, size=table, offset=0), *entries], reading)
        _verify(view, entries, reading)
        reading.entries = entries
        return reading


def _item(view: memoryview, at: int, item: Struct, position: int, reading: Reading) -> Entry:
    number, kind, inner, start, size, main, sub, verified, backup, original = item.unpack_from(view, at)
    reading.cover(at, at + item.size - 24)
    facts = {"number": str(number), "kind": f"{kind:#x}", "verified": str(verified)}
    facts |= {"backup": str(backup), "of": str(original), "inner": str(inner)}
    tell(facts, "main-type", main)
    tell(facts, "sub-type", sub)
    words = [text.partition(b"\0")[0].decode("utf-8", "surrogateescape") for text in (sub, main)]
    path = f"{position}-{readable('.'.join(words).encode('utf-8', 'surrogateescape'))}"
    return region(path, view, start, size, reading, tuple(sorted(facts.items())))


def _verify(view: memoryview, entries: list[Entry], reading: Reading) -> None:
    """Compare the digests that items state with the items; those that claim more than there is are overlap, which is told."""
    before: dict[str, Entry] = {}
    checked = 0
    for entry in entries:
        facts = dict(entry.facts)
        if facts["main-type"] != _VERIFY:
            before[facts["sub-type"]] = entry
            continue
        other = before.get(facts["sub-type"])
        start = entry.offset or 0
        stated = bytes(view[start : start + min(entry.size, 48)])
        if other is None or not stated.startswith(_WORD):
            reading.note_anomaly("checksum-unchecked", "no digest, or nothing it is of", entry.offset, entry.path)
            continue
        checked += other.size
        if checked > len(view):
            return
        begins = other.offset or 0
        found = sha1(view[begins : begins + other.size], usedforsecurity=False).hexdigest()
        if stated[len(_WORD) :] != found.encode():
            reading.note_anomaly("checksum-mismatch", f"the SHA-1 is {found}", other.offset, other.path)
