"""Builds the bzip2 vectors with `bzip2`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write
from streams import MORE, TEXT, write_all, write_truncated


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["bzip2", "-9", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=(12, ("malformed",)),
    refused=(b"BZh9" + b"\xff" * 10, ()),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))

plain = compress(TEXT)

write("empty", compress(b""), "A stream without blocks is no fault.", parts={"data": region(b"")}, facts={})
write(
    "streams-told", plain + compress(MORE), "A kernel unpacks only the first stream, so the lengths of several are a fact.",
    parts={"data": region(TEXT + MORE)}, facts={"streams": f"{len(TEXT)}+{len(MORE)}"},
)
write("no-end", plain[:-1], "The last byte is missing; the data is all there.", parts={"data": region(TEXT)}, findings=("truncated",))
write(
    "zeroed", patched(plain, 100, bytes(16)), "16 bytes within the block are zeroed.",
    parts={"data": {"kind": "region"}}, findings=("malformed",),
)
