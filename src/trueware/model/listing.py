"""A list of files as a manifest: what an SBOM, a tag or a hash library states of a release, and nothing that it does not.

Such a list states names and contents. It says nothing of permissions, owners, links and devices, and often nothing of whether
it is complete. Every folder of the tree says so in its facts, so that

* whoever compares knows that what is missing there was not stated, wherever in the tree the comparison begins;
* the Merkle digest of such a tree is never that of a measured folder: equality of digests cannot claim what was not stated.

::

    folder = Part(kind=DIRECTORY, facts=(("list", "complete" | "open" | "loose"),), children: folders and files sorted by name)
    file   = Part(kind=FILE, size: 0 where not stated, sha256: None where not stated)
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from trueware.model.merkle import folder_digest, leaf_digest
from trueware.model.part import Kind, Part

_FACT = "list"


class Extent(Enum):
    """Whether a list names all files there are. Values are on the wire (in facts) and never change."""

    COMPLETE = "complete"
    """It says that there are no others."""

    OPEN = "open"
    """It does not say so."""

    LOOSE = "loose"
    """It does not even say where the files are: names without folders, some of them several times."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file as a list names it."""

    path: str
    """Names joined with ``/``."""

    sha256: bytes | None
    """None where the list has another digest only."""

    size: int = 0
    """Bytes; 0 where not stated."""


class BadPath(ValueError):
    """A path that no tree of files can have; the message says why."""


def extent_of(part: Part) -> Extent | None:
    """Return how far the list goes that this folder is from; None: it was measured, and has what its medium records."""
    if part.kind is Kind.DIRECTORY and part.facts and part.facts[0][0] == _FACT and len(part.facts) == 1:
        return Extent(part.facts[0][1]) if part.facts[0][1] in _EXTENTS else None
    return None


_EXTENTS = frozenset(extent.value for extent in Extent)


def steps(path: str, most_depth: int, most_name: int) -> list[str]:
    """Return the names of a path; a leading ``/`` or ``./`` says nothing.

    Args:
        path: as a list has it.
        most_depth: folders within one another.
        most_name: characters of the path.

    Raises:
        BadPath: it is empty, leads out of its folder (``..``), has a NUL, or is too long or too deep.
    """
    if len(path) > most_name:
        raise BadPath(f"a path of {len(path)} characters")
    names = [name for name in path.split("/") if name not in ("", ".")]
    if not names:
        raise BadPath("no name")
    if ".." in names or "\0" in path:
        raise BadPath("it leads out of its folder" if ".." in names else "a NUL in a name")
    if len(names) > most_depth:
        raise BadPath(f"{len(names)} folders within one another")
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadPath("half a surrogate pair in a name") from None
    return names


@dataclass(slots=True)
class Listing:
    """A list while it is read."""

    max_path_depth: int
    max_name: int
    max_files: int
    count: int = 0
    folders: int = 0
    _root: dict[str, object] = field(default_factory=dict, repr=False)

    def add(self, file: ListedFile) -> None:
        """Take in a file; one that stands twice with the same digest is one.

        Raises:
            BadPath: see `steps`; or the path is listed already with another digest, or is a folder and a file at once; or
                there are too many.
        """
        *folders, name = steps(file.path, self.max_path_depth, self.max_name)
        if self.count + self.folders + len(folders) >= self.max_files:
            raise BadPath(f"more than {self.max_files} files and folders")
        at = self._root
        for folder in folders:
            below = at.get(folder)
            if below is None:
                below = at[folder] = {}
                self.folders += 1
            if not isinstance(below, dict):
                raise BadPath("it is a file and a folder at once")
            at = below
        known = at.get(name)
        if known is None:
            at[name] = (file.sha256, file.size)
            self.count += 1
        elif isinstance(known, dict):
            raise BadPath("it is a file and a folder at once")
        elif known != (file.sha256, file.size):
            raise BadPath("it is listed twice, and not alike")

    def manifest(self, name: str, extent: Extent) -> Part:
        """Return the tree."""
        root = _folder(name, self._root, ((_FACT, extent.value),))
        return root._replace(size=sum(part.size for _, part in root.walk()))


def loose_manifest(name: str, files: Iterable[ListedFile]) -> Part:
    """Return the tree of a list that does not say where its files are: all of them in one folder, equal ones once.

    Args:
        name: of the whole.
        files: `path` is a name, whatever is in it.
    """
    unique = sorted({(each.path, each.sha256 or b"", each.size) for each in files})
    children = tuple(_file(path, sha256 or None, size) for path, sha256, size in unique)
    facts = ((_FACT, Extent.LOOSE.value),)
    tree = folder_digest(children, None, None, None, (), facts)
    return Part(name, Kind.DIRECTORY, tree, sum(size for _, _, size in unique), facts=facts, children=children)


def _folder(name: str, entries: dict[str, object], facts: tuple[tuple[str, str], ...]) -> Part:
    children = []
    for each in sorted(entries):
        entry = entries[each]
        if isinstance(entry, dict):
            children.append(_folder(each, entry, facts))  # no deeper than `max_path_depth`
        else:
            assert isinstance(entry, tuple)  # noqa: S101 (nothing else is put in)
            sha256, size = entry
            children.append(_file(each, sha256, size))
    tree = folder_digest(children, None, None, None, (), facts)
    return Part(name, Kind.DIRECTORY, tree, facts=facts, children=tuple(children))


def _file(name: str, sha256: bytes | None, size: int) -> Part:
    return Part(name, Kind.FILE, leaf_digest(Kind.FILE, sha256, None, None, None), size, sha256)
