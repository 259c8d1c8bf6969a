"""The tree that is measured, and what is planted in a copy of it: made once from Debian packages, then kept in build/bench.

The packages are those of the release this machine runs, so the tree differs a little from one machine and month to the next;
its size and its number of files stand beside every figure.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOLDER = Path("build/bench")
TREE = FOLDER / "tree"

PACKAGES = (
    *("bash", "busybox", "coreutils", "dropbear-bin", "iproute2", "openssl", "tzdata", "libc6", "locales", "git"),
    *("libpython3.11-stdlib", "libpython3.11-minimal", "perl-modules-5.36", "vim-runtime", "python3-django"),
    *("samba-libs", "frr", "openvswitch-common", "libsnmp-base", "libicu72", "python3-twisted", "erlang-base"),
    *("php8.2-cli", "libperl5.36", "freeradius", "iso-codes"),
)

_ZEROS = bytes(4096)


@dataclass(frozen=True, slots=True)
class Tree:
    """What was packed: regular files by name of an inode, so that a hard link counts once, and their bytes."""

    files: int
    size: int
    distinct: int = 0
    """Bytes when equal files count once and pages of nothing but zeros do not count: what any image must hold."""


def make_tree() -> Tree:
    """Return what is in the tree, made if it is not there yet.

    Raises:
        SystemExit: the packages cannot be had, with what to do.
    """
    if not TREE.exists():
        packages, partial = FOLDER / "packages", FOLDER / "tree.partial"
        packages.mkdir(parents=True, exist_ok=True)
        for name in PACKAGES:
            if any(packages.glob(f"{name}_*.deb")):
                continue
            command = ("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name)
            if shutil.which("apt-get") is None or subprocess.run(command, cwd=packages, check=False).returncode:
                raise SystemExit(
                    f"make bench builds its tree from Debian packages and could not download {name!r}. "
                    f"On Debian or Ubuntu run `apt-get update` first; elsewhere put a root file system of "
                    f"200 MB or more at {TREE}"
                )
        shutil.rmtree(partial, ignore_errors=True)
        for package in sorted(packages.glob("*.deb")):
            subprocess.run(("dpkg-deb", "-x", package, partial), check=True)
        partial.rename(TREE)
    sizes, distinct = {}, {}
    for path, status in _walk(TREE):
        if stat.S_ISREG(status.st_mode):
            sizes[status.st_ino] = status.st_size
            data = path.read_bytes()
            zeros = sum(data.startswith(_ZEROS, at) for at in range(0, len(data), len(_ZEROS)))
            distinct[sha256(data).digest()] = len(data) - zeros * len(_ZEROS)
    return Tree(len(sizes), sum(sizes.values()), sum(distinct.values()))


def plant(folder: Path) -> frozenset[str]:
    """Make a copy of the tree with eleven changes, as somebody makes them who wants to stay; return their paths."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(("cp", "-al", TREE, folder), check=True)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    plain = [path for path in files if path.suffix in {".txt", ".py", ".h"} and path.stat().st_nlink == 2]
    largest = max(files, key=lambda path: path.stat().st_size)
    patched, edited, longer, wider, owned, gone = (largest, *plain[1000:1005])
    data = bytearray(patched.read_bytes())
    data[4096:4112] = b"sixteen bytes of"
    _replace(patched, bytes(data))
    _replace(edited, edited.read_bytes().swapcase())
    _replace(longer, longer.read_bytes() + b"one more line\n")
    _replace(wider, wider.read_bytes(), 0o4755)
    _replace(owned, owned.read_bytes(), 0o666)
    gone.unlink()
    hidden, job = folder / "usr/bin/.helper", folder / "etc/cron.d/update"
    _replace(hidden, (folder / "bin/busybox").read_bytes(), 0o4755)
    _replace(job, b"* * * * * root /usr/bin/.helper\n")
    account, start, link = folder / "etc/passwd", folder / "etc/rc.local", folder / "etc/alternatives.local"
    _replace(account, b"support::0:0::/:/bin/sh\n")
    _replace(start, b"#!/bin/sh\n/usr/bin/.helper &\n", 0o755)
    link.symlink_to("/var/elsewhere")
    changed = (patched, edited, longer, wider, owned, gone, hidden, job, account, start, link)
    return frozenset(os.fspath(path.relative_to(folder)) for path in changed)


def _replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file of its own: what is in the tree is linked, not copied."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(above) / name, (Path(above) / name).lstat()
