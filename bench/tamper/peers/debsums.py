"""debsums: the files of Debian packages beside the lists of MD5 sums that came with them."""

import re
import shutil
import subprocess
import time
from pathlib import Path

from tamper.trial import Peer

_NAMED = re.compile(r"^debsums: (?:changed|missing) file (\S+) ", re.MULTILINE)


def ask(folder: Path) -> Peer:
    """Have the files in `folder` checked, configuration files too."""
    if not (folder / "var/lib/dpkg/status").exists():
        return Peer(differs=False, why="no dpkg in there")
    if shutil.which("debsums") is None:
        return Peer(differs=False, why="debsums is not installed")
    start = time.perf_counter()
    done = subprocess.run(
        ("debsums", f"--root={folder}", "--all", "--silent"), capture_output=True, text=True, check=False, timeout=120
    )
    seconds = time.perf_counter() - start
    paths = frozenset(path.removeprefix(str(folder)).lstrip("/") for path in _NAMED.findall(done.stderr))
    return Peer(bool(paths), paths, seconds)
