"""Builds the lz4-legacy vectors with `lz4`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write
from streams import MORE, TEXT, write_all, write_truncated


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["lz4", "-l", "-9", "-q", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=None,
    refused=(b"\x02\x21\x4c\x18" + b"\xff" * 20, ()),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))

plain = compress(TEXT)
size = len(TEXT).to_bytes(4, "little")
held = {"data": region(TEXT)}

write(
    "kernel", plain + size, "The build of a kernel appends the length of the data.",
    parts={**held, "gap-0": gap(size)}, findings=("unread-bytes",),
)
write(
    "frames-told", plain + compress(MORE), "Some programs stop after the first frame, so the lengths of several are a fact.",
    parts={"data": region(TEXT + MORE)}, facts={"streams": f"{len(TEXT)}+{len(MORE)}"},
)
write(
    "second-cut", plain + b"\x10\0\0\0cut", "A second block is not all there; the first is read.",
    parts=held, findings=("truncated",),
)
write(
    "bad-match", patched(plain, 8, b"\x0f\xff\xff\xff"), "The first match refers to data before the first byte.",
    parts={"data": {"kind": "region"}}, findings=("malformed",),
)
