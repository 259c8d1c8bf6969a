"""Builds the xz vectors with `xz`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streams import TEXT, write_all, write_truncated


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["xz", "--check=crc32", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=(-30, ("malformed",)),
    refused=(b"\xfd7zXZ\0" + b"\xff" * 26, ("malformed",)),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))
