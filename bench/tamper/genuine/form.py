"""What a genuine piece of software is: a tree of files with the way in which they are packed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from remake import Tree


class Missing(Exception):
    """Something that a genuine tree is made of is not at hand here; its cases are skipped, and the tables say so."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where things are made."""

    corpus: Path | None
    """Folder that holds `open/`; None where there is no corpus."""

    store: Path
    """Kept from run to run: packages fetched."""

    scratch: Path
    """For the tools' files."""

    def item(self, path: str) -> bytes:
        """Return a file of the corpus.

        Raises:
            Missing: there is no corpus.
        """
        if self.corpus is None:
            raise Missing("the corpus (TRUEWARE_CORPUS)")
        return (self.corpus / path).read_bytes()


class Genuine(ABC):
    """One genuine piece of software. Its tree has the paths that a result has, but for `root` in front of them.

    A path that begins with ``@`` lies beside the root file system.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """What it is, and what of it is made by us, for the page."""
    publisher: ClassVar[str]
    product: ClassVar[str]
    version: ClassVar[str]
    root: ClassVar[str] = ""
    suffix: ClassVar[str] = ".bin"
    mutable: ClassVar[str]
    """Name of the policy that fits it."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    @cached_property
    def tree(self) -> Tree:
        """Its files.

        Raises:
            Missing: what it is made of is not at hand.
        """
        return self.unpacked()

    @abstractmethod
    def unpacked(self) -> Tree:
        """Return its files.

        Raises:
            Missing: what it is made of is not at hand.
        """

    @abstractmethod
    def pack(self, tree: Tree) -> bytes:
        """Return the image with these files, checksums that anybody can make made anew."""

    def image(self) -> bytes:
        """Return the genuine image."""
        return self.pack(self.tree)

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return other ways in which the genuine files are packed, by name."""
        return {}

    def collateral(self, changed: Iterable[str]) -> frozenset[str]:
        """Return the paths, as a result has them, that packing alters when those change; ``**`` at the end as in `tamper.trial`."""
        del changed
        return frozenset()

    def shown(self, path: str) -> str:
        """Return a path of the tree as a result has it."""
        return path[1:] if path.startswith("@") else self.root + path

    def older(self, path: str) -> bytes:
        """Return a file of an older release.

        Raises:
            Missing: no older release is at hand.
        """
        raise Missing(f"an older release that has {path}")

    def known_beside(self) -> Iterable[tuple[bytes, str, str, str]]:
        """Return other releases that the registry knows: image, publisher, product, version."""
        return ()
