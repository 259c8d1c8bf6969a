"""Claims: what an artefact says it is, each with the part that says so."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the artefact about itself. A claim proves nothing; it is compared with what was found."""

    name: str
    """`vendor`, `product`, `version`, `build`, `board`, `hardware`, `os`, `architecture`, `package` or `fingerprint`."""

    value: str

    source: str
    """What kind of place it came from: `os-release`, `build.prop`, `uimage`, `tplink-v1`, `deb-control`, …"""

    part: str
    """Path of the part within the artefact."""
