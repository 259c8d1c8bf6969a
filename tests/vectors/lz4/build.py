"""Builds the lz4 vectors with `lz4`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write
from streams import MORE, TEXT, write_all, write_truncated

from tree import noise


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return subprocess.run(["lz4", "-9", "-q", "-c"], input=data, capture_output=True, check=True).stdout


write_all(
    compress,
    damaged=(-4, ("checksum-mismatch",)),
    refused=(b"\x04\x22\x4d\x18" + b"\xff" * 20, ("unsupported",)),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))

def compress_as(*options: str, data: bytes = TEXT) -> bytes:
    """Return `data` as one frame, packed with these options."""
    return subprocess.run(["lz4", "-q", "-c", *options], input=data, capture_output=True, check=True).stdout


plain = compress(TEXT)
held = {"data": region(TEXT)}
broken = {"data": {"kind": "region"}}
LONG = TEXT * 50
linked = compress_as("-B4", "-BD", "-BX", data=LONG)
SKIPPED = noise(100)
skippable = b"\x5f\x2a\x4d\x18" + len(SKIPPED).to_bytes(4, "little") + SKIPPED

write("linked", linked, "Blocks refer to earlier ones, and each has a checksum.", parts={"data": region(LONG)}, facts={})
write("no-check", compress_as("--no-frame-crc"), "No checksum, which is allowed.", parts=held, facts={})
write("empty", compress(b""), "A frame without data is no fault.", parts={"data": region(b"")}, facts={})
write(
    "frames-told", plain + compress(MORE), "Some programs stop after the first frame, so the lengths of several are a fact.",
    parts={"data": region(TEXT + MORE)}, facts={"streams": f"{len(TEXT)}+{len(MORE)}"},
)
write(
    "skippable", plain + skippable, "A skippable frame holds anything; it is a region of its own.",
    parts={**held, "skippable-1": region(SKIPPED)}, facts={},
)
write("half-checksum", plain[:-2], "Half of the checksum is missing; the data is all there.", parts=held, findings=("truncated",))
write(
    "wrong-block-checksum", patched(linked, len(linked) - 12, b"\0\0\0\0"), "The checksum of the last block does not fit.",
    parts=broken, findings=("malformed",),
)
write("wrong-header-checksum", patched(plain, 6, b"\0"), "The header's checksum does not fit.", parts=broken, findings=("malformed",))
write("short", plain[:6], "The header is cut short.", findings=("malformed",))
