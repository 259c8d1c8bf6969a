"""What a scheme is: one way in which publishers sign, as a filled-in form with a name, a doc and `verify`.

A scheme is static and stateless. It is given a `Site` (a part of the artefact in its surroundings) and a `Context` (keys, a time,
ceilings) and returns what it found: every signature it is responsible for at this site, checked. It opens nothing, asks no
network and no clock, starts no program, and raises nothing but `InputError`, which whoever drives it (`trueware.signatures.verify`)
reports as a signature that could not be checked.

What a scheme promises
    * Bytes are verified, then parsed: what was signed is the received bytes, never an encoding of ours.
    * VALID only if the mathematics were done over exactly what `Coverage` says. BROKEN only if they were done and came out wrong,
      or a signed digest is not that of the bytes. All else is UNCHECKABLE, with the reason.
    * The signer is named from the signature that was verified, never from one beside it.
    * It does not ask whether the signer may be trusted: no certificate expires here, no chain is built.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

from trueware.formats.contract import Buffer
from trueware.model.limits import Limits
from trueware.model.signature import Signature


class Site(Protocol):
    """A part of the artefact, and what lies around it. A file, a container that a format read, or a folder."""

    @property
    def name(self) -> str:
        """Its own name; for the artefact, the artefact's."""
        ...

    @property
    def path(self) -> str:
        """Where it is within the artefact, as in results; empty for the artefact itself."""
        ...

    @property
    def format(self) -> str | None:
        """Name of the format that read it; None for a leaf and for a folder."""
        ...

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of a file system or archive (or the artefact is one)."""
        ...

    @property
    def size(self) -> int:
        """Length of its bytes; 0 for a folder."""
        ...

    @property
    def sha256(self) -> bytes | None:
        """SHA-256 of its bytes; None for a folder, and for a region that is known by its parts."""
        ...

    def view(self) -> memoryview:
        """Return all its bytes in one piece.

        Raises:
            InputError: they cannot be had, or are more than `Limits.max_held`.
        """
        ...

    def chunks(self) -> Iterator[Buffer]:
        """Yield its bytes in order, any number of times.

        Raises:
            InputError: they cannot be had (they passed by in a compressed stream, say).
        """
        ...

    def child(self, path: str) -> "Site | None":
        """Return what is below it at a path, ``/`` between names."""
        ...

    def children(self) -> Iterable["Site"]:
        """Return what is directly below it, in the order of the container."""
        ...

    def beside(self, path: str) -> "Site | None":
        """Return another part of the same container or folder, or what is below one, ``/`` between names."""
        ...

    def above(self) -> "Site | None":
        """Return the container or folder that it lies in; None for the artefact."""
        ...


@dataclass(frozen=True, slots=True)
class Key:
    """A public key or certificate that somebody put trust in, for schemes whose signatures only name theirs."""

    kind: str
    """What `data` is: ``spki`` or ``x509`` (DER), ``usign`` (32 bytes of Ed25519), ``openpgp`` (a certificate), ``avb``
    (an AvbRSAPublicKeyHeader with what follows it), …"""

    id: str
    """How signatures name it: ``usign:792d9d9b39f180dc``, ``spki-sha256:…``; see `trueware.model.signature.Signer`."""

    data: bytes = field(repr=False)
    name: str = ""


_Made = TypeVar("_Made")

_MOST_NAMESAKES = 16
"""Different keys of one name that are tried."""


class Keyring:
    """The keys at hand. A key in it can be asked for; that says nothing about what it may sign."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self.keys: Sequence[Key] = tuple(keys)
        self._derived: dict[tuple[str, object], Any] = {}
        by_id: dict[str, list[Key]] = {}
        by_kind: dict[str, list[Key]] = {}
        for key in self.keys:
            same = by_id.setdefault(key.id, [])
            if all(each.data != key.data for each in same[:_MOST_NAMESAKES]) and len(same) < _MOST_NAMESAKES:
                same.append(key)
            by_kind.setdefault(key.kind, []).append(key)
        self._by_id: Mapping[str, tuple[Key, ...]] = {id_: tuple(same) for id_, same in by_id.items()}
        self._by_kind: Mapping[str, tuple[Key, ...]] = {kind: tuple(keys) for kind, keys in by_kind.items()}

    def get(self, id: str) -> Key | None:  # noqa: A002 (the domain's noun)
        """Return the key that signatures name so, where only one key can have the name."""
        return next(iter(self.named(id)), None)

    def named(self, id: str) -> tuple[Key, ...]:  # noqa: A002 (the domain's noun)
        """Return the different keys that signatures may mean by a name that anybody could choose for a key of theirs."""
        return self._by_id.get(id, ())

    def derived(self, kind: str, make: Callable[[Sequence[Key]], _Made]) -> _Made:
        """Return what `make` makes of all keys of a kind. It is made once: there may be thousands, and as many signatures."""
        if (kind, make) not in self._derived:
            self._derived[kind, make] = make(self.of_kind(kind))
        made: _Made = self._derived[kind, make]
        return made

    def of_kind(self, kind: str) -> tuple[Key, ...]:
        """Return all keys of a kind."""
        return self._by_kind.get(kind, ())


@dataclass(frozen=True, slots=True)
class Context:
    """What every scheme is given besides the bytes."""

    keyring: Keyring = field(default_factory=Keyring)
    now: int = 0
    """Seconds since 1970: for libraries that cannot verify without a time. Trust decisions are not made here."""

    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class SchemeDoc:
    """What a person wants to know of a scheme; the docs are made from it."""

    title: str
    references: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    """What is not checked, and what no independent vector confirms."""


class Verifier(Protocol):
    """What measuring asks for signatures, once all of an artefact has been read."""

    def wants(self, *, name: str = "", format: str = "") -> bool:  # noqa: A002 (the domain's noun)
        """Tell whether a file of that name, or a container of that format, will be looked at: its bytes are held then."""
        ...

    def __call__(self, root: Site) -> tuple[Signature, ...]:
        """Return the signatures of an artefact, checked, by path."""
        ...


class Scheme(Protocol):
    """The form to fill in. Where to look for it stands in `trueware.signatures.SCHEMES`."""

    name: ClassVar[str]
    """On the wire, lower case, never changes; of a scheme with several versions, what their names begin with."""

    doc: ClassVar[SchemeDoc]

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        """Yield the signatures at `site`, checked; nothing where there is none. `Signature.part` is `site.path` as a rule.

        Raises:
            InputError: there is one, and it could not be checked.
        """
        ...
