"""Builds the vectors of NB0 from its layout (nb0-unpack); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

FILES = {"boot.img": b"kernel and ram disk " * 9, "system (A).img": b"file system " * 12, "E130.mlf": b"list of all"}


def nb0(gap: int = 0) -> bytes:
    table, body = b"", b""
    for name, data in FILES.items():
        body += bytes(gap if body else 0)
        table += pack("<4I48s", len(body), len(data), 0, 0, name.encode())
        body += data
    return pack("<I", len(FILES)) + table + body


def parts() -> Parts:
    return {f"{number}-{name}": region(data) for number, (name, data) in enumerate(FILES.items())}


whole = nb0()
write("three", whole, "Three files, one after the other.", parts=parts(), facts={})
write("aligned", nb0(100), "There is filler between the files.", parts=parts(), facts={})
short = parts()
short["2-E130.mlf"] = region(FILES["E130.mlf"][:-4])
write("truncated", whole[:-4], "The last file is not all there.", parts=short, findings=["truncated"])
write("hole", patched(whole, 4 + 64, pack("<I", 9999)), "A file far behind the one before: not recognised.")
write("name", patched(whole, 4 + 16, b"../boot"), "A name that climbs: not recognised.")
