"""Reference values of boots in a registry: the releases that state any PCR value or event that a device shows."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from trueware.appraisal.live.boot import BootReference, Judged, boot_reference
from trueware.appraisal.live.checks import BOOT_RELEASE
from trueware.attestation.event_log.comparing import Difference, compare
from trueware.attestation.event_log.referencing import steps_stated
from trueware.attestation.event_log.verifying import VerifiedLog
from trueware.errors import InputError
from trueware.model.check import Check
from trueware.model.finding import Finding
from trueware.model.measured_boot import folder_of, looked_up
from trueware.registry.lookup import Registry, untrusted

_MOST = 32
"""Releases that are compared."""


def find_boots(
    registry: Registry, banks: Mapping[str, Mapping[int, bytes]], digests: Iterable[bytes], findings: list[Finding]
) -> tuple[BootReference, ...]:
    """Return the releases that state PCR values or events of a boot, those that share most first.

    Args:
        registry: what is known to be genuine.
        banks: PCRs by bank, as a quote proved them.
        digests: SHA-256 digests of the events in its log.
        findings: what cannot be proved of a release is added here.

    Raises:
        StoreError: the registry cannot be read.
    """
    sizes = dict.fromkeys(digests, 1)
    sizes.update(looked_up(banks.get("sha256", {})))
    found = []
    for release in registry.find_holding(sizes, _MOST, findings):
        try:
            manifest = registry.manifest(release)
        except InputError as error:
            findings.append(untrusted(release, error))
            continue
        reference = boot_reference(release, manifest)
        if reference.values:
            found.append(reference)
    return tuple(found)


def differences(judged: Judged, verified: VerifiedLog | None) -> Iterator[Check]:
    """Yield what differs from the nearest release: register by register, and event by event where its log is known.

    A difference is a change to that release where it accounts for most of the rest; else, and where the text of the changed event
    names another version than the release does, it is software that nobody registered.
    """
    nearest = judged.nearest
    title = nearest.release.title if nearest is not None else ""
    events = list(_events(judged, verified)) if nearest is not None else []
    others = {each.register for each in events if _is_other_version(each)}
    for each in events:
        check = each.check(title)
        yield check if judged.is_derived and each.register not in others else replace(check, value=33)
    for pcr, (bank, value) in sorted(judged.differing.items()):
        expected = " or ".join(sorted(each.hex() for each in nearest.states(bank, pcr))) if nearest is not None else ""
        known = judged.is_derived and folder_of(pcr) not in others
        detail = "it holds what no release in the registry leaves there"
        if not known:
            detail += ": another version, or other software, that nobody registered"
        yield BOOT_RELEASE.contradicts(
            detail, f"PCR {pcr}", expected=expected or None, found=value.hex(), source=title, value=96 if known else 33
        )


def _events(judged: Judged, verified: VerifiedLog | None) -> Iterator[Difference]:
    """Yield the events that differ in registers that differ."""
    nearest = judged.nearest
    if nearest is None or nearest.manifest is None or verified is None or verified.bank != "sha256":
        return
    stated = steps_stated(nearest.manifest)
    registers = {folder_of(pcr) for pcr in judged.differing}
    if stated:
        yield from (
            each for each in compare(stated, verified.log, "sha256", verified.proofs) if each.register in registers
        )


def _is_other_version(difference: Difference) -> bool:
    """Tell whether an event names another version than the release's event in its place does."""
    expected, found = difference.expected, difference.found
    if expected is None or found is None or not found.is_proved:  # words that were not measured are anybody's
        return False
    one, other = (set(_VERSION.findall(each.words)) for each in (expected, found))
    return bool(one) and bool(other) and one != other


_VERSION = re.compile(r"(?<![\w.])v?\d+(?:\.\d+){1,5}(?:-\d+)?(?![\w.]*=)")
