"""Builds the ubifs vectors with mkfs.ubifs 2.1.5, as root; run it again and nothing changes.

What is expected comes from the tree that was packed. The tool names each file system anew and keeps the
time of making of each file; both are taken out. What it does
not make (a journal, extended attributes, damage) is done to the nodes of a sound image by `Volume`.
"""

import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, write

from tree import THEN, Tree, file, noise, spread

BLOCK = 15_360
INODE, DATA, NAME, ATTRIBUTE, CUT, INDEX, COMMIT, REFERENCE = 0, 1, 2, 3, 4, 9, 10, 8
LOG, MAIN = 3, 8
LINES = b"".join(b"line %d\n" % number for number in range(600))[:5_000]
TEXT = b"all work and no play makes jack a dull boy\n" * 150
FACTS = {
    "block-size": str(BLOCK), "min-io-size": "8", "format-version": "4", "reserved": "0 0:0", "flags": "none", "root": "0755 0:0",
}  # fmt: skip


def sealed(node: bytes) -> bytes:
    """Return a node with its CRC and length right."""
    node = patched(node, 16, struct.pack("<I", len(node)))
    return patched(node, 4, struct.pack("<I", zlib.crc32(node[8:]) ^ 0xFFFFFFFF))


def make(tree: Tree, *options: str) -> "Volume":
    tree.settle()
    image = tree.root.with_suffix(".ubifs")
    command = ["mkfs.ubifs", "-m", "8", "-e", str(BLOCK), "-c", "24", "-j", "8KiB", "-l", "2", "-r", tree.root, "-o", image]
    subprocess.run([*command, *options], check=True, capture_output=True)
    data = image.read_bytes()
    nameless = sealed(patched(data[:4096], 108, bytes(16)))
    volume = Volume(patched(data, 0, nameless))
    for at, node in volume.nodes(INODE):
        timed = sealed(patched(node, 56, struct.pack("<3Q3I", THEN, THEN, THEN, 0, 0, 0)))
        volume = Volume(patched(volume.data, at, timed))
    return volume


@contextmanager
def a_tree(fill: Callable[[Path], Tree] = Tree) -> Iterator[Tree]:
    # the tool takes files in the order in which their folder has them, which here is that of their making
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        yield fill(Path(place) / "tree")


class Volume:
    """An image and its nodes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def nodes(self, kind: int) -> list[tuple[int, bytes]]:
        """Return where the nodes of a type are, and their bytes."""
        found = []
        for at in range(0, len(self.data), 8):
            if self.data[at : at + 4] == b"\x31\x18\x10\x06" and self.data[at + 20] == kind:
                (size,) = struct.unpack_from("<I", self.data, at + 16)
                found.append((at, self.data[at : at + size]))
        return found

    def name(self, name: bytes) -> tuple[int, bytes]:
        return next((at, node) for at, node in self.nodes(NAME) if node[56:-1] == name)

    def number(self, name: bytes) -> int:
        return int(struct.unpack_from("<Q", self.name(name)[1], 40)[0])

    def inode(self, number: int) -> tuple[int, bytes]:
        return next((at, node) for at, node in self.nodes(INODE) if node[24:28] == struct.pack("<I", number))

    def blocks(self, number: int) -> list[tuple[int, bytes]]:
        return [(at, node) for at, node in self.nodes(DATA) if node[24:28] == struct.pack("<I", number)]

    def with_field(self, found: tuple[int, bytes], at: int, layout: str, value: int) -> "Volume":
        """Return the image with a field of a node changed and its CRC right."""
        place, node = found
        return Volume(patched(self.data, place, sealed(patched(node, at, struct.pack(layout, value)))))

    def written(self, *bodies: tuple[int, bytes]) -> "Volume":
        """Return the image with nodes (type, what follows the header) in its journal, in the first block of nodes."""
        start = MAIN * BLOCK
        start += len(self.data[start : start + BLOCK].rstrip(b"\xff")) + 7 & ~7
        data, at = self.data, start
        for sequence, (kind, body) in enumerate(bodies, 1_000):
            node = sealed(struct.pack("<4sIQI4B", b"\x31\x18\x10\x06", 0, sequence, 0, kind, 0, 0, 0) + body)
            data = patched(data, at, node + bytes(-len(node) % 8))
            at += len(node) + 7 & ~7
        reference = struct.pack("<4sIQI4B3I28x", b"\x31\x18\x10\x06", 0, 900, 0, REFERENCE, 0, 0, 0, MAIN, start - MAIN * BLOCK, 1)
        place = LOG * BLOCK + 32
        return Volume(patched(data, place, sealed(reference)))


def r5(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value + (byte << 4) + (byte >> 4)) * 11 & 0xFFFFFFFF
    value &= (1 << 29) - 1
    return value if value > 2 else value + 3


def key(number: int, kind: int, rest: int = 0) -> bytes:
    return struct.pack("<2I8x", number, kind << 29 | rest)


def name(folder: int, called: bytes, number: int, kind: int = 0, what: int = NAME) -> tuple[int, bytes]:
    return what, key(folder, what, r5(called)) + struct.pack("<QxBHI", number, kind, len(called), 0) + called + b"\0"


def inode(number: int, size: int, mode: int, *, links: int = 1, flags: int = 0, data: bytes = b"") -> tuple[int, bytes]:
    body = key(number, INODE) + struct.pack("<5Q3I", 5, size, THEN, THEN, THEN, 0, 0, 0)
    body += struct.pack("<8I", links, 0, 0, mode, flags, len(data), 0, 0) + struct.pack("<4xIH26x", 0, 0)
    return INODE, body + data


def content(number: int, block: int, data: bytes) -> tuple[int, bytes]:
    return DATA, key(number, DATA, block) + struct.pack("<IHH", len(data), 0, 0) + data


def build_genuine() -> None:
    """One of everything, by every compressor."""
    for case, options in (
        ("lzo", ("-x", "lzo")), ("zlib", ("-x", "zlib")), ("zstd", ("-x", "zstd", "-f", "16")),
        ("stored", ("-x", "none", "-k", "test", "-F")),
    ):  # fmt: skip
        with a_tree(spread) as tree:
            tree.file("etc/text", TEXT)
            tree.file("etc/hole", b"begin" + bytes(9_000) + b"end")
            tree.file("dev/noise", noise(500))
            image = make(tree, *options)
        write(case, image.data, f"One of everything, by mkfs.ubifs {' '.join(options)}.", parts=tree.parts, facts=FACTS)


def small() -> tuple[Volume, Parts]:
    with a_tree() as tree:
        tree.file("aa", LINES)
        tree.file("ab", LINES[:300], 0o4755)
        tree.folder("dir")
        image = make(tree, "-x", "none")
    return image, tree.parts


def build_journal() -> None:
    """What was written since the last commit."""
    image, parts = small()
    aa, ab = image.number(b"aa"), image.number(b"ab")
    data = LINES

    new = image.written(inode(90, 5, 0o100640), content(90, 0, b"hello"), name(1, b"new", 90))
    write("journal-new", new.data, "A file that is in the journal alone.", parts={**parts, "new": file(b"hello", 0o640)}, facts=FACTS)
    gone = image.written(name(1, b"ab", 0), inode(ab, 0, 0o104755, links=0))
    left = {path: stated for path, stated in parts.items() if path != "ab"}
    write(
        "journal-deleted", gone.data, "A file that the journal says is deleted.",
        parts=left, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    changed = image.written(inode(aa, 4_999, 0o100600), content(aa, 0, b"x" * 4_096))
    parts_changed = {**parts, "aa": file(b"x" * 4_096 + data[4_096:4_999], 0o600)}
    write(
        "journal-changed", changed.data, "A block of a file that the journal has anew.",
        parts=parts_changed, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    cut = image.written(
        inode(aa, 100, 0o100644), (CUT, struct.pack("<I12x2Q", aa, 5_000, 100)), content(aa, 0, data[:100]), inode(aa, 8_000, 0o100644)
    )
    write(
        "journal-cut", cut.data, "A file that was cut off and made longer again: zeros, not what it held before.",
        parts={**parts, "aa": file(data[:100] + bytes(7_900))}, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    torn = Volume(patched(new.data, new.name(b"new")[0] + 56, b"?"))
    write(
        "journal-torn", torn.data, "A node of the journal that does not fit its CRC.",
        parts=parts, facts=FACTS, findings=["checksum-mismatch", "hidden-content", "malformed"],
    )  # fmt: skip

    attributes = image.written(
        inode(91, 3, 0o100777, flags=0x20, data=b"one"), name(ab, b"user.x", 91, what=ATTRIBUTE),
        inode(92, 0, 0o100777, flags=0x20), name(2_000, b"user.y", 92, what=ATTRIBUTE),
    )  # fmt: skip
    write(
        "attributes", attributes.data, "An extended attribute, and one of an inode that there is not.",
        parts={**parts, "ab": {**parts["ab"], "xattrs": {"user.x": b"one".hex()}}}, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip


def build_damaged() -> None:
    """Damage to one thing at a time."""
    image, parts = small()
    aa, ab = image.number(b"aa"), image.number(b"ab")
    data, left = LINES, {path: stated for path, stated in parts.items() if path != "ab"}
    place = image.blocks(aa)[0][0] + 1_000
    flipped = patched(image.data, place, b"???")
    write(
        "data-crc", flipped, "Data that do not fit their CRC, at which a device does not look.",
        parts={**parts, "aa": file(patched(data, 1_000 - 48, b"???"))}, facts=FACTS, findings=["checksum-mismatch"],
    )  # fmt: skip
    write(
        "inode-crc", patched(image.data, image.inode(ab)[0] + 104, b"?"), "An inode that does not fit its CRC.",
        parts=left, facts=FACTS, findings=["checksum-mismatch", "hidden-content", "malformed"],
    )  # fmt: skip
    write(
        "name-crc", patched(image.data, image.name(b"ab")[0] + 57, b"?"), "A name that does not fit its CRC.",
        parts=left, facts=FACTS, findings=["checksum-mismatch", "hidden-content", "malformed"],
    )  # fmt: skip
    write(
        "master", patched(image.data, BLOCK + 50, b"?"), "One of the two master nodes does not fit its CRC.",
        parts=parts, facts=FACTS, findings=["checksum-mismatch", "malformed"],
    )  # fmt: skip
    no_root = {key: value for key, value in FACTS.items() if key != "root"}
    write(
        "index-crc", patched(image.data, image.nodes(INDEX)[-1][0] + 30, b"?"), "The root of the index does not fit its CRC.",
        parts={}, facts=no_root, findings=["hidden-content", "malformed"],
    )  # fmt: skip
    slack = patched(image.data, MAIN * BLOCK + 15_000, b"something" * 40)
    write(
        "slack", slack, "Bytes behind the nodes of a block.",
        parts={**parts, "gap-0": gap(b"something" * 40)}, facts=FACTS, findings=["malformed", "unread-bytes"],
    )  # fmt: skip
    short = image.data[: MAIN * BLOCK + 100]
    write(
        "truncated", short, "The image ends within the nodes.",
        parts={"gap-0": gap(short[MAIN * BLOCK :])}, facts=no_root, findings=["malformed", "truncated", "unread-bytes"],
    )  # fmt: skip
    write("malformed", patched(image.data[:BLOCK], 40, b"?"), "A superblock that does not fit its CRC.")
    newer = sealed(patched(image.data[:4096], 80, struct.pack("<I", 6)))
    write("version-6", patched(image.data, 0, newer), "A version that there is not yet.", findings=["unsupported"])


def build_wrong() -> None:
    """What no tool and no device would write."""
    image, parts = small()
    aa, ab = image.number(b"aa"), image.number(b"ab")
    left = {path: stated for path, stated in parts.items() if path != "ab"}

    at, node = image.name(b"ab")
    renamed = Volume(patched(image.data, at, sealed(node[:56] + b"zz\0")))
    write(
        "name-hash", renamed.data, "A name that is not where a device would look for it.",
        parts={**left, "zz": parts["ab"]}, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    climbing = image.written(name(1, b"..", ab), inode(ab, 300, 0o104755, links=2))
    write(
        "hostile-name", climbing.data, "A name that climbs out of its folder.",
        parts={**parts, "%2E%2E": parts["ab"]}, facts=FACTS, findings=["hidden-content", "hostile-name"],
    )  # fmt: skip
    write(
        "cycle", image.written(name(image.number(b"dir"), b"up", 1, 1)).data, "A folder that is the root again.",
        parts={**parts, "dir/up": {"kind": "directory", "mode": "0755"}}, facts=FACTS, findings=["cycle"],
    )  # fmt: skip
    write(
        "links", image.with_field(image.inode(ab), 92, "<I", 3).data, "A file that says it has more names.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    write(
        "name-kind", image.with_field(image.name(b"ab"), 49, "<B", 2).data, "A file that is named as a link.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    write(
        "no-inode", image.with_field(image.name(b"ab"), 40, "<Q", 77).data, "A name for an inode that is not there.",
        parts=left, facts=FACTS, findings=["hidden-content", "malformed"],
    )  # fmt: skip
    swapped = image.with_field(image.blocks(aa)[0], 44, "<H", 9)
    write(
        "compressor", swapped.data, "Data packed in a way that is not known.",
        parts={**parts, "aa": {"kind": "file", "mode": "0644"}}, facts=FACTS, findings=["unsupported"],
    )  # fmt: skip
    leaf = next((at, node) for at, node in image.nodes(INDEX) if node[26] == 0 and node[24] > 1)
    one, other = leaf[1][28:48], leaf[1][48:68]
    unsorted = Volume(patched(image.data, leaf[0], sealed(patched(leaf[1], 28, other + one))))
    write(
        "order", unsorted.data, "An index whose keys are not in order: a device may not find what it lists.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    write(
        "flags", image.with_field((0, image.data[:4096]), 28, "<I", 0x80).data, "A flag nobody has given a meaning.",
        parts=parts, facts=FACTS, findings=["reserved-bits"],
    )  # fmt: skip


build_genuine()
build_journal()
build_damaged()
build_wrong()
