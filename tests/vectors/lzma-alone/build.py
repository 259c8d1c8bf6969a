"""Builds the lzma-alone vectors with `xz`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streams import TEXT, write_all, write_truncated


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["xz", "--format=lzma", "-9", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=None,
    refused=(b"\x5d\0\0\x80\0" + b"\xff" * 8 + b"\0" + b"\xff" * 40, ()),
    in_a_row=False,
)
write_truncated(compress(TEXT), ("truncated",))
