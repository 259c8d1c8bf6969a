"""What live evidence says was measured on a device: values to be looked up, whoever signed for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """One measured component as evidence names it."""

    name: str
    """``BL``, ``PRoT``, a path, ``PCR 4``; empty where evidence gives none."""

    digests: tuple[tuple[str, bytes], ...]
    """(algorithm, digest); algorithms as hashlib calls them: ``sha256``, ``sha384``."""

    version: str = ""
    signer: bytes = b""
    """Digest of the key that the component was signed with, where evidence says so (PSA signer-id)."""

    place: str = ""
    """Where it stands in the evidence: ``sw-components[1]``."""
