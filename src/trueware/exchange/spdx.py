"""SPDX documents as packages and files, whatever they were written in: what `spdx2` and `spdx3` read, and packages made of it.

A package has the files that the document says it contains; a package that the document describes (its subject) also has those of
the packages in it. Where a verification code is stated it is made anew of the SHA-1 of the files listed, and one that does not
fit is a refusal: the list is not the one that was made. A code that fits, without files left out, makes a list complete.

SPDX states no permissions, sizes or links.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1

from trueware.errors import LimitExceeded
from trueware.exchange.packages import UNKNOWN, Files, Package
from trueware.model.claim import Claim
from trueware.model.limits import Limits
from trueware.model.listing import Extent

NAME = "spdx"
MAX_ELEMENTS = 2_000_000
"""Packages, files and relationships of one document, each."""

MAX_TAKEN = 4_000_000
"""Files of all packages together; one file may be in several."""

_AGENT = re.compile(r"(?:Organization|Person|Tool):\s*(.*?)\s*(?:\([^()]*\))?\s*", re.DOTALL)
_NOBODY = frozenset({"", "NOASSERTION", "NONE"})


@dataclass(slots=True)
class Item:
    """One package as the document has it."""

    id: str
    name: str = ""
    version: str = ""
    publisher: str = ""
    sha256: bytes | None = None
    weak: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    code: str = ""
    """Package verification code: 40 hexadecimal digits; empty where there is none."""

    excluded: bool = False
    """Whether files were left out of the code."""

    complete: bool = False
    """Whether the document says that all files it contains are named (SPDX 3)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as the document has it."""

    path: str
    sha256: bytes | None
    sha1: str
    """Lower-case hexadecimal digits; empty where there is none."""


@dataclass(slots=True)
class Graph:
    """A document."""

    version: str = ""
    packages: dict[str, Item] = field(default_factory=dict)
    files: dict[str, Listed] = field(default_factory=dict)
    contains: dict[str, list[str]] = field(default_factory=dict)
    """Ids of packages and files by that of the package they are in."""

    subjects: set[str] = field(default_factory=set)
    """Ids of what the document describes."""

    twice: list[str] = field(default_factory=list)
    """Ids that name two things; neither is taken for the other."""

    _pairs: int = 0

    def add_package(self, item: Item) -> None:
        """Take in a package."""
        self._check(item.id, len(self.packages))
        self.packages[item.id] = item

    def add_file(self, id: str, file: Listed) -> None:  # noqa: A002 (the domain's noun)
        """Take in a file."""
        self._check(id, len(self.files))
        self.files[id] = file

    def add_contained(self, package: str, what: str) -> None:
        """Take in that a package contains something."""
        self._pairs += 1
        if self._pairs > MAX_ELEMENTS:
            raise LimitExceeded("elements of SPDX", MAX_ELEMENTS, "relationships")
        self.contains.setdefault(package, []).append(what)

    def _check(self, id: str, count: int) -> None:  # noqa: A002 (as above)
        if count >= MAX_ELEMENTS:
            raise LimitExceeded("elements of SPDX", MAX_ELEMENTS)
        if id in self.packages or id in self.files:
            self.twice.append(id)


def packages(graph: Graph, publisher: str | None, limits: Limits) -> Iterator[Package | tuple[str, str]]:
    """Yield the packages of a document, then its files that are in none, each as a package; or where and why one is refused.

    Args:
        graph: the document.
        publisher: whose software all of it is, where the caller says so.
        limits: of a manifest.

    Raises:
        LimitExceeded: `MAX_TAKEN`.
    """
    yield from ((each[:200], "an id that names two things") for each in sorted(set(graph.twice)))
    taken = 0
    packed: set[str] = set()
    for item in graph.packages.values():
        who = publisher or item.publisher
        own = list(dict.fromkeys(each for each in graph.contains.get(item.id, ()) if each in graph.files))
        packed.update(own)
        within = _within(graph, item.id) if item.id in graph.subjects else own
        taken += len(within)
        if taken > MAX_TAKEN:
            raise LimitExceeded("files of SPDX", MAX_TAKEN)
        fits = _fits(item, [graph.files[each] for each in own]) if item.code and own else None
        files = None
        if fits is False:
            yield item.name[:200] or item.id[:200], "the verification code is not that of the files that are listed"
        elif within:
            whole = len(within) == len(own) and (item.complete or (fits is True and not item.excluded))
            files = Files(limits, Extent.COMPLETE if whole else Extent.OPEN)
            for each in within:
                files.add(graph.files[each].path, graph.files[each].sha256)
        if fits is not False or item.sha256 is not None:
            yield Package(who, item.name, item.version or UNKNOWN, item.sha256, item.weak, 0, item.claims, files)
    for key, file in graph.files.items():
        if key not in packed:
            yield Package(publisher or "", file.path, UNKNOWN, file.sha256, ("SHA1",) if file.sha1 else ())


def _within(graph: Graph, id: str) -> list[str]:  # noqa: A002 (the domain's noun)
    """Return the files in a package and in the packages in it, each once."""
    seen, files, stack = {id}, dict[str, None](), [id]
    while stack:
        for each in graph.contains.get(stack.pop(), ()):
            if each in graph.files:
                files[each] = None
            elif each in graph.packages and each not in seen:
                seen.add(each)
                stack.append(each)
    return list(files)


def _fits(item: Item, files: list[Listed]) -> bool | None:
    """Tell whether the verification code is that of the files (SPDX 2.3 §7.9); None: it cannot be told.

    The SHA-1 of the SHA-1 values in lower-case hexadecimal digits, sorted and joined without anything between them.
    """
    if not all(each.sha1 for each in files) or item.excluded:
        return None  # the files left out are named otherwise than those listed as often as not
    joined = "".join(sorted(each.sha1 for each in files))
    return sha1(joined.encode(), usedforsecurity=False).hexdigest() == item.code


def agent(text: object) -> str:
    """Return the name in ``Organization: name (address)``; empty where nobody is named.

    >>> agent("Organization: Acme Corp. (hello@acme.example)")
    'Acme Corp.'
    >>> agent("NOASSERTION")
    ''
    """
    if not isinstance(text, str) or text.strip() in _NOBODY:
        return ""
    match = _AGENT.fullmatch(text.strip()[:600])
    return " ".join((match[1] if match else text).split())[:512]
