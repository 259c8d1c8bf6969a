"""Builds the zstd vectors with `zstd`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write
from streams import MORE, TEXT, write_all, write_truncated

from tree import noise


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

plain = compress(TEXT)
held = {"data": region(TEXT)}
SKIPPED = noise(100)
skippable = b"\x53\x2a\x4d\x18" + len(SKIPPED).to_bytes(4, "little") + SKIPPED
SAME = b"\xaa" * 300_000
unchecked = subprocess.run(["zstd", "-q", "--no-check", "-c"], input=TEXT, capture_output=True, check=True).stdout

write("no-check", unchecked, "No checksum, which is allowed.", parts=held, facts={})
write("empty", compress(b""), "A frame without data is no fault.", parts={"data": region(b"")}, facts={})
write("repeated", compress(SAME), "A few bytes unpack to blocks of 128 KiB.", parts={"data": region(SAME)}, facts={})
write(
    "frames-told", plain + compress(MORE), "A kernel unpacks only the first frame, so the lengths of several are a fact.",
    parts={"data": region(TEXT + MORE)}, facts={"streams": f"{len(TEXT)}+{len(MORE)}"},
)
write(
    "skippable", skippable + plain + skippable, "Skippable frames hold anything; they are regions of their own.",
    parts={**held, "skippable-0": region(SKIPPED), "skippable-2": region(SKIPPED)}, facts={},
)
write("half-checksum", plain[:-2], "Half of the checksum is missing; the data is all there.", parts=held, findings=("truncated",))
write(
    "changed", patched(plain, 12, b"\xff" * 8), "8 bytes at the start of the first block are changed.",
    parts={"data": {"kind": "region"}}, findings=("malformed",),
)
write("reserved-block", patched(plain, 6, bytes([plain[6] | 6])), "The first block is of the reserved type.", findings=("malformed",))
write("huge-window", patched(plain, 5, b"\xa0"), "A window of 1 GiB is asked for; none is made.", findings=("unsupported",))
write(
    "dictionary", plain[:4] + bytes([plain[4] | 1]) + plain[5:6] + b"\x07" + plain[6:],
    "The frame needs dictionary 7, which is not in it.", findings=("unsupported",),
)
