"""Builds the romfs vectors with genromfs 0.5.2, as root; run it again and nothing changes.

What is expected comes from the tree that was packed, and from what Linux makes of it: it gives all files to root, and knows of their
modes only whether they may be executed. Headers that damage is done to have their sum made right again.
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, write

from tree import Stated, Tree, noise, spread

FACTS = {"label": "vector", "root": "0755 0:0"}
GAP: Stated = {"kind": "gap"}
MODES = {"directory": "0755", "symlink": "0777", "block-device": "0600", "character-device": "0600", "fifo": "0644"}


def romfs(tree: Tree, *options: str) -> bytes:
    tree.settle()
    image = tree.root.with_suffix(".romfs")
    subprocess.run(["genromfs", "-d", tree.root, "-f", image, "-V", "vector", *options], check=True)
    return image.read_bytes()


def as_linux_shows(parts: Parts) -> Parts:
    shown: Parts = {}
    for path, stated in parts.items():
        mode = MODES.get(str(stated["kind"])) or ("0755" if int(str(stated["mode"]), 8) & 0o111 else "0644")
        kept = {key: value for key, value in stated.items() if key != "mtime"}
        shown[path] = {**kept, "mode": mode, "uid": 0, "gid": 0}
    return shown


def header_of(data: bytes, name: bytes, number: int = 0) -> int:
    """Return where the header of a name is, or of one of several with it."""
    at = -1
    for _ in range(number + 1):
        at = data.index(name.ljust((len(name) // 16 + 1) * 16, b"\0"), at + 1)
    return at - 16


def resummed(data: bytes, at: int, end: int) -> bytes:
    """Return `data` with the sum of the header at `at` made right; its name ends before `end`."""
    blank = patched(data, at + 12, bytes(4))
    total = sum(struct.unpack(f">{(end - at) // 4}I", blank[at:end]))
    return patched(blank, at + 12, struct.pack(">I", -total & 0xFFFFFFFF))


def changed(data: bytes, at: int, offset: int, patch: bytes) -> bytes:
    """Return `data` with a header changed whose name is short, and the sum of the beginning made right as well."""
    return resummed(resummed(patched(data, at + offset, patch), at, at + 32), 0, 512)[: len(data)]


def u32(data: bytes, at: int) -> int:
    return int(struct.unpack_from(">I", data, at)[0])


def build() -> None:
    with tempfile.TemporaryDirectory() as place:
        tree = spread(Path(place) / "tree")
        tree.file("etc/" + "long-name" * 5, b"long")
        sound = romfs(tree)
        write("sound", sound, "One of everything the format can hold.", parts=as_linux_shows(tree.parts), facts=FACTS)
        aligned = romfs(tree, "-a", "512")
        write("aligned", aligned, "Contents of files aligned to 512 bytes.", parts=as_linux_shows(tree.parts), facts=FACTS)
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(Path(place) / "tree")
        tree.file("aa", noise(100, "a"))
        tree.folder("dir")
        tree.file("dir/bb", noise(50, "b"))
        tree.file("zz", noise(60, "z"))
        sound = romfs(tree)
    parts = as_linux_shows(tree.parts)
    aa, bb, zz = (header_of(sound, name) for name in (b"aa", b"bb", b"zz"))

    def case(name: str, data: bytes, why: str, *findings: str, **other: Stated | None) -> None:
        told = {path: stated for path, stated in {**parts, **other}.items() if stated is not None}
        write(name, data, why, parts=told, facts=FACTS, findings=findings)

    case("sum", patched(sound, aa + 16, b"ab"), "A name that was changed, in a header and a beginning with the sums of before.", "checksum-mismatch", aa=None, ab=parts["aa"])  # fmt: skip
    case("hostile-name", changed(sound, aa, 16, b"a/"), "A name with a slash.", "hostile-name", **{"aa": None, "a%2F": parts["aa"]})
    case("twice", changed(sound, zz, 16, b"aa"), "One name for two files: Linux opens the first.", "duplicate-path", zz=None, aa=parts[max("aa", "zz", key=lambda path: {"aa": aa, "zz": zz}[path])])  # fmt: skip
    link = changed(sound, zz, 0, struct.pack(">2I", u32(sound, zz) & ~15, zz))
    case("link-cycle", link, "A hard link that leads to itself.", "cycle", "unread-bytes", **{"zz": None, "gap-0": GAP})
    case("list-cycle", changed(sound, bb, 0, struct.pack(">I", aa | 2)), "A list that goes on in that of another folder.", "cycle", "unread-bytes", **{"gap-0": GAP})
    case("size", changed(sound, zz, 8, b"\0\1\0\0"), "A file that is larger than the image.", "malformed", "unread-bytes", **{"zz": {"kind": "file"}, "gap-0": GAP})
    case("overlap", changed(sound, aa, 8, struct.pack(">I", zz + 48 - aa - 32)), "A file that reaches into the next ones.", "overlap", aa={"kind": "file"})
    case("unused", changed(sound, zz, 4, struct.pack(">I", 5)), "A field that a file has no use for.", "reserved-bits")
    write("root", changed(sound, 32, 0, struct.pack(">I", u32(sound, 32) & ~7 | 2)), "A root that is a file.", parts={"gap-0": GAP}, facts={"label": "vector"}, findings=["malformed", "unread-bytes"])  # fmt: skip
    write("truncated", sound[: zz + 40], "The end of the image is missing.", parts={**parts, "zz": {"kind": "file"}, "gap-0": GAP}, facts=FACTS, findings=["checksum-mismatch", "malformed", "truncated", "unread-bytes"])
    write("empty", sound[:8] + struct.pack(">I", 16) + sound[12:], "A romfs that ends before its root.", findings=["malformed"])


build()
