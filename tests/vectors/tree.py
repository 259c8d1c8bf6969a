"""A small tree of files for the tools that make archives, and beside it what a reader should find of it."""

import hashlib
import os
from pathlib import Path

THEN = 1_700_000_000
"""Time of modification of everything in it."""

Stated = dict[str, object]


def file(data: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> Stated:
    """Return what is expected of a file."""
    digest = hashlib.sha256(data).hexdigest()
    owner = {"mode": f"{mode:04o}", "uid": uid, "gid": gid, "mtime": THEN}
    return {"kind": "file", "size": len(data), "sha256": digest, **owner}


def noise(size: int, salt: str = "noise") -> bytes:
    """Return bytes that repeat nowhere."""
    return b"".join(hashlib.sha256(f"{salt}{n}".encode()).digest() for n in range(size // 32 + 1))[:size]


class Tree:
    """Files below a folder; needs to run as root for devices and owners."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.parts: dict[str, Stated] = {}
        root.mkdir()
        root.chmod(0o755)

    def folder(self, path: str, mode: int = 0o755) -> None:
        (self.root / path).mkdir()
        (self.root / path).chmod(mode)
        self.parts[path] = {"kind": "directory", "mode": f"{mode:04o}", "uid": 0, "gid": 0}

    def file(self, path: str, data: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        (self.root / path).write_bytes(data)
        os.chown(self.root / path, uid, gid)
        (self.root / path).chmod(mode)
        self.parts[path] = file(data, mode, uid, gid)

    def link(self, path: str, target: str) -> None:
        (self.root / path).symlink_to(target)
        self.parts[path] = {"kind": "symlink", "link": target, "mode": "0777"}

    def hard_link(self, path: str, to: str) -> None:
        os.link(self.root / to, self.root / path)
        self.parts[path] = self.parts[to]

    def device(self, path: str, kind: int, major: int, minor: int) -> None:
        os.mknod(self.root / path, kind | 0o600, os.makedev(major, minor))
        name = "block-device" if kind == 0o060000 else "character-device"
        self.parts[path] = {"kind": name, "rdev": [major, minor], "mode": "0600"}

    def fifo(self, path: str) -> None:
        os.mkfifo(self.root / path)
        (self.root / path).chmod(0o640)
        self.parts[path] = {"kind": "fifo", "mode": "0640"}

    def settle(self) -> None:
        """Set all times, once everything is there."""
        for path in (self.root, *self.root.rglob("*")):
            os.utime(path, (THEN, THEN), follow_symlinks=False)


def spread(root: Path, *, devices: bool = True) -> Tree:
    """Make a tree with one of everything."""
    tree = Tree(root)
    tree.folder("bin")
    tree.file("bin/tool", noise(700), 0o4755, 1_000, 100)
    tree.hard_link("bin/twin", "bin/tool")
    tree.folder("etc", 0o700)
    tree.file("etc/passwd", b"root:x:0:0:root:/root:/bin/ash\n")
    tree.file("etc/empty", b"", 0o600)
    tree.link("etc/mtab", "../proc/mounts")
    if devices:
        tree.folder("dev")
        tree.device("dev/console", 0o020000, 5, 1)
        tree.device("dev/mtdblock3", 0o060000, 31, 3)
        tree.fifo("dev/fifo")
    return tree
