"""Builds the deb vectors with dpkg-deb 1.21 and by hand; run it again and nothing changes."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

from tree import THEN, Stated, Tree

CONTROL = (
    b"Package: tool\nVersion: 1.0-1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: a tool\n"
)


def file(data: bytes, mode: int = 0o644) -> Stated:
    return {**region(data), "kind": "file", "mode": f"{mode:04o}", "uid": 0, "gid": 0}


def member(name: bytes, data: bytes) -> bytes:
    head = b"%-16b%-12d%-6d%-6d%-8b%-10d`\n" % (name, THEN, 0, 0, b"100644", len(data))
    return head + data + b"\n" * (len(data) % 2)


def package(*members: tuple[bytes, bytes]) -> bytes:
    return b"!<arch>\n" + b"".join(member(*each) for each in members)


with tempfile.TemporaryDirectory() as place:
    tree = Tree(Path(place) / "tree")
    tree.folder("usr")
    tree.file("usr/tool", b"#!/bin/sh\n", 0o755)
    inner = {f"data.tar.xz!/data!/{path}": stated for path, stated in tree.parts.items()}
    tree.folder("DEBIAN")
    tree.file("DEBIAN/control", CONTROL)
    tree.settle()
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-b", "tree", "out.deb"]
    subprocess.run(
        command, cwd=place, check=True, capture_output=True, env={**os.environ, "SOURCE_DATE_EPOCH": str(THEN)}
    )
    genuine = (Path(place) / "out.deb").read_bytes()

BINARY = {"debian-binary": file(b"2.0\n")}
PARTS = {
    **BINARY,
    "control.tar.xz": {"kind": "file", "mode": "0644"},
    "control.tar.xz!/data": {"kind": "region"},
    "control.tar.xz!/data!/control": file(CONTROL),
    "data.tar.xz": {"kind": "file", "mode": "0644"},
    "data.tar.xz!/data": {"kind": "region"},
    **inner,
}
write("dpkg", genuine, "A package made by dpkg-deb.", parts=PARTS, facts={})

binary, control, data = (b"debian-binary", b"2.0\n"), (b"control.tar", b"control."), (b"data.tar", b"the data")
three = {**BINARY, "control.tar": file(b"control."), "data.tar": file(b"the data")}
write(
    "underscore",
    package(binary, (b"_note", b"note"), control, data, (b"_gpgorigin", b"signature.")),
    "Members that every program ignores.",
    parts={**three, "_note": file(b"note"), "_gpgorigin": file(b"signature.")},
)
write(
    "two-data",
    package(binary, control, data, (b"data.tar.gz", b"others")),
    "A second member with data: programs differ in which of them they take.",
    parts={**three, "data.tar.gz": file(b"others")},
    findings=["contradiction"],
)
write(
    "order",
    package(binary, data, control),
    "The data before the control information: dpkg refuses it, programs that look by name do not.",
    parts=three,
    findings=["contradiction", "malformed"],
)
write(
    "without-data",
    package(binary, control),
    "A package without the archive of its files, which dpkg refuses.",
    parts={key: three[key] for key in ("debian-binary", "control.tar")},
    findings=["malformed"],
)
BEHIND = b"Bytes that are no member, and more of them than the header of a member would take. They are here."
write(
    "behind",
    package(binary, control, data) + BEHIND,
    "Bytes behind the last member: dpkg ignores them.",
    parts={**three, "gap-0": gap(BEHIND)},
    findings=["unread-bytes"],
)
write(
    "cut",
    package(binary, control, data)[:-3],
    "The data are cut off.",
    parts={**three, "data.tar": file(b"the d")},
    findings=["truncated"],
)
write(
    "not-a-package", patched(package(binary, control, data), 66, b"'"), "The first header does not end as headers do."
)
