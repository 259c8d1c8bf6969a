"""The peers: other programs that do a part of what trueware does, run on the same images.

unblob and binwalk extract an image, then OpenSSL hashes what came out; dissect hashes what it reads; diffoscope compares an
image with a tampered one.

unblob and dissect come from PyPI into environments of their own under build/bench, with the programs of Debian that unblob
calls; binwalk and diffoscope are Debian's. Each runs once on an image, and what it cost is kept in build/bench/peers.json
until the image or the peer is another.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path

from clock import Cost, run
from tree import FOLDER

UNBLOB_VERSION = "26.6.4"
LIMIT = 300.0
"""Wall seconds after which a peer is ended."""
LIMIT_OF_DIFFOSCOPE = 900.0

_KEPT = FOLDER / "peers.json"
_OUT = FOLDER / "extracted"
_SUMS = FOLDER / "extracted.sha256"
_DIFFERENCES = _OUT / "differences"
_HASH = f"find {_OUT} -type f -print0 | xargs -0 -r openssl dgst -sha256 -r > {_SUMS}"
_PROGRAMS = "7z debugfs fsck.erofs lz4 lziprecover lzop partclone.restore simg2img unar zstd unsquashfs"

_DEEP = ("squashfs-xz", "squashfs-gzip", "ext4", "erofs", "jffs2", "ubifs", "tar.gz", "cpio.gz")
_ONE_LEVEL = ("squashfs-xz", "squashfs-gzip", "ext4", "erofs", "jffs2")
_OF_BINWALK = ("squashfs-xz", "squashfs-gzip", "ext4", "tar.gz", "cpio.gz")
_OF_DISSECT = ("squashfs-xz", "squashfs-gzip", "squashfs-zstd", "squashfs-lzo", "squashfs-lz4", "ext4", "jffs2")
_OF_DIFFOSCOPE = ("squashfs-xz", "squashfs-gzip")


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program, and what it is run on."""

    name: str
    version: str
    command: str
    """For a shell, ``{image}`` and ``{tampered}`` to be filled in."""
    images: tuple[str, ...]
    remark: str
    limit: float = LIMIT
    compares: bool = False
    """Its answer are differences, not the digests of files."""


@dataclass(frozen=True, slots=True)
class Outing:
    """One run of a peer on one image."""

    peer: str
    version: str
    image: str
    sha256: str
    """Of the image, or of the image and the tampered one."""
    cost: Cost
    share: float
    """Of the tree's files by content, or of what was planted by name, how much it brought out."""
    load: float
    """Of the machine, when it started."""


def find_peers() -> Iterator[Peer | str]:
    """Yield the peers, installed if they are not there yet; of one that cannot be had, a remark."""
    if unblob := _install("unblob", f"unblob=={UNBLOB_VERSION}"):
        # jefferson and ubireader are found only on the path
        call = f"PATH={_stand_in()}:{unblob.resolve()}:/usr/sbin:$PATH unblob --log {FOLDER}/unblob.log -e {_OUT}"
        missing = [name for name in _PROGRAMS.split() if shutil.which(name, path=_path()) is None]
        version = f"{UNBLOB_VERSION} with unsquashfs {_debian('squashfs-tools')}"
        remark = (
            f"unblob {UNBLOB_VERSION}; sasquatch, of which there is no package, is stood in for by unsquashfs, from which it "
            f"was made; programs it did not find: {', '.join(missing) or 'none'}"
        )
        yield Peer("unblob", version, f"{call} {{image}}; {_HASH}", _DEEP, remark)
        yield Peer("unblob -d 1", version, f"{call} -d 1 {{image}}; {_HASH}", _ONE_LEVEL, "")
    else:
        yield "unblob could not be installed"
    if binwalk := shutil.which("binwalk"):
        root = "--run-as=root " if os.geteuid() == 0 else ""
        command = f"{binwalk} -q -e -M {root}-C {_OUT} {{image}}; {_HASH}"
        version = _debian("binwalk")
        yield Peer("binwalk", version, command, _OF_BINWALK, f"binwalk of Debian, {version}, with -e -M")
    else:
        yield "binwalk is not installed (apt-get install binwalk)"
    packages = ("dissect.squashfs", "dissect.extfs", "dissect.jffs", "backports.zstd")
    if dissect := _install("dissect", *packages):
        command = f"{dissect}/python {Path(__file__).with_name('peer_dissect.py')} {{image}} > {_SUMS}"
        told = [_distribution(dissect, package) for package in packages[:3]]
        remark = (
            f"{', '.join(told)}: one process walks the image and hashes every file; lzo and lz4 in a squashfs it unpacks in Python, "
            "files of a jffs2 with rtime in them it does not read"
        )
        yield Peer("dissect", ", ".join(told), command, _OF_DISSECT, remark)
    else:
        yield "dissect could not be installed"
    if diffoscope := shutil.which("diffoscope"):
        command = f"TMPDIR={_OUT} {diffoscope} --no-progress --text {_DIFFERENCES} {{image}} {{tampered}}"
        version = _debian("diffoscope-minimal") or _debian("diffoscope")
        remark = f"diffoscope of Debian, {version}, of the image and the tampered one"
        yield Peer("diffoscope", version, command, _OF_DIFFOSCOPE, remark, LIMIT_OF_DIFFOSCOPE, compares=True)
    else:
        yield "diffoscope is not installed (apt-get install diffoscope-minimal)"


def send(
    peer: Peer, name: str, image: Path, tampered: Path | None, wanted: frozenset[bytes], planted: frozenset[str]
) -> Outing:
    """Run a peer on an image, keep what it cost, and return it."""
    load = os.getloadavg()[0]
    clear()
    _SUMS.unlink(missing_ok=True)
    _OUT.mkdir(parents=True)
    # binwalk mounts what it cannot extract, if it may: in a namespace of its own nothing stays mounted
    own = ("unshare", "-m") if os.geteuid() == 0 else ()
    command = peer.command.format(image=image, tampered=tampered)
    try:
        cost = run((*own, "sh", "-c", command), peer.limit, codes=())
        share = _named_share(planted) if peer.compares else _extracted_share(wanted)
    finally:
        clear()
    outing = Outing(peer.name, peer.version, name, _digest(peer, image, tampered), cost, share, load)
    kept = [old for old in _read() if (old.peer, old.image) != (peer.name, name)]
    _KEPT.write_text(json.dumps([asdict(one) for one in (*kept, outing)], indent=2) + "\n", "utf-8")
    return outing


def recall(peer: Peer, name: str, image: Path, tampered: Path | None) -> Outing | None:
    """Return what this version of a peer once cost on this image."""
    same = (peer.name, peer.version, name, _digest(peer, image, tampered))
    return next((old for old in _read() if (old.peer, old.version, old.image, old.sha256) == same), None)


def _read() -> list[Outing]:
    if not _KEPT.exists():
        return []
    return [Outing(**row | {"cost": Cost(**row["cost"])}) for row in json.loads(_KEPT.read_text("utf-8"))]


def _digest(peer: Peer, image: Path, tampered: Path | None) -> str:
    digests = []
    for path in (image, tampered) if peer.compares and tampered else (image,):
        with path.open("rb") as file:
            digests.append(file_digest(file, "sha256").hexdigest())
    return " ".join(digests)


def _install(name: str, *packages: str) -> Path | None:
    """Return the folder of programs of an environment that has `packages`, made if it is not there yet."""
    folder = FOLDER / name
    programs, ready = folder / "bin", folder / "ready"
    if not ready.exists():
        subprocess.run((sys.executable, "-m", "venv", folder), check=False)
        if subprocess.run((programs / "pip", "install", "--quiet", *packages), check=False).returncode:
            return None
        ready.touch()
    return programs


def _stand_in() -> Path:
    """Return a folder with a `sasquatch` for unblob, which needs it for squashfs: unsquashfs with the same arguments.

    But for ``-le``, which says that an image is little-endian: unsquashfs sees that by itself.
    """
    program = FOLDER / "stand-in" / "sasquatch"
    program.parent.mkdir(exist_ok=True)
    program.write_text('#!/bin/sh\n[ "$1" = -le ] && shift\nexec unsquashfs "$@"\n', "utf-8")
    program.chmod(0o755)
    return program.parent.resolve()


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin"


def _debian(package: str) -> str:
    command = ("dpkg-query", "-W", "-f", "${Version}", package)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _distribution(programs: Path, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    told = subprocess.run((programs / "python", "-c", code), capture_output=True, text=True, check=True)
    return f"{package} {told.stdout.strip()}"


def clear() -> None:
    """Remove what a peer extracted; its processes may still be ending."""
    for _ in range(10):
        shutil.rmtree(_OUT, ignore_errors=True)
        if not _OUT.exists():
            return
        time.sleep(1)
    raise SystemExit(f"cannot remove {_OUT}")


def _extracted_share(wanted: frozenset[bytes]) -> float:
    """Return how much of `wanted`, the SHA-256 of the tree's files, a peer told: 0 to 1."""
    lines = _SUMS.read_text("utf-8", "replace").splitlines() if _SUMS.exists() else []
    found = {bytes.fromhex(line[:64]) for line in lines if line[64:66] == " *"}
    return len(wanted & found) / len(wanted)


def _named_share(planted: frozenset[str]) -> float:
    """Return how many of the paths of `planted` are named somewhere in the differences that a peer wrote: 0 to 1."""
    told = _DIFFERENCES.read_text("utf-8", "replace") if _DIFFERENCES.exists() else ""
    return sum(path in told for path in planted) / len(planted)


def digests(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and SHA-256 of all regular files below `folder`."""
    for above, _, files in os.walk(folder):
        for name in files:
            path = Path(above) / name
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(folder)), sha256(path.read_bytes()).digest()
