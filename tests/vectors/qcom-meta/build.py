"""Builds the vectors of meta images from their layout (meta_format.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

IMAGES = {"sbl1": b"second boot loader " * 9, "pmic": b"power " * 12}


def meta() -> bytes:
    at, table, body = 76 + 4 * 80, b"", b""
    for name, data in IMAGES.items():
        table += pack("<72sII", name.encode(), at + len(body), len(data))
        body += data
    head = pack("<4sHH64sHH", bytes.fromhex("3cd61ace"), 1, 0, b"angler-03.84", 76, 4 * 80)
    return head + table.ljust(4 * 80, b"\0") + body


def parts() -> Parts:
    return {f"{number}-{name}": region(data) for number, (name, data) in enumerate(IMAGES.items())}


FACTS = {"version": "1.0", "image-version": "angler-03.84"}
whole = meta()
write("two", whole, "Two images, and room for two more.", parts=parts(), facts=FACTS)
short = parts()
short["1-pmic"] = region(IMAGES["pmic"][:-5])
write("truncated", whole[:-5], "The last image is not all there.", parts=short, facts=FACTS, findings=["truncated"])
write(
    "unused",
    patched(whole, 76 + 2 * 80, b"left over"),
    "An unused entry has a name.",
    parts=parts(),
    facts=FACTS,
    findings=["hidden-content"],
)
write("table", patched(whole, 74, pack("<H", 80 * 700)), "A table longer than the file.", findings=["malformed"])
write("entry", patched(whole, 74, pack("<H", 81)), "A table of half an entry: not recognised.")
