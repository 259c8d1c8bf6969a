"""Takes an artefact on disk into the registry: measured, described by what it claims, signed or on the operator's word."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from trueware.appraisal.reference import Evidence, References
from trueware.appraisal.signed import Signed
from trueware.appraisal.trust import Trust
from trueware.artefact import Report, artefact_name, measure_artefact
from trueware.errors import UntrustedStatement
from trueware.keeping import keep
from trueware.knowledge import load_policies, policy_for
from trueware.measured_boots import boot_in
from trueware.measuring import Listed
from trueware.model.claim import Claim
from trueware.model.limits import Limits
from trueware.model.measured_boot import POLICY
from trueware.model.part import Part
from trueware.model.release import Release
from trueware.model.strength import Strength
from trueware.registry.learn import learn
from trueware.registry.ports import RegistryStore
from trueware.registry.publish import publish
from trueware.signatures import Signatures
from trueware.signatures.contract import Context

if TYPE_CHECKING:
    from trueware.cose.sign1 import PrivateKey


@dataclass(frozen=True, slots=True)
class Naming:
    """How a release is called, and which policy goes with it."""

    publisher: str
    product: str
    version: str
    policy: str | None = None
    """By default the one that fits what was measured."""


def take_in(
    store: RegistryStore,
    path: str | os.PathLike[str],
    naming: Naming,
    now: int,
    private_key: "PrivateKey | None" = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Report | None = None,
) -> Release:
    """Measure the artefact at `path` and store it as a release; returns it as stored. Of a boot log, the boot is stored.

    Args:
        store: the registry's store.
        path: the genuine file or folder.
        naming: its names.
        now: seconds since 1970.
        private_key: the publisher's; without one the release is a golden sample.
        limits: ceilings.
        report: told the bytes of content read so far.

    Raises:
        SourceError: the artefact cannot be opened.
        UntrustedStatement: the publisher may not say this, or the artefact's own signature is broken.
        ValueError: no such policy, or a name that cannot stand on one line.
    """
    if naming.policy is not None and naming.policy not in load_policies():
        raise ValueError(f"no policy {naming.policy!r}; there are {', '.join(sorted(load_policies()))}")
    if (boot := boot_in(path)) is not None:
        # what a boot leaves: its events and the values of its registers
        taken = _Taken(boot.manifest, boot.claims, naming.policy or POLICY, artefact_name(path))
        return _store(store, taken, naming, now, private_key)
    keyring = Trust(store.anchors()).keyring()
    measured = measure_artefact(
        path,
        limits=limits,
        report=report,
        record_packings=True,
        verify=Signatures(Context(keyring, now, limits)),
        contents=True,
    )
    if measured.strength is not Strength.MEASURED:
        raise UntrustedStatement("a listing is what a device says of itself: no release can rest on it")
    root = measured.measurement.root
    evidence = Evidence(root, measured.claims, signatures=measured.measurement.signatures)
    if (altered := Signed.of(evidence, References()).altered) is not None:
        raise UntrustedStatement(
            f"its own signature ({altered.signature.scheme}) does not hold: {altered.signature.detail}"
        )
    kept, portraits = keep(measured.measurement, limits)
    taken = _Taken(
        root,
        measured.claims,
        naming.policy or policy_for(root),
        artefact_name(path),
        kept,
        measured.measurement.packings,
        portraits,
    )
    return _store(store, taken, naming, now, private_key)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was read of an artefact, as it is stored."""

    root: Part
    claims: Sequence[Claim]
    policy: str
    source: str
    kept: Mapping[bytes, bytes] = field(default_factory=dict)
    packings: Listed | None = None
    portraits: Mapping[bytes, bytes] | None = None


def _store(store: RegistryStore, taken: _Taken, naming: Naming, now: int, private_key: "PrivateKey | None") -> Release:
    """Sign and store what was read, or store it as a golden sample where there is no key."""
    take = learn if private_key is None else partial(publish, private_key=private_key)
    return take(
        store,
        taken.root,
        taken.kept,
        taken.claims,
        publisher=naming.publisher,
        product=naming.product,
        version=naming.version,
        now=now,
        policy=taken.policy,
        source=taken.source,
        packings=taken.packings,
        portraits=taken.portraits,
    )
