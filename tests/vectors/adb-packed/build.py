"""Builds the vectors of packed packages of apk-tools 3 with zlib and zstd; run it again and nothing changes."""

import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import zstandard
from adbs import package
from case import Parts, gap, write

PLAIN = package()
FACTS: dict[str, str] = {}


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def inside(prefix: str) -> Parts:
    paths = "database signature-1 usr usr/bin usr/bin/alias usr/bin/vector usr/bin/zero usr/lib usr/lib/libvector.so"
    return {f"{prefix}!/{path}": {} for path in paths.split()}


deflate = b"ADBd" + deflated(PLAIN)
data: Parts = {"data": {"kind": "region", "size": len(PLAIN)}, **inside("data")}
write("deflate", deflate, "A package packed by deflate, as apk makes it unless told otherwise.", parts=data, facts=FACTS)
write("chosen", b"ADBc\1\x09" + deflated(PLAIN), "The same with a level.", parts=data, facts=FACTS)
frame = zstandard.ZstdCompressor(19).compress(PLAIN)
write(
    "zstd",
    b"ADBc\2\x13" + frame,
    "A package packed by zstd.",
    parts={"data": {"kind": "region"}, "data!/data": {"kind": "region", "size": len(PLAIN)}, **inside("data!/data")},
    facts=FACTS,
)
write(
    "trailing",
    deflate + b"more",
    "Bytes behind the stream.",
    parts={**data, "gap-0": gap(b"more")},
    facts=FACTS,
    findings=["unread-bytes"],
)
write("algorithm", b"ADBc\7\0" + deflated(PLAIN), "Packed in a way that there is not.")
