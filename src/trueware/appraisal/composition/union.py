"""The files of all packages of a root file system together, by path: what would stand there if nothing but them had written to it.

* A path that was diverted is that of its new owner; what others bring goes to where the diversion says (dpkg-divert(1)). The list of
  diversions is the artefact's own word: one counts only if an installed package made it, by a script that diverts, and if nothing
  else comes to stand where it leads. Otherwise one program could be passed off as another.
* Where the root file system has ``bin`` as a link to ``usr/bin`` (and ``sbin``, ``lib``, ``lib64`` …), what packages bring in ``bin``
  stands in ``usr/bin``. Other links to folders that packages themselves bring are followed alike.
* The control files of a package stand in the package manager's folder (dpkg: all but ``control`` itself).
* Two packages may bring one folder; of a file that several bring, all are remembered: either may be the one that was written last.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trueware.appraisal.composition.installed import Diversion, Installed, Manager, child_at
from trueware.model.part import Kind, Part

MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32")
"""Folders that became links into ``usr`` (base-files; Debian wiki, UsrMerge)."""

_FOLLOWED = 16
"""Links that are followed on the way of one path."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is installed and whose files are known."""

    installed: Installed
    data: Part
    """The tree of its files."""

    control: Part | None = None
    """Its control files."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A part that a package brings, without what is below it."""

    part: Part
    package: Package


@dataclass(frozen=True, slots=True)
class Union:
    """What all packages bring."""

    paths: Mapping[str, tuple[Brought, ...]]
    names: Mapping[str, tuple[str, ...]]
    """By folder: the names in it, sorted."""

    packages: tuple[Package, ...] = field(repr=False, default=())
    links: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Folders that are links, and where they lead."""

    def resolve(self, path: str) -> str:
        """Return where a path leads when the folders on its way are links; the last name is not followed."""
        return _resolved(path, self.links)

    def brings(self, path: str) -> bool:
        """Tell whether a package brings something at a path."""
        return path in self.paths

    def parts(self, path: str) -> tuple[Part, ...]:
        """Return what packages bring at a path."""
        return tuple(each.part for each in self.paths.get(path, ()))


def archive_in(package: Part, name: str) -> Part | None:
    """Return what an archive within a package holds: ``data.tar`` or ``control.tar``, however packed; None where it was not read."""
    part: Part | None = package
    for _ in range(_WRAPPINGS):  # an .ipk is an archive in a compressed stream
        if part is None or any(child.name.startswith(name) for child in part.children):
            break
        part = part.children[0] if len(part.children) == 1 else None
    part = next((child for child in part.children if child.name.startswith(name)), None) if part is not None else None
    for _ in range(_WRAPPINGS):
        if part is None or part.format == "tar":
            return part if part is not None and part.certain else None
        part = part.children[0] if len(part.children) == 1 else None
    return None


_WRAPPINGS = 4


def unite(
    packages: Iterable[Package],
    root: Part,
    manager: Manager,
    diversions: Iterable[Diversion] = (),
    diverts: Callable[[Package], bool] = lambda _: False,
) -> Union:
    """Return what packages bring to a root file system.

    Args:
        packages: those whose files are known.
        root: the root file system as it was found, which says where ``bin`` leads.
        manager: whose control files stand where.
        diversions: as it says.
        diverts: whether a script of a package diverts paths.
    """
    packages = tuple(packages)
    links = _merged(root)
    for each in packages:
        links.update((path, part.link or "") for path, part in _files(each.data) if part.kind is Kind.SYMLINK)
    folders = {path for each in packages for path, part in _files(each.data) if part.kind is Kind.DIRECTORY}
    links = {path: _target(path, link) for path, link in links.items() if path in folders or path in MERGED}
    diverted = _diverted(packages, diversions, diverts, links)
    paths: dict[str, list[Brought]] = {}
    for each in packages:
        for path, part in _files(each.data):
            if part.kind is Kind.DIRECTORY and path in links:
                continue  # a link stands there, and dpkg leaves it
            place = _resolved(path, links)
            by, to = diverted.get(place, ("", place))
            paths.setdefault(place if by == each.installed.name else to, []).append(Brought(_alone(part), each))
        for path, part in _control(each, root, manager):
            paths.setdefault(path, []).append(Brought(part, each))
    names: dict[str, set[str]] = {}
    for path in paths:
        while path:
            folder, _, name = path.rpartition("/")
            known = names.setdefault(folder, set())
            if name in known:
                break
            known.add(name)
            path = folder  # noqa: PLW2901 (upwards)
    return Union(
        {path: tuple(brought) for path, brought in paths.items()},
        {folder: tuple(sorted(found)) for folder, found in names.items()},
        packages,
        links,
    )


def _diverted(
    packages: tuple[Package, ...],
    diversions: Iterable[Diversion],
    diverts: Callable[[Package], bool],
    links: Mapping[str, str],
) -> dict[str, tuple[str, str]]:
    """Return by path the package that has it now, and where it went; all as they stand when links are followed."""
    by = {each.installed.name: each for each in packages}
    own = [each for each in diversions if each.by in by and diverts(by[each.by])]
    there = {_resolved(path, links) for each in packages for path, _ in _files(each.data)} if own else set()
    places = [(_resolved(each.path, links), _resolved(each.to, links), each.by) for each in own]
    targets = [to for _, to, _ in places]
    return {path: (name, to) for path, to, name in places if to not in there and targets.count(to) == 1}


def _alone(part: Part) -> Part:
    """Return a folder without what is in it: that comes from many packages."""
    return part._replace(children=()) if part.kind is Kind.DIRECTORY else part


def _files(data: Part) -> Iterator[tuple[str, Part]]:
    """Yield path and part of everything an archive of files unpacks to; containers in it are not opened."""
    stack = [(child.name, child) for child in data.children]
    while stack:
        path, part = stack.pop()
        if part.kind in (Kind.PADDING, Kind.GAP, Kind.REGION):
            continue
        yield path, part
        if part.kind is Kind.DIRECTORY:
            stack += [(f"{path}/{child.name}", child) for child in part.children]


def _control(package: Package, root: Part, manager: Manager) -> Iterator[tuple[str, Part]]:
    folder = child_at(root, manager.info)
    if package.control is None or folder is None:
        return
    there = {child.name for child in folder.children}
    stem = f"{package.installed.name}:{package.installed.architecture}"
    stem = stem if f"{stem}.list" in there else package.installed.name
    for part in package.control.children:
        if part.kind is Kind.FILE and part.name != "control":
            yield f"{manager.info}/{stem}.{part.name}", part


def _merged(root: Part) -> dict[str, str]:
    return {
        child.name: child.link
        for child in root.children
        if child.name in MERGED and child.link in (f"usr/{child.name}", f"/usr/{child.name}")
    }


def _target(path: str, link: str) -> str:
    """Return where a link leads, as a path in the root file system; an empty one leads nowhere."""
    base = [] if link.startswith("/") else path.split("/")[:-1]
    for name in link.split("/"):
        if name == "..":
            base = base[:-1]
        elif name not in ("", "."):
            base.append(name)
    return "/".join(base)


def _resolved(path: str, links: Mapping[str, str]) -> str:
    """Return where a path leads when the folders on its way are links; the last name is not followed."""
    if not links:
        return path
    for _ in range(_FOLLOWED):
        at = path.find("/")
        while at >= 0:
            target = links.get(path[:at])
            if target:
                path = target + path[at:]
                break
            at = path.find("/", at + 1)
        else:
            return path
    return path
