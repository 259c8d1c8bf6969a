"""Builds the vectors of Qualcomm's partition tables from their layout (qcomsmempart.c, qdl); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, write

GIVEN, PLACED, BLOCK = (0xAA7D1B9A, 0x1F7D48BC), (0x55EE73AA, 0xE35EBDDB), (0xFE569FAC, 0xCD7F127A)

given = pack("<4I", *GIVEN, 4, 2)
given += pack("<16sIHH4s", b"0:SBL", 8, 2, 0, bytes.fromhex("ff0100fe"))
given += pack("<16sIHH4s", b"0:EFS2", 16384, 1024, 0, bytes.fromhex("ff01ffff"))
GIVEN_FACTS = {
    "given-version": "4",
    "given-000": "0:SBL", "given-000-size": "8", "given-000-reserve": "2",
    "given-000-attributes": "ff0100fe", "given-000-flash": "0",
    "given-001": "0:EFS2", "given-001-size": "16384", "given-001-reserve": "1024",
    "given-001-attributes": "ff01ffff", "given-001-flash": "0",
}  # fmt: skip
placed = pack("<4I", *PLACED, 3, 1) + pack("<16sII3sB", b"0:MIBIB", 10, 8, bytes.fromhex("ff01ff"), 0)
PLACED_FACTS = {
    "placed-version": "3", "placed-000": "0:MIBIB", "placed-000-start": "10", "placed-000-size": "8",
    "placed-000-attributes": "ff01ff", "placed-000-flash": "0",
}  # fmt: skip

write("given", given, "What a flash tool is given.", leaf=True, facts=GIVEN_FACTS)
write("placed", placed, "What a boot loader hands to the kernel.", leaf=True, facts=PLACED_FACTS)
block = b"".join(data.ljust(2048, b"\xff") for data in (pack("<4I", *BLOCK, 4, 7), placed, given))
write(
    "block",
    block,
    "A block of a boot loader, with both tables.",
    leaf=True,
    facts={"version": "4", "age": "7", **PLACED_FACTS, **GIVEN_FACTS},
)
write(
    "appended",
    placed + b"what nobody reads",
    "Bytes behind the table.",
    parts={"gap-0": gap(b"what nobody reads")},
    facts=PLACED_FACTS,
    findings=["unread-bytes"],
)
write("cut", given[:-1], "The last partition is not all there.", findings=["malformed"])
write("version", patched(given, 8, pack("<I", 9)), "A version that nobody described: not recognised.")
