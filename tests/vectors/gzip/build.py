"""Builds the gzip vectors with `gzip`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streams import TEXT, write_all, write_truncated


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["gzip", "-9", "-n", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=(-8, ("checksum-mismatch",)),
    refused=(b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 5000, ("malformed",)),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))
