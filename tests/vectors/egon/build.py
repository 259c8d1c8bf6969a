"""Builds the vectors of eGON images with u-boot's mkimage; run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

CODE = b"code that sets up the memory " * 30


def mkimage() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "code"), Path(folder, "image")
        source.write_bytes(CODE)
        command = ["mkimage", "-A", "arm", "-T", "sunxi_egon", "-d", source, target]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        return target.read_bytes()


whole = mkimage()
length = int.from_bytes(whole[16:20], "little")
facts = {"jump": whole[:4].hex(), "stage": "BT0"}
parts = {"code": region(whole[20:length])}
write("boot0", whole, "A first loader as mkimage makes it.", parts=parts, facts=facts)
changed = patched(whole, 200, b"X")
write(
    "changed",
    changed,
    "A byte of the code was changed and the sum was not.",
    parts={"code": region(changed[20:length])},
    facts=facts,
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    whole[:500],
    "The end of the code is missing.",
    parts={"code": region(whole[20:500])},
    facts=facts,
    findings=["truncated"],
)
write("odd", patched(whole, 16, pack("<I", length - 2)), "A length that is no multiple of four.")
