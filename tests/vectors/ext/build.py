"""Builds the ext vectors with mke2fs and debugfs (e2fsprogs 1.47); run it again and nothing changes.

What is expected comes from the tree described here, never from a reader. Damage is done to the bytes of a sound image.
"""

import gzip
import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
UUID = "6f4d2a10-5b1e-4c57-9a3f-0123456789ab"
SEED = "11111111-2222-3333-4444-555555555555"
THEN = 1_700_000_000
CONFIG = """[defaults]
base_features = sparse_super,large_file,filetype,dir_index,ext_attr
default_mntopts = acl,user_xattr
inode_size = 256
inode_ratio = 8192
[fs_types]
ext2 = {
}
ext4 = {
features = extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
}
small = {
}
floppy = {
}
"""
FACTS = {"label": "vector", "default-options": "0xc", "root": "0755 0:0"}


class Image:
    """A file system in the making: a script for debugfs, and beside it what a reader should find."""

    def __init__(self, blocks: int, *options: str) -> None:
        self.options, self.blocks = options, blocks
        self.script: list[str] = []
        self.parts: dict[str, dict[str, object]] = {}
        self.files: list[bytes] = []
        self._add("lost+found", {"kind": "directory", "mode": "0700", "uid": 0, "gid": 0})
        self._times("lost+found")

    def folder(self, path: str, mode: int = 0o755) -> None:
        self.script.append(f"mkdir {path}")
        self._set(path, mode=0o40000 | mode)
        self._add(path, {"kind": "directory", "mode": f"{mode:04o}", "uid": 0, "gid": 0})

    def file(self, path: str, data: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        self.script.append(f"write data{len(self.files)} {path}")
        self.files.append(data)
        self._set(path, mode=0o100000 | mode, uid=uid, gid=gid)
        digest = hashlib.sha256(data).hexdigest()
        stated = {"kind": "file", "size": len(data), "sha256": digest, "mode": f"{mode:04o}", "uid": uid, "gid": gid}
        self._add(path, {**stated, "mtime": THEN})

    def link(self, path: str, target: str) -> None:
        self.script.append(f"symlink {path} {target}")
        self._set(path)
        self._add(path, {"kind": "symlink", "link": target, "mode": "0777"})

    def device(self, path: str, kind: str, major: int, minor: int) -> None:
        self._make_node(path, f"{kind} {major} {minor}")
        name, bits = {"c": ("character-device", 0o20600), "b": ("block-device", 0o60600)}[kind]
        self._set(path, mode=bits)
        self._add(path, {"kind": name, "rdev": [major, minor], "mode": "0600"})

    def fifo(self, path: str) -> None:
        self._make_node(path, "p")
        self._set(path, mode=0o10644)
        self._add(path, {"kind": "fifo", "mode": "0644"})

    def hard_link(self, path: str, to: str) -> None:
        self.script += [f"ln {to} {path}", f"sif {to} links_count 2"]
        self._add(path, self.parts[to])

    def xattr(self, path: str, name: str, value: bytes) -> None:
        self.script.append(f"ea_set -f value{len(self.files)} {path} {name}")
        self.files.append(value)
        shown = self.parts[path].setdefault("xattrs", {})
        shown[name] = value.hex()  # type: ignore[index]

    def flags(self, path: str, flags: int, words: str) -> None:
        self.script.append(f"sif {path} flags {flags:#x}")
        self.parts[path]["facts"] = {"flags": words}

    def bytes(self) -> bytes:
        env = {**os.environ, "E2FSPROGS_FAKE_TIME": str(THEN), "MKE2FS_CONFIG": "mke2fs.conf", "DEBUGFS_PAGER": "cat"}
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "image").write_bytes(bytes(1024 * self.blocks))
            (folder / "mke2fs.conf").write_text(CONFIG)
            for number, data in enumerate(self.files):
                for name in ("data", "value"):
                    (folder / f"{name}{number}").write_bytes(data)
            make = ["mke2fs", "-q", "-F", "-L", "vector", "-U", UUID, "-E", f"hash_seed={SEED},root_owner=0:0,nodiscard"]
            subprocess.run([*make, *self.options, "image", str(self.blocks)], cwd=folder, env=env, check=True)
            (folder / "script").write_text("".join(f"{line}\n" for line in ["sif / mtime @" + str(THEN), *self.script]))
            done = subprocess.run(
                ["debugfs", "-w", "-f", "script", "image"], cwd=folder, env=env, check=True, capture_output=True, text=True
            )
            complaints = [line for line in done.stderr.splitlines() if not line.startswith("debugfs 1.")]
            assert not complaints, complaints
            return (folder / "image").read_bytes()

    def _make_node(self, path: str, what: str) -> None:
        folder, _, name = path.rpartition("/")
        self.script += [f"cd /{folder}", f"mknod {name} {what}", "cd /"]

    def _add(self, path: str, stated: dict[str, object]) -> None:
        self.parts[path] = stated

    def _set(self, path: str, **fields: int) -> None:
        if "mode" in fields:
            fields = {"uid": 0, "gid": 0, **fields}
        self.script += [f"sif {path} {name} {value}" for name, value in fields.items()]
        self._times(path)

    def _times(self, path: str) -> None:
        self.script += [f"sif {path} {name}time @{THEN}" for name in ("a", "c", "m")]


def text(size: int, salt: str) -> bytes:
    """Return bytes that repeat nowhere."""
    return b"".join(hashlib.sha256(f"{salt}{n}".encode()).digest() for n in range(size // 32 + 1))[:size]


def spread(image: Image) -> None:
    """Put one of everything into an image."""
    image.folder("etc")
    image.file("etc/passwd", b"root:x:0:0:root:/root:/bin/ash\n")
    image.file("etc/empty", b"", 0o600)
    image.folder("bin")
    image.file("bin/tool", text(5_000, "tool"), 0o4755, 70_000, 80_000)
    image.hard_link("bin/twin", "bin/tool")
    image.link("bin/sh", "tool")
    image.link("etc/far", "../" + "long/" * 20 + "end")
    image.folder("dev")
    image.device("dev/console", "c", 5, 1)
    image.device("dev/disk", "b", 259, 300)
    image.fifo("dev/initctl")


def write(case: str, data: bytes, readme: str, parts: dict[str, dict[str, object]], findings: tuple[str, ...] = (), **more: object) -> None:
    """Write one vector, leaving what is equal alone."""
    folder = HERE / case
    folder.mkdir(exist_ok=True)
    packed = folder / "input.bin.gz"
    if not packed.exists() or gzip.decompress(packed.read_bytes()) != data:
        packed.write_bytes(gzip.compress(data, 9, mtime=0))
    expected = {"format": "ext", "outcome": "read", "parts": parts, "findings": sorted(findings), **more}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(readme + "\n")


def patch(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    """Return `data` with other bytes at some offsets."""
    altered = bytearray(data)
    for at, value in changes:
        altered[at : at + len(value)] = value
    return bytes(altered)


def inode_offset(data: bytes, number: int, inode_size: int) -> int:
    """Return where an inode of the first group lies (1 KiB blocks: descriptors at 2048, inode table at +8)."""
    return int.from_bytes(data[2056:2060], "little") * 1024 + (number - 1) * inode_size


def main() -> None:
    four = Image(64, "-t", "ext4", "-b", "1024", "-N", "32", "-m", "0")
    spread(four)
    four.xattr("bin/tool", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    four.xattr("etc/passwd", "user.note", text(300, "note"))
    four.flags("etc/empty", 0x80010, "immutable")
    sound = four.bytes()
    write("ext4", sound, "ext4 with checksums: one of everything, attributes in the inode and in a block.\nA genuine image.", four.parts, facts=FACTS)

    two = Image(768, "-t", "ext2", "-b", "1024", "-N", "32", "-m", "0")
    spread(two)
    two.file("holes", text(2_048, "a") + bytes(20_000) + text(2_048, "b") + bytes(380_000) + text(999, "c"))
    two.file("solid", b"".join(text(32, f"block {n}") + b"." * 992 for n in range(290)))
    write("ext2", two.bytes(), "ext2: single and double indirect blocks, holes, no checksums.\nA genuine image.", two.parts, facts=FACTS)

    inline = Image(64, "-t", "ext4", "-b", "1024", "-N", "32", "-m", "0", "-O", "inline_data")
    inline.folder("etc")
    inline.file("etc/short", b"fits between the fields\n")
    inline.file("etc/longer", text(130, "longer"))
    inline.file("etc/block", text(900, "block"))
    inline.folder("etc/many")
    for name in ("first-of-some", "second-of-some", "third-of-some", "fourth-of-some"):
        inline.file(f"etc/many/{name}", name.encode())
    inline.link("etc/link", "longer")
    write("inline", inline.bytes(), "Content and folders inside of inodes, going on in an extended attribute.\nA genuine image.", inline.parts, facts=FACTS)

    journal = Image(2304, "-t", "ext4", "-b", "1024", "-N", "48", "-m", "0", "-g", "768", "-J", "size=1", "-O", "has_journal,meta_bg,sparse_super2,metadata_csum_seed")
    journal.folder("etc")
    journal.file("etc/passwd", b"root:x:0:0:root:/root:/bin/ash\n")
    write("journal", journal.bytes(), "A journal, several groups, descriptors in meta block groups, a stored checksum seed.\nA genuine image.", journal.parts, facts=FACTS)

    plain = Image(96, "-t", "ext2", "-b", "1024", "-N", "32", "-m", "0")
    spread(plain)
    plain.file("first", text(1_024, "first"))
    plain.file("solid", text(15_000, "solid"))
    old = plain.bytes()

    # damage, each caught by one check
    damaged = {
        "superblock-checksum": (1024 + 0x2C, "mount time", ()),
        "descriptor-checksum": (2048 + 0x0C, "count of free blocks", ()),
        "inode-checksum": (inode_offset(sound, 2, 256) + 0x08, "access time", ()),
        "attributes-checksum": (None, "hash of the value", ()),
    }
    attributes = sound.index(b"\x00\x00\x02\xea", 10_240)
    for case, (at, what, more) in damaged.items():
        place = attributes + 12 if at is None else at
        altered = patch(sound, (place, bytes((sound[place] ^ 1,))))
        write(case, altered, f"One bit flipped in the {what}.\nNothing that is read changes, but a checksum does.", four.parts, ("checksum-mismatch", *more))
    name = sound.index(b"passwd")
    folder = patch(sound, (name, b"Passwd"))
    parts = {path.replace("etc/passwd", "etc/Passwd"): stated for path, stated in four.parts.items()}
    write("folder-checksum", folder, "A name altered in a folder.\nThe checksum of the folder's block tells.", parts, ("checksum-mismatch",))

    hidden = patch(sound, (63 * 1024 + 100, b"smuggled"))
    write("free-block", hidden, "Data in a block that is free.\nNo ordinary program reads it.", four.parts, ("hidden-content",))
    tool = sound.index(text(5_000, "tool")) + 5_000
    write("slack", patch(sound, (tool + 10, b"smuggled")), "Data behind the end of a file, in its last block.\nNo ordinary program reads it.", four.parts, ("hidden-content",))
    boot = {**four.parts, "boot-block": {"kind": "region", "size": 1024, "sha256": hashlib.sha256(b"jump" + bytes(1020)).hexdigest()}}
    write("boot-block", patch(sound, (0, b"jump")), "Code in front of the file system.\nWhoever starts from it runs it, so it is a part.", boot)

    block = (old.index(text(1_024, "first")) // 1024).to_bytes(4, "little")
    solid = old.index(text(1_024, "solid")) // 1024
    twice = old.index(solid.to_bytes(4, "little") + (solid + 1).to_bytes(4, "little"))
    content = patch(text(15_000, "solid"), (0, text(1_024, "first")))
    parts = {**plain.parts, "solid": {"kind": "file", "size": 15_000, "sha256": hashlib.sha256(content).hexdigest()}}
    parts["gap-0"] = {"kind": "gap", "size": 1024, "offset": solid * 1024}
    write("overlap", patch(old, (twice, block)), "The first block of a file is also another file's.\nThe block it had before belongs to nobody.", parts, ("overlap", "unread-bytes"))
    etc = old.index(b"\x06\x01passwd")
    parts = {path: stated for path, stated in plain.parts.items() if path != "etc/passwd"}
    parts["etc/p%2Fsswd"] = plain.parts["etc/passwd"]
    write("hostile-name", patch(old, (etc + 3, b"/")), "A slash in a name.\nIt would lead out of its folder where names are joined.", parts, ("hostile-name",))
    at = old.index(b"\x05\x01empty")
    parts = {path: stated for path, stated in plain.parts.items() if path != "etc/empty"}
    loop = patch(old, (at - 6, (2).to_bytes(4, "little")))
    write("cycle", loop, "A name in a folder that stands for the root.\nAn unwary reader would never end.", parts, ("cycle", "hidden-content"))

    write("truncated", old[: solid * 1024 + 14_336], "An image cut short.\nWhat is there is read; the file whose blocks are missing is not whole.",
          {**plain.parts, "solid": {"kind": "file"}}, ("malformed", "truncated"))
    write("malformed", patch(old, (1024 + 0x28, bytes(4))), "A superblock with no inodes in a group.\nNot a file system.", {}, ("malformed",), outcome="refused")
    write("unknown-feature", patch(old, (1024 + 0x62, b"\x10")), "An incompatible feature nobody has heard of.\nReading it would be guessing.", {}, ("unsupported",), outcome="refused")


if __name__ == "__main__":
    main()
