"""The independent tools: each makes a listing of an image that is no work of ours."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from agreement_listing import CONTENT, EVERY_KIND, FULL, PLAIN, POSIX, Fields, Listing, of_folder
from tree import FOLDER as BENCH

UNBLOB = BENCH / "unblob/bin"
PEERS = BENCH / "agreement"
"""An environment for what comes from PyPI; unblob, jefferson and ubi_reader are in the one of `make bench`."""

PACKAGES = ("payload-dumper==0.3.0", "liblp==1.0.2", "uf2utils==0.9.8", "bincopy==20.1.1", "pyelftools==0.33")

LIMIT = 900.0
"""Wall seconds after which a tool is ended."""


class NotHadError(Exception):
    """A tool is not there, or cannot read this image; says why."""


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool reads an image into a folder, and what of an entry it keeps there."""

    title: str
    """With its origin, for the page."""
    extract: str | Callable[[Path, Path], Listing]
    """A shell command with {image} and {out}, or a function that makes the listing."""
    holds: frozenset[str] = CONTENT
    kinds: frozenset[str] = EVERY_KIND
    lenient: bool = False
    """Its exit code says nothing."""

    def listing(self, image: Path, out: Path, names: frozenset[str]) -> Listing:
        """Return what the tool finds in `image`; `names` are those at the top of the tree, by which it is known.

        Raises:
            NotHadError: it cannot.
        """
        clear(out)
        out.mkdir(parents=True)
        if callable(self.extract):
            return self.extract(image, out)
        shell(self.extract, image, out, lenient=self.lenient)
        return of_folder(_root(out, names))


def shell(command: str, image: Path, out: Path, *, lenient: bool = False) -> str:
    """Run a command and return what it says.

    Raises:
        NotHadError: it is not there, fails, or takes too long.
    """
    path = f"{UNBLOB.resolve()}:{(PEERS / 'bin').resolve()}:{os.environ['PATH']}:/usr/sbin:/sbin"
    environment = os.environ | {"PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PEERS": os.fspath(PEERS.resolve())}
    line = command.format(image=f"'{image.resolve()}'", out=f"'{out.resolve()}'")
    try:
        done = subprocess.run(
            ("sh", "-ec", line),
            capture_output=True,
            env=environment,
            timeout=LIMIT,
            cwd=out,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise NotHadError(f"was ended after {LIMIT:.0f} s") from None
    if done.returncode and not lenient:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines() or [
            f"exit code {done.returncode}"
        ]
        raise NotHadError(said[-1][:120])
    return done.stdout.decode("utf-8", "surrogateescape")


def _root(out: Path, names: frozenset[str]) -> Path:
    """Return the folder below `out` that has most of the names."""
    best, most = out, -1
    for above, folders, files in os.walk(out):
        met = len(names & {*folders, *files})
        if met > most:
            best, most = Path(above), met
        if Path(above).relative_to(out).parts[6:] or met * 2 > len(names):
            folders.clear()
    return best


def clear(folder: Path) -> None:
    """Remove what a tool left."""
    if folder.exists():
        subprocess.run(("chmod", "-R", "u+rwX", folder), check=False, capture_output=True)
        shutil.rmtree(folder)


def _linux(image: Path, out: Path) -> Listing:
    """Let the kernel mount the image."""
    done = subprocess.run(("mount", "-o", "loop,ro", image, out), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHadError("does not mount it here")
    try:
        return of_folder(out)
    finally:
        subprocess.run(("umount", out), check=True)


def _exfat(image: Path, out: Path) -> Listing:
    made = subprocess.run(("losetup", "-r", "-f", "--show", image), capture_output=True, text=True, check=False)
    if made.returncode:
        raise NotHadError("no loop device to be had")
    device = made.stdout.strip()
    try:
        if subprocess.run(("mount.exfat-fuse", "-o", "ro", device, out), capture_output=True, check=False).returncode:
            raise NotHadError("does not mount it here")
        try:
            return of_folder(out)
        finally:
            subprocess.run(("umount", out), check=True)
    finally:
        subprocess.run(("losetup", "-d", device), check=True)


def _minix(image: Path, out: Path) -> Listing:
    """Take the names that fsck.minix lists: it has no contents to give."""
    told = shell("fsck.minix -f -l {image}", image, out)
    paths = [line for line in told.splitlines() if line.startswith("/")]
    return {path.lstrip("/").rstrip(":"): {"kind": "directory"} if path.endswith(":") else {} for path in paths}


def _f2fs(image: Path, out: Path) -> Listing:
    """Walk the tree that fsck.f2fs prints, and have dump.f2fs write each file by its inode."""
    told = shell("fsck.f2fs -t --dry-run {image}", image, out, lenient=True)
    listing: Listing = {}
    above: list[str] = []
    for line in told.splitlines():
        if found := re.match(r"([|` ]*)(?:\|--|`--) (.*) <ino = (0x[0-9a-f]+)>", line):
            above = [*above[: len(found[1]) // 4], found[2]]
            listing["/".join(above)] = _dumped(image, out, found[3])
    return listing


def _dumped(image: Path, out: Path, inode: str) -> Fields:
    """Return what dump.f2fs writes of an inode, which is nothing for what is no file."""
    shell(f"echo Y | dump.f2fs -i {inode} {{image}} > /dev/null 2>&1", image, out, lenient=True)
    written = list((out / "lost_found").glob("*"))
    digests = [sha256(path.read_bytes()).hexdigest() for path in written]
    for path in written:
        path.unlink()
    return {"sha256": digests[0]} if digests else {}


_KEPT = POSIX - {"mtime"}  # folders that are filled afterwards have the time of that
_SPECIAL = EVERY_KIND - {"socket"}
_INSIDE = frozenset({"file", "directory"})
_7Z = "7z x -y -snl -snld20 -o{out} {image} > /dev/null"
_UNBLOB = "unblob -d {} -e {{out}}/t {{image}} > /dev/null"

TOOLS = {
    "unsquashfs": Tool("unsquashfs (squashfs-tools)", "unsquashfs -q -n -f -d {out}/t {image}", FULL),
    "linux": Tool("Linux, mounted", _linux, FULL),
    "debugfs": Tool(
        "debugfs (e2fsprogs)", "debugfs -R 'rdump / {out}' {image} 2> /dev/null", CONTENT | {"mode", "owner"}, PLAIN
    ),
    "fsck.erofs": Tool(
        "fsck.erofs --extract (erofs-utils)", "fsck.erofs --extract={out}/t --preserve {image} > /dev/null", _KEPT
    ),
    "jefferson": Tool("jefferson", "jefferson -f -d {out}/t {image} > /dev/null", CONTENT, PLAIN),
    "ubireader": Tool(
        "ubi_reader",
        "ubireader_extract_files -k -o {out}/t {image} > /dev/null",
        CONTENT | {"mode", "owner"},
        EVERY_KIND,
    ),
    "cpio": Tool("GNU cpio", "cpio -idm --quiet --no-absolute-filenames < {image}", _KEPT),
    "tar": Tool(
        "GNU tar", "tar -xpf {image} --numeric-owner --xattrs --xattrs-include='*'", _KEPT | {"xattrs"}, _SPECIAL
    ),
    "bsdtar": Tool("bsdtar (libarchive)", "bsdtar -xpf {image} --numeric-owner", POSIX, _SPECIAL, lenient=True),
    "bsdtar data": Tool(
        "bsdtar (libarchive)", "bsdtar -xOf {image} data.tar.xz | bsdtar -xpf - --numeric-owner", POSIX, _SPECIAL
    ),
    "7z": Tool("7-Zip", _7Z, CONTENT, PLAIN, lenient=True),
    "unzip": Tool("unzip (Info-ZIP)", "unzip -qq {image}", CONTENT | {"mode"}, PLAIN),
    "xorriso": Tool(
        "xorriso -osirrox",
        "xorriso -osirrox on -indev {image} -extract / {out}/t > /dev/null 2>&1",
        POSIX,
        _SPECIAL,
        lenient=True,
    ),
    "mcopy": Tool("mcopy (mtools)", "mcopy -s -Q -m -n -i {image} '::*' .", CONTENT, _INSIDE),
    "exfat-fuse": Tool("exfat-fuse, mounted", _exfat, CONTENT, _INSIDE),
    "fsck.cramfs": Tool("fsck.cramfs -x (util-linux)", "fsck.cramfs --extract={out}/t {image}", _KEPT),
    "dump.f2fs": Tool("fsck.f2fs -t, dump.f2fs (f2fs-tools)", _f2fs, frozenset({"sha256"}), _INSIDE),
    "fsck.minix": Tool("fsck.minix -l (util-linux)", _minix, frozenset()),
    "unyaffs": Tool("unyaffs", "unyaffs {image} {out}/t > /dev/null", CONTENT | {"mode", "owner", "mtime"}, _SPECIAL),
    "dpkg-deb": Tool("dpkg-deb -x (dpkg)", "dpkg-deb -x {image} {out}/t", POSIX, _SPECIAL),
    "rpm2cpio": Tool("rpm2cpio, cpio", "rpm2cpio {image} | cpio -idm --quiet --no-absolute-filenames", _KEPT, _SPECIAL),
    "ar": Tool("ar (binutils)", "ar x {image}", CONTENT, _INSIDE),
    "unblob": Tool("unblob", _UNBLOB.format(1), CONTENT, PLAIN, lenient=True),
    "unblob -d 2": Tool("unblob", _UNBLOB.format(2), CONTENT, PLAIN, lenient=True),
}
"""By the name that makers give them. Versions are those of the machine."""


def install() -> list[str]:
    """Have what comes from PyPI; return remarks."""
    remarks = []
    for folder, packages in ((BENCH / "unblob", ("unblob==26.6.4",)), (PEERS, PACKAGES)):
        if not (folder / "bin/pip").exists():
            subprocess.run(("python3", "-m", "venv", folder), check=False, capture_output=True)
            done = subprocess.run(
                (folder / "bin/pip", "install", "--quiet", *packages), check=False, capture_output=True
            )
            if done.returncode:
                remarks.append(f"could not be installed: {', '.join(packages)}")
    return remarks
