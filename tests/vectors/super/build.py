"""Builds the vectors of super partitions from the layout (AOSP liblp/metadata_format.h); run it again and nothing changes.

The lpunpack of liblp 1.0.2 (PyPI) takes the same partitions out of `whole`.
"""

import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

from tree import noise

SECTOR, ROOM, START = 512, 4096, 28672
SYSTEM, VENDOR, OTHER = noise(1536, "system"), noise(1024, "vendor"), noise(512, "other")
READONLY, SUFFIXED, DISABLED = 1, 2, 8

Extents = Sequence[tuple[int, int, int, int]]
"""Sectors, kind, first sector, block device."""


def sealed(data: bytes, at: int) -> bytes:
    """Return `data` with its SHA-256 in it, which counts itself as zero."""
    return data[:at] + sha256(data[:at] + bytes(32) + data[at + 32 :]).digest() + data[at + 32 :]


def geometry(slots: int) -> bytes:
    head = pack("<II32xIII", 0x616C4467, 52, ROOM, slots, SECTOR)
    return sealed(head, 8).ljust(4096, b"\0")


def metadata(
    partitions: Sequence[tuple[bytes, int, Extents]],
    *,
    flags: int | None = None,
    devices: Sequence[bytes] = (b"super",),
    suffixed: int = 0,
) -> bytes:
    rows: list[list[bytes]] = [[], [], [], []]
    for name, attributes, extents in partitions:
        rows[0].append(pack("<36sIIII", name, attributes, len(rows[1]), len(extents), 1))
        rows[1] += [pack("<QIQI", *extent) for extent in extents]
    rows[2] = [pack("<36sIQ", b"default", 0, 0), pack("<36sIQ", b"main", suffixed, 1 << 20)]
    rows[3] = [pack("<QIIQ36sI", START // SECTOR, 4096, 0, 65536, name, suffixed) for name in devices]
    tables = b"".join(map(b"".join, rows))
    descriptors, at = b"", 0
    for each, size in zip(rows, (52, 24, 48, 64), strict=True):
        descriptors += pack("<III", at, len(each), size)
        at += len(each) * size
    size = 128 if flags is None else 256
    head = pack("<4sHHI32xI32s", b"0PLA", 10, 0 if flags is None else 2, size, len(tables), sha256(tables).digest())
    head += descriptors + (b"" if flags is None else pack("<I124x", flags))
    return sealed(head, 12) + tables


def image(*slots: bytes, blocks: dict[int, bytes], backups: Sequence[bytes] | None = None, size: int = 40960) -> bytes:
    copies = [*slots, *(slots if backups is None else backups)]
    head = bytes(4096) + 2 * geometry(len(slots)) + b"".join(copy.ljust(ROOM, b"\0") for copy in copies)
    data = bytearray(head.ljust(size, b"\0"))
    for sector, block in blocks.items():
        data[sector * SECTOR : sector * SECTOR + len(block)] = block
    return bytes(data)


def partition(data: bytes, attributes: str, group: str = "main") -> dict[str, object]:
    return {**region(data), "facts": {"attributes": attributes, "group": group}}


BASE = {
    "slots": "2",
    "flags": "none",
    "group/default": "0 bytes, flags none",
    "group/main": "1048576 bytes, flags none",
    "device/0": "super, 65536 bytes, flags none",
}
system = (b"system_a", READONLY, [(2, 0, 56, 0), (1, 0, 64, 0)])
vendor = (b"vendor_a", READONLY, [(2, 0, 60, 0)])
empty = (b"system_b", READONLY, [])
blocks = {56: SYSTEM[:1024], 60: VENDOR, 64: SYSTEM[1024:]}
parts: Parts = {
    "system_a": partition(SYSTEM, "readonly"),
    "vendor_a": partition(VENDOR, "readonly"),
    "system_b": partition(b"", "readonly"),
}
same = metadata([system, vendor, empty])
whole = image(same, same, blocks=blocks)
FACTS = {**BASE, "slot-0": "system_a vendor_a system_b", "slot-1": "as slot-0"}
write(
    "whole",
    whole,
    "A partition of two extents, one of one, and one without; both slots the same.",
    parts=parts,
    facts=FACTS,
)

shared = (b"vendor_a", READONLY, [(1, 0, 66, 0)])
other = metadata([system, shared, (b"new", DISABLED, [(1, 0, 67, 0)])], flags=1)
write(
    "slots-differ",
    image(same, other, blocks={**blocks, 66: OTHER, 67: OTHER[::-1]}),
    "After an update: the second slot keeps one partition, changes one and has another; virtual A/B.",
    parts={**parts, "vendor_a@1": partition(OTHER, "readonly"), "new": partition(OTHER[::-1], "disabled")},
    facts={
        **BASE,
        "slot-0": "system_a vendor_a system_b",
        "slot-1": "system_a vendor_a@1 new",
        **{f"slot-1/{name}": value for name, value in BASE.items() if name != "slots"},
        "slot-1/flags": "virtual-ab",
    },
)
holed = metadata([(b"system_a", READONLY, [(2, 0, 56, 0), (3, 1, 0, 0), (1, 0, 64, 0)]), vendor])
write(
    "zeros",
    image(holed, holed, blocks=blocks),
    "Zeros between two extents, which lie nowhere.",
    parts={
        "system_a": partition(SYSTEM[:1024] + bytes(1536) + SYSTEM[1024:], "readonly"),
        "vendor_a": parts["vendor_a"],
    },
    facts={**FACTS, "slot-0": "system_a vendor_a"},
)
suffixed = metadata([(b"system", READONLY | SUFFIXED, [(2, 0, 56, 0)])], suffixed=1)
write(
    "suffixed",
    image(suffixed, suffixed, blocks={56: VENDOR}),
    "Names that take the suffix of the slot.",
    parts={
        "system_a": partition(VENDOR, "readonly slot-suffixed", "main_a"),
        "system_b": partition(VENDOR, "readonly slot-suffixed", "main_b"),
    },
    facts={
        "slots": "2",
        "flags": "none",
        "slot-1/flags": "none",
        "group/default": "0 bytes, flags none",
        "group/main_a": "1048576 bytes, flags slot-suffixed",
        "device/0": "super_a, 65536 bytes, flags slot-suffixed",
        "slot-1/group/default": "0 bytes, flags none",
        "slot-1/group/main_b": "1048576 bytes, flags slot-suffixed",
        "slot-1/device/0": "super_b, 65536 bytes, flags slot-suffixed",
        "slot-0": "system_a",
        "slot-1": "system_b",
    },
)
alone = geometry(2) + metadata([(b"system_a", READONLY, [])])
write(
    "alone",
    alone,
    "super_empty.img: geometry and metadata and nothing else.",
    parts={"system_a": partition(b"", "readonly")},
    facts={**BASE, "kind": "metadata alone", "slot-0": "system_a"},
)
cow = metadata([system, vendor, (b"system_a-cow", 4, [(1, 0, 66, 0)])], flags=1)
write(
    "snapshot",
    image(cow, cow, blocks={**blocks, 66: OTHER}),
    "An update that is not merged yet.",
    parts={
        "system_a": parts["system_a"],
        "vendor_a": parts["vendor_a"],
        "system_a-cow": partition(OTHER, "updated"),
    },
    facts={**FACTS, "flags": "virtual-ab", "slot-0": "system_a vendor_a system_a-cow"},
    findings=["unsupported"],
)
write(
    "primary-damaged",
    patched(patched(whole, 4096 + 40, b"\0\x11"), 12288 + 200, b"\xff"),
    "The first geometry and the first copy of slot 0 are damaged; their backups are used.",
    parts=parts,
    facts=FACTS,
    findings=["checksum-mismatch", "contradiction"],
)
write(
    "backup-differs",
    image(same, same, blocks=blocks, backups=[metadata([vendor]), same]),
    "The backup of slot 0 is sound and lists other partitions.",
    parts=parts,
    facts=FACTS,
    findings=["contradiction"],
)
overlapping = metadata([system, (b"vendor_a", READONLY, [(3, 0, 62, 0)]), (b"boot", 0, [(1, 0, 20, 0)])])
write(
    "overlap",
    image(overlapping, overlapping, blocks=blocks),
    "Partitions share bytes, with each other and with the metadata.",
    parts={
        "system_a": parts["system_a"],
        "vendor_a": partition(bytes(1024) + SYSTEM[1024:], "readonly"),
        "boot": partition(bytes(512), "none"),
        "gap-0": gap(VENDOR),
    },
    facts={**FACTS, "slot-0": "system_a vendor_a boot"},
    findings=["overlap", "unread-bytes"],
)
elsewhere = metadata([system, (b"vendor_a", READONLY, [(2, 0, 60, 1)])], devices=(b"system", b"vendor"))
write(
    "other-device",
    image(elsewhere, elsewhere, blocks=blocks),
    "An extent on another block device.",
    parts={"system_a": parts["system_a"], "vendor_a": partition(b"", "readonly"), "gap-0": gap(VENDOR)},
    facts={
        **FACTS,
        "device/0": "system, 65536 bytes, flags none",
        "device/1": "vendor, 65536 bytes, flags none",
        "slot-0": "system_a vendor_a",
    },
    findings=["unread-bytes", "unsupported"],
)
twice = metadata([vendor, (b"vendor_a", READONLY, [(1, 0, 64, 0)]), (b"system_a", READONLY, [(2, 0, 56, 0)])])
write(
    "name-twice",
    image(twice, twice, blocks=blocks),
    "Two partitions of one name.",
    parts={
        "vendor_a": parts["vendor_a"],
        "vendor_a@0": partition(SYSTEM[1024:], "readonly"),
        "system_a": partition(SYSTEM[:1024], "readonly"),
    },
    facts={**FACTS, "slot-0": "vendor_a vendor_a@0 system_a"},
    findings=["duplicate-path"],
)
write(
    "truncated",
    whole[: 64 * SECTOR + 100],
    "The dump breaks off within the last extent.",
    parts={**parts, "system_a": partition(SYSTEM[:1124], "readonly")},
    facts=FACTS,
    findings=["truncated"],
)
write("no-metadata", whole[:12288] + bytes(9000), "A geometry, and no metadata anywhere.", findings=["malformed"])
stated = metadata([(b"system_a", READONLY, [(2, 0, 56, 0)]), (b"system_b", READONLY, [(2, 0, 56, 0)])])
greedy = stated[:128] + patched(stated[128:], 52 + 40, pack("<II", 0, 2))
greedy = sealed(patched(greedy, 48, sha256(greedy[128:]).digest()), 12)
write(
    "extents-twice",
    image(greedy, greedy, blocks=blocks),
    "Two partitions use more extents than there are.",
    findings=["malformed"],
)
