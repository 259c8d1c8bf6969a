"""Builds the vectors of apk-tools 3's packages from their layout; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adbs import BINARY, PROGRAM, Database, block, package
from case import Parts, gap, patched, region, write

from tree import THEN

FACTS = {"schema": "package", "name": "vector", "version": "1.0-r0", "arch": "aarch64"}


def file(data: bytes, mode: str) -> dict[str, object]:
    return {**region(data), "kind": "file", "mode": mode, "mtime": THEN}


def parts(data: bytes, program: bytes = PROGRAM) -> Parts:
    length = int.from_bytes(data[8:12], "little")
    signature = data.index(b"\0\3IIII")
    return {
        "database": region(data[12 : 8 + length]), "signature-1": region(data[signature : signature + 82]),
        "usr": {"kind": "directory"}, "usr/bin": {"kind": "directory", "mode": "0755"},
        "usr/lib": {"kind": "directory", "mode": "0755"}, "usr/bin/vector": file(program, "4755"),
        "usr/bin/alias": {"kind": "symlink", "link": "vector"}, "usr/bin/zero": file(b"", "0644"),
        "usr/lib/libvector.so": file(BINARY, "0644"),
    }  # fmt: skip


plain = package()
write("package", plain, "A package with files, a link and a signature.", parts=parts(plain), facts=FACTS)
changed = package(program=PROGRAM.replace(b"exec", b"evil"))
write(
    "changed",
    changed,
    "A file does not have the digest that the database states.",
    parts=parts(changed, PROGRAM.replace(b"exec", b"evil")),
    facts=FACTS,
    findings=["checksum-mismatch"],
)
numbers = package(numbers=(3, 1))
write("numbers", numbers, "Data that are said to be of another file.", parts=parts(numbers), facts=FACTS, findings=["contradiction"])
more = plain + block(2, pack("<2I", 4, 1) + b"more")
write(
    "more",
    more,
    "Data that are of no file.",
    parts={**parts(plain), f"data-{len(plain) + 4:#x}": region(pack("<2I", 4, 1) + b"more")},
    facts=FACTS,
    findings=["contradiction"],
)
last = package()[: -len(block(2, bytes(8) + BINARY))]
write(
    "truncated",
    last,
    "The data of the last file are missing.",
    parts={**parts(plain), "usr/lib/libvector.so": {"kind": "file", "size": 0}},
    facts=FACTS,
    findings=["checksum-mismatch", "truncated"],
)
base = Database()
index = b"ADB.indx" + block(0, base.finished(base.values(0xE, base.blob(b"an index"))))
write("index", index + b"more", "An index of packages, and bytes behind it.", parts={"database": region(index[12:8 + int.from_bytes(index[8:12], "little")]), "gap-0": gap(b"more")}, facts={"schema": "index"}, findings=["truncated", "unread-bytes"])
write("database", patched(plain, 8, pack("<I", 0x3FFFFFFF)), "A database that is longer than the package.", findings=["malformed"])
