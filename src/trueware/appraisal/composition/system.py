"""A root file system beside what its packages bring: what rules about generated files ask for."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property

from trueware.appraisal.composition.union import MERGED, Brought, Package, Union
from trueware.model.part import Kind, Part

Read = Callable[[Part], bytes | None]
"""Returns the bytes of a part that a package brings or that was found; None where they cannot be had."""

MAX_READ = 1 << 20
"""Bytes of a file that is read to tell what it should be; ``ld.so.cache`` of a large system has 200 KB."""

_SCRIPTS = ("preinst", "postinst", "config", "prerm", "postrm")
_SYSUSERS = "usr/lib/sysusers.d/"
_WORD = re.compile(r"[\w.+@:-]+", re.ASCII)


class System:
    """What was found, and what packages bring. Folders are indexed when they are asked for: there may be many names in one."""

    def __init__(self, union: Union, root: Part, read: Read) -> None:
        self.union, self._root, self._read = union, root, read
        self._folders: dict[str, Mapping[str, Part]] = {}
        self._words: dict[str, frozenset[str]] = {}

    # --- what was found ---

    def found(self, path: str) -> Part | None:
        """Return what was found at a path."""
        folder, _, name = path.rpartition("/")
        return self._folder(folder).get(name)

    def _folder(self, path: str) -> Mapping[str, Part]:
        if path not in self._folders:
            part = self.found(path) if path else self._root
            self._folders[path] = {child.name: child for child in part.children} if part is not None else {}
        return self._folders[path]

    @cached_property
    def _merged(self) -> frozenset[str]:
        """The folders that are links into ``usr``."""
        top = self._folder("")
        return frozenset(name for name in MERGED if name in top and top[name].kind is Kind.SYMLINK)

    def place(self, path: str) -> str:
        """Return a path as it stands where ``bin`` and the like are links into ``usr``."""
        return f"usr/{path}" if path.partition("/")[0] in self._merged else path

    def target(self, path: str, link: str) -> str:
        """Return where the link at `path` leads."""
        base = [] if link.startswith("/") else path.split("/")[:-1]
        for name in link.split("/"):
            if name == "..":
                base = base[:-1]
            elif name not in ("", "."):
                base.append(name)
        return self.place("/".join(base))

    # --- what packages bring ---

    def brings(self, path: str) -> bool:
        """Tell whether a package brings something at a path."""
        return self.union.brings(self.place(path))

    def text(self, part: Part) -> str:
        """Return a text, empty where it cannot be had; undecodable bytes as lone surrogates."""
        return (self._read(part) or b"").decode("utf-8", "surrogateescape") if part.size <= MAX_READ else ""

    def brought_text(self, path: str) -> str | None:
        """Return the text of a file that a package brings; None where none does."""
        parts = self.union.parts(path)
        return self.text(parts[-1]) if parts else None

    def mentions(self, brought: Brought, *any_of: str) -> bool:
        """Tell whether a script of the package that brings something has one of the words in it."""
        return not self._words_of(brought.package).isdisjoint(any_of)

    def owner_mentions(self, path: str, word: str) -> bool:
        """Tell whether a script of a package that brings what is at `path` has the word in it."""
        return any(self.mentions(each, word) for each in self.union.paths.get(path, ()))

    def anybody_mentions(self, word: str) -> bool:
        """Tell whether a script of any package, or its list of accounts for systemd-sysusers, has the word in it."""
        return word in self._all_words

    @cached_property
    def _all_words(self) -> frozenset[str]:
        words: set[str] = set()
        for path, parts in self.union.paths.items():
            if path.startswith(_SYSUSERS):
                words.update(_words(self.text(parts[-1].part)))
        return frozenset(words.union(*map(self._words_of, self.union.packages)))

    def _words_of(self, package: Package) -> frozenset[str]:
        name = package.installed.title
        if name not in self._words:
            scripts = package.control.children if package.control is not None else ()
            words = (_words(self.text(part)) for part in scripts if part.name in _SCRIPTS)
            self._words[name] = frozenset[str]().union(*words)
        return self._words[name]


def _words(text: str) -> set[str]:
    """Return the words of a script: names, the last names of paths, and of capabilities those without what is made of them."""
    words = {word.strip(".:") for word in _WORD.findall(text)}
    return words | {word.partition("+")[0] for word in words if word.startswith("cap_")}
