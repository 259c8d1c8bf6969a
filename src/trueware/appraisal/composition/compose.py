"""Composes what a root file system should be out of the packages that are installed in it.

The composed tree has, at every path:

1. what a package brings there: where the root file system has the same, that very part, so that nothing below it is compared;
   where several packages bring a file, the one that was found, if it is any of theirs;
2. what installing them makes of that, as far as it can be told what it must be (`trueware.appraisal.composition.generated`);
3. what a package is said to bring whose files nobody knows, or what is made on the device out of what nobody can tell: that part, on
   nobody's word. It cannot speak for the root file system.

Everything else that was found is not in the composed tree, and shows as added. The work is that of the paths in both trees.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trueware.appraisal.composition.union import Brought, Union
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part

Unproved = Callable[[str], str | None]
"""Returns whose a path is that no package brings of those whose files are known; None: nobody's."""

Accepted = Callable[[str, Part, tuple[Brought, ...]], Part | None]
"""`accepted(path, found, brought)`: what should be at a path where something else was found than packages bring there (they may
bring nothing); None where that is not known to come from installing them."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A root file system as its packages make it."""

    manifest: Part = field(repr=False)
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By whose it is that nobody can tell what it should be: the paths that were found and no known package brings."""

    generated: tuple[str, ...] = ()
    """Paths that installing made, which were found to be what it makes."""


def compose(root: Part, union: Union, unproved: Unproved, accepted: Accepted) -> Composed:
    """Return what the root file system `root` should be.

    Args:
        root: as it was found.
        union: what packages bring to it.
        unproved: asked about what is not accepted.
        accepted: asked about what no package brings, or not like this.
    """
    return _Composition(union, unproved, accepted).made(root)


class _Composition:
    """One composition under way."""

    def __init__(self, union: Union, unproved: Unproved, accepted: Accepted) -> None:
        self._union, self._unproved, self._accepted = union, unproved, accepted
        self._unknown: dict[str, list[str]] = {}
        self._generated: list[str] = []

    def made(self, root: Part) -> Composed:
        children = self._children("", root)
        unknown = {name: tuple(paths) for name, paths in sorted(self._unknown.items())}
        return Composed(_folder(root, children), unknown, tuple(self._generated))

    def _children(self, path: str, found: Part | None) -> tuple[Part, ...]:
        """Return what should be in a folder; names in it are looked up by hand, since many trees are as deep as they may be."""
        there = {child.name: child for child in found.children} if found is not None else {}
        names = dict.fromkeys((*there, *self._union.names.get(path, ())))
        children = []
        for name in names:
            at = f"{path}/{name}" if path else name
            if (part := self._expected(at, name, there.get(name))) is not None:
                children.append(part)
        return tuple(children)

    def _expected(self, path: str, name: str, found: Part | None) -> Part | None:
        brought = self._union.paths.get(path, ())
        if found is not None and found.kind in (Kind.PADDING, Kind.GAP, Kind.REGION):
            return None
        if found is not None and found.kind is Kind.DIRECTORY:
            return self._expected_folder(path, found, brought)
        if found is not None and any(same(each.part, found) for each in brought):
            return found
        if found is not None:
            generated = self._accepted(path, found, brought)
            if generated is not None:
                self._generated.append(path)
                return generated
            if not brought and (whose := self._unproved(path)) is not None:
                self._unknown.setdefault(whose, []).append(path)
                return found
        if brought:
            part = brought[-1].part._replace(name=name)
            return _folder(part, self._children(path, None)) if part.kind is Kind.DIRECTORY else part
        if path in self._union.names:  # a folder that no package brings, with files that one does
            return _folder(Part(name, Kind.DIRECTORY, b""), self._children(path, None))
        return None

    def _expected_folder(self, path: str, found: Part, brought: tuple[Brought, ...]) -> Part | None:
        children = self._children(path, found)
        folders = [each.part for each in brought if each.part.kind is Kind.DIRECTORY]
        if brought and not folders:  # a file should be here
            return brought[-1].part._replace(name=found.name)
        if folders and not any(same(part, found) for part in folders):
            generated = self._accepted(path, found, brought)
            return _folder(generated or folders[-1]._replace(name=found.name), children)
        if folders or self._accepted(path, found, ()) is not None or self._unproved(path) is not None:
            return _folder(found, children)
        return _folder(found._replace(mode=found.mode and _PLAIN, xattrs=()), children) if children else None


_PLAIN = 0o755
"""The mode of a folder that nobody says anything of."""


def _folder(like: Part, children: tuple[Part, ...]) -> Part:
    """Return a folder with the attributes of another and these children."""
    tree = part_digest(
        Kind.DIRECTORY, children, None, like.mode, like.uid, like.gid, None, None, like.xattrs, None, (), certain=True
    )
    return Part(
        like.name,
        Kind.DIRECTORY,
        tree,
        mode=like.mode,
        uid=like.uid,
        gid=like.gid,
        xattrs=like.xattrs,
        children=children,
    )


def same(brought: Part, found: Part) -> bool:
    """Tell whether what was found is what a package brings, in everything that was recorded of both; folders by themselves."""
    if brought.kind is not found.kind or brought.link != found.link or brought.rdev != found.rdev:
        return False
    if found.kind is not Kind.SYMLINK and None not in (brought.mode, found.mode) and brought.mode != found.mode:
        return False
    if any(None not in pair and pair[0] != pair[1] for pair in ((brought.uid, found.uid), (brought.gid, found.gid))):
        return False
    if found.xattrs and found.xattrs != brought.xattrs:
        return False
    if found.kind is Kind.DIRECTORY:
        return True
    if brought.sha256 is not None and found.sha256 is not None:
        return brought.sha256 == found.sha256
    return brought.tree == found.tree or (brought.sha256 is None and found.sha256 is None and not found.is_container)
