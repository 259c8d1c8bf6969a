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


class Conformity(Enum):
    """Whether an artefact is certified, on the word of who certifies (design: two axes, never one)."""

    CERTIFIED = "certified"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate as it stands at some time."""

    status: CertificateStatus
    """The last word about it."""

    conformity: Conformity


@dataclass(frozen=True, slots=True)
class ConformityResult:
    """What certificates say of an artefact's very bytes."""

    conformity: Conformity = Conformity.NONE
    """The worst of revoked and suspended, else certified if one holds, else expired."""

    certificates: tuple[CertificateView, ...] = ()
    """About these bytes, by issuer and number."""

    elsewhere: tuple[CertificateView, ...] = ()
    """About the release that the artefact was compared with and is not: they do not cover it."""
