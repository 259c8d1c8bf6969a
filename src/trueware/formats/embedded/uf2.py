"""UF2, in which microcontrollers take firmware that is copied to them: blocks of 512 bytes, each with its address.

======  ====  ============================================================
offset  size  field (little-endian)
======  ====  ============================================================
0       8     magic 55 46 32 0A 57 51 5D 9E
8       4     flags: 0 not for flash, 12 a file, 13 a family, 14 an MD5,
              15 tags
12      4     address
16      4     length of the data, 476 at most
20      8     number of the block, of how many
28      4     length of a file, or number of the family
32      476   data, and what the flags tell
508     4     magic 30 6F B1 0A
======  ====  ============================================================

Source: microsoft/uf2 ``README.md``. Data for flash are regions by address and family; other blocks are kept as they are. Vectors were
made from that layout: the program that makes such files was not at hand.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.addressed import Memory
from trueware.formats.compressed import told
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC, _END = b"UF2\nWQ]\x9e", b"\x30\x6f\xb1\x0a"
_BLOCK, _START, _MOST = 512, 32, 476
_FIELDS = Struct("<8x6I")
_NOT_FLASH, _FILE, _FAMILY = 1, 1 << 12, 1 << 13


class Uf2:
    """A row of blocks."""

    name: ClassVar[str] = "uf2"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "UF2 firmware", "Microsoft", ("microsoft/uf2 README.md",),
        ("blocks that are no data for flash, which are kept as they are",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _is_block(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Uf2.matches(view):
            raise MalformedInput("uf2", 0, "no block")
        reading, at, other = Reading(spans=[(0, 0)]), 0, list[Entry]()
        memories: dict[int | None, Memory] = {}
        numbers: dict[int | None, int] = {}
        seen: dict[str, set[int]] = {"flags": set(), "blocks": set(), "file-size": set()}
        while _is_block(view, at):
            flags, address, size, number, count, family_field = _FIELDS.unpack_from(view, at)
            family = family_field if flags & _FAMILY else None
            if flags & (_NOT_FLASH | _FILE) or size > _MOST:
                if len(other) >= limits.max_entries:
                    raise LimitExceeded("max_entries", limits.max_entries, "blocks that are not for flash")
                block = view[at + len(_MAGIC) : at + _START + _MOST]
                other.append(Entry(f"block-{at // _BLOCK}", Kind.REGION, Held(block), len(block)))
            else:
                seen["flags"].add(flags)
                seen["blocks"].add(count)
                if family is None:
                    seen["file-size"].add(family_field)
                if number != (expected := numbers.get(family, 0)) or number >= count:
                    detail = f"block {number} of {count} where {expected} belongs"
                    reading.note_anomaly("contradiction", detail, at + 20)
                numbers[family] = number + 1
                prefix = "" if family is None else f"family-{family:08x}-"
                memories.setdefault(family, Memory(limits, prefix)).write(
                    address, view[at + _START : at + _START + size]
                )
                if any(view[at + _START + size : at + _START + _MOST]):
                    more = view[at + _START + size : at + _START + _MOST]
                    other.append(Entry(f"more-{at // _BLOCK}", Kind.REGION, Held(more), len(more)))
                if number + 1 == count:
                    numbers[family] = 0
            at += _BLOCK
        for family, expected in numbers.items():
            if expected:
                which = "blocks" if family is None else f"blocks of family {family:08x}"
                reading.note_anomaly("truncated", f"the {which} end at number {expected}", at)
        reading.facts |= {
            name: told(f"{value:#x}" for value in sorted(values)) for name, values in seen.items() if values
        }
        reading.spans[0], reading.end = (0, at), at
        reading.entries = [*other, *(entry for memory in memories.values() for entry in memory.regions(reading))]
        return reading


def _is_block(view: memoryview, at: int) -> bool:
    return view[at : at + 8] == _MAGIC and view[at + _BLOCK - 4 : at + _BLOCK] == _END
