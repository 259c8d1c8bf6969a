"""Builds the dtbo vectors from the layout (AOSP libufdt dt_table.h), around trees by dtc 1.6.1; run it again and nothing changes."""

import gzip
import subprocess
import sys
import zlib
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

from tree import noise


def dtc(model: str) -> bytes:
    source = f'/dts-v1/; / {{ model = "{model}"; }};'
    return subprocess.run(["dtc", "-O", "dtb"], input=source.encode(), check=True, capture_output=True).stdout


def table(version: int, entries: list[tuple[bytes | int, tuple[int, ...]]]) -> bytes:
    """Return a table; an entry is a tree, or the number of another entry whose tree it shares, and its words."""
    at = 32 + 32 * len(entries)
    places: list[tuple[int, int]] = []
    listed, blobs = b"", b""
    for tree, words in entries:
        if isinstance(tree, int):
            places.append(places[tree])
        else:
            places.append((len(tree), at + len(blobs)))
            blobs += tree
        listed += pack(">8I", *places[-1], *words)
    return pack(">4s7I", b"\xd7\xb7\xab\x1e", at + len(blobs), 32, 32, len(entries), 32, 2048, version) + listed + blobs


def facts(*words: int) -> dict[str, str]:
    return dict(zip(("id", "revision", "custom-0", "custom-1", "custom-2", "custom-3"), map(hex, words), strict=True))


TREE: dict[str, object] = {"kind": "region", "format": "dtb"}
ONE, TWO = dtc("one"), dtc("two")
FIRST, SECOND, THIRD = (1, 2, 3, 4, 5, 6), (0x10, 0, 0, 0, 0, 0), (0x20, 0, 0, 0, 0, 0xFF)
parts: Parts = {
    "dt-0": TREE,
    "dt-0!/model": {"kind": "file", "size": 4},
    "dt-1": TREE,
    "dt-1!/model": {"kind": "file", "size": 4},
    "dt-2": TREE,
    "dt-2!/model": {"kind": "file", "size": 4},
}
plain = table(0, [(ONE, FIRST), (TWO, SECOND), (0, THIRD)])
write("version-0", plain, "Three entries, of which two share a tree.", parts=parts, facts={"version": "0"})

ZLIB, GZIP = zlib.compress(ONE, 9), gzip.compress(TWO, 9, mtime=0)
packed = table(1, [(ZLIB, (1, 0, 1, 0, 0, 0)), (GZIP, (2, 0, 2, 0, 0, 0)), (TWO, (3, 0, 0, 0, 0, 0))])
write(
    "version-1",
    packed,
    "Trees compressed with zlib and gzip, and one that is not.",
    parts={
        "dt-0": TREE,
        "dt-0!/model": {"kind": "file", "size": 4},
        "dt-1": {"kind": "region", "format": "gzip"},
        "dt-1!/data": TREE,
        "dt-1!/data!/model": {"kind": "file", "size": 4},
        "dt-2": TREE,
        "dt-2!/model": {"kind": "file", "size": 4},
    },
    facts={"version": "1"},
)
opaque: Parts = {
    "dt-0": {"kind": "region", "facts": facts(*FIRST)},
    "dt-1": {"kind": "region", "facts": facts(*SECOND)},
}
write(
    "shared-in-part",
    patched(table(0, [(noise(400), FIRST), (noise(300), SECOND)]), 32 + 32 + 4, pack(">I", 96 + 200)),
    "Two trees share some of their bytes; the end of the second is listed nowhere.",
    parts={**opaque, "gap-0": gap(noise(300)[100:])},
    facts={"version": "0"},
    findings=["overlap", "unread-bytes"],
)
write(
    "bad-stream",
    table(1, [(ZLIB[:-9], (1, 0, 1, 0, 0, 0)), (TWO, (3, 0, 0, 0, 0, 0))]),
    "A zlib stream that does not end.",
    parts={
        "dt-0": {"kind": "region"},
        "dt-1": TREE,
        "dt-1!/model": {"kind": "file", "size": 4},
    },
    facts={"version": "1"},
    findings=["malformed"],
)
write(
    "other-way",
    table(1, [(noise(400), (1, 0, 3, 0, 0, 0))]),
    "Compressed in a way the table's specification does not know.",
    parts={"dt-0": {**region(noise(400)), "facts": facts(1, 0, 3, 0, 0, 0)}},
    facts={"version": "1"},
    findings=["unsupported"],
)
write(
    "truncated",
    table(0, [(noise(400), FIRST), (noise(300, "x"), SECOND)])[:-100],
    "The end of the second tree is missing.",
    parts={
        "dt-0": {**region(noise(400)), "facts": facts(*FIRST)},
        "dt-1": {**region(noise(300, "x")[:200]), "facts": facts(*SECOND)},
    },
    facts={"version": "0"},
    findings=["truncated"],
)
write(
    "too-many", patched(plain, 16, pack(">I", 1000)), "More entries than there are bytes for.", findings=["malformed"]
)
