"""Builds the GPT vectors with sgdisk 1.0.9; run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

DISK = "6f4d2a10-5b1e-4c57-9a3f-0123456789ab"
BOOT, ROOT = "11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-666666666666"
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
SECTORS = 120
FACTS = {
    "sector-size": "512",
    "disk-guid": DISK,
    "usable": f"34 {SECTORS - 34}",
    "entries": "128 of 128 bytes",
}


def contents(text: bytes, sectors: int) -> bytes:
    return (text * 512)[: sectors * 512]


def partition(number: int, guid: str, first: int, last: int, attributes: str, data: bytes) -> dict[str, object]:
    facts = {"number": str(number), "type": LINUX, "guid": guid, "attributes": attributes}
    return {**region(data), "facts": {**facts, "first-sector": str(first), "last-sector": str(last)}}


def sgdisk() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "disk"
        path.write_bytes(bytes(SECTORS * 512))
        command = [
            "sgdisk",
            "-a",
            "2",
            "-U",
            DISK,
            "-n",
            "1:40:47",
            "-c",
            "1:boot",
            "-u",
            f"1:{BOOT}",
            "-n",
            "2:48:55",
            "-c",
        ]
        command += ["2:root", "-u", f"2:{ROOT}", "-A", "2:set:2", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        data = path.read_bytes()
    return patched(data, 40 * 512, contents(b"boot files ", 8) + contents(b"root files ", 8))


def resealed(data: bytes, header: int, entries: int) -> bytes:
    """Return the disk with both checksums of one of its tables made to fit."""
    data = patched(data, header + 88, pack("<I", crc32(data[entries : entries + 128 * 128])))
    data = patched(data, header + 16, bytes(4))
    return patched(data, header + 16, pack("<I", crc32(data[header : header + 92])))


disk = sgdisk()
END, TABLE = SECTORS * 512 - 512, (SECTORS - 33) * 512
parts: Parts = {
    "boot": partition(1, BOOT, 40, 47, "0x0", contents(b"boot files ", 8)),
    "root": partition(2, ROOT, 48, 55, "0x4", contents(b"root files ", 8)),
}

write("disk", disk, "Two partitions; the table stands at both ends.", parts=parts, facts=FACTS)
write(
    "primary-damaged",
    patched(disk, 512 + 40, b"\x23"),
    "The first table's checksum does not fit, the one at the end does and is used.",
    parts=parts,
    facts=FACTS,
    findings=["checksum-mismatch", "contradiction"],
)
moved = resealed(patched(disk, 1024 + 128 + 48, b"\x06"), 512, 1024)
write(
    "tables-differ",
    moved,
    "Both tables are sound and give the second partition other attributes.",
    parts={**parts, "root": partition(2, ROOT, 48, 55, "0x6", contents(b"root files ", 8))},
    facts=FACTS,
    findings=["contradiction"],
)
label = "boot".encode("utf-16-le")
twice = disk
for header, entries in ((512, 1024), (END, TABLE)):
    twice = resealed(patched(twice, entries + 128 + 56, label), header, entries)
write(
    "label-twice",
    twice,
    "Two partitions with one label; which one a name finds depends on the program.",
    parts={"boot": parts["boot"], "boot#2": parts["root"]},
    facts=FACTS,
    findings=["duplicate-path"],
)
write(
    "hybrid",
    patched(disk, 446 + 16, pack("<B3sB3sII", 0x80, bytes(3), 0x83, bytes(3), 48, 8)),
    "The protective MBR lists a partition of its own.",
    parts=parts,
    facts=FACTS,
    findings=["contradiction"],
)
write(
    "between",
    patched(disk, 60 * 512, b"between the partitions"),
    "Bytes where no partition is.",
    parts={**parts, "gap-0": gap(b"between the partitions")},
    facts=FACTS,
    findings=["unread-bytes"],
)
write(
    "truncated",
    disk[: 50 * 512],
    "The dump broke off within the second partition; the table at the end is missing.",
    parts={**parts, "root": partition(2, ROOT, 48, 55, "0x4", contents(b"root files ", 8)[:1024])},
    facts=FACTS,
    findings=["truncated"],
)
write(
    "no-table",
    patched(disk[:END], 512 + 80, pack("<I", 1 << 24)),
    "A table of more entries than could be.",
    findings=["malformed"],
)
