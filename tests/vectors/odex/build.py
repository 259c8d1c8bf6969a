"""Builds the vectors of Dalvik's optimised programs from their layout (DexFile.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import adler32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

PROGRAM, DEPENDENCIES, TABLES = b"a program " * 8, b"/system/framework/core.odex\0" * 2, b"class lookup " * 4


def optimised(program: bytes = PROGRAM) -> bytes:
    at = 40 + len(program)
    start = at + len(DEPENDENCIES)
    places = [40, len(program), at, len(DEPENDENCIES), start, len(TABLES)]
    return pack("<8s6III", b"dey\n036\0", *places, 0, adler32(DEPENDENCIES + TABLES)) + program + DEPENDENCIES + TABLES


def parts(program: bytes = PROGRAM, dependencies: bytes = DEPENDENCIES) -> Parts:
    return {"program": region(program), "dependencies": region(dependencies), "tables": region(TABLES)}


whole = optimised()
write("plain", whole, "A program, what it depends on, and tables.", parts=parts(), facts={"flags": "0x0"})
write(
    "changed",
    patched(whole, 40 + len(PROGRAM), b"X"),
    "The name of a dependency was changed and the checksum was not.",
    parts=parts(dependencies=b"X" + DEPENDENCIES[1:]),
    findings=["checksum-mismatch"],
)
cut = {**parts(), "tables": region(TABLES[:-3])}
write("cut", whole[:-3], "The last bytes are missing.", parts=cut, findings=["checksum-unchecked", "truncated"])
write("start", patched(whole, 8, pack("<I", 8)), "A program within the header: not recognised.")
