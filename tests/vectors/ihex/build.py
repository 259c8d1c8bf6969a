"""Builds the Intel HEX vectors with SRecord's srec_cat (1.64); run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

CODE, DATA = b"code of a controller " * 5, b"calibration " * 4


def srec_cat(*more: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "code").write_bytes(CODE)
        Path(folder, "data").write_bytes(DATA)
        pieces = ["code", "-binary", "-offset", "0x08000000", "data", "-binary", "-offset", "0x0801FFF0"]
        subprocess.run(["srec_cat", *pieces, "-o", "out", "-intel", *more], cwd=folder, check=True)
        return Path(folder, "out").read_bytes()


plain = srec_cat("--execution-start-address", "0x08000101")
parts = {"0x08000000": region(CODE), "0x0801fff0": region(DATA)}
facts = {"start": "08000101"}
write("two-places", plain, "Data in two places, one across a border of 64 KiB.", parts=parts, facts=facts)
lines = plain.splitlines(keepends=True)
write(
    "order",
    b"".join([lines[0], *lines[2:4], lines[1], *lines[4:]]),
    "Lines in another order mean the same.",
    parts=parts,
    facts=facts,
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
again = b":0400000041424344F2\r\n"
write(
    "overlap",
    b"".join([lines[0], again, *lines[1:]]),
    "An address that is written twice: programs take the one or the other.",
    parts={**parts, "0x08000000": region(b"ABCD"), "0x08000000-1": region(CODE)},
    facts=facts,
    findings=["overlap"],
)
write(
    "behind",
    plain + again,
    "A line behind the last one.",
    parts={**parts, "gap-0": gap(again)},
    facts=facts,
    findings=["unread-bytes"],
)
cut = b"".join(lines[:4])
write(
    "truncated",
    cut,
    "The last line is missing.",
    parts={"0x08000000": region(CODE[:96])},
    facts={},
    findings=["truncated"],
)
write("prose", b": 10 is the colon of a shell, and no length\n" * 3, "Text that begins with a colon.")
