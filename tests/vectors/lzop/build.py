"""Builds the lzop vectors with `lzop`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streams import TEXT, write_all, write_truncated


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["lzop", "-9", "-q", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=(80, ("checksum-mismatch",)),
    refused=(b"\x89LZO\0\r\n\x1a\n" + b"\xff" * 40, ("unsupported",)),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))
