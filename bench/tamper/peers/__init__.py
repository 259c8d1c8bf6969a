"""Other tools on the same cases, each helped as far as it can be: the digest of the whole image, debsums, AIDE, diffoscope.

debsums and AIDE see files in folders only, so the files of both images are laid out for them (and for diffoscope) as they are, with
owners, modes and links, before their clocks start. AIDE is told the same paths that the class's policy lets a device change; diffoscope
is shown only the files that differ, since it takes minutes over the others and has nothing to say of them.
No other tool says what a change does.
"""

import json
import os
import shutil
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from remake import Tree, write_folder
from tamper.peers import aide, debsums, diffoscope, digest
from tamper.trial import Case, Peer
from trueware.knowledge import load_policies

MOMENT = 1_700_000_000
NAMES = ("whole-image digest", "debsums", "AIDE", "diffoscope")
ABLE = {
    "whole-image digest": "says of any image whether it is the very same, and nothing else",
    "debsums": "knows the files of Debian packages, by MD5 and only their content; only the Debian gateway has any",
    "AIDE": "compares the files of a running system with its own list of them; it opens no image and no archive",
    "diffoscope": "compares two files or folders, and unpacks the formats it knows",
}


class Peers:
    """Asks the other tools; the files of each genuine image are laid out once, and no tool is asked twice about the same files."""

    def __init__(self, scratch: Path, kept: Path) -> None:
        self._scratch, self._kept = scratch, kept
        self._prepared: dict[str, Path] = {}
        self._digests: dict[str, bytes] = {}
        self._answers: dict[str, dict[str, Any]] = json.loads(kept.read_text()) if kept.exists() else {}

    def ask(self, case: Case, suspect: Path) -> dict[str, Peer]:
        """Return what each tool makes of a case."""
        key = _key(case)
        if key not in self._answers:
            self._answers[key] = {name: _written(peer) for name, peer in self._ask(case).items()}
            self._kept.write_text(json.dumps(self._answers))
        answers = {name: _read(answer) for name, answer in self._answers[key].items()}
        return {"whole-image digest": digest.ask(self._digest(case), suspect), **answers}

    def _digest(self, case: Case) -> bytes:
        name = case.genuine.name
        if name not in self._digests:
            self._digests[name] = sha256(case.genuine.image()).digest()
        return self._digests[name]

    def _ask(self, case: Case) -> dict[str, Peer]:
        database = self._genuine(case)
        other = self._scratch / "peers-suspect"
        lay_out(case.tree, other)
        return {
            "debsums": debsums.ask(other),
            "AIDE": aide.ask(database, other),
            "diffoscope": self._compared(case),
        }

    def _compared(self, case: Case) -> Peer:
        """Have diffoscope compare the files that differ: for every other it would start three programs and find nothing."""
        folders = self._scratch / "peers-before", self._scratch / "peers-after"
        for folder, tree in zip(folders, (case.genuine.tree, case.tree), strict=True):
            above = {
                "/".join(steps[:at])
                for path in case.changed
                if (steps := path.split("/"))
                for at in range(1, len(steps))
            }
            shown = {
                path: item
                for path, item in tree.items()
                if path in case.changed or (path in above and item.type == tarfile.DIRTYPE)
            }
            lay_out(shown, folder)
        return diffoscope.ask(*folders)

    def _genuine(self, case: Case) -> Path:
        name = case.genuine.name
        if name not in self._prepared:
            folder = self._scratch / f"peers-{name.replace(' ', '-')}"
            lay_out(case.genuine.tree, folder)
            database = aide.prepare(folder, case.genuine.mutable, self._scratch / f"aide-{name.replace(' ', '-')}")
            self._prepared[name] = database
        return self._prepared[name]


def _key(case: Case) -> str:
    """Return a digest of all that the tools are shown."""
    seen = sha256(repr(load_policies()[case.genuine.mutable].mutable).encode())
    for tree in (case.genuine.tree, case.tree):
        for path, item in sorted(tree.items()):
            seen.update(repr((path, replace(item, mtime=0, data=b""), sha256(item.data).digest())).encode())
    return seen.hexdigest()


def _written(peer: Peer) -> dict[str, Any]:
    return {"differs": peer.differs, "paths": sorted(peer.paths), "seconds": peer.seconds, "why": peer.why}


def _read(answer: dict[str, Any]) -> Peer:
    return Peer(answer["differs"], frozenset(answer["paths"]), answer["seconds"], answer["why"])


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
