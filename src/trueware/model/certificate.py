"""Certificates of conformity, bound to exact bytes: the second axis beside authenticity (design §2)."""

from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """What its issuer says of a certificate; that it has expired follows from the time alone."""

    ISSUED = "issued"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """One word of a certification body about one certificate; the latest about it counts."""

    issuer: str
    """The body, by the name it is enrolled under or called by."""

    number: str
    """The certificate's number, as the body has it."""

    sha256: bytes
    """SHA-256 of the artefact that was assessed; of a folder, its Merkle digest. A certificate covers these bytes and no others."""

    standing: Standing
    scheme: str = ""
    """What it was assessed against: ``ETSI EN 303 645 V3.1.3``."""

    since: int | None = None
    until: int | None = None
    """Seconds since 1970 between which it holds; None: not limited."""

    reason: str = ""
    """Why it was suspended or revoked."""
