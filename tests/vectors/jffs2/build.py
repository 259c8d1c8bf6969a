"""Builds the jffs2 vectors with mkfs.jffs2 and sumtool 2.1.5, as root; run it again and nothing changes.

What is expected comes from the tree that was packed. What no tool writes (earlier states, LZMA, damage) is done to the nodes of
a sound image, which `Image` takes apart and puts together.
"""

import lzma
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, write

from tree import Stated, Tree, file, noise, spread

DIRENT, INODE, CLEANMARKER, SUMMARY, XATTR = 0xE001, 0xE002, 0x2003, 0x2006, 0xE008
TEXT = b"all work and no play makes jack a dull boy\n" * 40


def crc(data: bytes) -> int:
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


@dataclass
class Image:
    """Nodes in a byte order."""

    sign: str
    nodes: list[bytes]

    @classmethod
    def of(cls, data: bytes, sign: str = "<") -> "Image":
        nodes, at = [], 0
        while at + 12 <= len(data):
            magic, kind, size = struct.unpack_from(sign + "2HI", data, at)
            if magic == 0x1985:
                if kind != CLEANMARKER:
                    nodes.append(data[at : at + size])
                at += size + 3 & ~3
            else:
                at += 4
        return cls(sign, nodes)

    def kind(self, node: bytes) -> int:
        return int(struct.unpack_from(self.sign + "2xH", node)[0])

    def name(self, name: bytes) -> bytes:
        """Return the node of a name."""
        return next(node for node in self.nodes if self.kind(node) == DIRENT and node[40:] == name)

    def inode_of(self, name: bytes) -> int:
        return int(struct.unpack_from(self.sign + "20xI", self.name(name))[0])

    def inodes(self, number: int) -> list[bytes]:
        """Return the nodes of an inode."""
        stated = struct.pack(self.sign + "I", number)
        return [node for node in self.nodes if self.kind(node) == INODE and node[12:16] == stated]

    def made(self, node: bytes, at: int, layout: str, value: int) -> bytes:
        """Return `node` with one field changed and its CRCs right."""
        return self.sealed(patched(node, at, struct.pack(self.sign + layout, value)))

    def sealed(self, node: bytes) -> bytes:
        size = struct.pack(self.sign + "I", len(node))
        node = patched(node, 4, size)
        node = patched(node, 8, struct.pack(self.sign + "I", crc(node[:8])))
        kind, pack = self.kind(node), lambda value: struct.pack(self.sign + "I", value)
        if kind == DIRENT:
            node = patched(node, 28, bytes([len(node) - 40]))
            node = patched(node, 32, pack(crc(node[:32])) + pack(crc(node[40:])))
        elif kind == INODE:
            node = patched(node, 48, pack(len(node) - 68))
            node = patched(node, 60, pack(crc(node[68:])))
            node = patched(node, 64, pack(crc(node[:60])))
        return node

    def with_data(self, node: bytes, data: bytes, offset: int, size: int, compressor: int, length: int) -> bytes:
        """Return an inode of the next version that says something else of its file."""
        (version,) = struct.unpack_from(self.sign + "16xI", node)
        node = self.made(node, 16, "I", version + 1)[:68] + data
        for at, layout, value in ((28, "I", length), (44, "I", offset), (52, "I", size), (56, "B", compressor)):
            node = patched(node, at, struct.pack(self.sign + layout, value))
        return self.sealed(node)

    def plus(self, *nodes: bytes) -> "Image":
        return replace(self, nodes=[*self.nodes, *nodes])

    def without(self, *nodes: bytes) -> "Image":
        return replace(self, nodes=[node for node in self.nodes if node not in nodes])

    def bytes(self) -> bytes:
        return b"".join(node + b"\xff" * (-len(node) % 4) for node in self.nodes)


def pack(tree: Tree, *options: str) -> bytes:
    tree.settle()
    image = tree.root.with_suffix(".jffs2")
    subprocess.run(["mkfs.jffs2", "-d", tree.root, "-o", image, *options], check=True, capture_output=True)
    return image.read_bytes()


@contextmanager
def a_tree(fill: Callable[[Path], Tree] = Tree) -> Iterator[Tree]:
    with tempfile.TemporaryDirectory() as place:
        yield fill(Path(place) / "tree")


def facts(order: str = "little", root: str = "") -> dict[str, str]:
    return {"byte-order": order, "root": f"0755 0:0{root}"}


def build_genuine() -> None:
    """One of everything, in both byte orders and by every compressor."""
    no_zlib = ("-x", "zlib", "-x", "rtime")
    for case, order, options in (
        ("zlib", "little", ()), ("big-endian", "big", ("-b",)), ("lzo", "big", ("-b", *no_zlib, "-X", "lzo")),
        ("rtime", "little", ("-x", "zlib")), ("stored", "little", ("-m", "none", "-n", "-s", "512")),
        ("blocks", "little", ("-m", "none", "-e", "8KiB", "-p", "-c", "32")),
    ):  # fmt: skip
        with a_tree(spread) as tree:
            tree.file("etc/text", TEXT)
            tree.file("etc/noise", noise(300))
            sign = () if "-b" in options else ("-l",)
            image = pack(tree, *sign, *options)
        write(case, image, f"One of everything, by mkfs.jffs2 {' '.join((*sign, *options))}.", parts=tree.parts, facts=facts(order))


def build_attributes() -> None:
    """Extended attributes, with an access list; the same attribute of two files stands once."""
    with a_tree() as tree:
        tree.file("one", b"1")
        tree.folder("two")
        capability = bytes.fromhex("0100000200200000000000000000000000000000")
        access = bytes.fromhex("0200000001000600ffffffff02000700d204000004000400ffffffff10000700ffffffff20000400ffffffff")
        os.setxattr(tree.root / "one", "security.capability", capability)
        os.setxattr(tree.root / "one", "system.posix_acl_access", access)
        os.setxattr(tree.root / "two", "user.long", b"v" * 100)
        os.setxattr(tree.root / "two", "trusted.x", b"")
        os.setxattr(tree.root, "user.root", b"r")
        mode = {"mode": "0674"}
        tree.parts["one"] |= {**mode, "xattrs": {"security.capability": capability.hex(), "system.posix_acl_access": access.hex()}}
        tree.parts["two"] |= {"xattrs": {"user.long": "76" * 100, "trusted.x": ""}}
        for case, order in (("attributes", "-l"), ("attributes-big", "-b")):
            image = pack(tree, order, "--with-xattr")
            write(
                case, image, f"Extended attributes and an access list, by mkfs.jffs2 {order}.",
                parts=tree.parts, facts=facts({"-l": "little", "-b": "big"}[order], " user.root=72"),
            )  # fmt: skip
        lost = image.index(b"long\0") - 32
        parts = {**tree.parts, "two": {**tree.parts["two"], "xattrs": {"trusted.x": ""}}}
        write(
            "attribute-crc", patched(image, lost + 60, b"w"), "The value of an extended attribute does not fit its CRC.",
            parts=parts, facts=facts("big", " user.root=72"), findings=["checksum-mismatch", "malformed"],
        )  # fmt: skip


def build_summaries() -> None:
    """Summaries that stand in for the nodes of a block, true and false."""
    with a_tree(spread) as tree:
        tree.file("etc/text", TEXT * 6)
        pack(tree, "-l", "-e", "8KiB", "-m", "none")
        plain, summed = tree.root.with_suffix(".jffs2"), tree.root.with_suffix(".summed")
        subprocess.run(["sumtool", "-i", plain, "-o", summed, "-l", "-e", "8KiB", "-p"], check=True, capture_output=True)
        image = summed.read_bytes()
    write("summary", image, "A summary at the end of each block, by sumtool.", parts=tree.parts, facts=facts())
    # the record of bin/tool in the summary of the first block names it otherwise
    start = image.index(struct.pack("<2H", 0x1985, SUMMARY))
    at = image.index(b"tool", start)
    size = struct.unpack_from("<4xI", image, start)[0]
    lying = patched(image, at, b"fool")
    records = struct.pack("<I", crc(lying[start + 32 : start + size]))
    lying = patched(lying, start + 24, records)
    write(
        "summary-lies", lying, "A summary with another name than the node it stands for; some devices read only the summary.",
        parts=tree.parts, facts=facts(), findings=["contradiction"],
    )  # fmt: skip
    write(
        "summary-crc", patched(image, at, b"fool"), "A summary that does not fit its CRC, nor the nodes.",
        parts=tree.parts, facts=facts(), findings=["checksum-mismatch", "contradiction"],
    )  # fmt: skip


def small() -> tuple[Image, Parts]:
    """Two files, the larger one in three nodes, and a link."""
    with a_tree() as tree:
        tree.file("aa", noise(600, "a"))
        tree.file("ab", noise(50, "b"), 0o4755)
        tree.folder("dir")
        tree.link("ln", "dir")
        image = Image.of(pack(tree, "-l", "-n", "-m", "none", "-s", "256"))
    return image, tree.parts


def build_lzma() -> None:
    """What OpenWrt's kernels add: LZMA without a header."""
    with a_tree() as tree:
        tree.file("text", TEXT)
        image = Image.of(pack(tree, "-b", "-n", "-m", "none"), ">")
    packed = []
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 8192, "lc": 0, "lp": 0, "pb": 0}]
    for node in image.nodes:
        if image.kind(node) == INODE and len(node) > 68:
            stream = lzma.compress(node[68:], lzma.FORMAT_RAW, filters=filters)
            packed.append(image.sealed(patched(node[:68], 56, b"\x08") + stream))
        else:
            packed.append(node)
    write(
        "lzma", Image(">", packed).bytes(), "Data packed by LZMA as OpenWrt's patch has it, properties known to the kernel.",
        parts=tree.parts, facts=facts("big"),
    )  # fmt: skip


def build_history() -> None:
    """Earlier states, which a device does not show."""
    image, parts = small()
    data = noise(600, "a")
    aa, ab = image.inodes(image.inode_of(b"aa")), image.inodes(image.inode_of(b"ab"))
    gone = image.made(image.made(image.name(b"ab"), 16, "I", 9), 20, "I", 0)
    deleted = {path: stated for path, stated in parts.items() if path != "ab"}
    write(
        "deleted", image.plus(gone).bytes(), "A file that was deleted: its nodes are still there.",
        parts=deleted, facts=facts(), findings=["hidden-content"],
    )  # fmt: skip

    def as_file(content: bytes) -> Parts:
        return {**parts, "aa": file(content)}

    change = image.with_data(aa[-1], b"changed" * 10, 200, 70, 0, 600)
    write(
        "overwritten", image.plus(change).bytes(), "Bytes that a later node covers, across two nodes before it.",
        parts=as_file(data[:200] + b"changed" * 10 + data[270:]), facts=facts(),
    )  # fmt: skip
    whole = image.with_data(aa[-1], b"short", 0, 5, 0, 5)
    write(
        "shortened", image.plus(whole).bytes(), "A file that was written anew and is shorter.",
        parts=as_file(b"short"), facts=facts(), findings=["hidden-content"],
    )  # fmt: skip
    hole = image.with_data(aa[-1], b"", 600, 5_000, 1, 5_600)
    write(
        "hole", image.plus(hole).bytes(), "A node that stands for zeros.",
        parts=as_file(data + bytes(5_000)), facts=facts(),
    )  # fmt: skip
    obsolete = patched(ab[0], 3, b"\xc0")
    write(
        "obsolete", image.plus(obsolete, ab[0]).bytes(), "A node marked as void, and one that stands twice since it was being moved.",
        parts=parts, facts=facts(), findings=["hidden-content"],
    )  # fmt: skip
    other = image.made(ab[0], 20, "I", 0o100755)
    write(
        "same-version", image.plus(other).bytes(), "Two nodes of one version that differ: which counts depends on the device.",
        parts={**parts, "ab": {**parts["ab"], "mode": "0755"}}, facts=facts(), findings=["contradiction", "hidden-content"],
    )  # fmt: skip
    parted = image.made(image.name(b"ab"), 20, "I", image.inode_of(b"aa"))
    write(
        "same-version-name", image.plus(parted).bytes(), "Two nodes of one version that name different files.",
        parts={**parts, "ab": parts["aa"]}, facts=facts(), findings=["contradiction", "hidden-content"],
    )  # fmt: skip


def build_damaged() -> None:
    """Damage to one thing at a time."""
    image, parts = small()
    sound = image.bytes()
    data = noise(600, "a")
    aa = image.inodes(image.inode_of(b"aa"))

    def at(node: bytes) -> int:
        return sound.index(node)

    lost = {path: stated for path, stated in parts.items() if path != "ab"}
    name = at(image.name(b"ab"))
    write(
        "name-crc", patched(sound, name + 40, b"xy"), "A name that does not fit its CRC: the file has none.",
        parts=lost, facts=facts(), findings=["checksum-mismatch", "hidden-content", "malformed"],
    )  # fmt: skip
    broken = patched(sound, name + 4, b"\x99")
    write(
        "header-crc", broken, "The header of a name is damaged, and so where it ends.",
        parts={**lost, "gap-0": gap(broken[name : name + 44])}, facts=facts(),
        findings=["checksum-mismatch", "hidden-content", "malformed", "unread-bytes"],
    )  # fmt: skip
    write(
        "magic", patched(sound, name, b"\x84"), "The magic of a name is damaged.",
        parts={**lost, "gap-0": gap(patched(sound, name, b"\x84")[name : name + 44])}, facts=facts(),
        findings=["hidden-content", "malformed", "unread-bytes"],
    )  # fmt: skip
    holed = data[:256] + bytes(256) + data[512:]
    write(
        "data-crc", patched(sound, at(aa[1]) + 150, b"?!"), "Data that do not fit their CRC: a device shows zeros.",
        parts={**parts, "aa": file(holed)}, facts=facts(), findings=["checksum-mismatch"],
    )  # fmt: skip
    write(
        "inode-crc", patched(sound, at(aa[1]) + 24, b"?!"), "An inode that does not fit its CRC.",
        parts={**parts, "aa": file(holed)}, facts=facts(), findings=["checksum-mismatch", "malformed"],
    )  # fmt: skip
    cut = sound[: at(aa[2]) + 120]
    kept = {path: stated for path, stated in parts.items() if cut.find(image.name(path.encode())) >= 0}
    assert "aa" in kept
    write(
        "truncated", cut, "The bytes end within a node; what it held is missing from its file.",
        parts={**kept, "aa": file(data[:512] + bytes(88)), "gap-0": gap(cut[at(aa[2]) :])}, facts=facts(),
        findings=["truncated", "unread-bytes"],
    )  # fmt: skip


def build_wrong() -> None:
    """What no tool and no device would write."""
    image, parts = small()
    ab = image.name(b"ab")

    def instead(node: bytes, other: bytes) -> bytes:
        return replace(image, nodes=[other if each == node else each for each in image.nodes]).bytes()

    climbing = instead(ab, image.sealed(ab[:40] + b".."))
    renamed: dict[str, Stated] = {("%2E%2E" if path == "ab" else path): stated for path, stated in parts.items()}
    write("hostile-name", climbing, "A name that climbs out of its folder.", parts=renamed, facts=facts(), findings=["hostile-name"])
    write(
        "cycle", instead(ab, image.made(image.made(ab, 20, "I", 1), 29, "B", 4)), "A name for the root again.",
        parts={**parts, "ab": {"kind": "directory", "mode": "0755"}}, facts=facts(), findings=["cycle", "hidden-content"],
    )  # fmt: skip
    write(
        "name-kind", instead(ab, image.made(ab, 29, "B", 10)), "A file that is named as a link.",
        parts=parts, facts=facts(), findings=["contradiction"],
    )  # fmt: skip
    fewer = {path: stated for path, stated in parts.items() if path != "ab"}
    write(
        "no-inode", instead(ab, image.made(ab, 20, "I", 99)), "A name for an inode that is not there.",
        parts=fewer, facts=facts(), findings=["hidden-content", "malformed"],
    )  # fmt: skip
    node = image.inodes(image.inode_of(b"ab"))[0]
    odd = patched(node, 56, b"\x05")
    write(
        "rubin", instead(node, image.sealed(odd)), "Data packed in a way that is not read.",
        parts={**parts, "ab": {"kind": "file", "mode": "4755"}}, facts=facts(), findings=["unsupported"],
    )  # fmt: skip
    unknown = image.plus(image.sealed(struct.pack("<2H2I", 0x1985, 0xE00F, 16, 0) + b"what"))
    write(
        "unknown-node", unknown.bytes(), "A node of a type nobody knows, which says that who does not know it must refuse.",
        parts=parts, facts=facts(), findings=["unsupported"],
    )  # fmt: skip
    late = image.bytes().ljust(2_000, b"\xff") + image.sealed(ab)
    write(
        "behind-erased", late, "A node behind erased flash where no block can begin: devices may not look there.",
        parts=parts, facts=facts(), findings=["contradiction", "hidden-content"],
    )  # fmt: skip
    marked = image.bytes().ljust(4_096, b"\xff") + b"\xde\xad\xc0\xde" + b"\xff" * 1_020 + b"more" * 50
    write(
        "end-marker", marked, "OpenWrt's mark of the end, and something behind it.",
        parts={**parts, "gap-0": gap(b"more" * 50)}, facts=facts(), findings=["unread-bytes"],
    )  # fmt: skip
    first = image.nodes[0]
    write("malformed", patched(first, 8, b"\0\0\0\0"), "A magic, and a header that does not fit its CRC.")


build_genuine()
build_attributes()
build_summaries()
build_lzma()
build_history()
build_damaged()
build_wrong()
