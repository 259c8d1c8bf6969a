"""Builds the f2fs vectors with mkfs.f2fs and sload.f2fs 1.15, as root; run it again and nothing changes.

What is expected comes from the tree that was packed, as far as the tool writes it: no devices, no fifos, no hard links. Those
are made of files by hand. Images are of the least size there is, and most of it is nothing.
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, write

from tree import THEN, Tree, noise

BLOCK = 4_096
FACTS = {"features": "extra-attr inode-checksum ro", "root": "0755 0:0 security.selinux=753a6f626a6563745f723a78"}
UUID = "01234567-89ab-cdef-0123-456789abcdef"
LABEL = b"u:object_r:x"
KERNEL = b"Linux version 6.1.0"


def make() -> tuple[bytes, dict[str, dict[str, object]]]:
    """Return an image of a tree with one of everything the tool writes, and what is expected of it."""
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(Path(place) / "tree")
        tree.folder("bin")
        tree.file("bin/tool", noise(700), 0o4755, 1_000, 100)
        tree.folder("etc", 0o700)
        tree.file("etc/passwd", b"root:x:0:0:root:/root:/bin/ash\n")
        tree.file("etc/empty", b"", 0o600)
        tree.file("etc/large", noise(9_000))
        tree.link("etc/mtab", "../proc/mounts")
        tree.folder("dev")
        tree.file("dev/console", b"", 0o600)
        tree.settle()
        contexts, image = Path(place) / "contexts", Path(place) / "image"
        contexts.write_text("/.* u:object_r:x\n")
        image.write_bytes(b"")
        with image.open("r+b") as file:
            file.truncate(20 << 20)
        options = ["-O", "extra_attr,inode_checksum,ro", "-U", UUID, "-r", "-T", str(THEN)]
        subprocess.run(["mkfs.f2fs", "-q", "-f", *options, image], check=True, capture_output=True)
        options = ["-P", "-t", "/", "-s", str(contexts), "-T", str(THEN), "-f", str(tree.root)]
        subprocess.run(["sload.f2fs", *options, image], check=False, capture_output=True)
        parts = {path: {**stated, "xattrs": {"security.selinux": LABEL.hex()}} for path, stated in tree.parts.items()}
        data = image.read_bytes()
        for superblock in (1_024, 5_120):  # the tool writes down which kernel it ran on
            data = patched(data, superblock + 1_668, KERNEL.ljust(256, b"\0") * 2)
        return data, parts


def inode_of(data: bytes, name: bytes) -> int:
    """Return where the inode with a name is."""
    for at in range(0, len(data), BLOCK):
        number, owner = struct.unpack_from("<2I", data, at + 4_072)
        if number and number == owner and data[at + 88 : at + 92 + len(name)] == struct.pack("<I", len(name)) + name:
            return at
    raise ValueError(name)


def entry_of(data: bytes, name: bytes) -> tuple[int, int]:
    """Return where the number in the entry of a name is, its kind being 6 bytes on, and where the name is, in a block of a folder."""
    entry = data[inode_of(data, name) + 4_072 :][:4] + struct.pack("<H", len(name))
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        if (place := block.find(entry, 30, 2_384)) > 0 and (name_at := block.find(name, 2_384)) > 0:
            return at + place, at + name_at
    raise ValueError(name)


def summed(data: bytes, at: int) -> bytes:
    """Return the image with the checksum of the inode at `at` set right."""

    def add(seed: int, piece: bytes) -> int:
        return crc32(piece, seed ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    raw = data[at : at + BLOCK]
    seed = add(add(add(0xFFFFFFFF, data[1_024 + 108 : 1_024 + 124]), raw[4_072:4_076]), raw[68:72])
    total = add(add(add(seed, raw[:368]), bytes(4)), raw[372:])
    return patched(data, at + 368, struct.pack("<I", total))


def build() -> None:
    sound, parts = make()
    console = inode_of(sound, b"console")
    assert summed(sound, console) == sound
    changed = patched(sound, console, struct.pack("<H", 0o020600))
    changed = patched(changed, console + 3, bytes([changed[console + 3] & ~2]))
    changed = patched(changed, console + 372, struct.pack("<2I", 5 << 8 | 1, 0))
    genuine = summed(patched(changed, entry_of(changed, b"console")[0] + 6, b"\3"), console)
    device = {"kind": "character-device", "rdev": [5, 1], "mode": "0600"}
    parts = {**parts, "dev/console": device}
    write("genuine", genuine, "One of everything, with labels, in a file system that is only read.", parts=parts, facts=FACTS)

    tool = inode_of(genuine, b"tool")
    data = patched(genuine, tool, struct.pack("<H", 0o100755))
    write(
        "inode-checksum", data, "An inode that lost its set-uid bit, and not its old checksum.",
        parts={**parts, "bin/tool": {**parts["bin/tool"], "mode": "0755"}}, facts=FACTS, findings=["checksum-mismatch"],
    )  # fmt: skip

    _, place = entry_of(genuine, b"passwd")
    renamed = {**parts, "etc/p%2Fsswd": parts["etc/passwd"]}
    del renamed["etc/passwd"]
    data = patched(patched(genuine, place, b"p/sswd"), entry_of(genuine, b"empty")[0] + 6, b"\6")
    write(
        "names", data, "A name with a slash, and a file that its folder calls a socket.",
        parts=renamed, facts=FACTS, findings=["contradiction", "hostile-name"],
    )  # fmt: skip

    bare = patched(genuine[:8_192], 1_024 + 16, b"\x0b")
    write(
        "one-superblock", bare, "The first superblock cannot be true, and behind the second one there is nothing.",
        parts={}, facts={"features": FACTS["features"]}, findings=["checksum-mismatch", "malformed", "truncated"],
    )  # fmt: skip
    several = patched(patched(genuine[:8_192], 1_024 + 2_201, b"/dev/b"), 4_096 + 1_024 + 2_201, b"/dev/b")
    write("several-devices", several, "A file system on several devices.", findings=["unsupported"])


build()
