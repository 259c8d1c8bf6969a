"""Builds the cpio vectors with GNU cpio 2.13; run it again and nothing changes.

What is expected comes from the tree that was packed. Inodes are numbered anew, as they differ from run to run; damage is done
to the bytes of a sound archive.
"""

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

from tree import THEN, Tree, file, noise, spread

ROOT = {"root": "0755 0:0"}


def cpio(tree: Tree, form: str) -> bytes:
    tree.settle()
    # an empty file comes last: if it says it has more names, it is only known at the end that no data came
    paths = sorted(tree.parts, key="etc/empty".__eq__)
    names = "\n".join([".", *(f"./{path}" for path in paths)])
    options = ["cpio", "--quiet", "-o", "-H", form, "--reproducible"]
    done = subprocess.run(options, cwd=tree.root, input=names.encode(), check=True, capture_output=True)
    return done.stdout.rstrip(b"\0") + b"\0" * 4 if form != "odc" else done.stdout.rstrip(b"\0") + b"\0"


def newc(
    name: str, data: bytes = b"", mode: int = 0o100644, links: int = 1, ino: int = 1, check: int | None = None
) -> bytes:
    """Return one member, written from the table of the kernel's documentation."""
    encoded = name.encode() + b"\0"
    values = (ino, mode, 0, 0, links, THEN, len(data), 0, 0, 0, 0, len(encoded), check or 0)
    head = (b"070701" if check is None else b"070702") + b"".join(b"%08X" % value for value in values) + encoded
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


END = newc("TRAILER!!!", mode=0)

with tempfile.TemporaryDirectory() as place:
    tree = spread(Path(place) / "tree")
    for form in ("newc", "crc", "odc"):
        archive = cpio(tree, form)
        write(form, archive, f"One of everything in format {form}, written by GNU cpio.", parts=tree.parts, facts=ROOT)

# an archive for the firmware of a processor, and the system behind it
first = newc("kernel", mode=0o040755) + newc("kernel/microcode", noise(50)) + END
second = newc("init", b"#!/bin/sh\n", 0o100755) + END
one = {"kernel": {"kind": "directory", "mode": "0755"}, "kernel/microcode": file(noise(50))}
two = {"init": file(b"#!/bin/sh\n", 0o755)}
write(
    "in-a-row",
    first + bytes(-len(first) % 512) + second,
    "Two archives with zero bytes between them, as an initramfs has them.",
    parts=one | two,
    facts={"archives": "2+1"},
)
packed = gzip.compress(second, 9, mtime=0)
write(
    "compressed-behind",
    first + packed,
    "An archive, and a compressed one behind it, which the kernel unpacks too.",
    parts={
        **one,
        "appended": {"kind": "region", "size": len(packed)},
        "appended!/data": {"kind": "region", "size": len(second)},
        **{f"appended!/data!/{path}": stated for path, stated in two.items()},
    },
)
write(
    "links-without-data",
    newc("a", links=2) + newc("b", links=2) + newc("c", b"c", links=2, ino=2) + END,
    "Two names of one empty file, and a name of a file whose others were left out.",
    parts={"a": file(b""), "b": file(b""), "c": file(b"c")},
)

# what unpackers would do differently
write(
    "links-two-contents",
    newc("a", b"one", links=2) + newc("b", b"two", links=2) + END,
    "Two names of one file, each with data of its own: the kernel keeps the last.",
    parts={"a": file(b"one"), "b": file(b"two")},
    findings=["contradiction"],
)
write(
    "links-two-modes",
    newc("a", links=2) + newc("b", b"data", 0o104755, links=2) + END,
    "Two names of one file with different modes.",
    parts={"a": file(b"data"), "b": file(b"data", 0o4755)},
    findings=["contradiction"],
)
write(
    "name-behind-nul",
    newc("shown\0hidden", b"data") + END,
    "A name that goes on after a NUL.",
    parts={"shown": file(b"data")},
    findings=["contradiction"],
)
write(
    "climbing",
    newc("../outside", b"data") + END,
    "A name that climbs out of the folder.",
    parts={"..": {"kind": "directory"}, "../outside": file(b"data")},
    findings=["hostile-name"],
)

write(
    "two-formats",
    newc("a", b"data", check=sum(b"data")) + END,
    "Members of two formats, of which cpio reads one and the kernel both.",
    parts={"a": file(b"data")},
    findings=["contradiction"],
)

# damage
summed = newc("file", b"data", check=sum(b"data"))
write(
    "crc-changed",
    summed.replace(b"data", b"Data") + newc("TRAILER!!!", mode=0, check=0),
    "A byte of the data was changed and their sum was not.",
    parts={"file": file(b"Data")},
    findings=["checksum-mismatch"],
)
file_at = first.find(b"070701", 6)
hidden = second.replace(b"init\0\0", b"init\0x")
write(
    "filler",
    hidden,
    "A byte where a name is filled up to a multiple of four.",
    parts={**two, "slack-0x73": region(b"x")},
    findings=["hidden-content"],
)
write(
    "cut",
    second[:120],
    "The archive ends in a member.",
    parts={"init": file(b"#!/b", 0o755)},
    findings=["truncated"],
)
broken = patched(first, file_at, b"070708")
write(
    "header-changed",
    broken,
    "The magic of the second member was changed.",
    parts={"kernel": one["kernel"], "gap-0": gap(broken[file_at:])},
    findings=["malformed", "unread-bytes"],
)
write(
    "appended",
    second + b"appended",
    "Bytes after the end.",
    parts={**two, "gap-0": gap(b"appended")},
    findings=["unread-bytes"],
)
write("not-an-archive", patched(second, 20, b"x"), "A digit of the first header is none.")
