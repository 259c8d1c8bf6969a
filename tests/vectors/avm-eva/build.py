"""Builds the EVA vectors from the layout in OpenWrt's lzma2eva.c; run it again and nothing changes."""

import lzma
import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

KERNEL = b"kernel " * 300
FILTER = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}


def eva() -> bytes:
    packed = lzma.compress(KERNEL, lzma.FORMAT_RAW, filters=[FILTER])
    record = pack("<4IBI3s", 0x075A0201, len(packed), len(KERNEL), crc32(packed), 0x5D, 1 << 16, b"") + packed
    total = len(record) + 0x94000000 + sum(record)
    return pack("<III", 0xFEED1281, len(record), 0x94000000) + record + pack("<III", -total & 0xFFFFFFFF, 0, 0x94264000)


FACTS = {"load-address": "0x94000000", "entry-point": "0x94264000", "next": "0x0"}
packed: dict[str, object] = {"kind": "region", "format": "lzma-alone"}
parts: Parts = {"kernel": packed, "kernel!/data": region(KERNEL)}
plain = eva()
write("kernel", plain, "A packed kernel and its entry point.", parts=parts, facts=FACTS)
write("filled", plain + bytes(300), "Zeros fill the image up.", parts=parts, facts=FACTS)
changed = patched(plain, len(plain) - 1, b"\x95")
write("entry", changed, "The entry point was changed, which no sum covers.", parts=parts, facts={**FACTS, "entry-point": "0x95264000"})
write(
    "changed",
    patched(plain, 8, b"\1"),
    "The load address was changed and the sum was not.",
    parts=parts,
    facts={**FACTS, "load-address": "0x94000001"},
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"behind", "Bytes behind the entry point.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("kind", patched(plain, 12, b"\2"), "A record of another kind.")
