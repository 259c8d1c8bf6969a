"""Builds the squashfs vectors with mksquashfs 4.5.1, and the old ones by hand, as root; run it again and nothing changes.

What is expected comes from the tree that was packed. Damage is done to the bytes of a sound image, mostly to one whose
metadata is stored as it is, at the places where the names stand in it.
"""

import lzma
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, write

from old_squashfs import OldSquashfs
from tree import THEN, Stated, Tree, file, noise, spread

FACTS = {"root": "0755 0:0"}
STORED = ("-noI", "-noD", "-noF", "-noX", "-no-fragments")
FLAGS, INODES, BYTES_USED, INODE_TABLE, FRAGMENT_TABLE, EXPORT_TABLE = 24, 4, 40, 64, 80, 88


def squash(tree: Tree, *options: str) -> bytes:
    tree.settle()
    image = tree.root.with_suffix(".squashfs")
    command = ["mksquashfs", tree.root, image, "-quiet", "-no-progress", "-noappend", "-mkfs-time", str(THEN)]
    subprocess.run([*command, "-processors", "1", *options], check=True, capture_output=True)
    return image.read_bytes().rstrip(b"\0") + b"\0" * 8


@contextmanager
def a_tree(fill: Callable[[Path], Tree] = Tree) -> Iterator[Tree]:
    with tempfile.TemporaryDirectory() as place:
        yield fill(Path(place) / "tree")


def two_files() -> Tree:
    tree = Tree(Path(tempfile.mkdtemp()) / "tree")
    tree.file("aa", noise(3_000, "a"))
    tree.file("ab", noise(2_000, "b"))
    return tree


def u64(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<Q", data, at)[0])


def entry_of(data: bytes, name: bytes) -> int:
    """Return where the directory entry of a name begins, in an image whose metadata is stored."""
    return data.index(struct.pack("<H", len(name) - 1) + name) - 6


def inode_of(data: bytes, name: bytes) -> int:
    """Return where the inode of a name begins, in an image whose first block of inodes, stored, holds it."""
    return u64(data, INODE_TABLE) + 2 + int(struct.unpack_from("<H", data, entry_of(data, name))[0])


def unread(stated: Stated) -> Stated:
    return {key: value for key, value in stated.items() if key not in ("sha256", "size")}


def build_genuine() -> None:
    """One of everything, by every compressor."""
    bcj = ("-Xbcj", "x86,arm")
    for compressor, options in {
        "gzip": (), "lzma": (), "lzo": (), "xz": bcj, "lz4": ("-Xhc",), "zstd": (),
    }.items():  # fmt: skip
        with a_tree(spread) as tree:
            tree.file("etc/text", b"all work and no play makes jack a dull boy\n" * 200)
            image = squash(tree, "-comp", compressor, "-b", "4096", *options)
        write(compressor, image, f"One of everything, by mksquashfs with {compressor}.", parts=tree.parts, facts=FACTS)
    with a_tree(spread) as tree:
        image = squash(tree, *STORED, "-no-exports")
    write("stored", image, "Nothing packed, no fragments, no export table.", parts=tree.parts, facts=FACTS)
    with a_tree() as tree:
        tree.file("hole", b"start" + bytes(20_000) + b"end")
        tree.file("nothing", bytes(12_288))
        tree.file("tail", bytes(8_192) + b"tail")
        tree.file("whole", noise(8_192))
        tree.file("equal", noise(8_192))
        image = squash(tree, "-b", "4096")
    write(
        "sparse",
        image,
        "Blocks that are not stored, and two equal files that share theirs.",
        parts=tree.parts,
        facts=FACTS,
    )
    with a_tree() as tree:
        for number in range(80):
            tree.file(f"{number:03}-{'long' * 40}", b"%d\n" % number)
        image = squash(tree)
        lying = squash(tree, *STORED)
    write("big-folder", image, "A folder with an index.", parts=tree.parts, facts=FACTS)
    name = lying.rindex(b"-long", 0, u64(lying, INODE_TABLE + 8)) - 3
    write(
        "index-lies", patched(lying, name, b"999"), "An index of a folder that names a file that is not there.",
        parts=tree.parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip


def build_attributes() -> None:
    """Extended attributes, as they are and wrong."""
    with a_tree() as tree:
        for name in ("one", "two", "three"):
            tree.file(name, name.encode())
        capability = bytes.fromhex("0100000200200000000000000000000000000000")
        for name in ("one", "two"):
            os.setxattr(tree.root / name, "security.capability", capability)
            tree.parts[name] = {**tree.parts[name], "xattrs": {"security.capability": capability.hex()}}
        os.setxattr(tree.root / "three", "user.long", b"v" * 300)
        os.setxattr(tree.root / "three", "trusted.x", b"")
        tree.parts["three"] = {**tree.parts["three"], "xattrs": {"user.long": "76" * 300, "trusted.x": ""}}
        os.setxattr(tree.root, "user.root", b"r")
        image = squash(tree)
        stored = squash(tree, *STORED)
    facts = {"root": "0755 0:0 user.root=72"}
    write(
        "attributes",
        image,
        "Extended attributes, two files with the same ones, the root with its own.",
        parts=tree.parts,
        facts=facts,
    )
    broken = patched(stored, stored.index(b"\x04\0long") - 2, b"\x09")
    parts = {**tree.parts, "three": {**tree.parts["three"], "xattrs": None}}
    write(
        "attribute-kind", broken, "An extended attribute with a prefix that is not known.",
        parts=parts, facts=facts, findings=["hidden-content", "malformed"],
    )  # fmt: skip


def build_vendors() -> None:
    """What vendors made of it."""
    with a_tree(spread) as tree:
        image = bytearray(squash(tree, "-comp", "lzma", "-b", "4096"))
    write(
        "vendor-magic",
        b"shsq" + image[4:],
        "LZMA with a magic of its own.",
        parts=tree.parts,
        facts={**FACTS, "magic": "shsq"},
    )
    for dictionary in (b"\x00\x10", b"\x00\x20"):
        while (place := image.find(b"\x5d" + dictionary + b"\0\0")) >= 0:
            image[place : place + 13] = bytes(13)
    facts = {**FACTS, "lzma": "at 13, lc=3 lp=0 pb=2"}
    write(
        "vendor-lzma",
        bytes(image),
        "LZMA blocks whose headers are empty: the kernel knows better.",
        parts=tree.parts,
        facts=facts,
    )


def build_damaged() -> None:
    """Damage to one thing at a time."""
    with a_tree(spread) as tree:
        sound, gzipped = squash(tree, *STORED), squash(tree, "-no-fragments")
    parts = tree.parts

    tool = gzipped[96:].index(noise(16)) + 96
    packed = patched(gzipped, tool + 100, bytes([gzipped[tool + 100] ^ 1]))
    write(
        "stored-block", packed, "One bit of a file: other content, nothing to object to.",
        parts={**parts, **dict.fromkeys(("bin/tool", "bin/twin"), file(packed[tool : tool + 700], 0o4755, 1_000, 100))},
        facts=FACTS,
    )  # fmt: skip

    write(
        "flags", patched(sound, FLAGS + 1, bytes([sound[FLAGS + 1] | 0x80])), "A flag nobody has given a meaning.",
        parts=parts, facts=FACTS, findings=["reserved-bits"],
    )  # fmt: skip
    export = u64(sound, u64(sound, EXPORT_TABLE)) + 2
    write(
        "export", patched(sound, export, sound[export + 8 : export + 16]), "An export table that leads elsewhere.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip

    slash = patched(sound, entry_of(sound, b"passwd") + 8, b"p/sswd")
    renamed = {**parts, "etc/p%2Fsswd": parts["etc/passwd"]}
    del renamed["etc/passwd"]
    write("hostile-name", slash, "A name with a slash.", parts=renamed, facts=FACTS, findings=["hostile-name"])

    # the folder dev is the root: its own three inodes and its listing have no name any more
    root = struct.pack("<H", u64(sound, 32) & 0xFFFF)
    cyclic = patched(sound, entry_of(sound, b"dev"), root)
    fewer = {path: stated for path, stated in parts.items() if not path.startswith("dev/")}
    write(
        "cycle", cyclic, "A folder that is the root again.",
        parts=fewer, facts=FACTS, findings=["contradiction", "cycle", "hidden-content"],
    )  # fmt: skip

    mode = inode_of(sound, b"tool") + 2
    write(
        "mode", patched(sound, mode + 1, bytes([sound[mode + 1] | 0x80])), "A mode that says what kind of file it is.",
        parts=parts, facts=FACTS, findings=["reserved-bits"],
    )  # fmt: skip
    owner = inode_of(sound, b"passwd") + 4
    write(
        "owner", patched(sound, owner, b"\x63"), "An owner the id table does not have.",
        parts={**parts, "etc/passwd": {key: value for key, value in parts["etc/passwd"].items() if key not in ("uid", "gid")}},
        facts=FACTS, findings=["malformed"],
    )  # fmt: skip
    kind = entry_of(sound, b"fifo") + 4
    write(
        "entry-kind", patched(sound, kind, b"\x07"), "A fifo that the folder calls a socket.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip


def build_contents() -> None:
    """Damage to what two files are made of; their inodes are basic: start at 16, fragment at 20, size at 28, blocks at 32."""
    tree = two_files()
    sound = squash(tree, *STORED)
    parts: Parts = tree.parts
    first, second = inode_of(sound, b"aa"), inode_of(sound, b"ab")
    start = int(struct.unpack_from("<I", sound, second + 16)[0])

    write(
        "overlap", patched(sound, second + 16, struct.pack("<I", start - 100)), "A file that begins within another one.",
        parts={**parts, "ab": unread(parts["ab"]), "gap-0": gap(sound[start + 1_900 : start + 2_000])},
        facts=FACTS, findings=["malformed", "overlap", "unread-bytes"],
    )  # fmt: skip
    write(
        "size", patched(sound, second + 28, struct.pack("<I", 1_999)), "A file that is shorter than its block.",
        parts={**parts, "ab": unread(parts["ab"])}, facts=FACTS, findings=["malformed"],
    )  # fmt: skip
    with_ends = squash(tree, *STORED[:-1])
    end = inode_of(with_ends, b"ab")
    write(
        "fragment", patched(with_ends, end + 28, struct.pack("<I", 1_700)), "A file that is shorter than what lies in the fragment for it.",
        parts={**parts, "ab": file(noise(2_000, "b")[:1_700])}, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    write(
        "number", patched(sound, second + 12, sound[first + 12 : first + 16]), "Two inodes with one number.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    swapped = patched(patched(sound, entry_of(sound, b"aa") + 8, b"ab"), entry_of(sound, b"ab") + 8, b"aa")
    write(
        "order", swapped, "Names that are not in order: a device may list a file and not find it.",
        parts={"ab": parts["aa"], "aa": parts["ab"]}, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    write(
        "twice", patched(sound, entry_of(sound, b"ab") + 8, b"aa"), "One name for two files.",
        parts={"aa": parts["ab"]}, facts=FACTS, findings=["contradiction", "duplicate-path"],
    )  # fmt: skip
    write(
        "inodes", patched(squash(tree, "-no-exports"), INODES, b"\x09"), "A superblock that counts more inodes than there are.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip

    headless = patched(sound, u64(sound, INODE_TABLE) + 1, b"\x7f")
    write(
        "no-root", headless, "A metadata block of no sensible length: no inodes at all.",
        parts={"gap-0": gap(headless[96 : u64(sound, u64(sound, EXPORT_TABLE))])}, findings=["malformed", "unread-bytes"],
    )  # fmt: skip
    write(
        "truncated", sound[:2_000], "The end, where the tables are, is missing.",
        parts={"gap-0": gap(sound[96:2_000])}, facts={}, findings=["truncated", "unread-bytes"],
    )  # fmt: skip
    write(
        "tables",
        patched(sound, INODE_TABLE, b"\xff\xff\xff\xff"),
        "Tables in an order that cannot be.",
        findings=["malformed"],
    )
    write("compressor", patched(sound, 20, b"\x09"), "A compressor nobody has heard of.", findings=["unsupported"])
    write(
        "version-3", patched(patched(sound, 28, b"\x03\0\1\0"), 34, b"\x10\0"), "Version 3.1, and nothing where it has its tables.", findings=["malformed"]
    )


def build_old() -> None:
    """Versions before 4.0, and big-endian ones."""
    old: dict[str, tuple[OldSquashfs, dict[str, str], str]] = {
        "old-1-big": (OldSquashfs(1, 0, "big", 12), {"version": "1.0", "byte-order": "big-endian"}, "1.0, big-endian: no fragments."),
        "old-2": (OldSquashfs(2, 1, "little", 12), {"version": "2.1", "byte-order": "little-endian"}, "2.1: no inode numbers."),
        "old-3": (OldSquashfs(3, 1, "little", 12), {"version": "3.1", "byte-order": "little-endian"}, "Version 3.1, little-endian."),
        "old-3-big": (OldSquashfs(3, 0, "big", 12), {"version": "3.0", "byte-order": "big-endian"}, "Version 3.0, big-endian."),
        "old-3-checked": (
            OldSquashfs(3, 1, "little", 12, checked=True),
            {"version": "3.1", "byte-order": "little-endian"},
            "3.1, with a byte behind each header of metadata.",
        ),
        "big-4": (OldSquashfs(4, 0, "big", 12), {"version": "4.0", "byte-order": "big-endian"}, "4.0, big-endian, as no kernel of Linux reads it."),
    }  # fmt: skip
    for case, (writer, facts, why) in old.items():
        with a_tree(spread) as tree:
            tree.file("etc/text", b"all work and no play makes jack a dull boy\n" * 200)
            tree.settle()
            image = writer.write(tree.root)
        write(case, image, why, parts=tree.parts, facts={**FACTS, **facts})

    def pack(data: bytes) -> bytes:
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]
        return lzma.compress(data, lzma.FORMAT_ALONE, filters=filters)

    three = {"version": "3.0", "byte-order": "little-endian"}
    with a_tree(spread) as tree:
        for number in range(12):
            tree.file(f"etc/{number}", b"%d\n" % number)
        tree.settle()
        image = OldSquashfs(3, 0, "little", 16, pack=pack, magic=b"hsqt").write(tree.root)
        stored = OldSquashfs(3, 1, "little", 12, packed=False).write(tree.root)
        two = OldSquashfs(2, 1, "little", 12, packed=False).write(tree.root)
    facts = {**FACTS, **three, "magic": "hsqt", "lzma": "behind a header of 13 bytes"}
    write("old-lzma", image, "3.0 with LZMA and the magic of a vendor.", parts=tree.parts, facts=facts)
    headers = {13: "behind a header of 13 bytes", 5: "behind a header of 5 bytes", 0: "at 0, lc=3 lp=0 pb=2"}
    for magic, major, minor, order, start, why in (
        (b"shsq", 3, 0, "little", 0, "3.0 with LZMA without headers and the magic of Broadcom's and DD-WRT's kernels."),
        (b"qshs", 3, 0, "big", 13, "3.0, big-endian, with LZMA and the magic of DD-WRT."),
        (b"tqsh", 2, 1, "big", 5, "2.1, big-endian, with LZMA behind properties and dictionary alone, and a vendor's magic."),
        (b"sqlz", 3, 1, "big", 0, "3.1, big-endian, with LZMA without headers and a vendor's magic."),
    ):  # fmt: skip

        def headless(data: bytes, start: int = start) -> bytes:
            packed = pack(data)
            return packed[:start] + packed[13:]

        with a_tree(spread) as tree:
            for number in range(12):
                tree.file(f"etc/{number}", b"%d\n" % number)
            tree.settle()
            image = OldSquashfs(major, minor, order, 16, pack=headless, magic=magic).write(tree.root)
        facts = {"version": f"{major}.{minor}", "byte-order": f"{order}-endian", "magic": magic.decode(), "lzma": headers[start]}
        write(f"old-{magic.decode()}", image, why, parts=tree.parts, facts={**FACTS, **facts})
    facts = {**FACTS, **three, "version": "3.1"}
    export = u64(stored, u64(stored, 111)) + 2
    write(
        "old-export", patched(stored, export, stored[export + 8 : export + 16]), "3.1, an export table that leads elsewhere.",
        parts=tree.parts, facts=facts, findings=["contradiction"],
    )  # fmt: skip
    name = stored.index(b"passwd", u64(stored, 95))
    renamed = {**tree.parts, "etc/p%2Fsswd": tree.parts["etc/passwd"]}
    del renamed["etc/passwd"]
    write(
        "old-name", patched(stored, name, b"p/sswd"), "3.1, a name with a slash.",
        parts=renamed, facts=facts, findings=["hostile-name"],
    )  # fmt: skip
    write(
        "old-truncated", two[:1_000], "2.1, without the end and its tables.",
        parts={"gap-0": gap(two[63:1_000])}, facts={"version": "2.1", "byte-order": "little-endian"},
        findings=["truncated", "unread-bytes"],
    )  # fmt: skip
    write("old-log", patched(two, 34, b"\x0d\0"), "2.1, two sizes for one block.", findings=["malformed"])


build_genuine()
build_attributes()
build_vendors()
build_damaged()
build_contents()
build_old()
