"""Builds the minix vectors: mkfs.minix of util-linux 2.38 makes an empty one, `minix_writer` fills it, fsck.minix accepts the result.

Run it again, as root, and nothing changes. Big-endian ones have no tool to accept them here. Damage is done to the bytes of a sound one.
"""

import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, write
from minix_writer import Writer

from tree import Stated, Tree, noise, spread

FACTS = {"byte-order": "little", "root": "0755 0:0"}
GAP: Stated = {"kind": "gap"}
PATH = "/usr/sbin:/sbin"
SB, BLOCK = 1024, 1024


def minix(tree: Tree, version: str, order: str = "<", blocks: int = 40) -> bytes:
    tree.settle()
    image = tree.root.with_suffix(".minix")
    image.write_bytes(bytes(blocks * BLOCK))
    subprocess.run([str(shutil.which("mkfs.minix", path=PATH)), *version.split(), "-i", "32", image], check=True, capture_output=True)
    image.write_bytes(Writer(image.read_bytes(), order).fill(tree.root))
    if order == "<":
        subprocess.run([str(shutil.which("fsck.minix", path=PATH)), "-f", image], check=True, capture_output=True)
    return image.read_bytes()


def build_genuine() -> None:
    for case, version, order in (
        ("version-1", "-1 -n 14", "<"), ("version-1-long", "-1 -n 30", "<"), ("version-2", "-2 -n 30", "<"),
        ("version-3", "-3", "<"), ("version-1-big", "-1 -n 14", ">"), ("version-3-big", "-3", ">"),
    ):  # fmt: skip
        with tempfile.TemporaryDirectory() as place:
            tree = spread(Path(place) / "tree")
            tree.file("etc/large", noise(500) * 18)
            tree.file("etc/hole", b"start" + bytes(290_000) + b"end")
            image = minix(tree, version, order)
        facts = {**FACTS, "byte-order": "little" if order == "<" else "big"}
        write(case, image, f"One of everything, written to what mkfs.minix {version} made.", parts=tree.parts, facts=facts)


def build_damaged() -> None:
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(Path(place) / "tree")
        tree.file("aa", noise(100, "a"))
        tree.file("bb", noise(1_100, "b"))
        tree.folder("dd")
        tree.file("dd/file", noise(50, "c"))
        sound = minix(tree, "-1 -n 14", blocks=16)
    parts: Parts = tree.parts
    table = BLOCK * (2 + sound[SB + 4] + sound[SB + 6])
    inodes = {name: table + 32 * number for number, name in enumerate(("", "aa", "bb", "dd", "file"))}
    root = BLOCK * int(struct.unpack_from("<H", sound, table + 14)[0])
    rows = {name: root + 16 * number for number, name in enumerate((".", "..", "aa", "bb", "dd"))}

    def case(name: str, at: int, patch: bytes, why: str, *findings: str, **other: Stated | None) -> None:
        told = {path: stated for path, stated in {**parts, **other}.items() if stated is not None}
        write(name, patched(sound, at, patch), why, parts=told, facts=FACTS, findings=findings)

    case("hostile-name", rows["aa"] + 2, b"a/", "A name with a slash.", "hostile-name", **{"aa": None, "a%2F": parts["aa"]})
    case("twice", rows["bb"] + 2, b"aa", "One name for two files.", "duplicate-path", bb=None, aa=parts["bb"])
    case("hidden", rows["aa"] + 2 + 6, b"x", "A byte behind a name.", "hidden-content")
    case("cycle", rows["dd"], b"\x01", "A folder that is the root again.", "cycle", "unread-bytes", **{"dd/file": None, "gap-0": GAP, "gap-1": GAP})
    case("parent", rows[".."], b"\x02", "A root whose '..' is elsewhere.", "contradiction")
    case("links", inodes["aa"] + 13, b"\x02", "A file with two links and one name.", "contradiction")
    case("unused", inodes["aa"] + 13, b"\x00", "A name for an inode that is not in use.", "malformed", "unread-bytes", **{"aa": None, "gap-0": GAP, "gap-1": GAP})
    case("zone", inodes["aa"] + 14, b"\xff", "A zone behind the end.", "malformed", "unread-bytes", **{"aa": {"kind": "file"}, "gap-0": GAP})
    case("shared", inodes["aa"] + 14, sound[inodes["bb"] + 14 : inodes["bb"] + 16], "A zone of two files.", "overlap", "unread-bytes", **{"aa": {"kind": "file"}, "gap-0": GAP})
    case("free", 2 * BLOCK, b"\x03", "Inodes that are in use and marked as free.", "contradiction")
    first = int(struct.unpack_from("<H", sound, inodes["aa"] + 14)[0])
    slack = BLOCK * first + 500
    case("slack", slack, b"hidden", "Something behind the end of a file.", "unread-bytes", **{"gap-0": GAP})
    write("truncated", sound[: BLOCK * first + 60], "The end of the image is missing.", parts={
        "aa": {"kind": "file"}, "bb": {"kind": "file"}, "dd": parts["dd"], "gap-0": GAP, "gap-1": GAP,
    }, facts=FACTS, findings=["malformed", "truncated", "unread-bytes"])  # fmt: skip
    write("root", patched(sound, table + 1, b"\x81"), "A root that is a file.", parts={"gap-0": GAP}, facts={"byte-order": "little"}, findings=["malformed", "unread-bytes"])
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(Path(place) / "tree")
        third = minix(tree, "-3", blocks=16)
    write("block-size", patched(third, SB + 28, b"\0\0"), "Blocks of no byte in version 3, by which all else is divided: no file system.", findings=[])
    write("zone-size", patched(sound, SB + 10, b"\x01"), "Zones of two blocks.", findings=["unsupported"])


build_genuine()
build_damaged()
