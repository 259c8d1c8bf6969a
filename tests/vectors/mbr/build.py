"""Builds the MBR vectors with sfdisk (util-linux 2.38); run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

TABLE = """label: dos
label-id: 0x12345678
start=8,size=4,type=83,bootable
start=16,size=32,type=5
start=20,size=4,type=83
start=28,size=4,type=0c
"""
SECTORS = 48
BOOT_CODE = b"\xeb\x58" + b"boot code" * 40
EXTENDED, NEXT = 16 * 512, 27 * 512


def data(number: int) -> bytes:
    return (b"contents of partition %d " % number * 99)[: 4 * 512]


def sfdisk() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "disk"
        path.write_bytes(bytes(SECTORS * 512))
        subprocess.run(["sfdisk", "-q", str(path)], input=TABLE.encode(), check=True, capture_output=True)
        disk = path.read_bytes()
    for sector, number in ((8, 1), (20, 5), (28, 6)):
        disk = patched(disk, sector * 512, data(number))
    return disk


disk = sfdisk()
FACTS = {
    "disk-signature": "12345678",
    "protected": "0000",
    "extended-2": f"active=false chs={(disk[463:466] + disk[467:470]).hex()} first-sector=16 sectors=32 type=0x05",
}
parts: Parts = {f"partition-{number}": region(data(number)) for number in (1, 5, 6)}
active = {
    "active": "true",
    "chs": (disk[447:450] + disk[451:454]).hex(),
    "first-sector": "8",
    "sectors": "4",
    "type": "0x83",
}
parts["partition-1"]["facts"] = active

write("disk", disk, "A primary partition and two logical ones.", parts=parts, facts=FACTS)
write(
    "boot-code",
    patched(disk, 0, BOOT_CODE),
    "The same with boot code in front.",
    parts={**parts, "boot-code": region(patched(bytes(440), 0, BOOT_CODE))},
    facts=FACTS,
)
write(
    "overlap",
    patched(disk, 446 + 12, pack("<I", 13)),
    "The first partition reaches into the second logical one.",
    parts={**parts, "partition-1": region(disk[8 * 512 : 21 * 512])},
    facts=FACTS,
    findings=["overlap"],
)
following = disk.index(pack("<I", NEXT // 512 - 16), EXTENDED + 446 + 16)
write(
    "cycle",
    patched(disk, following, bytes(4)),
    "The first record of the extended partition says that it follows itself.",
    parts={"partition-1": parts["partition-1"], "partition-5": parts["partition-5"], "gap-0": {"kind": "gap"}},
    facts=FACTS,
    findings=["cycle", "unread-bytes"],
)
write(
    "truncated",
    disk[: 30 * 512],
    "The dump broke off within the last partition.",
    parts={**parts, "partition-6": region(data(6)[: 2 * 512])},
    facts=FACTS,
    findings=["truncated"],
)
write("empty", patched(disk, 446, bytes(64)), "A table without a partition.")
