"""Builds the lz4-legacy vectors with `lz4`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streams import TEXT, write_all, write_truncated


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
