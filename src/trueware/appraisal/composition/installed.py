"""What a package manager says is installed in a root file system: its status file, and the paths that were diverted.

Debian's ``dpkg`` (and OpenWrt's ``opkg``) keeps a list: a stanza for each package, with what became of it in the third
word of ``Status`` (dpkg(1), "Package states"; opkg libopkg/pkg_parse.c). A package whose files are there in part is installed as
well: what is missing of it shows. All this is the artefact's own word: it says which packages to look for, and vouches for nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.identifying.stanzas import lines_of, stanzas
from trueware.model.part import Kind, Part, join

MAX_STATUS = 1 << 25
"""Bytes of a status file; a desktop of 3,000 packages has 4 MB."""

MAX_INSTALLED = 10_000
"""Packages of one root file system; a desktop has 3,000."""

MAX_DIVERSIONS = 1_000

_GONE = frozenset({"not-installed", "config-files"})


@dataclass(frozen=True, slots=True)
class Manager:
    """Where a package manager keeps what it knows, in the root file system."""

    name: str
    status: str
    info: str
    """Folder of the control files of each package, ``<package>.<file>``; of one that may stand beside the same of another
    architecture, ``<package>:<architecture>.<file>`` (dpkg)."""

    diversions: str
    policy: str
    """Name of the policy for such a root file system."""


MANAGERS = (Manager("dpkg", "var/lib/dpkg/status", "var/lib/dpkg/info", "var/lib/dpkg/diversions", "debian-root"),)
"""Those whose scripts' makings are known. opkg's list is read alike; what OpenWrt's builder makes of packages is not known."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One package that is installed."""

    name: str
    version: str
    architecture: str

    @property
    def title(self) -> str:
        """How people call it."""
        return f"{self.name} {self.version} ({self.architecture})"


@dataclass(frozen=True, slots=True)
class Diversion:
    """A path that was given to another package: whoever else brings it has it under another name (dpkg-divert(1))."""

    path: str
    to: str
    by: str
    """The package whose file may stand at `path`; ``:`` is the administrator, who brings none."""


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system with the list of a package manager in it."""

    path: str
    """Within the artefact."""

    part: Part
    manager: Manager
    status: Part
    diversions: Part | None


def find_root(artefact: Part) -> Root | None:
    """Return the outermost root file system in the artefact that a package manager keeps a list of; None: there is none."""
    waiting = [("", artefact)]
    for path, part in waiting:  # by levels: containers that are found are looked into later
        for manager in MANAGERS:
            status = child_at(part, manager.status)
            if status is not None and status.kind is Kind.FILE and status.sha256 is not None:
                return Root(path, part, manager, status, child_at(part, manager.diversions))
        if (path.count("!/") < _DEEPEST and part.kind is not Kind.DIRECTORY) or part is artefact:
            waiting += [(join(path, part, child.name), child) for child in part.children if child.children]
    return None


_DEEPEST = 8
"""Containers around a root file system; an image in an archive in a compressed stream has four."""


def child_at(part: Part, path: str) -> Part | None:
    """Return what is below a part at a path, the first of each name."""
    found: Part | None = part
    for name in path.split("/"):
        found = next((child for child in found.children if child.name == name), None) if found is not None else None
    return found


def read_status(data: bytes) -> tuple[Installed, ...]:
    """Return the packages that a status file says are installed, each once, in its order; at most `MAX_INSTALLED`."""
    found: dict[Installed, None] = {}
    for _, fields in stanzas(lines_of([data])):
        state = fields.get("status", "").split()
        if "package" in fields and len(state) == 3 and state[2] not in _GONE and len(found) < MAX_INSTALLED:
            found[Installed(fields["package"], fields.get("version", ""), fields.get("architecture", ""))] = None
    return tuple(found)


def read_diversions(data: bytes) -> tuple[Diversion, ...]:
    """Return the diversions: three lines for each, the path, where it went, and by which package; at most `MAX_DIVERSIONS`."""
    return tuple(Diversion(path.lstrip("/"), to.lstrip("/"), by) for path, to, by in _triples(lines_of([data])))


def _triples(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    together: list[str] = []
    for line, _ in zip(lines, range(3 * MAX_DIVERSIONS), strict=False):
        together.append(line)
        if len(together) == 3:
            yield together[0], together[1], together[2]
            together = []
