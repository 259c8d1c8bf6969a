"""The boot sector: how large everything is and where it lies.

======  ====  ====================================================================================
offset  size  field (little-endian)
======  ====  ====================================================================================
0       3     jump to the boot code
3       8     name of the system that made it
11      2     bytes in a sector
13      1     sectors in a cluster
14      2     sectors before the first allocation table
16      1     number of allocation tables
17      2     entries of the root folder, 0 in FAT32
19      2     sectors, 0: see 32
21      1     medium
22      2     sectors in an allocation table, 0: FAT32
24      8     geometry of the disk, sectors before this partition
32      4     sectors
36      26    FAT12, FAT16: drive, state, 29, serial number, label, kind of file system
36      4     FAT32: sectors in an allocation table
40      2     which table is in use, 80: only that one
42      2     version, 0
44      4     first cluster of the root folder
48      4     sectors that hold the information sector and a copy of the boot sector
52      12    reserved
64      26    as at 36 in FAT12
510     2     55 AA
======  ====  ====================================================================================

Whether numbers in the table have 12 or 16 bits depends on how many clusters there are. The information sector is
``RRaA``, 480 bytes, ``rrAa``, the number of free clusters and where to look for one, 12 bytes, 00 00 55 AA.

Source: Microsoft FAT specification (August 2005) §3; Linux fs/fat/inode.c (`fat_read_bpb`).
"""

from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading

FORMAT = "fat"
SECTOR = 512
_BPB = Struct("<11xHBHBHHBH8xI")
_BPB_SIZE = 36
_GEOMETRY = Struct("<HHI")
_WIDE = Struct("<IHHIHH12x")
_EXTENDED = Struct("<BBBI11s8s")
_MOST_12, _MOST_16 = 4_084, 65_524
_SIGNED = 0x29
_SIGNATURE = b"\x55\xaa"
_KINDS = {b"FAT12   ": 12, b"FAT16   ": 16, b"FAT32   ": 32}
_INFO = Struct("<4s480x4sII12x4s")
_INFO_MARKS = (b"RRaA", b"rrAa", b"\0\0\x55\xaa")
_JUMPS = (0xEB, 0xE9)
_NO_SECTOR = (0, 0xFFFF)


class Boot:
    """What the boot sector says.

    Raises:
        MalformedInput: it cannot be one.
    """

    def __init__(self, view: memoryview) -> None:
        if len(view) < SECTOR:
            raise MalformedInput(FORMAT, 0, "shorter than a sector")
        fields = _BPB.unpack_from(view)
        sector, cluster, self.reserved, self.tables, root, total16, self.medium, table16, total32 = fields
        if (
            view[0] not in _JUMPS
            or sector not in (512, 1024, 2048, 4096)
            or not cluster
            or cluster & (cluster - 1)
            or not self.reserved
            or not 1 <= self.tables <= 4
            or (self.medium < 0xF8 and self.medium != 0xF0)
        ):
            raise MalformedInput(FORMAT, 0, "no boot sector of a FAT file system")
        wide = not table16
        self.sector, self.cluster, self.root_entries = sector, sector * cluster, root
        self.root_cluster = self.info = self.copy = 0
        self.table_sectors, extended = table16, _BPB_SIZE
        if wide:
            self.table_sectors, self.mirroring, self.version, self.root_cluster, self.info, self.copy = (
                _WIDE.unpack_from(view, _BPB_SIZE)
            )
            extended += _WIDE.size
        _, self.state, signed, serial, label, kind = _EXTENDED.unpack_from(view, extended)
        self.is_signed = signed == _SIGNED
        self.serial: int = serial
        self.label: bytes = label if self.is_signed else b""
        self.kind: bytes = kind if self.is_signed else b""
        self.code = extended + _EXTENDED.size if self.is_signed else extended
        """First byte of the boot code."""

        self.sectors = total16 or total32
        self.root = (self.reserved + self.tables * self.table_sectors) * sector
        """First byte of the root folder where it has a place of its own, otherwise of the first cluster."""
        root_size = -(-root * 32 // sector) * sector
        self.data = self.root + root_size
        """First byte of the first cluster."""
        self.end = self.sectors * sector
        clusters = (self.end - self.data) // self.cluster
        self.bits = 32 if wide else 12 if clusters <= _MOST_12 else 16
        self.clusters = min(clusters, self.table_sectors * sector * 8 // self.bits - 2)
        if self.clusters < 1 or wide == bool(root) or (not wide and clusters > _MOST_16):
            raise MalformedInput(FORMAT, 11, f"{self.sectors} sectors, {root} entries in the root folder")

    def table(self, number: int) -> tuple[int, int]:
        """Return first byte of an allocation table and first byte after it."""
        size = self.table_sectors * self.sector
        start = self.reserved * self.sector + number * size
        return start, start + size

    def tell(self, view: memoryview, reading: Reading) -> None:
        """Describe the file system, and compare what stands twice."""
        reading.facts.update({"bits": str(self.bits), "jump": bytes(view[:3]).hex()})
        per_track, heads, hidden = _GEOMETRY.unpack_from(view, 24)
        reading.notes.update(
            {
                "made-by": bytes(view[3:11]).decode("latin-1").rstrip(" \0"),
                "cluster-size": str(self.cluster),
                "tables": str(self.tables),
                "geometry": f"{heads} heads, {per_track} sectors, {hidden} before",
                "times": "in the zone of whoever wrote it, taken as UTC",
            }
        )
        if self.is_signed:
            reading.notes["serial"] = f"{self.serial:08x}"
        if self.state:
            reading.notes["state"] = f"{self.state:#x}"
        if _KINDS.get(self.kind, self.bits) != self.bits:
            # U-Boot and others go by the name, Linux and Windows by the number of clusters
            detail = f"it calls itself {self.kind!r}, and is FAT{self.bits}"
            reading.note_anomaly("contradiction", detail, self.code - 8)
        if bytes(view[510:512]) != _SIGNATURE:
            reading.notes["signature"] = bytes(view[510:512]).hex()
        reading.cover(0, self.code)
        reading.cover(510, 512)
        if self.bits == 32:
            self._compare_copy(view, reading)
            self._read_info(view, reading)
            if self.version:
                reading.note_anomaly("reserved-bits", f"version {self.version:#x}", 42)
        for at in range(SECTOR, self.reserved * self.sector, SECTOR):
            if not any(view[at : at + SECTOR]):
                reading.cover(at, at + SECTOR)

    def _compare_copy(self, view: memoryview, reading: Reading) -> None:
        if self.copy in _NO_SECTOR or self.copy >= self.reserved:
            return
        start = self.copy * self.sector
        if view[start : start + SECTOR] == view[:SECTOR]:
            reading.cover(start, start + SECTOR)
        else:
            reading.note_anomaly("contradiction", "the boot sector and its copy differ", start)
        behind = start + self.info * self.sector
        if self.info not in _NO_SECTOR and self.copy + self.info < self.reserved and _is_info(view, behind):
            reading.cover(behind, behind + SECTOR)

    def _read_info(self, view: memoryview, reading: Reading) -> None:
        if self.info in _NO_SECTOR or self.info >= self.reserved:
            return
        start = self.info * self.sector
        if _is_info(view, start):
            reading.cover(start, start + SECTOR)
        else:
            reading.note_anomaly("malformed", "no information sector", start)


def _is_info(view: memoryview, at: int) -> bool:
    """Tell whether an information sector stands there, and holds nothing else."""
    if at + SECTOR > len(view):
        return False
    first, second, _, _, third = _INFO.unpack_from(view, at)
    return (
        (first, second, third) == _INFO_MARKS
        and not any(view[at + 4 : at + 484])
        and not any(view[at + 496 : at + 508])
    )


def looks_like(view: memoryview) -> bool:
    """Tell whether a FAT file system begins here, or something that says so by name."""
    if len(view) < SECTOR or view[0] not in _JUMPS:
        return False
    if {bytes(view[54:62]), bytes(view[82:90])} & _KINDS.keys():
        return True
    try:
        Boot(view)
    except MalformedInput:
        return False
    return True
