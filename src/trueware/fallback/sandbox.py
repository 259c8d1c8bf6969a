"""Runs a program on hostile bytes: it can write to one folder, reaches no network, and has ceilings on all it uses.

Landlock is used where the kernel has it (5.13 or newer, no privilege needed), bubblewrap where it is installed and Landlock is
not. With neither, nothing is run unless that was asked for.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trueware.errors import WorldError
from trueware.fallback.confine import REFUSED

_POLL = 0.2
"""Seconds between two looks at how much was written."""


class SandboxUnavailable(WorldError):
    """Nothing here can confine a program."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What one run may use."""

    seconds: float = 300.0
    """Wall time; processor time may be as much on each core."""

    memory: int = 4 << 30
    """Bytes of address space of each process."""

    written: int = 8 << 30
    """Bytes in the folder, all files together."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended."""

    code: int
    """Exit code; negative: the signal that ended it."""

    stopped: str = ""
    """Which ceiling ended it, if one did."""

    told: str = ""
    """The end of what it wrote to its terminal."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A way to confine programs."""

    kind: str
    """``landlock``, ``bubblewrap`` or ``none``."""

    ceilings: Ceilings = Ceilings()

    @classmethod
    def find(cls, ceilings: Ceilings = Ceilings(), *, allow_none: bool = False) -> "Sandbox":
        """Return the best way there is.

        Raises:
            SandboxUnavailable: there is none, and `allow_none` does not allow that.
        """
        probe = cls("landlock", ceilings)
        if sys.platform == "linux" and probe.run([sys.executable, "-c", ""], Path("/proc/self")).code != REFUSED:
            return probe
        if shutil.which("bwrap"):
            return cls("bubblewrap", ceilings)
        if allow_none:
            return cls("none", ceilings)
        raise SandboxUnavailable("neither Landlock nor bubblewrap is there to confine another program")

    def run(self, command: Sequence[str], folder: Path) -> Run:
        """Run a program whose only writable place is `folder`, until it ends or a ceiling is reached."""
        home = os.fspath(folder)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home, "LC_ALL": "C.UTF-8"}
        with subprocess.Popen(  # noqa: S603 (no shell; the program is the caller's, its input only lies in the folder)
            self._confined(command, home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=home,
            start_new_session=True,
        ) as process:
            assert process.stderr is not None  # noqa: S101 (a pipe was asked for)
            os.set_blocking(process.stderr.fileno(), False)
            told, stopped = b"", ""
            ends = time.monotonic() + self.ceilings.seconds
            while not stopped:
                try:
                    process.wait(_POLL)
                except subprocess.TimeoutExpired:
                    stopped = self._reached(folder, ends)
                told = (told + (process.stderr.read() or b""))[-2000:]
                if process.returncode is not None:
                    break
            _kill(process.pid)
        return Run(process.returncode, stopped, told.decode("utf-8", "replace").strip())

    def _confined(self, command: Sequence[str], home: str) -> list[str]:
        program = [shutil.which(command[0]) or command[0], *command[1:]]
        if self.kind == "none":
            return program
        if self.kind == "bubblewrap":
            closed = (
                "bwrap --unshare-all --die-with-parent --new-session --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp"
            )
            return [*closed.split(), "--bind", home, home, "--chdir", home, *program]
        settings = {
            "writable": [home],
            "memory": self.ceilings.memory,
            "seconds": int(self.ceilings.seconds) + 1,
            "file_size": self.ceilings.written,
        }
        launcher = os.fspath(Path(__file__).with_name("confine.py"))
        return [sys.executable, "-I", launcher, json.dumps(settings), *program]

    def _reached(self, folder: Path, ends: float) -> str:
        if time.monotonic() > ends:
            return f"{self.ceilings.seconds:g} seconds"
        if _written(folder) > self.ceilings.written:
            return f"{self.ceilings.written} bytes written"
        return ""


def _written(folder: Path) -> int:
    """Return the bytes on disk below a folder, as far as they can be seen while others write."""
    total, stack = 0, [os.fspath(folder)]
    while stack:
        try:
            with os.scandir(stack.pop()) as listing:
                for item in listing:
                    if item.is_dir(follow_symlinks=False):
                        stack.append(item.path)
                    else:
                        total += item.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue  # gone since it was listed
    return total


def _kill(group: int) -> None:
    """End all that a run may have left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
