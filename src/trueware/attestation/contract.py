"""What a type of evidence gives whoever appraises it, and what it is given.

Each type is a folder: `checks.py` has its rules (`CheckRule`), the other modules read and verify. They promise what every reader
promises: any bytes are read or refused (`MalformedInput` with the offset, `LimitExceeded`) in bounded time and memory, bytes are
verified before they are believed, and what was signed is the received bytes. A verification returns what it proved, or raises
`EvidenceRefused` with the rule that failed; what could not be checked is returned as a check that is not shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trueware.model.check import Check
from trueware.model.claim import Claim
from trueware.model.measured import MeasuredValue


@dataclass(frozen=True, slots=True)
class Endorsements:
    """Whom the verifier believes, as somebody who may say so handed it in (RFC 9334: the Verifier Owner)."""

    endorsement_roots: tuple[bytes, ...] = ()
    """DER certificates of authorities for TPM endorsement keys and platform certificates."""

    attestation_roots: tuple[bytes, ...] = ()
    """DER certificates or SubjectPublicKeyInfo of authorities for Android key attestation; beside those that are shipped."""

    keys: Mapping[str, bytes] = field(default_factory=dict)
    """DER SubjectPublicKeyInfo of keys that sign evidence (PSA and CCA attestation keys, EAT signers), by name."""

    file_signers: tuple[bytes, ...] = ()
    """DER certificates or SubjectPublicKeyInfo of keys that sign files (IMA)."""

    enrolled: Mapping[bytes, str] = field(default_factory=dict)
    """Names of devices by the TPM name (nameAlg and digest) of the attestation key that they were enrolled with."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the appraiser asked for."""

    now: int
    """Seconds since 1970."""

    nonce: bytes | None = None
    """What was sent as the challenge; None: none was, and freshness is not shown."""

    max_age: int | None = None
    """Seconds that evidence with a time of its own may be old; None: any."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What verifying one piece of evidence came to, where it was not refused."""

    kind: str
    """Type of evidence: ``tpm-quote``, ``psa-token``, ``cca-token``, ``eat``, ``android-key-attestation``."""

    checks: tuple[Check, ...]
    claims: tuple[Claim, ...] = ()
    """Attested identity and versions: `imei`, `serial`, `brand`, `model`, `ueid`, `os-version`, `patch-level`; `Claim.source` is
    the kind, `Claim.part` where it stands."""

    measured: tuple[MeasuredValue, ...] = ()
    nonce: bytes | None = None
    """The challenge that it answers; None where it has none."""
