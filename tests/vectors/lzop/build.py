"""Builds the lzop vectors with `lzop`, which knows nothing of our reader."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from zlib import adler32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write
from streams import MORE, TEXT, write_all, write_truncated

FIRST = 9 + 25 + len("vmlinux") + 4  # where the header of the first block stands


def compress_file(name: str, data: bytes, *options: str) -> bytes:
    """Return a file of this name, and of a fixed time, which lzop writes down, as one part."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        path.chmod(0o644)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return subprocess.run(["lzop", "-q", "-c", *options, name], cwd=folder, capture_output=True, check=True).stdout


def compress(data: bytes) -> bytes:
    """Return `data` as one stream."""
    return compress_file("vmlinux", data, "-9")


def with_header(part: bytes, at: int, value: bytes) -> bytes:
    """Return the part with other bytes in its header, whose Adler-32 fits again."""
    part = patched(part, at, value)
    return part[: FIRST - 4] + adler32(part[9 : FIRST - 4]).to_bytes(4, "big") + part[FIRST:]


write_all(
    compress,
    damaged=(FIRST + 8, ("checksum-mismatch",)),
    refused=(b"\x89LZO\0\r\n\x1a\n" + b"\xff" * 40, ("unsupported",)),
    in_a_row=True,
)
write_truncated(compress(TEXT), ("truncated",))

plain = compress(TEXT)
held = {"data": region(TEXT)}
facts = {"checks": "adler32"}
broken = {"data": {"kind": "region"}}

write(
    "crc32", compress_file("vmlinux", TEXT, "-9", "--crc32"), "CRC-32 in place of Adler-32, where a kernel would find other data.",
    parts=held, facts={"checks": "crc32"},
)
write("empty", compress(b""), "A part without blocks is no fault.", parts={"data": region(b"")}, facts=facts)
write(
    "parts-told", plain + compress_file("other", MORE), "A kernel unpacks only the first part, so what several are is a fact.",
    parts={"data": region(TEXT + MORE)},
    facts={"checks": "adler32+adler32", "names": "'vmlinux'+'other'", "streams": f"{len(TEXT)}+{len(MORE)}"},
)
write(
    "wrong-header-adler", patched(plain, FIRST - 4, b"\0\0\0\0"), "The Adler-32 of the header does not fit.",
    parts=held, findings=("checksum-mismatch",),
)
write("no-end", plain[:-2], "The end mark is cut; the data is all there.", parts=held, findings=("truncated",))
write("changed", patched(plain, len(plain) - 5, b"\xff"), "The end of the packed block is changed.", parts=broken, findings=("malformed",))
write(
    "wrong-size", patched(plain, FIRST, (len(TEXT) - 1).to_bytes(4, "big")), "A block unpacks to a byte more than it is said to hold.",
    parts=broken, findings=("malformed",),
)
write(
    "huge-block", patched(plain, FIRST, b"\x04\0\0\0"), "A block is said to hold 64 MiB; it is not unpacked.",
    parts=broken, findings=("unsupported",),
)
write("filter", with_header(plain, 19, b"\x08"), "A filter is flagged, which no lzop writes.", findings=("unsupported",))
write("short", plain[:30], "The header is cut short.", findings=("malformed",))
