"""Builds the lzma-alone vectors with `xz`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write
from streams import TEXT, write_all, write_truncated

from tree import noise


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

def sized(stream: bytes, size: int) -> bytes:
    """Return the stream with the size of its data in the header; its end mark stays, which readers allow."""
    return patched(stream, 5, size.to_bytes(8, "little"))


plain = compress(TEXT)
tuned = subprocess.run(
    ["xz", "--format=lzma", "--lzma1=lc=1,lp=2,pb=2,dict=8MiB", "-c"], input=TEXT, capture_output=True, check=True
).stdout
LONG = TEXT + noise(6_000)
long = compress(LONG)
broken = {"data": {"kind": "region"}}

write("tuned", tuned, "Properties 6D, as OpenWrt and TP-Link tune it for MIPS.", parts={"data": region(TEXT)}, facts={})
write("sized", sized(tuned, len(TEXT)), "The size stands in the header, as boot loaders want it.", parts={"data": region(TEXT)})
write("empty", compress(b""), "A stream without data is no fault.", parts={"data": region(b"")}, facts={})
write("no-end", plain[:-1], "The last byte is missing; the data is all there.", parts={"data": region(TEXT)}, findings=("truncated",))
write("zeroed", patched(long, len(long) - 900, bytes(64)), "64 bytes are zeroed where no checksum tells.", parts=broken, findings=("malformed",))
write("wrong-size", sized(long, len(LONG) - 1), "The stream goes on where the size says it ends.", parts=broken, findings=("malformed",))
write("huge-dictionary", patched(plain, 1, b"\0\0\0\x40"), "A dictionary of 1 GiB is asked for; none is made.", findings=("unsupported",))
write("huge-size", sized(long, 1 << 36), "The header states a size that no stream of this length can hold.", findings=("malformed",))
