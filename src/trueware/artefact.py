"""Measures an artefact on disk, file or folder, and identifies what it claims to be: the first half of every use case."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

from trueware.appraisal.trust import names
from trueware.collecting.listing import Listing, is_listing, read_listing
from trueware.collecting.measurement import measurement_of
from trueware.errors import InputError
from trueware.formats.contract import Buffer
from trueware.identifying import banner_claims, identify, scan_banners
from trueware.identifying.stated import mismatches
from trueware.measuring import Clock, Fallback, Known, Measurement, Scanner, measure, measure_reading
from trueware.model.claim import BOOT_HASH, BOOT_KEY, SIGNER, Claim
from trueware.model.finding import Finding
from trueware.model.limits import Limits
from trueware.model.rules import RULES
from trueware.model.signature import Outcome, Signature
from trueware.model.strength import Strength
from trueware.signatures.contract import Verifier
from trueware.sources import open_file, read_folder

_DIGEST_STEP = 1 << 22

_HEAD = 64
"""Bytes by which a listing is told."""

_MAX_SIGNERS = 256
_AVB_KEY = "avb-sha256:"
"""Names of keys that are claimed; a system image has a dozen signers."""

Report = Callable[[int], None]


class _Common(TypedDict):
    """What measuring a file and measuring a folder are both told."""

    pool: Executor
    clock: Clock
    limits: Limits
    scan: Scanner
    report: Report | None
    known: Known | None
    record_packings: bool
    fallback: Fallback | None
    verify: Verifier | None
    contents: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """An artefact's measurement together with what it claims."""

    measurement: Measurement
    claims: tuple[Claim, ...]
    listing: Listing | None = None
    """What a device said, where that is all there is."""

    @property
    def strength(self) -> Strength:
        """Who measured."""
        return Strength.MEASURED if self.listing is None else Strength.SELF_REPORTED


def default_pool() -> ThreadPoolExecutor:
    """Return a pool with a thread for each core this process may use."""
    return ThreadPoolExecutor(cores())


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure_artefact(
    path: str | os.PathLike[str],
    *,
    pool: Executor | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    digest: bytes | None = None,
    report: Report | None = None,
    known: Known | None = None,
    record_packings: bool = False,
    fallback: Fallback | None = None,
    verify: Verifier | None = None,
    contents: bool = False,
) -> Measured:
    """Measure the file or folder at `path`.

    Args:
        path: what to measure; a link given by name is followed.
        pool: where contents are hashed; by default one of its own on all cores.
        limits: ceilings.
        digest: SHA-256 of the file, where the caller has it already.
        report: told the bytes of content read so far.
        known: see `trueware.measuring.measure`.
        record_packings: likewise.
        fallback: likewise.
        verify: likewise.
        contents: likewise.

    Raises:
        SourceError: it cannot be opened.
    """
    name = artefact_name(path)
    with ExitStack() as stack:
        common = _Common(
            pool=pool or stack.enter_context(default_pool()),
            clock=time.monotonic,
            limits=limits,
            scan=scan_banners,
            report=report,
            known=known,
            record_packings=record_packings,
            fallback=fallback,
            verify=verify,
            contents=contents,
        )
        if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for a name that is too long)
            reading, size = read_folder(path)
            return _identified(measure_reading(name, reading, size=size, **common))
        file = stack.enter_context(open_file(path))
        if is_listing(file.view[:_HEAD]):
            try:
                return measured_listing(read_listing(file.view, name, limits))
            except InputError as error:
                doubt = error
            refused = _identified(measure(name, file.view, digest=digest, **common))
            return replace(refused, measurement=_doubted(refused.measurement, doubt))
        return _identified(measure(name, file.view, digest=digest, **common))


def measured_listing(listing: Listing) -> Measured:
    """Return what a device said as if it were measured; `Measured.strength` tells that it was not."""
    return replace(_identified(measurement_of(listing)), listing=listing)


def _doubted(measurement: Measurement, error: InputError) -> Measurement:
    rule = RULES["malformed"]
    return replace(
        measurement, findings=(*measurement.findings, Finding(rule.id, "", str(error), rule.severity, rule.confidence))
    )


def measure_bytes(
    name: str,
    data: Buffer,
    *,
    pool: Executor,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    verify: Verifier | None = None,
) -> Measured:
    """Measure an artefact that is in memory, its contents to be had again; for the arguments see `measure_artefact`.

    `data` stays in memory for as long as the result does.
    """
    common = _Common(
        pool=pool,
        clock=time.monotonic,
        limits=limits,
        scan=scan_banners,
        report=None,
        known=None,
        record_packings=False,
        fallback=None,
        verify=verify,
        contents=True,
    )
    return _identified(measure(name, memoryview(data), **common))


def _identified(measurement: Measurement) -> Measured:
    if stated := mismatches(measurement.root, measurement.kept):
        measurement = replace(measurement, findings=(*measurement.findings, *stated))
    claims = (*identify(measurement.root, measurement.kept), *banner_claims(measurement.banners))
    return Measured(measurement, (*claims, *_signers(measurement.signatures), *_boots(measurement.signatures)))


def _signers(signatures: Iterable[Signature]) -> Iterator[Claim]:
    """Yield one claim for each key by which something in the artefact is validly signed, by each of its names.

    Also by those of the certificates above it, and by weak ones: a list may know them by nothing else, and a release that is
    registered is asked by these claims alone.
    """
    seen: set[str] = set()
    for signature in signatures:
        if signature.outcome is not Outcome.VALID or signature.signer is None or len(seen) >= _MAX_SIGNERS:
            continue
        for name in names(signature):
            if name not in seen:
                seen.add(name)
                yield Claim(SIGNER, name, signature.scheme, signature.part)


def _boots(signatures: Iterable[Signature]) -> Iterator[Claim]:
    """Yield what a phone that boots by a vbmeta structure in the artefact attests: whose key verified it, and the digest of it.

    Where there are several, as of two slots, the first is told: a release is registered as one boot.
    """
    for signature in signatures:
        digest = dict(signature.statements).get(BOOT_HASH) if signature.scheme == "avb" else None
        if digest is None or signature.outcome is not Outcome.VALID or signature.signer is None:
            continue
        key = next((each for each in signature.signer.ids if each.startswith(_AVB_KEY)), None)
        if key is not None:
            yield Claim(BOOT_KEY, key.removeprefix(_AVB_KEY), signature.scheme, signature.part)
            yield Claim(BOOT_HASH, digest, signature.scheme, signature.part)
            return


def artefact_name(path: str | os.PathLike[str]) -> str:
    """Return the name an artefact goes by: the last component of its path."""
    return Path(path).name or os.fspath(path)


def digest_file(path: str | os.PathLike[str], report: Report | None = None) -> tuple[bytes, int]:
    """Return the SHA-256 and the size of a file.

    Raises:
        SourceError: it cannot be read.
    """
    digest = sha256()
    with open_file(path) as file:
        view = file.view
        for start in range(0, len(view), _DIGEST_STEP):
            digest.update(view[start : start + _DIGEST_STEP])
            if report is not None:
                report(start)
        return digest.digest(), len(view)
