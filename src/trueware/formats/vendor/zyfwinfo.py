"""``zyfwinfo``, the note beside kernel and root file system by which ZyXEL's newer boot loaders know them.

======  ====  ==============================================================
offset  size  field (little-endian)
======  ====  ==============================================================
0       4     magic "EXYZ"
4       4     version: 2; sequence, which decides what is started (2 each)
8       2     size of a block of the file system, in KiB
10      10    01 00 00; month, day, century, year, hour, minute, second, in
              decimal digits of four bits
20      92    product (32), version (30), and again (30)
112     4     sums of kernel and root file system (2 each)
116     4     features, four digits
120     8     lengths of kernel and root file system (4 each)
128     126   zero
254     2     sum of the first 128 bytes
======  ====  ==============================================================

A sum is that of System V's ``sum``. It lies in a volume, or as a file of an archive, of its own: whether the sums fit what they
speak of cannot be told here. Source: the scripts that OpenWrt's users add one by (``zyfwinfo_create``), and ZyXEL's ``zyfwinfo.h``
where its sources were published. The vectors were built from that layout; no device confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text
from trueware.formats.sums import system_v_sum
from trueware.model.limits import Limits

_MAGIC = b"EXYZ"
_HEADER = Struct("<4sHHH3s7s32s30s30sHH4sII")
_SIZE, _SUMMED = 256, 128


class Zyfwinfo:
    """The note on a kernel and a root file system."""

    name: ClassVar[str] = "zyfwinfo"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "zyfwinfo", "ZyXEL", ("OpenWrt zyfwinfo_create",),
        ("what its sums speak of lies elsewhere and is not compared with them",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _SIZE or view[:4] != _MAGIC:
            return False
        _, version, _, block, _, _, product, _, _, _, _, _, kernel, _ = _HEADER.unpack_from(view)
        return 0 < version < 16 and block > 0 and kernel > 0 and product[0] > 0 and is_text(product)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (no entry)
        if not Zyfwinfo.matches(view):
            raise MalformedInput("zyfwinfo", 0, "no note")
        _, layout, sequence, block, mark, moment, product, version, other, *sums, features, kernel, root = (
            _HEADER.unpack_from(view)
        )
        month, day, century, year, *hours = (f"{part:02x}" for part in moment)
        reading = Reading(
            facts={
                "layout": str(layout), "sequence": str(sequence), "block-size": str(block), "mark": mark.hex(),
                "features": features.hex(), "kernel-sum": f"{sums[0]:#06x}", "kernel-size": str(kernel),
                "rootfs-sum": f"{sums[1]:#06x}", "rootfs-size": str(root),
            },
            notes={"time": f"{century}{year}-{month}-{day} {':'.join(hours)}"},
        )  # fmt: skip
        for name, text in (("product", product), ("version", version), ("external-version", other)):
            tell(reading.facts, name, text)
        stated = int.from_bytes(view[_SIZE - 2 : _SIZE], "little")
        if (found := system_v_sum(view[:_SUMMED])) != stated:
            reading.note_anomaly("checksum-mismatch", f"the sum is {found:#06x}, stated {stated:#06x}", _SIZE - 2)
        reading.cover(0, _SUMMED)
        reading.cover(_SIZE - 2, _SIZE)
        reading.end = _SIZE
        return reading
