"""Builds the vectors of U-Boot's environment with its own mkenvimage (2023.01); run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

SETTINGS = (
    "baudrate=115200", "bootargs=console=ttyS0,115200", "bootcmd=bootm 0x9f050000", "bootdelay=1",
    "ethaddr=02:00:00:00:00:01", "ipaddr=192.168.1.1", "serverip=192.168.1.2",
)  # fmt: skip
PACKED = b"".join(each.encode() + b"\0" for each in SETTINGS) + b"\0"


def environment(*more: str, size: int = 0x1000) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "in").write_text("\n".join(SETTINGS) + "\n")
        subprocess.run(["mkenvimage", "-s", str(size), *more, "-o", "out", "in"], cwd=folder, check=True)
        return Path(folder, "out").read_bytes()


parts = {"settings": region(PACKED)}
little = environment()
write("little", little, "An environment as mkenvimage makes it.", parts=parts, facts={"byte-order": "little"})
write("big", environment("-b"), "The same for a big-endian processor.", parts=parts, facts={"byte-order": "big"})
write(
    "redundant",
    environment("-r"),
    "One of two copies, with a flag that says which one is valid.",
    parts=parts,
    facts={"byte-order": "little", "flag": "1"},
)
write(
    "partition",
    little + b"\xff" * 0x3000,
    "An environment in a partition that is larger.",
    parts=parts,
    facts={"byte-order": "little"},
)
hidden = patched(little, 0x800, b"after the settings")
hidden = pack("<I", crc32(hidden[4:])) + hidden[4:]
write(
    "hidden",
    hidden,
    "Bytes behind the settings, which the checksum covers.",
    parts={**parts, "gap-0": gap(b"after the settings")},
    facts={"byte-order": "little"},
    findings=["unread-bytes"],
)
twice = PACKED[:-1] + b"bootcmd=run other\0\0"
again = twice.ljust(0x1000 - 4, b"\xff")
write(
    "twice",
    pack("<I", crc32(again)) + again,
    "A setting that stands twice.",
    parts={"settings": region(twice)},
    facts={"byte-order": "little"},
    findings=["contradiction"],
)
write("changed", patched(little, 13, b"9"), "A setting was changed: without a checksum that fits there is no environment.")
