"""Builds the xz vectors with `xz`, which knows nothing of our reader."""

import subprocess
import sys
from pathlib import Path
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write
from streams import MORE, TEXT, write_all, write_truncated


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

def compress_as(*options: str, data: bytes = TEXT) -> bytes:
    """Return `data` as one stream, packed with these options."""
    return subprocess.run(["xz", "-c", *options], input=data, capture_output=True, check=True).stdout


def with_dictionary(stream: bytes, size: int) -> bytes:
    """Return the stream with another size of dictionary in the header of its first block, whose CRC-32 fits again."""
    end = 12 + (stream[12] + 1) * 4 - 4
    header = patched(stream[12:end], 4, bytes([size]))
    return stream[:12] + header + crc32(header).to_bytes(4, "little") + stream[end + 4 :]


def with_flags(stream: bytes, first: int, check: int) -> bytes:
    """Return the stream with other flags in its header and footer, whose CRC-32s fit again."""
    flags = bytes([first, check])
    footer = stream[-8:-4] + flags
    stream = stream[:6] + flags + crc32(flags).to_bytes(4, "little") + stream[12:-12]
    return stream + crc32(footer).to_bytes(4, "little") + footer + b"YZ"


plain = compress(TEXT)
held = {"data": region(TEXT)}

write("crc64", compress_as(), "CRC-64, as xz writes it unless told otherwise.", parts=held, facts={})
write("sha256", compress_as("-C", "sha256", "--block-size=1000"), "Several blocks, each with a SHA-256.", parts=held, facts={})
write("arm", compress_as("-C", "crc32", "--arm", "--lzma2"), "With a filter for ARM code, as kernels have it.", parts=held)
write("no-check", compress_as("-C", "none"), "No check of the data, which is allowed.", parts=held, facts={})
write("empty", compress(b""), "A stream without blocks is no fault.", parts={"data": region(b"")}, facts={})
write(
    "stream-padding", plain + bytes(8) + compress(MORE),
    "Zero bytes stand between two streams; a kernel unpacks only the first, so their lengths are a fact.",
    parts={"data": region(TEXT + MORE)}, facts={"streams": f"{len(TEXT)}+{len(MORE)}"},
)
write("padded", plain + bytes(512), "Zero bytes behind the stream, as flash leaves them, are padding.", parts=held, facts={})
write(
    "unknown-check", with_flags(plain, 0, 2), "A check that nobody has defined leaves the data unproven.",
    parts=held, findings=("checksum-unchecked",),
)
write("no-footer", plain[:-6], "Half of the footer is missing; the data is all there.", parts=held, findings=("truncated",))
write(
    "huge-dictionary", with_dictionary(plain, 40), "A small block asks for a dictionary of 4 GiB; none is made.",
    parts={"data": {"kind": "region"}}, findings=("unsupported",),
)
write("wrong-header-crc", patched(plain, 8, b"\0\0\0\0"), "The CRC-32 of the stream header does not fit.", findings=("malformed",))
write("reserved-flags", with_flags(plain, 0, 0x14), "A reserved flag is set, as a later version might.", findings=("unsupported",))
