"""Edits of a tree of files: each returns a tree anew and leaves the given one as it was.

A path that begins with ``@`` is beside the root file system (the kernel of an image, say); see `tamper.genuine.form`.
"""

import tarfile
from collections.abc import Callable
from dataclasses import replace

from remake import Item, Tree

Edit = Callable[[Tree], Tree]
Content = bytes | str | Callable[[], bytes]
"""What is put into a file; a function is asked when the edit is made, and may say that something is missing here."""

MOMENT = 1_700_000_000


def both(*edits: Edit) -> Edit:
    """Return the edit that makes all of `edits`, one after the other."""

    def edit(tree: Tree) -> Tree:
        for each in edits:
            tree = each(tree)
        return tree

    return edit


def add(path: str, data: Content, mode: int = 0o644, uid: int = 0) -> Edit:
    """Add a file, and the folders above it that are not there.

    Raises:
        ValueError: there is something already.
    """

    def edit(tree: Tree) -> Tree:
        item = Item(tarfile.REGTYPE, mode, uid, uid, MOMENT, _bytes(data))
        return _put(path, item)(tree)

    return edit


def folder(path: str) -> Edit:
    """Add a folder.

    Raises:
        ValueError: there is something already.
    """
    return _put(path, Item(tarfile.DIRTYPE, 0o755, mtime=MOMENT))


def link(path: str, target: str) -> Edit:
    """Add a symbolic link.

    Raises:
        ValueError: there is something already.
    """
    return _put(path, Item(tarfile.SYMTYPE, 0o777, mtime=MOMENT, link=target))


def _put(path: str, item: Item) -> Edit:
    def edit(tree: Tree) -> Tree:
        if path in tree:
            raise ValueError(f"{path} is there already")
        made = dict(tree)
        above = path.split("/")[:-1]
        for depth in range(1, len(above) + 1):
            folder = "/".join(above[:depth])
            if not folder.endswith("!"):
                made.setdefault(folder, Item(tarfile.DIRTYPE, 0o755, mtime=MOMENT))
        made[path] = item
        return made

    return edit


def append(path: str, text: str) -> Edit:
    """Put lines behind the last of a file."""
    return content(path, lambda data: data + text.encode())


def substitute(path: str, old: str | bytes, new: str | bytes) -> Edit:
    """Replace the first occurrence of a text.

    Raises:
        ValueError: it does not occur.
    """
    before = old.encode() if isinstance(old, str) else old
    after = new.encode() if isinstance(new, str) else new

    def edit(data: bytes) -> bytes:
        if before not in data:
            raise ValueError(f"{path} has no {before!r}")
        return data.replace(before, after, 1)

    return content(path, edit)


def rewrite(path: str, data: Content) -> Edit:
    """Give a file another content."""
    return content(path, lambda _: _bytes(data))


def move(source: str, target: str) -> Edit:
    """Move a file, and make the folders that its new place needs."""

    def edit(tree: Tree) -> Tree:
        made = {path: item for path, item in tree.items() if path != source}
        return _put(target, tree[source])(made)

    return edit


def _bytes(data: Content) -> bytes:
    if callable(data):
        return data()
    return data.encode() if isinstance(data, str) else data


def content(path: str, edit: Callable[[bytes], bytes]) -> Edit:
    """Change the content of a file by a function."""
    return lambda tree: {**tree, path: replace(tree[path], data=edit(tree[path].data))}


def patch(path: str, part: float = 0.5) -> Edit:
    """Flip one bit at a part of the length of a file."""

    def edit(data: bytes) -> bytes:
        made = bytearray(data)
        made[int(len(made) * part)] ^= 1
        return bytes(made)

    return content(path, edit)


def alter(path: str, **fields: object) -> Edit:
    """Give other fields to an item: `mode`, `uid`, `link`, `xattrs`."""
    return lambda tree: {**tree, path: replace(tree[path], **fields)}  # type: ignore[arg-type]


def remove(*paths: str) -> Edit:
    """Remove items, folders with all below them.

    Raises:
        ValueError: one of them is not there.
    """

    def edit(tree: Tree) -> Tree:
        if absent := [path for path in paths if path not in tree]:
            raise ValueError(f"there is no {absent[0]}")
        below = tuple(f"{path}/" for path in paths)
        return {path: item for path, item in tree.items() if path not in paths and not path.startswith(below)}

    return edit


def differing(before: Tree, after: Tree) -> tuple[frozenset[str], frozenset[str]]:
    """Return the paths that differ otherwise than in time, and apart from them the folders that are only in one of them."""
    differ = {path for path in before.keys() | after.keys() if not _same(before.get(path), after.get(path))}
    folders = {path for path in differ if all(item is None or _is_folder(item) for item in _of(path, before, after))}
    only = {path for path in folders if path not in before or path not in after}
    return frozenset(differ - only), frozenset(only)


def _of(path: str, *trees: Tree) -> list[Item | None]:
    return [tree.get(path) for tree in trees]


def _is_folder(item: Item) -> bool:
    return item.type == tarfile.DIRTYPE


def _same(one: Item | None, other: Item | None) -> bool:
    if one is None or other is None:
        return one is other
    return replace(one, mtime=0) == replace(other, mtime=0)
