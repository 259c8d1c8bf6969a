"""Where changes are: their paths inside the innermost root of files, which detectors go by, and the files of a device's root.

A tree may lie below folders of any name (``rootfs/etc/passwd`` in an archive), and a detector must not care: what looks like a
root file system counts as one wherever it lies. What a compressed file holds goes by that file's name:
``usr/share/man/man1/ls.1`` is in ``usr/share/man/man1/ls.1.gz``.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from functools import cached_property

from trueware.appraisal.place import is_root_file_system
from trueware.appraisal.wrapping import way
from trueware.explaining.patterns import regex
from trueware.model.part import Kind, Part, join

_DEPTH = 4
"""Folders above a root file system that lies in an archive or a folder; more of them are part of it."""

_PACKED = regex(r"(.+)\.(?:gz|xz|lzma|bz2|zst|lz4|lzo)", re.DOTALL)
"""Names of compressed files, which hold one content."""


class Places:
    """The way from paths in one artefact to inner paths."""

    def __init__(self, root: Part) -> None:
        self._root = root
        self._prefixes: dict[str, str] = {}
        self._packed: set[str] = set()

    def inner(self, path: str) -> str:
        """Return the path inside the innermost root of files; of the artefact itself, its name."""
        if not path:
            return self._root.name
        container, _, tail = path.rpartition("!/")
        if (prefix := self._prefixes.get(container)) is None:
            steps = way(self._root, container)
            prefix = self._prefixes[container] = _prefix(steps[-1][1]) if steps else ""
            if steps and steps[-1][1].kind is Kind.FILE and _PACKED.fullmatch(container):
                self._packed.add(container)
        if tail == "data" and container in self._packed and (name := _PACKED.fullmatch(self.inner(container))):
            return name[1]
        return tail[len(prefix) :] if prefix and tail.startswith(prefix) else tail


def _prefix(container: Part) -> str:
    """Return what paths begin with down to the shallowest root file system in the folders of a container, a slash at its end."""
    waiting = deque([("", container, 0)])
    while waiting:
        path, part, depth = waiting.popleft()
        if is_root_file_system(part):
            return path and f"{path}/"
        if depth < _DEPTH:
            waiting.extend(
                (join(path, _FOLDER, child.name), child, depth + 1)
                for child in part.children
                if child.kind is Kind.DIRECTORY
            )
    return ""


_FOLDER = Part("", Kind.DIRECTORY, b"")


class Files(Mapping[str, Part]):
    """The files, links and folders of the largest root file system in an artefact, by path in there; looked up when asked for."""

    def __init__(self, root: Part) -> None:
        self._root = root

    @cached_property
    def _parts(self) -> dict[str, Part]:
        found = _root_file_system(self._root)
        parts: dict[str, Part] = {}
        stack = [("", found)] if found is not None else []
        while stack:
            path, part = stack.pop()
            for child in part.children:
                at = join(path, _FOLDER, child.name)
                parts.setdefault(at, child)
                if child.kind is Kind.DIRECTORY:
                    stack.append((at, child))
        return parts

    def __getitem__(self, path: str) -> Part:
        return self._parts[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def _root_file_system(root: Part) -> Part | None:
    """Return the root file system with the most entries; what lies within one is part of it."""
    best: tuple[int, Part] | None = None
    stack = [root]
    while stack:
        part = stack.pop()
        if is_root_file_system(part):
            count = _count(part)
            if best is None or count > best[0]:
                best = count, part
        else:
            stack.extend(part.children)
    return None if best is None else best[1]


def _count(part: Part) -> int:
    count, stack = 0, [part]
    while stack:
        children = stack.pop().children
        count += len(children)
        stack.extend(child for child in children if child.kind is Kind.DIRECTORY)
    return count
