"""A tree with one of everything a file system can hold, some 1,500 entries, and the comparison of what a reader finds with it."""

import os
import random
import socket
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from trueware.formats.contract import Entry, Reading
from trueware.measuring.gaps import uncovered
from trueware.model.part import Kind

KINDS = {
    stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.SYMLINK, stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.CHARACTER, stat.S_IFBLK: Kind.BLOCK, stat.S_IFSOCK: Kind.SOCKET,
}  # fmt: skip
_WORDS = [bytes([97 + n % 26]) * (n % 7 + 2) + b"%d" % n for n in range(300)]


def text(size: int, seed: int) -> bytes:
    """Return bytes that can be packed."""
    chosen = random.Random(seed)
    return b" ".join(chosen.choices(_WORDS, k=size // 6 + 1)).ljust(size, b".")[:size]


def fill(root: Path, *, longest: int = 200, odd: bool = True, attributes: bool = True, scale: int = 1) -> None:
    """Make the tree; needs root for devices and owners.

    Args:
        root: where; must not exist.
        longest: bytes of the longest name.
        odd: with names that are not text, and a socket.
        attributes: with extended attributes.
        scale: how many times larger the largest files are.
    """
    if os.geteuid():
        pytest.skip("needs root, to make devices")
    (root / "many").mkdir(parents=True)
    for number in range(1_200):
        name = f"{number:04}{'-name' * (number % 4)}"[:longest]
        (root / "many" / name).write_bytes(text(number * 7 % 5_000, number) if number % 3 else b"")
    for folder in range(12):
        below = root / f"d{folder}" / "sub"
        below.mkdir(parents=True)
        for number, size in enumerate((0, 1, 511, 512, 1_023, 1_024, 4_095, 4_096, 4_097, 12_345, 70_000)):
            (below / f"f{number}").write_bytes(text(size, folder * 100 + number))
    noise = random.Random(1)
    (root / "random").write_bytes(noise.randbytes(150_000 * scale))
    (root / "text").write_bytes(text(300_000 * scale, 1))
    (root / "again").write_bytes((root / "text").read_bytes())
    (root / "shifted").write_bytes(b"shift" + (root / "text").read_bytes()[:100_000])
    (root / "mixed").write_bytes(text(50_000, 2) + noise.randbytes(60_000) + bytes(90_000) + text(30_000, 3))
    (root / "nothing").write_bytes(bytes(100_000))
    with (root / "hole").open("wb") as hole:
        hole.write(b"begin")
        hole.seek(400_000 * scale)
        hole.write(b"end")
    (root / "d1" / "setuid").write_bytes(text(9_000, 4))
    os.chown(root / "d1" / "setuid", 1_000, 100)
    (root / "d1" / "setuid").chmod(0o6755)
    os.link(root / "d1" / "setuid", root / "d2" / "hard")
    os.link(root / "d1" / "setuid", root / "hard")
    (root / "sticky").mkdir()
    os.chown(root / "sticky", 33, 7)
    (root / "sticky").chmod(0o1777)
    os.mknod(root / "null", 0o020666, os.makedev(1, 3))
    os.mknod(root / "mtd", 0o060640, os.makedev(31, 5))
    os.mkfifo(root / "fifo")
    (root / "link").symlink_to("d1/sub/f3")
    (root / "far").symlink_to("x/" * 400 + "end")
    (root / ("L" * longest)).write_bytes(b"long")
    deep = root
    for number in range(20):
        deep /= f"deep{number}"
        deep.mkdir()
    (deep / "bottom").write_bytes(b"bottom")
    if odd:
        (root / os.fsdecode(b"latin-\xe9\xff")).write_bytes(b"odd")
        (root / "new\nline\x1b").write_bytes(b"control")
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(root / "sock"))
    if attributes:
        for number in range(60):
            path = root / "many" / f"{number * 4:04}"
            os.setxattr(path, "security.selinux", b"u:object_r:system_file:s0\0")
            os.setxattr(path, f"user.overlay.long.{number % 7}", b"%d" % number)
        os.setxattr(root / "d1" / "setuid", "security.capability", bytes.fromhex("01000002" + "00200000" + "00" * 12))
        os.setxattr(root / "sticky", "trusted.empty", b"")
        os.setxattr(root / "text", "user.large", noise.randbytes(2_500))
    for number, path in enumerate((root, *root.rglob("*"))):
        os.utime(path, (1_600_000_000 + number,) * 2, follow_symlinks=False)


def paths(root: Path) -> set[str]:
    """Return the paths below a folder."""
    return {
        str((Path(folder) / name).relative_to(root))
        for folder, folders, files in os.walk(root)
        for name in folders + files
    }


def told(path: Path, *, mode: bool, owner: bool, time: bool, attributes: bool) -> tuple[object, ...]:
    """Return what the kernel says of a path, as `found` says what a reader does."""
    about = path.lstat()
    kind = KINDS[stat.S_IFMT(about.st_mode)]
    content: object = None
    if kind is Kind.FILE:
        content = sha256(path.read_bytes()).hexdigest()
    elif kind is Kind.SYMLINK:
        content = str(path.readlink())
    elif kind in (Kind.BLOCK, Kind.CHARACTER):
        content = os.major(about.st_rdev), os.minor(about.st_rdev)
    names = sorted(os.listxattr(path, follow_symlinks=False)) if attributes else []
    return (
        kind,
        stat.S_IMODE(about.st_mode) if mode else None,
        (about.st_uid, about.st_gid) if owner else None,
        int(about.st_mtime) if time else None,
        content,
        tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in names),
    )


def found(entry: Entry, *, mode: bool, owner: bool, time: bool, attributes: bool) -> tuple[object, ...]:
    """Return what a reader says of an entry."""
    content: object = entry.rdev
    if entry.content is not None:
        data = b"".join(map(bytes, entry.content.chunks()))
        assert len(data) == entry.size == entry.content.size, entry.path
        content = sha256(data).hexdigest()
    elif entry.kind is Kind.SYMLINK:
        content = entry.link
    return (
        entry.kind,
        entry.mode if mode else None,
        (entry.uid, entry.gid) if owner else None,
        entry.mtime if time else None,
        content,
        entry.xattrs if attributes else (),
    )


def differences(
    entries: list[Entry],
    root: Path,
    *,
    mode: bool = True,
    owner: bool = True,
    time: bool = True,
    attributes: bool = True,
) -> list[str]:
    """Return the paths that are not the same in both, all that the file system can hold compared."""
    held = {"mode": mode, "owner": owner, "time": time, "attributes": attributes}
    entries = [entry for entry in entries if entry.kind is not Kind.REGION]
    wrong = sorted(paths(root) ^ {entry.path for entry in entries})
    return wrong + [entry.path for entry in entries if found(entry, **held) != told(root / entry.path, **held)]


def left_over(reading: Reading, data: bytes) -> list[tuple[int, int]]:
    """Return the ranges that are not zero and that no span covers."""
    end = len(data) if reading.end is None else reading.end
    return [(start, stop) for start, stop in uncovered(reading.spans, end, len(data)) if any(data[start:stop])]
