"""Reference values of boots in a registry: the releases that state any PCR value or event that a device shows."""

from collections.abc import Iterable, Iterator, Mapping

from trueware.appraisal.live.boot import BootReference, Judged, boot_reference
from trueware.appraisal.live.checks import BOOT_RELEASE
from trueware.errors import InputError
from trueware.model.check import Check
from trueware.model.finding import Finding
from trueware.model.measured_boot import looked_up
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


def differences(judged: Judged) -> Iterator[Check]:
    """Yield what differs from the nearest release, register by register."""
    nearest = judged.nearest
    for pcr, (bank, value) in sorted(judged.differing.items()):
        expected = " or ".join(sorted(each.hex() for each in nearest.states(bank, pcr))) if nearest is not None else ""
        title = nearest.release.title if nearest is not None else ""
        yield BOOT_RELEASE.contradicts(
            "it holds what no release in the registry leaves there",
            f"PCR {pcr}",
            expected=expected or None,
            found=value.hex(),
            source=title,
        )
