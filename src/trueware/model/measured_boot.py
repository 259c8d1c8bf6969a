"""What a release leaves in a TPM when it boots, as a manifest and claims: so reference values enter the registry as releases do.

::

    measured boot/
      PCR 4/value          sha256 = what the PCR holds in the end (SHA-256 bank)
      PCR 4/003 EV_…       sha256 = the digest of one event, where the log is known

The values are contents like others: a device's PCR is looked up as a file is, in releases by the million. Other banks stand in the
claims alone: ``pcr`` = ``sha384:4:<hex>``.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from trueware.model.claim import Claim
from trueware.model.listing import Extent, ListedFile, Listing
from trueware.model.part import Part

Value: TypeAlias = tuple[str, int, bytes]
"""Bank, register and what it holds."""

PCR = "pcr"
"""Name of the claims."""

POLICY = "measured-boot"
NAME = "measured boot"
SOURCE = "measured-boot"
REGISTERS = 24
_VALUE = "value"
_MOST = 1 << 16

_WEIGHT = 1 << 20
"""Stands for the size of what one value covers: a loader or kernel, which is what makes it rare."""


def boot_claims(values: Iterable[Value], source: str = SOURCE) -> tuple[Claim, ...]:
    """Return the claims that state PCR values, by bank and register."""
    return tuple(Claim(PCR, f"{bank}:{pcr}:{digest.hex()}", source, "") for bank, pcr, digest in sorted(set(values)))


def stated_value(claim: Claim) -> Value | None:
    """Return bank, register and value of such a claim; None: it is another."""
    bank, _, rest = claim.value.partition(":")
    register, _, digits = rest.partition(":")
    if claim.name != PCR or not (register.isascii() and register.isdecimal()) or len(register) > 2:
        return None
    try:
        return bank, int(register), bytes.fromhex(digits)
    except ValueError:
        return None


def boot_manifest(values: Iterable[Value], events: Iterable[ListedFile] = ()) -> Part:
    """Return the manifest of a boot.

    Args:
        values: PCRs in the end, several of one register where several are genuine; those of other banks than SHA-256, and
            those never extended, are left out.
        events: of the log, in folders `folder_of`, each with its SHA-256 digest.

    Raises:
        ValueError: there is nothing in it.
    """
    listing = Listing(max_path_depth=4, max_name=1024, max_files=_MOST)
    for event in events:
        listing.add(event)
    whole = listing.count > 0
    counted: dict[int, int] = {}
    for bank, pcr, digest in sorted(set(values)):
        if bank == "sha256" and not is_empty(digest):
            counted[pcr] = counted.get(pcr, 0) + 1
            number = f" {counted[pcr]}" if counted[pcr] > 1 else ""
            listing.add(ListedFile(f"{folder_of(pcr)}/{_VALUE}{number}", digest, _WEIGHT))
    if not listing.count:
        raise ValueError("no value of the SHA-256 bank")
    return listing.manifest(NAME, Extent.COMPLETE if whole else Extent.OPEN)


def folder_of(pcr: int) -> str:
    """Return the name of a register's folder."""
    return f"PCR {pcr}"


def is_empty(digest: bytes) -> bool:
    """Tell whether a PCR is as reset leaves it: zeros, or all ones for those that only a dynamic launch resets."""
    return not any(digest) or digest.count(0xFF) == len(digest)


def looked_up(values: Mapping[int, bytes]) -> dict[bytes, int]:
    """Return what to look for in a registry: the SHA-256 bank's values with the size they stand for."""
    return {digest: _WEIGHT for digest in values.values() if not is_empty(digest)}
