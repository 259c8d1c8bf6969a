"""Builds the sparse vectors with AOSP's img2simg, and from the layout (libsparse/sparse_format.h) what that cannot make.

Run it again and nothing changes. Skipped blocks, checksums and damage are made here: img2simg writes none.
"""

import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

BLOCK = 4096
FIRST = b"".join(sha256(b"%d" % number).digest() for number in range(BLOCK // 32))
LAST = FIRST[::-1]


def img2simg(data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "raw").write_bytes(data)
        subprocess.run(["img2simg", "raw", "sparse"], cwd=folder, check=True, capture_output=True)
        return (Path(folder) / "sparse").read_bytes()


def sparse(blocks: int, *chunks: bytes, crc: int = 0) -> bytes:
    head = pack("<IHHHHIIII", 0xED26FF3A, 1, 0, 28, 12, BLOCK, blocks, len(chunks), crc)
    return head + b"".join(chunks)


def chunk(kind: int, blocks: int, data: bytes = b"") -> bytes:
    return pack("<HHII", kind, 0, blocks, 12 + len(data)) + data


def raw(data: bytes) -> bytes:
    return chunk(0xCAC1, len(data) // BLOCK, data)


def fill(blocks: int, word: bytes) -> bytes:
    return chunk(0xCAC2, blocks, word)


def skip(blocks: int) -> bytes:
    return chunk(0xCAC3, blocks)


def check(data: bytes) -> bytes:
    return chunk(0xCAC4, 0, pack("<I", crc32(data)))


plain = FIRST + bytes(8 * BLOCK) + b"abc\n" * (2 * BLOCK // 4) + LAST
write(
    "img2simg",
    img2simg(plain),
    "Raw blocks, zeros and a repeated word, as AOSP's tool writes them.",
    parts={"data": region(plain)},
    facts={"skipped": "nothing"},
)
holed = FIRST + bytes(3 * BLOCK) + LAST
checked = sparse(5, raw(FIRST), check(FIRST), skip(1), skip(2), raw(LAST), crc=crc32(holed))
write(
    "skipped",
    checked,
    "Skipped blocks in two chunks that are neighbours, and checksums in a chunk and in the header.",
    parts={"data": region(holed)},
    facts={"skipped": "0x1000+0x3000"},
)
write(
    "zeros",
    sparse(5, raw(FIRST), fill(3, bytes(4)), raw(LAST)),
    "The same bytes with zeros that are written: not the same to a device that held something else.",
    parts={"data": region(holed)},
    facts={"skipped": "nothing"},
)
write(
    "changed",
    patched(checked, 50, b"\0\0"),
    "A byte was changed: no checksum fits.",
    parts={"data": region(patched(holed, 10, b"\0\0"))},
    facts={"skipped": "0x1000+0x3000"},
    findings=["checksum-mismatch"],
)
write(
    "more-blocks",
    sparse(9, raw(FIRST)) + b"behind the last chunk",
    "The header speaks of more blocks than the chunks make; bytes behind the last chunk.",
    parts={"data": region(FIRST), "gap-0": gap(b"behind the last chunk")},
    facts={"skipped": "nothing"},
    findings=["contradiction", "unread-bytes"],
)
write("truncated", checked[:-100], "The download broke off within the last chunk.", findings=["malformed"])
write("chunk", sparse(1, chunk(0xCAC5, 1)), "A chunk of a type that does not exist.", findings=["unsupported"])
