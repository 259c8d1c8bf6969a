"""Builds the vectors of KDZ from its layout (kdztools kdz.py); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

FILES = {"phone.dz": b"pieces of partitions " * 20, "phone.dll": b"library for the tool " * 9}
HEADER = 1320


def kdz(step: int = 0) -> bytes:
    head, body = pack("<I4s", HEADER, b"\x24\x38\x22\x25"), b""
    for name, data in FILES.items():
        head += pack("<256sQQ", name.encode(), len(data), HEADER + len(body) - step * bool(body))
        body += data
    return head.ljust(HEADER, b"\0") + body


parts = {f"{number}-{name}": {**region(data), "facts": {"name": name}} for number, (name, data) in enumerate(FILES.items())}
write("files", kdz(), "Two files behind the header.", parts=parts, facts={})
write(
    "truncated",
    kdz()[:-30],
    "The download broke off in the second file.",
    parts={**parts, "1-phone.dll": {**region(FILES["phone.dll"][:-30]), "facts": {"name": "phone.dll"}}},
    findings=["truncated"],
)
overlap = kdz(step=50)
size = HEADER + len(FILES["phone.dz"]) - 50
write(
    "overlap",
    overlap,
    "The second file is said to begin within the first.",
    parts={**parts, "1-phone.dll": region(overlap[size : size + len(FILES["phone.dll"])]), "gap-0": {"kind": "gap"}},
    findings=["overlap", "unread-bytes"],
)
write("unnamed", patched(kdz(), 8, b"\0"), "The first file has no name.")
