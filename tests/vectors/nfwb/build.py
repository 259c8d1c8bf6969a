"""Builds the vectors of NFWB from its layout (unixtract, epk2extract); run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

PARTITIONS = {1: b"kernel of a television " * 12, 7: b"its file system " * 20}
SIGNATURE = bytes(range(128))


def nfwb() -> bytes:
    start = 192 + 28 * len(PARTITIONS)
    table, body = b"", b""
    for number, data in PARTITIONS.items():
        digest = md5(data, usedforsecurity=False).digest()
        table += pack("<III16s", number, len(data), start + len(body), digest)
        body += data
    digest = md5(body, usedforsecurity=False).digest()
    head = pack("<4sIII16sI16sII", b"NFWB", 1, 24, 0, b"QV151E", len(body), digest, len(PARTITIONS), start)
    return head + SIGNATURE + pack("<I", 0xCAFE) + table + body


def parts() -> Parts:
    found: Parts = {f"partition-{number}": region(data) for number, data in PARTITIONS.items()}
    return {**found, "signature": region(SIGNATURE)}


FACTS = {"version": "1.24", "unused": "0x0", "firmware": "QV151E"}
whole = nfwb()
write("two", whole, "Two partitions with their MD5.", parts=parts(), facts=FACTS)
changed = parts()
changed["partition-7"] = region(b"I" + PARTITIONS[7][1:])
write(
    "changed",
    patched(whole, 192 + 56 + len(PARTITIONS[1]), b"I"),
    "A byte of the second partition was changed; neither its MD5 nor that of all data fits.",
    parts=changed,
    facts=FACTS,
    findings=["checksum-mismatch"],
)
short = parts()
short["partition-7"] = region(PARTITIONS[7][:-9])
write(
    "truncated",
    whole[:-9],
    "The last partition is not all there.",
    parts=short,
    findings=["checksum-mismatch", "truncated"],
)
most = patched(patched(whole, 52, pack("<I", 250)), 56, pack("<I", 8000))
write("count", most, "More partitions than there is room for.", findings=["malformed"])
write("name", patched(whole, 16, b"\xff"), "A name that is no text: not recognised.")
