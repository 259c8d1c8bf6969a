"""Builds the gzip vectors with `gzip`, which knows nothing of our reader."""

import hashlib
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write
from streams import MORE, TEXT, write_all, write_truncated


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

plain = compress(TEXT)
held = {"data": region(TEXT)}
extra = b"AB\x06\0hidden"
with_extra = plain[:3] + b"\x04" + plain[4:10] + len(extra).to_bytes(2, "little") + extra + plain[10:]
named = plain[:3] + b"\x08" + (1_700_000_000).to_bytes(4, "little") + plain[8:10] + b"script.sh\0" + plain[10:]

write("named", named, "A name and a time in the header are only notes.", parts=held, facts={})
write("empty", compress(b""), "A member without data is no fault.", parts={"data": region(b"")}, facts={})
write(
    "members-told", plain + compress(MORE), "A kernel unpacks only the first member, so the lengths of several are a fact.",
    parts={"data": region(TEXT + MORE)}, facts={"streams": f"{len(TEXT)}+{len(MORE)}"},
)
write(
    "extra-field", with_extra, "A kernel would take an extra field for deflate data, so it is a fact.",
    parts=held, facts={"extra": hashlib.sha256(extra).hexdigest()},
)
write(
    "wrong-size", patched(plain, len(plain) - 4, b"\0\0\0\0"), "The length in the trailer is not that of the data.",
    parts=held, findings=("contradiction",),
)
write("no-trailer", plain[:-5], "The trailer is cut: the data is all there and unproven.", parts=held, findings=("truncated",))
write(
    "bad-deflate", patched(plain, 10, b"\x07"), "The first block is of the reserved type: there is no data to be had.",
    parts={"data": {"kind": "region"}}, findings=("malformed",),
)
write(
    "long-extra", plain[:3] + b"\x04" + plain[4:10] + b"\xff" * 20, "An extra field is said to reach beyond the end.",
    findings=("malformed",),
)
