"""The peers: unblob and binwalk extract an image, then OpenSSL hashes what came out.

unblob comes from PyPI into an environment of its own, with the programs of Debian that it calls; `sasquatch`, which it needs
for squashfs, is in neither, so it extracts none. binwalk is Debian's.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from clock import Cost, run
from tree import FOLDER

UNBLOB_VERSION = "26.6.4"
LIMIT = 120.0
"""Wall seconds after which a peer is ended."""

_OUT = FOLDER / "extracted"
_SUMS = FOLDER / "extracted.sha256"
_HASH = f"find {_OUT} -type f -print0 | xargs -0 -r openssl dgst -sha256 -r > {_SUMS}"
_PROGRAMS = "7z debugfs fsck.erofs lz4 lziprecover lzop partclone.restore simg2img unar zstd sasquatch"


def find_peers() -> tuple[dict[str, str], list[str]]:
    """Return by name the shell command of each peer, ``{image}`` to be filled in, and what is to be said about them."""
    peers, remarks = {}, []
    unblob = FOLDER / "unblob" / "bin" / "unblob"
    if not unblob.exists():
        subprocess.run((sys.executable, "-m", "venv", FOLDER / "unblob"), check=False)
        pip = FOLDER / "unblob" / "bin" / "pip"
        subprocess.run((pip, "install", "--quiet", f"unblob=={UNBLOB_VERSION}"), check=False)
    if unblob.exists():
        # jefferson and ubireader are found only on the path
        call = f"PATH={unblob.parent.resolve()}:/usr/sbin:$PATH unblob -e {_OUT}"
        peers["unblob"] = f"{call} {{image}}; {_HASH}"
        peers["unblob -d 1"] = f"{call} -d 1 {{image}}; {_HASH}"
        search = f"{os.environ['PATH']}:/usr/sbin"
        missing = [name for name in _PROGRAMS.split() if shutil.which(name, path=search) is None]
        remarks.append(f"unblob {UNBLOB_VERSION}; programs it did not find: {', '.join(missing) or 'none'}")
    else:
        remarks.append("unblob could not be installed")
    if binwalk := shutil.which("binwalk"):
        root = "--run-as=root " if os.geteuid() == 0 else ""
        peers["binwalk"] = f"{binwalk} -q -e -M {root}-C {_OUT} {{image}}; {_HASH}"
        remarks.append(f"binwalk of Debian, {_version()}, with -e -M")
    else:
        remarks.append("binwalk is not installed (apt-get install binwalk)")
    return peers, remarks


def _version() -> str:
    told = subprocess.run(
        ("dpkg-query", "-W", "-f", "${Version}", "binwalk"), capture_output=True, text=True, check=False
    )
    return told.stdout or "version unknown"


def extract(command: str, image: Path) -> Cost:
    """Let a peer extract `image` and hash what came out."""
    clear()
    _SUMS.unlink(missing_ok=True)
    _OUT.mkdir(parents=True)
    # binwalk mounts what it cannot extract, if it may: in a namespace of its own nothing stays mounted
    own = ("unshare", "-m") if os.geteuid() == 0 else ()
    try:
        return run((*own, "sh", "-c", command.format(image=image)), LIMIT, codes=())
    finally:
        clear()


def clear() -> None:
    """Remove what a peer extracted; its processes may still be ending."""
    for _ in range(10):
        shutil.rmtree(_OUT, ignore_errors=True)
        if not _OUT.exists():
            return
        time.sleep(1)
    raise SystemExit(f"cannot remove {_OUT}")


def extracted_share(wanted: frozenset[bytes]) -> float:
    """Return how much of `wanted`, the SHA-256 of the tree's files, is in what was extracted last: 0 to 1."""
    lines = _SUMS.read_text("utf-8", "replace").splitlines() if _SUMS.exists() else []
    found = {bytes.fromhex(line[:64]) for line in lines if line[64:66] == " *"}
    return len(wanted & found) / len(wanted)


def digests(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and SHA-256 of all regular files below `folder`."""
    for above, _, files in os.walk(folder):
        for name in files:
            path = Path(above) / name
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(folder)), sha256(path.read_bytes()).digest()
