"""The tree of files that a listing tells of: entries in any order in, one `Part` with its Merkle digests out."""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trueware.model.merkle import folder_digest, leaf_digest
from trueware.model.part import Kind, Part

_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFSOCK: Kind.SOCKET,
}


@dataclass(slots=True)
class Listed:
    """What a listing says of one path."""

    kind: Kind
    mode: int | None
    uid: int | None = None
    gid: int | None = None
    size: int = 0
    mtime: int | None = None
    rdev: tuple[int, int] | None = None
    link: str | None = None
    sha256: bytes | None = None


@dataclass(slots=True)
class _Folder:
    """A folder in the making."""

    entry: Listed | None = None
    names: dict[str, "_Folder | Listed"] = field(default_factory=dict)


def kind_of(mode: int) -> Kind | None:
    """Return the kind for the type bits of a mode, None where there is no such type (Linux `stat(2)`)."""
    return _KINDS.get(stat.S_IFMT(mode))


def folder_of(entries: Iterable[tuple[tuple[str, ...], Listed]], name: str, *, owners: bool) -> Part:
    """Return the tree.

    Args:
        entries: components of the path below the root, and what stands there; the root itself has none. Each path once. What lies
            in something that is no folder is left out.
        name: how the root is called.
        owners: whether owners mean something.
    """
    root = _Folder()
    for path, entry in entries:
        folder = root
        for step in path if entry.kind is Kind.DIRECTORY else path[:-1]:
            below = folder.names.setdefault(step, _Folder())
            if not isinstance(below, _Folder):
                break
            folder = below
        else:
            if entry.kind is Kind.DIRECTORY:
                folder.entry = entry
            elif path:
                folder.names.setdefault(path[-1], entry)
    return _frozen(root, name, owners=owners)


def _frozen(root: _Folder, name: str, *, owners: bool) -> Part:
    """Return the part of a folder, what is below first; no recursion, since the depth is the listing's."""
    made: dict[int, list[Part]] = {id(root): []}
    stack: list[tuple[_Folder, str, list[Part], bool]] = [(root, name, [], False)]
    result: list[Part] = stack[0][2]
    while stack:
        folder, own, into, ready = stack.pop()
        if ready:
            into.append(_folder(folder.entry, own, made.pop(id(folder)), owners=owners))
            continue
        stack.append((folder, own, into, True))
        below = made.setdefault(id(folder), [])
        for step, each in folder.names.items():
            if isinstance(each, _Folder):
                stack.append((each, step, below, False))
            else:
                below.append(_leaf(each, step, owners=owners))
    return result[0]


def _folder(entry: Listed | None, name: str, children: list[Part], *, owners: bool) -> Part:
    children.sort(key=lambda part: part.name)
    entry = entry or Listed(Kind.DIRECTORY, None)
    uid, gid = (entry.uid, entry.gid) if owners else (None, None)
    tree = folder_digest(children, entry.mode, uid, gid)
    return Part(name, Kind.DIRECTORY, tree, 0, None, entry.mode, uid, gid, entry.mtime, children=tuple(children))


def _leaf(entry: Listed, name: str, *, owners: bool) -> Part:
    uid, gid = (entry.uid, entry.gid) if owners else (None, None)
    tree = leaf_digest(entry.kind, entry.sha256, entry.mode, uid, gid, entry.link, entry.rdev)
    certain = entry.kind is not Kind.FILE or entry.sha256 is not None
    return Part(
        name, entry.kind, tree, entry.size, entry.sha256, entry.mode, uid, gid, entry.mtime, entry.link, entry.rdev,
        certain=certain,
    )  # fmt: skip


def paths_of(root: Part) -> Iterator[tuple[tuple[str, ...], Part]]:
    """Yield the components of each path below a folder, and the part."""
    stack: list[tuple[tuple[str, ...], Part]] = [((), root)]
    while stack:
        path, part = stack.pop()
        yield path, part
        stack += [((*path, child.name), child) for child in part.children]
