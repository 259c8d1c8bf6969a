"""Claims: what an artefact says it is, each with the part that says so."""

from dataclasses import dataclass

SIGNER = "signer"
"""Name of the claims that valid signatures make: one for each name of each key."""

BOOT_KEY, BOOT_HASH = "verified-boot-key", "verified-boot-hash"
"""Names of the claims by which an image and the attestation of a phone that runs it are found together: SHA-256 of the key that
verifies the system, as libavb stores it, and the digest over its vbmeta structures; hexadecimal, lower case."""

LISTED = "list"
"""Source of the claims that a list of others (an SBOM, a hash library) makes about a release; the artefact may say otherwise."""

OWNED = frozenset({"vendor", "product", "package", "board", "fingerprint"})
"""Names of claims that belong to somebody; an operating system's name or an architecture does not."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the artefact about itself. A claim proves nothing; it is compared with what was found."""

    name: str
    """`vendor`, `product`, `version`, `build`, `board`, `hardware`, `os`, `architecture`, `package`, `fingerprint`, `purl`, `cpe`,
    or `signer`: a name of a key whose signature is valid (`trueware.model.signature.Signer.ids`)."""

    value: str

    source: str
    """What kind of place it came from: `os-release`, `build.prop`, `uimage`, `tplink-v1`, `deb-control`, …"""

    part: str
    """Path of the part within the artefact."""
