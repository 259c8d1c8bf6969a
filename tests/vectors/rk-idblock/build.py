"""Builds the vectors of Rockchip's ID blocks with u-boot's mkimage; run it again and nothing changes."""

import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

CODE = b"code that sets up the memory " * 150


def mkimage(chip: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "code"), Path(folder, "image")
        source.write_bytes(CODE)
        command = ["mkimage", "-n", chip, "-T", "rksd", "-d", source, target]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        return target.read_bytes()


old, new = mkimage("rk3328"), mkimage("rk3568")
facts = {"kind": "1", "plain": "1", "more": str(0x40C)}
write("scrambled", old, "As for an RK3328: the header is scrambled.", parts={"program-0": region(old[2048:])}, facts=facts)
facts = {"kind": "2", "digests": "0x1", "unused": "00000000"}


def program(data: bytes, address: str = "0xffffffff", counter: str = "1") -> dict[str, object]:
    told = {"address": address, "flag": "0x0", "counter": counter, "unused": "00" * 8}
    return {**region(data), "facts": {**told, "digest": sha256(data).hexdigest() + "00" * 32}}


parts = {"seal": region(new[0x600:0x800]), "program-0": program(new[2048:]), "program-1": program(b"", counter="2")}
write("digests", new, "As for an RK3568: programs and header have digests.", parts=parts, facts=facts)
changed = patched(new, 3000, b"X")
write(
    "changed",
    changed,
    "A byte of the program was changed and its digest was not.",
    parts={**parts, "program-0": region(changed[2048:])},
    facts=facts,
    findings=["checksum-mismatch"],
)
header = patched(new, 0x78 + 8, b"\1")
write(
    "header",
    header,
    "A flag in the header was changed and its digest was not.",
    parts={**parts, "program-0": region(new[2048:])},
    facts=facts,
    findings=["checksum-mismatch"],
)
write("programs", patched(new, 10, b"\x09"), "More programs than there is room for.")
