"""Other tools on the same cases, each helped as far as it can be: the digest of the whole image, debsums, AIDE, diffoscope.

debsums and AIDE see files in folders only, so the files of both images are laid out for them (and for diffoscope) as they are, with
owners, modes and links, before their clocks start. AIDE is told the same paths that the class's policy lets a device change.
No other tool says what a change does.
"""

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from remake import Tree, write_folder
from tamper.peers import aide, debsums, diffoscope, digest
from tamper.trial import Case, Peer

MOMENT = 1_700_000_000
NAMES = ("whole-image digest", "debsums", "AIDE", "diffoscope")
ABLE = {
    "whole-image digest": "says of any image whether it is the very same, and nothing else",
    "debsums": "knows the files of Debian packages, by MD5 and only their content; only the Debian gateway has any",
    "AIDE": "compares the files of a running system with its own list of them; it opens no image and no archive",
    "diffoscope": "compares two files or folders, and unpacks the formats it knows",
}


class Peers:
    """Asks the other tools; the files of each genuine image are laid out once."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._prepared: dict[str, tuple[Path, Path]] = {}

    def ask(self, case: Case, suspect: Path) -> dict[str, Peer]:
        """Return what each tool makes of a case."""
        folder, database = self._genuine(case)
        other = self._scratch / "peers-suspect"
        lay_out(case.tree, other)
        asked: dict[str, Callable[[], Peer]] = {
            "whole-image digest": lambda: digest.ask(case.genuine.image(), suspect),
            "debsums": lambda: debsums.ask(other),
            "AIDE": lambda: aide.ask(database, other),
            "diffoscope": lambda: diffoscope.ask(folder, other),
        }
        return {name: asked[name]() for name in NAMES}

    def _genuine(self, case: Case) -> tuple[Path, Path]:
        name = case.genuine.name
        if name not in self._prepared:
            folder = self._scratch / f"peers-{name.replace(' ', '-')}"
            lay_out(case.genuine.tree, folder)
            database = aide.prepare(folder, case.genuine.mutable, self._scratch / f"aide-{name.replace(' ', '-')}")
            self._prepared[name] = (folder, database)
        return self._prepared[name]


def lay_out(tree: Tree, folder: Path) -> None:
    """Write a tree as files, all of one time, so that a difference in time is none."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_folder(tree, folder)
    for path, item in tree.items():
        target = folder / path
        if item.type == tarfile.REGTYPE:
            for name, value in item.xattrs:
                os.setxattr(target, name, value)
    for each in (folder, *folder.rglob("*")):
        os.utime(each, (MOMENT, MOMENT), follow_symlinks=False)
