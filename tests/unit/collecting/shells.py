"""The shells and tools that devices have, of which the script is run for real: those of Debian, busybox, and those of Android."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from trueware.collecting.script import Wish, script_text


@dataclass(frozen=True)
class Shell:
    command: tuple[str, ...]
    path: str

    def run(self, wish: Wish, **more: str) -> bytes:
        """Return what the script says, sent as it is to a device."""
        return self.run_bytes(script_text(wish), more)

    def run_bytes(self, script: bytes, more: Mapping[str, str]) -> bytes:
        done = subprocess.run(
            [*self.command, "-s"], input=script, capture_output=True, env={"PATH": self.path, **more}, check=True
        )
        assert done.stderr == b""
        return done.stdout


SHELLS = ("debian", "busybox", "openwrt", "android")


def shell(name: str, folder: Path) -> Shell:
    """Return a shell with nothing but its own tools; the test is skipped, visibly, where it is not installed.

    ``openwrt`` is busybox without what OpenWrt leaves out of it, ``android`` toybox under mksh.
    """
    match name:
        case "debian":
            return Shell((_program("dash"),), os.defpath)
        case "busybox":
            return Shell((_program("busybox"), "ash"), _applets(folder, "busybox", ["busybox", "--list"], ()))
        case "openwrt":  # a shell that runs no applet of its own, so that the missing ones are missing
            return Shell(
                (_program("dash"),), _applets(folder, "busybox", ["busybox", "--list"], ("stat", "base64", "od"))
            )
        case _:
            return Shell((_program("mksh"),), _applets(folder, "toybox", ["toybox"], (), mksh="sh"))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here")
    return found


def _applets(folder: Path, program: str, listing: list[str], without: tuple[str, ...], **more: str) -> str:
    """Make a folder with the applets of a program, and nothing else on the PATH."""
    where = _program(program)
    told = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()
    folder.mkdir(exist_ok=True)
    for name in {*told} - {*without}:
        (folder / name).symlink_to(where)
    for source, name in more.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(_program(source))
    if not (folder / "sh").exists():
        (folder / "sh").symlink_to(_program("dash"))
    return str(folder)
