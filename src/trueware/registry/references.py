"""Reference values that somebody else's document states (an index, an SBOM, a CoRIM), and how a registry takes them in.

What a document does not state is not invented: a reference without a file list has no manifest, and one whose files have no
modes has parts without modes. Each keeps the authority of whoever said so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from trueware.errors import InputError, UntrustedStatement
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.verdict import Authority
from trueware.registry import payload as payloads
from trueware.registry import portraits as portrait_lists
from trueware.registry.payload import Payload
from trueware.registry.ports import RegistryStore, Submission

MAX_REFERENCES = 20_000_000
"""References of one document; NSRL's modern set has some ten million files in hundreds of thousands of packages."""

_TOGETHER = 500
"""References stored in one transaction."""

_PARTS_TOGETHER = 50_000
"""Parts of their manifests that are held until then; one takes some 500 bytes."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One release as a document states it."""

    publisher: str
    """Whose software it is, as the document says; need not be enrolled."""

    product: str
    version: str
    sha256: bytes
    """SHA-256 of the artefact; of a list of files without one, the Merkle digest of `manifest`."""

    size: int = 0
    claims: tuple[Claim, ...] = ()
    manifest: Part | None = None
    """What is in it, where the document says so or the artefact was at hand."""

    kept: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    """Content of small security-relevant files, by SHA-256."""

    portraits: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    """What is kept of its programs, by SHA-256 of each (`trueware.registry.portraits`)."""

    policy: str = "generic"
    authority: Authority = Authority.THIRD_PARTY
    source: str = ""
    """Which document says so, and how far it was verified: ``bookworm InRelease 2026-11-20, signed by …``."""

    withdrawn: str | None = None
    """Why nobody should run it any more, where the document says that."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something a document names that could not be taken."""

    where: str
    """Line, offset or name within the document."""

    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a document."""

    added: int
    known: int
    """References that were in the registry, or twice in the document."""

    withdrawn: int
    refused: tuple[Refused, ...]
    """The first `MAX_REFUSED`."""

    refusals: int
    """How many there were."""

    distrusted: int = 0
    """Entries that are new on the never-trust list."""

    keys: int = 0
    """Keys of publishers that the document names."""

    admitted: int = 0
    """How many of them are new in the registry: none where the caller did not ask for it."""


MAX_REFUSED = 1000


def take_references(store: RegistryStore, references: Iterable[Reference | Refused], now: int) -> Imported:
    """Store what a document states, some hundred in one transaction; an import that was broken off is taken up by another.

    Args:
        store: where.
        references: in the document's order.
        now: seconds since 1970.

    Raises:
        UntrustedStatement: one says it is signed by its publisher; documents of others cannot say that.
    """
    added = known = withdrawn = refusals = 0
    refused: list[Refused] = []
    waiting: list[Submission] = []
    reasons: dict[str, str] = {}
    parts = 0

    def flush() -> None:
        nonlocal added, known, withdrawn, parts
        new = sum(store.add_releases(waiting))
        added, known = added + new, known + len(waiting) - new
        withdrawn += sum(store.withdraw(id, reason, now) for id, reason in reasons.items())  # noqa: A001
        waiting.clear()
        reasons.clear()
        parts = 0

    for number, each in enumerate(references):
        if number >= MAX_REFERENCES:
            refusals += 1
            refused.append(Refused("the rest", f"more than {MAX_REFERENCES} references"))
            break
        problem: Refused | None = each if isinstance(each, Refused) else None
        if isinstance(each, Reference):
            if each.authority is Authority.PUBLISHER:
                raise UntrustedStatement("a document of others cannot say that a release is signed by its publisher")
            try:
                portraits = portrait_lists.encode(each.portraits) if each.portraits else None
                said = payloads.encode(_payload(each, portraits))
            except (ValueError, InputError) as error:
                problem = Refused(f"{each.product[:100]} {each.version[:100]}", str(error))
            else:
                parts += sum(1 for _ in each.manifest.walk()) if each.manifest is not None else 1
                waiting.append(Submission(said, now, each.source, None, each.manifest, each.kept, portraits=portraits))
                if each.withdrawn is not None:
                    reasons[payloads.identify(said)] = each.withdrawn
        if problem is not None:
            refusals += 1
            if len(refused) < MAX_REFUSED:
                refused.append(problem)
        if len(waiting) >= _TOGETHER or parts >= _PARTS_TOGETHER:
            flush()
    flush()
    return Imported(added, known, withdrawn, tuple(refused), refusals)


def _payload(each: Reference, portraits: bytes | None) -> Payload:
    tree = each.manifest.tree if each.manifest is not None else None
    return Payload(
        each.publisher,
        each.product,
        each.version,
        each.authority,
        each.sha256,
        tree,
        each.size,
        each.policy,
        each.claims,
        portraits=sha256(portraits).digest() if portraits is not None else None,
    )
