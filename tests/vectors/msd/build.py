"""Builds the vectors of MSD from its layouts (unixtract); run it again and nothing changes."""

import random
import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

SECTIONS = [random.Random(number).randbytes(200 + number) for number in (1, 2)]
TABLE, NAME = random.Random(3).randbytes(150), b"T-HKMDEUC_1234"
"""Random bytes stand for what is encrypted."""


def msd(version: int) -> bytes:
    section, table = ("<III", "<IIB") if version == 10 else ("<IQQ", "<QIB")
    head = b"MSDU%d" % version + (b"" if version == 10 else pack("<IQ", 0x12345678, 64))
    start = len(head) + 8 + len(pack(section, 0, 0, 0)) * 2 + len(pack(table, 0, 0, 0)) + len(NAME)
    listed, at = b"", start
    for number, data in enumerate(SECTIONS, 1):
        listed += pack(section, number, at, len(data))
        at += len(data)
    tables = pack(table, at, len(TABLE), len(NAME)) + NAME
    return head + pack("<I", 2) + listed + pack("<I", 1) + tables + b"".join(SECTIONS) + TABLE


def parts() -> Parts:
    found: Parts = {f"section-{number}": region(data) for number, data in enumerate(SECTIONS, 1)}
    return {**found, f"table-{NAME.decode()}": region(TABLE)}


TEN, ELEVEN = {"version": "10"}, {"version": "11", "header-crc": "12345678", "header-size": "64"}
for version, facts in ((10, TEN), (11, ELEVEN)):
    why = f"Two sections and a table, as MSDU{version} has them."
    write(f"version-{version}", msd(version), why, parts=parts(), facts=facts, findings=["encrypted"])
short = parts()
short[f"table-{NAME.decode()}"] = region(TABLE[:-50])
write("truncated", msd(10)[:-50], "The table is not all there.", parts=short, findings=["encrypted", "truncated"])
write("cut", msd(11)[:40], "The header is not all there.", findings=["malformed"])
write("count", patched(msd(10), 6, bytes(4)), "No section at all: not recognised.")
