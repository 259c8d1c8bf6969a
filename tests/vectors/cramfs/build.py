"""Builds the cramfs vectors with mkfs.cramfs of util-linux 2.38, as root; run it again and nothing changes.

What is expected comes from the tree that was packed. Damage is done to the bytes of a sound image, whose CRC is made right again.
"""

import hashlib
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, write

from tree import Stated, Tree, noise, spread

FACTS = {"byte-order": "little", "root": "0755 0:0"}
GAP: Stated = {"kind": "gap"}
FLAGS, CRC, ROOT = 8, 32, 64


def cramfs(tree: Tree, *options: str) -> bytes:
    tree.settle()
    image = tree.root.with_suffix(".cramfs")
    subprocess.run(["mkfs.cramfs", *options, tree.root, image], check=True, capture_output=True)
    return image.read_bytes()


def timeless(parts: Parts) -> Parts:
    return {path: {key: value for key, value in stated.items() if key != "mtime"} for path, stated in parts.items()}


def right(data: bytes) -> bytes:
    """Return `data` with its CRC made right."""
    blank = patched(data, CRC, bytes(4))
    return patched(blank, CRC, struct.pack("<I", zlib.crc32(blank)))


def inode_of(data: bytes, name: bytes) -> int:
    padded = name.ljust((len(name) + 3) // 4 * 4, b"\0")
    return data.index(padded, 76) - 12


def word(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def build_genuine() -> None:
    def fill(root: Path) -> Tree:
        tree = spread(root)
        tree.file("etc/text", b"all work and no play makes jack a dull boy\n" * 300)
        tree.file("etc/twin", b"all work and no play makes jack a dull boy\n" * 300)
        tree.file("etc/hole", noise(256) * 16 + bytes(8_192) + b"end")
        return tree

    for case, options, facts, why in (
        ("little", ("-N", "little"), {}, "little-endian"),
        ("big", ("-N", "big"), {"byte-order": "big"}, "big-endian"),
        ("shifted", ("-p", "-n", "vector"), {"label": "vector"}, "behind room for a boot sector, with a name"),
        ("holes", ("-z",), {}, "with holes"),
    ):
        with tempfile.TemporaryDirectory() as place:
            tree = fill(Path(place) / "tree")
            image = cramfs(tree, *options)
        write(case, image, f"One of everything, by mkfs.cramfs: {why}.", parts=timeless(tree.parts), facts={**FACTS, **facts})


def build_pointers() -> None:
    """A file of three blocks by extended pointers, which no tool makes: stored, packed elsewhere, and what follows that."""
    blocks = [noise(4_096, "p0"), b"packed " * 585 + b"!", b"the end"]
    packed = [zlib.compress(block) for block in blocks]
    inode = 76
    start = inode + 12 + 4
    first = start + 12
    second = (first + 4_096 + 3) // 4 * 4
    third = second + 2 + len(packed[1])
    pointers = (1 << 31 | 1 << 30 | first >> 2, 1 << 30 | second >> 2, third + len(packed[2]))
    size = 4_096 * 3
    data = bytearray(size)
    data[first : first + 4_096] = blocks[0]
    data[second : third + len(packed[2])] = struct.pack("<H", len(packed[1])) + packed[1] + packed[2]
    data[start:first] = struct.pack("<3I", *pointers)
    content = b"".join(blocks)
    data[inode : inode + 16] = struct.pack("<3I4s", 0o100640, len(content), 1 | start >> 2 << 6, b"file")
    root = struct.pack("<3I", 0o040755, 16, inode >> 2 << 6)
    fields = struct.pack("<4I16s4I16s", 0x28CD3D45, size, 0x803, 0, b"Compressed ROMFS", 0, 0, 3, 1, b"Compressed")
    data[:76] = fields + root
    write("pointers", right(bytes(data)), "Pointers that say where a block is, and that it is stored as it is.", parts={
        "file": {"kind": "file", "size": len(content), "mode": "0640", "sha256": hashlib.sha256(content).hexdigest()},
    }, facts=FACTS)  # fmt: skip
    write("pointers-unannounced", right(patched(bytes(data), FLAGS, struct.pack("<I", 3))), "Such pointers, where the flags do not announce them.", parts={
        "file": {"kind": "file"}, "gap-0": GAP,
    }, facts=FACTS, findings=["malformed", "unread-bytes"])  # fmt: skip


def build_damaged() -> None:
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(Path(place) / "tree")
        tree.file("aaaa", noise(100, "a"))
        tree.file("bbbb", b"text " * 200)
        tree.folder("dddd")
        tree.file("dddd/file", noise(50, "b"))
        tree.device("eeee", 0o060000, 31, 3)
        sound = cramfs(tree)
    parts = timeless(tree.parts)
    aaaa, bbbb, dddd, eeee = (inode_of(sound, name) for name in (b"aaaa", b"bbbb", b"dddd", b"eeee"))

    def case(name: str, data: bytes, why: str, *findings: str, **other: Stated | None) -> None:
        told = {path: stated for path, stated in {**parts, **other}.items() if stated is not None}
        write(name, right(data), why, parts=told, facts=FACTS, findings=findings)

    write("checksum", patched(sound, CRC, bytes(4)), "A CRC that does not fit.", parts=parts, facts=FACTS, findings=["checksum-mismatch"])
    case("hostile-name", patched(sound, aaaa + 12, b"../a"), "A name that climbs out of its folder.", "hostile-name", **{"aaaa": None, "..%2Fa": parts["aaaa"]})
    case("twice", patched(sound, bbbb + 12, b"aaaa"), "One name for two files.", "duplicate-path", aaaa=parts["bbbb"], bbbb=None)
    case("order", patched(sound, aaaa + 12, b"ccca"), "Names that are not in order: Linux lists one and does not find it.", "contradiction", aaaa=None, ccca=parts["aaaa"])
    root = word(sound, ROOT + 8) & ~0x3F | word(sound, dddd + 8) & 0x3F
    case("cycle", patched(sound, dddd + 8, struct.pack("<I", root)), "A folder that is the root again.", "cycle", "unread-bytes", **{"dddd/file": None, "gap-0": GAP, "gap-1": GAP})
    case("device", patched(sound, eeee + 6, b"\x01"), "A device number that is too large.", "reserved-bits")
    case("kind", patched(sound, aaaa + 1, b"\x01"), "A mode that is of no kind.", "malformed", "unread-bytes", **{"aaaa": None, "gap-0": GAP})
    case("name-length", patched(sound, dddd + 8, bytes([sound[dddd + 8] & 0xC0])), "A name without length: what comes behind it is lost.", "malformed", "unread-bytes", **{"dddd": None, "dddd/file": None, "eeee": None, "gap-0": GAP, "gap-1": GAP})  # fmt: skip
    block = (word(sound, bbbb + 8) >> 6 << 2) + 4
    case("block", patched(sound, block, b"\xff\xff\xff"), "A block that does not unpack.", "malformed", bbbb={"kind": "file"})
    case("pointer", patched(sound, block - 4, b"\xff\xff"), "A block that ends behind the image.", "malformed", "unread-bytes", bbbb={"kind": "file"}, **{"gap-0": GAP})
    case("flags", patched(sound, FLAGS, b"\x43"), "A flag that Linux lets pass and that means nothing.", "reserved-bits")
    write("truncated", sound[:300], "The end of the image is missing.", parts={**parts, "dddd/file": {"kind": "file"}}, facts=FACTS, findings=["malformed", "truncated"])
    write("features", right(patched(sound, FLAGS + 1, b"\x10")), "A flag that nobody knows.", findings=["unsupported"])


build_genuine()
build_pointers()
build_damaged()
