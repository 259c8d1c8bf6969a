"""unblob as a fallback reader (https://unblob.org, MIT): it knows some eighty formats, many of them old, rare or of one vendor.

It is found on the path and run as a program, one level deep on each region; nothing of it is imported, and trueware does not
install it (some of the programs and libraries it brings are under the GPL). What it wrote stands in a temporary folder until the
measurement is done with it.
"""

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from trueware.errors import LimitExceeded, MalformedInput, SourceError
from trueware.fallback.sandbox import Sandbox
from trueware.formats.contract import Reading
from trueware.sources import read_folder

_PROGRAM = "unblob"
_MOST_RUNS = 32
"""Regions of one artefact that are given to it: each run takes seconds."""


class Unblob:
    """The fallback. A context manager: what its readings refer to is there until it is left.

    Raises:
        SourceError: unblob is not installed.
        SandboxUnavailable: nothing here can confine it, and `unconfined` does not allow that.
    """

    def __init__(self, *, unconfined: bool = False, sandbox: Sandbox | None = None) -> None:
        if shutil.which(_PROGRAM) is None:
            raise SourceError("unblob is not installed: pip install unblob, and the programs that it names")
        self.sandbox = sandbox or Sandbox.find(allow_none=unconfined)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._runs = 0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="trueware-", ignore_cleanup_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            _make_removable(Path(self._folder.name))
            self._folder.cleanup()
            self._folder = None

    def __call__(self, view: memoryview) -> Reading | None:
        """Return what unblob makes of some bytes, None where it makes nothing of them.

        Raises:
            LimitExceeded: too many regions, or the run reached a ceiling.
            MalformedInput: unblob ended with an error.
        """
        assert self._folder is not None  # noqa: S101 (used outside of its `with`)
        self._runs += 1
        if self._runs > _MOST_RUNS:
            raise LimitExceeded("fallback runs", _MOST_RUNS)
        place = Path(tempfile.mkdtemp(dir=self._folder.name))
        (place / "input").write_bytes(view)
        command = [
            _PROGRAM,
            "-e",
            "out",
            "-d",
            "1",
            "-p",
            "1",
            "-n",
            "0",
            "--log",
            "log",
            "--report",
            "report",
            "input",
        ]
        run = self.sandbox.run(command, place)
        (place / "input").unlink()
        if run.stopped:
            raise LimitExceeded("fallback", self.sandbox.ceilings.seconds, f"unblob was stopped at {run.stopped}")
        found = place / "out" / "input_extract"
        if not found.is_dir() or not any(found.iterdir()):
            if run.code != 0:
                raise MalformedInput(_PROGRAM, 0, f"it ended with {run.code}: {run.told[-200:]}")
            return None
        reading, _ = read_folder(found)
        for entry in reading.entries:
            # what a program wrote to this disk has this disk's owners and times
            entry.uid = entry.gid = entry.mtime = None
        reading.attributes = None
        reading.note_anomaly("read-by-fallback", f"read by unblob ({self.sandbox.kind}), not by trueware")
        return reading


def _make_removable(folder: Path) -> None:
    """Give back the right to remove what came with modes that forbid it."""
    for above, _, _ in os.walk(folder):
        Path(above).chmod(0o700)
