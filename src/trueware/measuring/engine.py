"""Measuring one artefact, from its bytes or its folder to the measurement; `trueware.measuring.run` does the work."""

from collections.abc import Callable, Iterable, Mapping, Sized
from concurrent.futures import Executor
from dataclasses import dataclass, field
from hashlib import sha256

from trueware.formats import FORMATS
from trueware.formats.contract import Entry, Format, Reading
from trueware.measuring.budget import Budget, Clock
from trueware.measuring.contents import Contents
from trueware.measuring.node import Node, freeze
from trueware.measuring.packings import Known, Listed, Packings
from trueware.measuring.run import Asked, Run
from trueware.measuring.sites import NodeSite
from trueware.measuring.unclaimed import Fallback, Scanner
from trueware.model.finding import Finding
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part
from trueware.model.signature import Signature
from trueware.signatures.contract import Verifier


@dataclass(frozen=True, slots=True)
class Measurement:
    """What measuring one artefact gave."""

    root: Part
    findings: tuple[Finding, ...]
    kept: Mapping[bytes, bytes] = field(repr=False)
    """Content of small security-relevant files (`trueware.model.kept`) by SHA-256."""

    banners: Mapping[str, tuple[str, ...]]
    """By path of an opaque region: what the scanner found in it."""

    packings: Listed = field(repr=False, default_factory=dict)
    """Where asked for: what contents hold, by how they lie packed (`trueware.formats.contract.Packed`)."""

    signatures: tuple[Signature, ...] = ()
    """Where asked for: the signatures in it, by path."""

    contents: Contents | None = field(repr=False, default=None)
    """Where asked for: the bytes of what was measured, had again."""


def measure(
    name: str,
    view: memoryview,
    *,
    pool: Executor,
    clock: Clock,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    digest: bytes | None = None,
    scan: Scanner | None = None,
    report: Callable[[int], None] | None = None,
    formats: Iterable[type[Format]] = FORMATS,
    known: Known | None = None,
    record_packings: bool = False,
    fallback: Fallback | None = None,
    verify: Verifier | None = None,
    contents: bool = False,
) -> Measurement:
    """Measure an artefact that is one run of bytes.

    Args:
        name: how to call it.
        view: its bytes, usually mapped; must stay valid and unchanged until this returns.
        pool: where contents are hashed.
        clock: for `Limits.max_seconds`.
        limits: ceilings; reaching one is a finding.
        digest: SHA-256 of `view`, where the caller has it already.
        scan: asked for each opaque region what it says of itself; its answers are in `Measurement.banners`.
        report: told how many bytes of content were read so far, from any thread.
        formats: what to look for.
        known: asked for contents by how they lie packed; what it answers is believed and not unpacked.
        record_packings: fill `Measurement.packings`.
        fallback: asked for regions in which nothing was found.
        verify: asked, once all has been read, for the signatures of the artefact.
        contents: fill `Measurement.contents`; `view` must then stay valid for as long as these are used.
    """
    limits = limits.fitted(len(view))
    budget = Budget(limits, len(view), clock, report)
    asked = Asked(pool, tuple(formats), Packings(known, record=record_packings), scan, fallback, verify)
    run = Run(asked, limits, budget, view)
    root = Node(name, Entry("", Kind.FILE, size=len(view)), None)
    whole = None if digest is not None else pool.submit(_digest_all, view)
    run.open_view(root, view, run.detector.all(view), 0)
    root.sha256 = digest if whole is None else whole.result()
    return _finished(run, root, asked, Contents(root, run.views, asked.formats, limits, budget) if contents else None)


def measure_reading(
    name: str,
    reading: Reading,
    *,
    size: int,
    pool: Executor,
    clock: Clock,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    scan: Scanner | None = None,
    report: Callable[[int], None] | None = None,
    formats: Iterable[type[Format]] = FORMATS,
    known: Known | None = None,
    record_packings: bool = False,
    fallback: Fallback | None = None,
    verify: Verifier | None = None,
    contents: bool = False,
) -> Measurement:
    """Measure an artefact that is a folder, already read into entries; `size` is the sum of its contents. See `measure`."""
    limits = limits.fitted(size, len(reading.entries) if isinstance(reading.entries, Sized) else 0)
    budget = Budget(limits, size, clock, report)
    asked = Asked(pool, tuple(formats), Packings(known, record=record_packings), scan, fallback, verify)
    run = Run(asked, limits, budget, None)
    root = Node(name, reading.attributes or Entry("", Kind.DIRECTORY), None)
    run.take_in(root, reading, None, 0)
    return _finished(run, root, asked, Contents(root, run.views, asked.formats, limits, budget) if contents else None)


def _digest_all(view: memoryview) -> bytes:
    return sha256(view).digest()


def _finished(run: Run, root: Node, asked: Asked, contents: Contents | None) -> Measurement:
    """Return the tree and everything noticed on the way."""
    signatures = () if asked.verify is None else asked.verify(NodeSite(root, run.views))
    return Measurement(
        freeze(root), run.ledger.findings(), run.kept, run.banners, asked.packings.recorded, signatures, contents
    )
