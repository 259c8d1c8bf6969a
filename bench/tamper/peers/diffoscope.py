"""diffoscope: two folders side by side, whatever it can unpack in them unpacked."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tamper.trial import Peer

LIMIT = 90.0
"""Seconds for one case."""


def ask(genuine: Path, suspect: Path) -> Peer:
    """Have two folders compared, files that are in one of them only too."""
    if shutil.which("diffoscope") is None:
        return Peer(differs=False, why="diffoscope is not installed")
    command = (
        "diffoscope",
        "--json",
        "-",
        "--new-file",
        "--exclude-directory-metadata",
        "no",
        "--max-text-report-size",
        "0",
    )
    start = time.perf_counter()
    try:
        done = subprocess.run((*command, str(genuine), str(suspect)), capture_output=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return Peer(differs=False, seconds=LIMIT, why=f"stopped after {LIMIT:.0f} s")
    seconds = time.perf_counter() - start
    if done.returncode > 1:
        return Peer(
            differs=False,
            seconds=seconds,
            why=f"error {done.returncode}: {done.stderr.decode(errors='replace').strip()[-80:]}",
        )
    if done.returncode == 0:
        return Peer(differs=False, seconds=seconds)
    return Peer(True, frozenset(_paths(json.loads(done.stdout), (genuine, suspect))), seconds)


def _paths(difference: dict[str, Any], folders: tuple[Path, Path]) -> Iterator[str]:
    """Yield the files of the folders that differ; what differs within them is theirs."""
    for each in difference.get("details") or ():
        for source, folder in zip((each["source1"], each["source2"]), folders, strict=True):
            if source.startswith(f"{folder}/"):
                if Path(source).is_dir() and not Path(source).is_symlink():
                    yield from _paths(each, folders)
                else:
                    yield source.removeprefix(f"{folder}/")
                break
