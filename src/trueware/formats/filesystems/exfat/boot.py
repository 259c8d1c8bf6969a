"""The boot region: twelve sectors, and twelve more with a copy of them.

======  ====  ====================================================================================
offset  size  field (little-endian)
======  ====  ====================================================================================
0       3     jump to the boot code
3       8     ``EXFAT   ``
11      53    0, where FAT has its description
64      8     sectors before this partition
72      8     sectors
80      8     first sector of the allocation table, sectors in it
88      8     first sector of the clusters, number of clusters
96      4     first cluster of the root folder
100     4     serial number
104     2     version: minor, major
106     2     state: 1 the second table and bitmap count, 2 not closed properly, 4 the disk made errors
108     2     bytes in a sector, sectors in a cluster, both as powers of two
110     2     number of tables, drive
112     1     percent in use
120     390   boot code
510     2     55 AA
======  ====  ====================================================================================

Eight sectors follow that end with 55 AA and may hold more code, one with parameters of the maker, a reserved one, and one
that repeats the checksum of the eleven before it; bytes 106, 107 and 112 are not part of it.

Source: Microsoft exFAT file system specification §3.
"""

from struct import Struct

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading

FORMAT = "exfat"
MAGIC = b"EXFAT   "
_FIELDS = Struct("<2Q6IHH4BB")
_FIELDS_AT, _CODE, _CODE_END, _SMALLEST = 64, 120, 510, 512
_SIGNATURE = b"\x55\xaa"
_REGION, _CHECKSUM, _EXTENDED_END = 12, 11, 9
_UNSUMMED = (106, 107, 112)
_SECOND, _DIRTY, _ERRORS = 1, 2, 4


def sum32(data: bytes) -> int:
    """Return the checksum of a boot region or of an up-case table."""
    total = 0
    for byte in data:
        total = (total << 31 | total >> 1) + byte & 0xFFFF_FFFF
    return total


class Boot:
    """What the boot sector says.

    Raises:
        MalformedInput: it cannot be one.
    """

    def __init__(self, view: memoryview) -> None:
        if len(view) < _SMALLEST:
            raise MalformedInput(FORMAT, 0, "shorter than a sector")
        fields = _FIELDS.unpack_from(view, _FIELDS_AT)
        self.hidden, sectors, table, table_sectors, heap, self.clusters, self.root, self.serial = fields[:8]
        version, self.state, sector, cluster, self.tables, _, _ = fields[8:]
        if version >> 8 != 1:
            raise UnsupportedInput(FORMAT, 104, f"version {version >> 8}.{version & 0xFF}")
        if not 9 <= sector <= 12 or cluster > 25 - sector or self.tables not in (1, 2) or any(view[11:64]):
            raise MalformedInput(
                FORMAT, 108, f"sectors of 2^{sector} bytes, clusters of 2^{cluster}, {self.tables} tables"
            )
        self.sector, self.cluster, self.end = 1 << sector, 1 << sector + cluster, sectors << sector
        self.heap, self.table_size = heap << sector, table_sectors << sector
        second = bool(self.state & _SECOND and self.tables == 2)
        self.second = int(second)
        """Which table and bitmap count."""
        self.table = (table << sector) + second * self.table_size
        if (
            table < 2 * _REGION
            or self.heap < (table << sector) + self.tables * self.table_size
            or not 1 <= self.clusters <= (self.end - self.heap) // self.cluster
            or (self.clusters + 2) * 4 > self.table_size
        ):
            raise MalformedInput(FORMAT, 72, f"{sectors} sectors, {self.clusters} clusters from sector {heap}")

    def tell(self, view: memoryview, reading: Reading) -> None:
        """Describe the file system, verify the boot region, and compare it with its copy."""
        reading.facts["jump"] = bytes(view[:3]).hex()
        reading.notes.update(
            {
                "cluster-size": str(self.cluster),
                "sector-size": str(self.sector),
                "serial": f"{self.serial:08x}",
                "sectors-before": str(self.hidden),
                "state": f"{self.state:#x}",
            }
        )
        if self.state & _DIRTY:
            reading.notes["dirty"] = "not closed properly"
        if self.state & ~(_SECOND | _DIRTY | _ERRORS | 8):
            reading.note_anomaly("reserved-bits", f"state {self.state:#x}", 106)
        size = self.sector * _REGION
        main, copy = bytes(view[:size]), bytes(view[size : 2 * size])
        if len(copy) < size:
            return  # the image is truncated
        self._verify(main, "boot region", 0, reading)
        self._verify(copy, "copy of the boot region", size, reading)
        ours, theirs = bytearray(main), bytearray(copy)
        for at in _UNSUMMED:
            ours[at] = theirs[at] = 0
        if ours != theirs:
            reading.note_anomaly("contradiction", "the boot region and its copy differ", size)
        else:
            reading.cover(size, 2 * size)
        reading.cover(0, _CODE)
        reading.cover(_CODE_END, _SMALLEST)
        reading.cover(_CHECKSUM * self.sector, size)
        for number in range(_CHECKSUM):
            start, end = max(number * self.sector, _SMALLEST), (number + 1) * self.sector
            rest = main[start:end]
            if 0 < number < _EXTENDED_END and rest.endswith(_SIGNATURE):
                rest = rest[:-2]
            if not rest.strip(b"\0"):
                reading.cover(start, end)

    def _verify(self, region: bytes, what: str, at: int, reading: Reading) -> None:
        summed = region[: _CHECKSUM * self.sector]
        for skipped in sorted(_UNSUMMED, reverse=True):
            summed = summed[:skipped] + summed[skipped + 1 :]
        expected = sum32(summed).to_bytes(4, "little") * (self.sector // 4)
        if region[_CHECKSUM * self.sector :] != expected:
            reading.note_anomaly("checksum-mismatch", f"the checksum of the {what}", at + _CHECKSUM * self.sector)
