"""The main use case: an artefact in, a result out.

A file whose digest is registered is answered without being read further. Anything else is measured, matched with the releases
that share content with it or claim to be it, and appraised.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from pathlib import Path

from trueware.appraisal.appraise import appraise, appraise_exact
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.appraisal.similarity import leaf_sizes
from trueware.artefact import Measured, Report, artefact_name, default_pool, digest_file, measure_artefact
from trueware.errors import InputError
from trueware.knowledge import load_policies, policy_for
from trueware.model.finding import Finding
from trueware.model.limits import Limits
from trueware.model.part import Part
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.result import Result
from trueware.model.verdict import Authority
from trueware.registry import Registry

_CANDIDATES = 4
"""Releases an artefact is compared with, beyond those that are equal."""


def verify(
    path: str | os.PathLike[str],
    registry: Registry,
    *,
    pool: Executor | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Report | None = None,
) -> Result:
    """Return the result for the file or folder at `path`.

    Args:
        path: the artefact.
        registry: what is known to be genuine, and who says so.
        pool: where contents are hashed; by default one of its own on all cores.
        limits: ceilings.
        report: told the bytes of content read so far.

    Raises:
        SourceError: the artefact cannot be opened.
        StoreError: the registry cannot be read.
    """
    digest = None
    if not Path(path).is_dir():
        digest, size = digest_file(path)
        releases, doubts = registry.find_exact(digest)
        if releases:
            return appraise_exact(artefact_name(path), size, digest, releases, doubts)
    if pool is None:
        with default_pool() as own:
            return verify(path, registry, pool=own, limits=limits, report=report)
    measured = measure_artefact(path, pool=pool, limits=limits, digest=digest, report=report)
    return appraise_measured(artefact_name(path), measured, registry)
