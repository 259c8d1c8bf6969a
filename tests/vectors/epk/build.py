"""Builds the vectors of EPK from its layout (epk2extract); run it again and nothing changes."""

import random
import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

PACKAGES = (b"boot" + b"loader of the set " * 15, b"root" + b"file system of the set " * 20)


def epk(order: str) -> bytes:
    table, body, start = b"", b"", 12 + 8 * 20
    for package in PACKAGES:
        table += pack(f"{order}II", start + len(body), len(package))
        body += package
    head = pack(f"{order}4sII", b"epak", start + len(body), len(PACKAGES)) + table
    return head.ljust(start, b"\0") + body


parts = {f"{number}-{package[:4].decode()}": region(package) for number, package in enumerate(PACKAGES)}
for order, name in (("<", "little"), (">", "big")):
    write(name, epk(order), f"Two packages, {name}-endian.", parts=parts, facts={"version": "1", "byte-order": name})
write(
    "truncated",
    epk("<")[:-50],
    "The download broke off in the second package.",
    parts={**parts, "1-root": region(PACKAGES[1][:-50])},
    facts={"version": "1", "byte-order": "little"},
    findings=["truncated"],
)
signature, rest = random.Random(2).randbytes(128), random.Random(3).randbytes(400)
packages = pack("<4sII4s", b"epak", 544, 1, b"EPK2") + rest
write(
    "version-2",
    signature + packages,
    "Random bytes stand for what is encrypted.",
    parts={"signature": region(signature), "packages": region(packages)},
    facts={"version": "2"},
    findings=["encrypted"],
)
for length in (128, 256):
    signature = random.Random(4).randbytes(length)
    packages = pack("<4s4s32sII", b"EPK3", b"\1\0\3\0", b"HE_DTV_W20H_AFADABAA", 400, 1) + rest
    write(
        f"version-3-{length}",
        signature + packages,
        f"A header that can be read, behind a signature of {length} bytes.",
        parts={"signature": region(signature), "packages": region(packages)},
        facts={"version": "3", "model": "HE_DTV_W20H_AFADABAA"},
        findings=["encrypted"],
    )
write("outside", patched(epk("<"), 12, pack("<I", 1 << 30)), "The first package is said to begin far behind the end.")
