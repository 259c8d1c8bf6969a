"""AIDE: the files of a system beside a list of them made when they were good."""

import re
import shutil
import subprocess
import time
from pathlib import Path

from tamper.trial import Peer
from trueware.knowledge import load_policies

_NAMED = re.compile(r"^[fdlDBcpsF?!][^:\n]*: (/.*)$", re.MULTILINE)
_DIFFERS = 7
"""Bits of the exit status: files added, removed, changed."""


def prepare(folder: Path, policy: str, database: Path) -> Path:
    """Have AIDE list the files in `folder`, but for those that the policy lets change; returns where its list begins."""
    rules = [f"!/{_expression(pattern)}$" for pattern in load_policies()[policy].mutable]
    database.with_suffix(".rules").write_text("\n".join((*rules, "/ p+u+g+ftype+l+s+sha256+xattrs+caps")) + "\n")
    if shutil.which("aide") is not None:
        _run(folder, database, "--init")
    return database


def ask(database: Path, folder: Path) -> Peer:
    """Have the files in `folder` compared with the list."""
    if shutil.which("aide") is None:
        return Peer(differs=False, why="aide is not installed")
    start = time.perf_counter()
    done = _run(folder, database, "--check")
    seconds = time.perf_counter() - start
    if done.returncode > _DIFFERS:
        return Peer(differs=False, seconds=seconds, why=f"error {done.returncode}: {done.stderr.strip()[:80]}")
    paths = frozenset(path.lstrip("/") for path in _NAMED.findall(done.stdout))
    return Peer(bool(done.returncode & _DIFFERS), paths, seconds)


def _run(folder: Path, database: Path, what: str) -> subprocess.CompletedProcess[str]:
    settings = (
        f"database_in=file:{database}\ndatabase_out=file:{database}\nroot_prefix={folder}\nreport_level=list_entries\n"
        "report_url=stdout\nreport_ignore_e2fsattrs=VNIE\n"
    )
    path = database.with_suffix(".conf")
    path.write_text(settings + database.with_suffix(".rules").read_text())
    return subprocess.run(("aide", what, "-c", str(path)), capture_output=True, text=True, check=False, timeout=120)


def _expression(pattern: str) -> str:
    """Return a policy's pattern as the expression that AIDE takes."""
    pieces = re.split(r"(\*\*/|\*\*|\*)", pattern)
    words = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*"}
    return "".join(words.get(piece, re.escape(piece).replace(r"\-", "-")) for piece in pieces)
