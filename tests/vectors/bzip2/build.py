"""Builds the bzip2 vectors with `bzip2`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streams import TEXT, write_all, write_truncated


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
