"""Builds the vectors of S-records with SRecord's srec_cat (1.64); run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

CODE, DATA = b"code of a controller " * 5, b"calibration " * 4


def srec_cat(start: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "code").write_bytes(CODE)
        Path(folder, "data").write_bytes(DATA)
        pieces = ["code", "-binary", "-offset", hex(start), "data", "-binary", "-offset", hex(start + 0x400)]
        more = ["-header", "vector", "--execution-start-address", hex(start)]
        subprocess.run(["srec_cat", *pieces, "-o", "out", "-motorola", *more], cwd=folder, check=True)
        return Path(folder, "out").read_bytes()


plain = srec_cat(0x08000000)
parts, facts = {"0x08000000": region(CODE), "0x08000400": region(DATA)}, {"header": "vector", "start": "0x8000000"}
write("s3", plain, "Data in two places, with addresses of four bytes.", parts=parts, facts=facts)
write(
    "s1",
    srec_cat(0x1000),
    "Addresses of two bytes.",
    parts={"0x00001000": region(CODE), "0x00001400": region(DATA)},
    facts={"header": "vector", "start": "0x1000"},
)
changed = patched(plain, plain.index(b"636F6465") + 1, b"4")
write(
    "changed",
    changed,
    "A digit was changed, the checksum of its line was not.",
    parts={**parts, "0x08000000": region(b"d" + CODE[1:])},
    facts=facts,
    findings=["checksum-mismatch"],
)
lines = plain.splitlines(keepends=True)
write(
    "missing",
    b"".join([*lines[:1], *lines[2:]]),
    "A line is missing, which the line that counts them tells.",
    parts={"0x08000020": region(CODE[32:]), "0x08000400": region(DATA)},
    facts=facts,
    findings=["contradiction"],
)
write(
    "behind",
    plain + lines[1],
    "A line behind the last one.",
    parts={**parts, "gap-0": gap(lines[1])},
    facts=facts,
    findings=["unread-bytes"],
)
write("prose", b"S0me text that is none\n" * 3, "Text that begins with S0.")
