"""What a device says in one place beside what it says in another: lying consistently is harder than lying.

1. What runs is asked of the kernel, its file of the file system: their digests agree, unless the file was replaced after it was
   started (as an update does), or somebody shows another file than the one that runs.
2. A program that runs and has no file any more was removed after it was started. Updates do that, and so does what hides itself.
3. A file system mounted on a single file, or on a folder that programs are in, covers what is below it.
4. A loaded kernel module comes from a file, unless it was loaded by somebody who took the file away.

None of them shows that a device tells the truth: software that controls the kernel answers all of them as it likes.
"""

import re
from collections.abc import Iterator

from trueware.collecting.listing import Listing
from trueware.model.finding import Confidence, Finding
from trueware.model.part import Kind, Part
from trueware.model.rules import RULES

_SHOWN = 20
"""Findings of one check."""

_DELETED = " (deleted)"
_PROGRAMS = re.compile(
    r"/(?:usr/(?:local/)?)?(?:s?bin|lib(?:32|64)?)|/etc|/etc/init\.d|/system/(?:bin|xbin|lib(?:64)?|framework)"
)
_MODULE = re.compile(rb"([A-Za-z0-9_-]{1,120}) \d+ ")
_MODULE_FILE = re.compile(r"(.*)\.ko(?:\.(?:gz|xz|zst))?")
_OCTAL = re.compile(r"\\([0-7]{3})")


def crosschecks(listing: Listing) -> Iterator[Finding]:
    """Yield what contradicts itself."""
    if listing.fact("root") not in (None, "/"):
        return  # a folder, not what runs
    files = {path: part for path, part in listing.root.walk() if path and part.kind is not Kind.DIRECTORY}
    for check in (_running, _covered, _modules):
        found = list(check(listing, files))
        yield from found[:_SHOWN]
        if len(found) > _SHOWN:
            yield _finding("", f"{len(found) - _SHOWN} more of that kind")


def _running(listing: Listing, files: dict[str, Part]) -> Iterator[Finding]:
    for process in listing.processes:
        program = process.program
        if program.endswith(_DELETED):
            yield _finding(
                "",
                f"process {process.pid} runs {program.removesuffix(_DELETED)!r}, which is there no more",
                Confidence.LOW,
            )
            continue
        part = files.get(program.removeprefix("/"))
        if part is None or part.sha256 is None or process.sha256 is None or part.sha256 == process.sha256:
            continue
        yield _finding(program.removeprefix("/"), f"process {process.pid} runs other bytes than this file has")


def _covered(listing: Listing, files: dict[str, Part]) -> Iterator[Finding]:
    for line in listing.texts.get("/proc/mounts", b"").splitlines():
        fields = line.decode("utf-8", "surrogateescape").split(" ")
        if len(fields) < 3:
            continue
        mount = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[1])
        path = mount.removeprefix("/")
        if path in files:
            yield _finding(path, f"{fields[0]!r} ({fields[2]}) is mounted on this file")
        elif _PROGRAMS.fullmatch(mount) and fields[2] in ("tmpfs", "ramfs", "overlay"):
            yield _finding(path, f"{fields[0]!r} ({fields[2]}) is mounted on this folder")


def _modules(listing: Listing, files: dict[str, Part]) -> Iterator[Finding]:
    names = {_name(found[1]) for path in files if (found := _MODULE_FILE.fullmatch(path.rpartition("/")[2]))}
    if not names:
        return  # they are in an initial ramdisk, or were not listed
    for line in listing.texts.get("/proc/modules", b"").splitlines():
        loaded = _MODULE.match(line)
        if loaded and _name(loaded[1].decode()) not in names:
            yield _finding("", f"the kernel module {loaded[1].decode()} is loaded, and no file has it", Confidence.LOW)


def _name(module: str) -> str:
    return module.replace("-", "_")


def _finding(part: str, detail: str, confidence: Confidence | None = None) -> Finding:
    rule = RULES["listing-contradiction"]
    return Finding(rule.id, part, detail, rule.severity, confidence or rule.confidence)
