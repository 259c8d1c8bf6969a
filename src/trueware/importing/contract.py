"""What an importer is: one kind of document in which others state reference values, as a filled-in form.

An importer is static and stateless. It is given a document, its surroundings (`Mirror`) and a `Context`, and yields what the
document states, in its order: references, keys of publishers, what must never be trusted, refusals. It opens nothing, asks no
network and no clock.

What an importer promises
    * A signature over the document is verified where there is one and the key is at hand, before anything it says counts; each
      reference's `source` says how far: signed by whom, unsigned, or not checkable and why. A signature that is broken yields no
      reference at all.
    * A digest that the document chains to (InRelease → Packages → package) is checked before the file it speaks of is used.
    * Bounded: it streams what can be long, and holds one entry at a time.
    * It raises `InputError` only where the document as a whole is none; what is wrong with one entry is a `Refused`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from trueware.formats.contract import Buffer
from trueware.model.claim import Claim
from trueware.model.limits import Limits
from trueware.model.part import Part
from trueware.model.signature import Judged, Signature
from trueware.registry.references import Reference, Refused
from trueware.signatures.contract import Key, Keyring


class Mirror(Protocol):
    """A folder somebody gave us: the document is in it, and so may be what the document speaks of.

    Paths use ``/`` and are relative to the folder; one that leads out of it, or through a link, is not there.
    """

    def size(self, path: str) -> int | None:
        """Return the length of a file; None where there is none."""
        ...

    def read(self, path: str, most: int) -> bytes | None:
        """Return a file's bytes; None where there is none.

        Raises:
            InputError: it has more than `most` bytes, or cannot be read.
        """
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes in pieces of at most 1 MiB.

        Raises:
            InputError: there is none, or it cannot be read.
        """
        ...

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the paths of the files in a folder and below it, sorted."""
        ...


class Tables(Protocol):
    """Tables of somebody else's database. Nothing that the database holds is run; values are as they are stored, of any type."""

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the names of a table's columns in lower case; empty where there is no such table."""
        ...

    def rows(self, table: str, columns: tuple[str, ...], order: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
        """Yield the values of some columns of all rows, by the columns of `order`, in constant memory.

        Raises:
            InputError: it cannot be read.
        """
        ...

    def passed_by(self) -> Iterator[Refused]:
        """Yield what of the document is in no table: statements of a script that are not carried out."""
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """What is imported."""

    path: str
    """Within the mirror; empty for all of it, which is a folder."""

    head: bytes
    """Its first 64 KiB, or all of it; empty for a folder."""

    mirror: Mirror = field(repr=False)

    is_folder: bool = False
    """Whether the document is a folder with what is in it: a repository, a set of images or certificates."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What measuring an artefact gave that a reference may have: all but the digest that the document states of it."""

    root: Part
    """Its `sha256` is that of the bytes that were measured."""

    claims: tuple[Claim, ...] = ()
    kept: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    portraits: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    policy: str = "generic"
    """The one that fits what was measured."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an importer may use besides the document."""

    now: int
    """Seconds since 1970: documents that say until when they hold are held to it."""

    keyring: Keyring | None = field(default=None, repr=False)
    """Keys of enrolled publishers, for signatures over documents."""

    publisher: str | None = None
    """Whose software it is, where the caller says so; else the document's own word."""

    limits: Limits = Limits()  # noqa: RUF009 (frozen)

    known: Callable[[bytes], bool] = field(default=lambda _: False, repr=False)
    """Tells whether the registry has a release of that artefact digest with a manifest: what need not be read again."""

    judge: Callable[[Signature, tuple[Claim, ...]], Judged] | None = field(default=None, repr=False)
    """Tells what may be made of a signature over a document that claims this; None: nobody is trusted."""

    versions: Callable[[str, str], Iterable[str]] = field(default=lambda _, __: (), repr=False)
    """Returns the versions that the registry has of a publisher's product: an index that was imported is one itself."""

    measure: Callable[[str, Buffer], Measured] | None = field(default=None, repr=False)
    """Measures an artefact that is at hand, from its name and all its bytes; None: what a document states is taken as it is.

    Raises `InputError` where its own signature is broken. What cannot be read in it stays opaque, and raises nothing.
    """

    tables: Callable[[str], AbstractContextManager[Tables]] | None = field(default=None, repr=False)
    """Opens a database in the mirror; None: there is nothing to open one with.

    Raises `InputError` where the file is none.
    """


@dataclass(frozen=True, slots=True)
class Admission:
    """A key that a document says is a publisher's. Whether to admit it is the caller's decision."""

    publisher: str
    key: Key
    source: str
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Distrust:
    """Something that a document says must never be trusted: a file that is known to be malicious, say."""

    id: str
    """As in `trueware.model.anchor.Distrusted`: ``sha256:…`` of a whole artefact."""

    reason: str
    source: str
    """Which document says so."""


Stated: TypeAlias = Reference | Refused | Admission | Distrust


@dataclass(frozen=True, slots=True)
class Importer:
    """The form."""

    name: str
    """As the command line has it: ``debian``."""

    title: str
    """What it reads, in some words."""

    recognises: Callable[[Document], bool]
    """Tell from name and first bytes whether this importer reads the document; cheap, and raises nothing."""

    read: Callable[[Document, Context], Iterator[Stated]]

    references: tuple[str, ...] = ()
    """Standards and pages the reading follows."""
