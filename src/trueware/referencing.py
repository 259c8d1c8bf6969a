"""Takes a document of others into the registry: read in its surroundings, its references stored with its authority."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

from trueware import importing
from trueware.appraisal.reference import Evidence, References
from trueware.appraisal.signed import Signed
from trueware.appraisal.trust import Trust, judge
from trueware.artefact import default_pool, measure_bytes
from trueware.errors import SourceError, UntrustedStatement
from trueware.formats.contract import Buffer
from trueware.importing.contract import Admission, Context, Distrust, Document, Measured, Stated
from trueware.keeping import keep
from trueware.knowledge import policy_for
from trueware.model.anchor import Distrusted
from trueware.model.limits import Limits
from trueware.registry.enrol import enrol
from trueware.registry.ports import RegistryStore
from trueware.registry.references import Imported, Reference, Refused, take_references
from trueware.registry.trust import admit, trust_in
from trueware.signatures import Signatures
from trueware.signatures.contract import Context as Verification
from trueware.sources.mirrors import FolderMirror
from trueware.sources.nsrl import open_tables

_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """How to take a document in."""

    publisher: str | None = None
    """Whose software it is about, where it does not say so itself."""

    kind: str | None = None
    """Name of the importer; None: told by the bytes."""

    root: str | os.PathLike[str] | None = None
    """The mirror that the document is in; None: its folder."""

    admit: bool = False
    """Whether keys of publishers that it names are admitted."""


def import_document(
    store: RegistryStore,
    path: str | os.PathLike[str],
    wish: Wish,
    now: int,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> Imported:
    """Store what the document at `path` states.

    Raises:
        SourceError: it cannot be read, or is not in the mirror.
        InputError: it is not the kind of document it is said to be, or its signature is broken.
        ValueError: no such importer.
    """
    mirror, document = _document(Path(path), wish)
    if wish.kind is not None and wish.kind not in importing.ANNOUNCED:
        raise ValueError(f"no importer {wish.kind!r}; there are {', '.join(sorted(importing.ANNOUNCED))}")
    importer = importing.load(wish.kind) if wish.kind is not None else importing.recognise(document)
    if importer is None:
        raise SourceError(f"{os.fspath(path)!r} is no document that an importer reads")
    known = lambda digest: any(each.tree is not None for each in store.find_by_sha256(digest))  # noqa: E731
    keyring = Trust(store.anchors()).keyring()
    publishers = store.publishers()
    others = _Others(store, now)
    with default_pool() as pool:
        measure = partial(_measure, pool, Signatures(Verification(keyring, now, limits)), limits)
        context = Context(
            now,
            keyring,
            wish.publisher,
            limits,
            known,
            lambda signature, claims: judge(
                signature, trust_in(store, store.anchors(), (signature,)), publishers, claims, now
            ),
            lambda publisher, product: [each.version for each in store.releases(publisher, product)],
            measure,
            partial(open_tables, mirror),
        )
        done = take_references(store, others.taken_from(importer.read(document, context)), now)
    done = replace(done, distrusted=others.distrusted, keys=len(others.admitted))
    return _admit(store, others.admitted, done, now) if wish.admit else done


def _admit(store: RegistryStore, named: list[Admission], done: Imported, now: int) -> Imported:
    """Admit the keys that a document names; one that its publisher has on other terms stays as it is, and is told."""
    admitted, refused = 0, list[Refused]()
    for (publisher, since, until, source), some in groupby(
        named, lambda each: (each.publisher, each.since, each.until, each.source)
    ):
        keys = [each.key for each in some]
        if store.get_publisher(publisher) is None:
            enrol(store, publisher, (), (), now)
        try:
            admitted += admit(store, publisher, keys, now, since=since, until=until, source=source)
        except UntrustedStatement:
            for key in keys:
                try:
                    admitted += admit(store, publisher, [key], now, since=since, until=until, source=source)
                except UntrustedStatement as error:
                    refused.append(Refused(key.id, str(error)))
    return replace(done, admitted=admitted, refused=(*done.refused, *refused), refusals=done.refusals + len(refused))


def _measure(pool: Executor, signatures: Signatures, limits: Limits, name: str, data: Buffer) -> Measured:
    """Measure an artefact that a document speaks of; see `trueware.importing.contract.Context.measure`."""
    measured = measure_bytes(name, data, pool=pool, limits=limits, verify=signatures)
    measurement = measured.measurement
    evidence = Evidence(measurement.root, measured.claims, signatures=measurement.signatures)
    if (altered := Signed.of(evidence, References()).altered) is not None:
        raise UntrustedStatement(
            f"its own signature ({altered.signature.scheme}) does not hold: {altered.signature.detail}"
        )
    kept, portraits = keep(measurement, limits)
    return Measured(measurement.root, measured.claims, kept, portraits, policy_for(measurement.root))


def _document(path: Path, wish: Wish) -> tuple[FolderMirror, Document]:
    is_folder = os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises for a name that is too long)
    root = Path(wish.root) if wish.root is not None else path if is_folder else path.parent
    try:
        within = path.resolve().relative_to(root.resolve()).as_posix()
        if is_folder:
            folder = FolderMirror(root.resolve())
            return folder, Document("" if within == "." else within, b"", folder, is_folder=True)
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise SourceError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error
    except ValueError:
        raise SourceError(f"{os.fspath(path)!r} is not in {os.fspath(root)!r}") from None
    mirror = FolderMirror(root.resolve())
    return mirror, Document(within, head, mirror)


_TOGETHER = 1000
"""Entries of the never-trust list stored in one transaction."""


class _Others:
    """What a document states besides references, put aside or stored while its references pass by."""

    def __init__(self, store: RegistryStore, now: int) -> None:
        self._store, self._now = store, now
        self.admitted: list[Admission] = []
        self.distrusted = 0
        self._waiting: list[Distrusted] = []

    def taken_from(self, stated: Iterator[Stated]) -> Iterator[Reference | Refused]:
        """Yield the references and refusals; between two of them no transaction of theirs is open."""
        for each in stated:
            match each:
                case Admission():
                    self.admitted.append(each)
                case Distrust():
                    self._waiting.append(Distrusted(each.id, each.reason, each.source))
                    if len(self._waiting) == _TOGETHER:
                        self._flush()
                case _:
                    yield each
        self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self.distrusted += self._store.add_distrusted(self._waiting, self._now)
            self._waiting = []
