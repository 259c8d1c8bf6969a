"""Builds the zip vectors with Info-ZIP 3.0, Python's zipfile and by hand; run it again and nothing changes.

What is expected comes from the files that were packed. Where programs would differ, the bytes of a sound archive are changed.
"""

import io
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
import zlib
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

from tree import THEN, Stated, noise, spread

LINES = b"".join(b"line %d\n" % number for number in range(60))
DAY = (2023, 11, 14, 22, 13, 20)


def file(data: bytes) -> Stated:
    return {**region(data), "kind": "file"}


def packed(*members: tuple[str, bytes, int], comment: bytes = b"", **fields: object) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data, method in members:
            info = zipfile.ZipInfo(name, DAY)
            info.compress_type, info.external_attr = method, 0o100644 << 16
            for key, value in fields.items():
                setattr(info, key, value)
            archive.writestr(info, data)
        archive.comment = comment
    return stream.getvalue()


def header(name: bytes, data: bytes, method: int, size: int, crc: int, flags: int = 0, extra: bytes = b"") -> bytes:
    fields = pack("<5H3I2H", 20, flags, method, 0, 0x21, crc, len(data), size, len(name), len(extra))
    return b"PK\3\4" + fields + name + extra + data


def record(
    name: bytes, data: bytes, method: int, size: int, crc: int, at: int, flags: int = 0, extra: bytes = b""
) -> bytes:
    fields = pack("<6H3I2H", 20, 20, flags, method, 0, 0x21, crc, len(data), size, len(name), len(extra))
    return b"PK\1\2" + fields + pack("<3H2I", 0, 0, 0, 0, at) + name + extra


def end(count: int, size: int, at: int) -> bytes:
    return b"PK\5\6" + pack("<4H2IH", 0, 0, count, count, size, at, 0)


warnings.simplefilter("ignore")  # about a duplicate name that is meant

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
BOTH = (("first", b"one\n", STORED), ("second", LINES, DEFLATED))
PARTS = {"first": file(b"one\n"), "second": file(LINES)}
sound = packed(*BOTH)
directory = sound.find(b"PK\1\2")
second = sound.find(b"PK\3\4", 4)

with tempfile.TemporaryDirectory() as place:
    tree = spread(Path(place) / "tree", devices=False)
    tree.settle()
    command = ["zip", "-q", "-X", "-r", "-y", "-9", "../out.zip", "."]
    subprocess.run(command, cwd=tree.root, check=True, env={**os.environ, "TZ": "UTC"})
    unowned = {
        path: {key: stated[key] for key in stated if key not in ("uid", "gid")} for path, stated in tree.parts.items()
    }
    write("info-zip", (Path(place) / "out.zip").read_bytes(), "One of everything, written by Info-ZIP.", parts=unowned)

write(
    "methods",
    packed(("stored", b"stored\n", 0), ("deflate", LINES, 8), ("bzip2", LINES, 12), ("lzma", LINES, 14)),
    "Methods that Python's zipfile writes; its LZMA ends by a mark.",
    parts={"stored": file(b"stored\n"), **{name: file(LINES) for name in ("deflate", "bzip2", "lzma")}},
)
ids = pack("<2HB", 0x7875, 11, 1) + pack("<BIBI", 4, 1_000, 4, 100)
times = pack("<2HBI", 0x5455, 5, 1, THEN)
write(
    "owner",
    packed(("file", b"data", STORED), extra=ids + times, external_attr=0o104755 << 16),
    "Owner and time of Unix in extra fields, set-uid in the attributes.",
    parts={"file": {**file(b"data"), "uid": 1_000, "gid": 100, "mode": "4755", "mtime": THEN}},
)

stream = io.BytesIO()


class Unseekable(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return stream.write(data)


with zipfile.ZipFile(Unseekable(), "w") as archive:  # type: ignore[arg-type]
    for name, data, method in BOTH:
        info = zipfile.ZipInfo(name, DAY)
        info.compress_type = method
        with archive.open(info, "w", force_zip64=name == "second") as writer:
            writer.write(data)
write("descriptors", stream.getvalue(), "Checksums and sizes behind the data, one of them with 64 bits.", parts=PARTS)
write(
    "comment",
    packed(*BOTH, comment=b"signed by somebody"),
    "An archive with a comment, which is a region of its own.",
    parts={**PARTS, "comment": region(b"signed by somebody")},
)
write("empty", packed(comment=b"c"), "An archive with no members, only the end record and a comment.", parts={"comment": region(b"c")})

crc = zlib.crc32(b"wide")
own = header(b"wide", b"wide", 0, 0xFFFFFFFF, crc, extra=pack("<2H2Q", 1, 16, 4, 4))
own = patched(own, 18, b"\xff" * 4)
listed = record(b"wide", b"wide", 0, 0xFFFFFFFF, crc, 0xFFFFFFFF, extra=pack("<2H3Q", 1, 24, 4, 4, 0))
listed = patched(listed, 20, b"\xff" * 4)
wide_end = b"PK\6\6" + pack("<Q2H2I4Q", 44, 45, 45, 0, 0, 1, 1, len(listed), len(own))
locator = b"PK\6\7" + pack("<IQI", 0, len(own) + len(listed), 1)
full = b"PK\5\6" + pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
write(
    "zip64",
    own + listed + wide_end + locator + full,
    "All values in their 64-bit places.",
    parts={"wide": file(b"wide")},
)

pairs = pack("<QI", 8, 0x7109871A) + b"pair"
block = pack("<Q", len(pairs) + 24) + pairs + pack("<Q", len(pairs) + 24) + b"APK Sig Block 42"
signed = sound[:directory] + block + sound[directory:-6] + pack("<IH", directory + len(block), 0)
write(
    "apk-signing-block",
    signed,
    "The block of Android's signatures before the directory.",
    parts={**PARTS, "apk-signing-block": region(block)},
)
unsized = signed.replace(block, patched(block, 0, b"\0"))
write(
    "apk-signing-block-sizes",
    unsized,
    "The two sizes of that block differ.",
    parts={**PARTS, "gap-0": gap(patched(block, 0, b"\0"))},
    findings=["contradiction", "unread-bytes"],
)

# what programs would read differently
write(
    "other-name",
    patched(sound, second + 30, b"secret"),
    "The second member is called otherwise in its own header.",
    parts=PARTS,
    findings=["contradiction"],
)
write(
    "other-method",
    patched(sound, 8, pack("<H", 8)),
    "The first member is deflated by its own header, stored by the directory.",
    parts=PARTS,
    findings=["contradiction"],
)
hidden = packed(("hidden", b"hidden", STORED))
hidden = hidden[: hidden.find(b"PK\1\2")]
moved = sound[:directory] + hidden + sound[directory:-6] + pack("<IH", directory + len(hidden), 0)
write(
    "unlisted",
    moved,
    "A member that is not in the directory.",
    parts={**PARTS, "gap-0": gap(hidden)},
    findings=["contradiction", "unread-bytes"],
)
dex = b"dex\n035\0" + noise(40)
shifted = bytearray(dex + sound[:-6] + pack("<IH", directory + len(dex), 0))
for at, offset in ((directory, 0), (sound.find(b"PK\1\2", directory + 4), second)):
    shifted[len(dex) + at + 42 : len(dex) + at + 46] = pack("<I", offset + len(dex))
write(
    "dex-before",
    bytes(shifted),
    "Code of Android before the archive (Janus), and all offsets put right.",
    parts={**PARTS, "gap-0": gap(dex)},
    findings=["contradiction", "unread-bytes"],
)
write(
    "prefix",
    b"PK\3\4" + sound,
    "Four bytes before the archive, offsets as they were: some programs correct them, others refuse.",
    parts={**PARTS, "gap-0": gap(b"PK\3\4")},
    findings=["contradiction", "unread-bytes"],
)
kernel = zlib.compress(bytes(20_000), 9)[2:-4]
crc = zlib.crc32(bytes(20_000))
inner = header(b"b", kernel, 8, 20_000, crc)
outer = header(b"a", inner, 0, len(inner), zlib.crc32(inner))
listed = record(b"a", inner, 0, len(inner), zlib.crc32(inner), 0) + record(b"b", kernel, 8, 20_000, crc, 31)
write(
    "overlap",
    outer + listed + end(2, len(listed), len(outer)),
    "The second member is the data of the first: what bombs are made of.",
    parts={"a": {"kind": "file"}, "b": {"kind": "file"}},
    findings=["malformed", "overlap"],
)
write(
    "twice",
    packed(("name", b"1", STORED), ("name", b"2", STORED)),
    "Two members of one name.",
    parts={"name": file(b"2")},
    findings=["duplicate-path"],
)
write(
    "climbing",
    packed(("../outside", b"data", STORED), ("back\\slash", b"data", STORED)),
    "A name that climbs out of the folder, and one that does where a backslash is a slash.",
    parts={"..": {"kind": "directory"}, "../outside": file(b"data"), "back\\slash": file(b"data")},
    findings=["hostile-name"],
)
marked = patched(patched(sound, 6, b"\1"), directory + 8, b"\1")
write("encrypted", marked, "The first member is marked as encrypted.", parts=PARTS, findings=["encrypted"])
unknown = patched(patched(sound, 8, b"\x63"), directory + 10, b"\x63")
write("unknown-method", unknown, "The first member has a method nobody knows.", parts=PARTS, findings=["unsupported"])

# damage
write(
    "stored-changed",
    patched(sound, 35, b"O"),
    "A byte of stored data was changed and their checksum was not.",
    parts={**PARTS, "first": file(b"One\n")},
    findings=["checksum-mismatch"],
)
crc = zlib.crc32(LINES)
lied = sound.replace(pack("<I", crc), pack("<I", crc ^ 1))
write("crc-changed", lied, "Both checksums of deflated data were changed.", parts=PARTS, findings=["checksum-mismatch"])
short = sound.replace(pack("<I", len(LINES)), pack("<I", len(LINES) - 1))
write("size-less", short, "More data than stated.", parts={**PARTS, "second": {"kind": "file"}}, findings=["malformed"])
write(
    "appended",
    sound + b"appended",
    "Bytes after the end.",
    parts={**PARTS, "gap-0": gap(b"appended")},
    findings=["unread-bytes"],
)
write("cut", sound[:-30], "The end of the archive is missing.", findings=["malformed"])
