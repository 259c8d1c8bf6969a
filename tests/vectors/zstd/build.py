"""Builds the zstd vectors with `zstd`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streams import TEXT, write_all, write_truncated


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["zstd", "-19", "-q", "--check", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=(-4, ("checksum-mismatch",)),
    refused=(b"\x28\xb5\x2f\xfd" + b"\xff" * 20, ("malformed",)),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))
