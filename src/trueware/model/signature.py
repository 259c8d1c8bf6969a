"""What a publisher's signature was found to say: who signed, over which parts, and whether the bytes agree.

Who may sign what is another question, which the appraisal answers with the registry's anchors (`Judged`).
"""

from dataclasses import dataclass, field
from enum import Enum

ROTATED_FROM = "rotated-from"
"""Name of the statements that name former keys of the signer, where each is proved to have named the next."""


class Outcome(Enum):
    """What came of checking one signature against the bytes; it says nothing about whether the signer may be trusted."""

    VALID = "valid"
    """The key signed these very bytes."""

    BROKEN = "broken"
    """There is a signature, and it is not over these bytes: something was changed after it was made."""

    STRIPPED = "stripped"
    """Something that is signed says that there is, or must be, a signature which is not there."""

    UNCHECKABLE = "not-checkable"
    """It could not be told: the key is not at hand, the algorithm is not known, a part of it is missing or malformed."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that made a signature, by every name it goes by."""

    ids: tuple[str, ...]
    """Each ``kind:value``, strongest first: ``spki-sha256:``, ``cert-sha256:``, ``avb-sha1:``, ``usign:``, ``openpgp:``, …; the
    values in lower-case hexadecimal."""

    name: str = ""
    """What the certificate or comment calls it: the signer's own word."""

    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    """X.509 in DER as they came with the signature, the signer's first."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a signature vouches for."""

    whole: bool = False
    """Every byte of the part that it stands in, other than the signature itself."""

    paths: tuple[str, ...] = ()
    """Parts within the artefact, with all below them."""

    digests: frozenset[bytes] = field(default=frozenset(), repr=False)
    """SHA-256 of contents, wherever they stand (a signed list)."""

    excludes: tuple[str, ...] = ()
    """In words: what one would expect it to cover and it does not."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, checked."""

    scheme: str
    """Name of the scheme, with its version where there are several: ``apk-v2``."""

    part: str
    """Path of the part that it stands in, or over which it was made; empty for the artefact itself."""

    outcome: Outcome
    detail: str
    """One sentence: what was checked, or what is wrong and where."""

    signer: Signer | None = None
    """None where nothing was proved about who signed."""

    coverage: Coverage = Coverage()
    offset: int | None = None
    """First byte of the signature within the part."""

    platforms: tuple[int, int | None] | None = None
    """First and last Android API level to which this outcome applies; None as the last: all later ones, None: no matter."""

    signed_at: int | None = None
    """Seconds since 1970, where the signature states when it was made (a claim of the signer, unless a third party signed it)."""

    dated: bool = True
    """Whether those who verify this scheme mind when certificates are valid; Android, UEFI and Linux do not."""

    enforced: bool = True
    """Whether devices refuse software for which it does not hold; where they do not, a broken one is told and decides nothing."""

    subjects: tuple[str, ...] = ()
    """Other names of what is signed, by which lists of revoked things know it: ``authenticode-sha256:…``."""

    altered: tuple[str, ...] = ()
    """Where it is broken, and as far as it can be told: paths of the parts that are not as they were signed."""

    added: tuple[str, ...] = ()
    """Likewise: paths of the parts that nobody signed, where all must be."""

    as_signed: tuple[tuple[str, str], ...] = ()
    """Where it is broken, and as far as it is proved: facts of the part that it stands in, as they were when it was signed."""

    statements: tuple[tuple[str, str], ...] = ()
    """What is signed besides contents: rollback index, package name, flags."""


class Standing(Enum):
    """What may be made of a signature. The words are on the wire."""

    ENTITLED = "entitled"
    UNKNOWN_KEY = "unknown-key"
    NOT_ENTITLED = "not-entitled"
    NEVER_TRUST = "never-trust"
    OUT_OF_SCOPE = "out-of-scope"
    REVOKED = "revoked"
    OUT_OF_TIME = "out-of-time"
    NONE = "none"
    """The signature is not valid; its outcome says why."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A signature, and what may be made of it."""

    signature: Signature
    standing: Standing
    reason: str
    """One sentence."""

    publisher: str = ""
    """Whose anchor it leads to."""

    threshold: int = 1
    """How many of the publisher's keys must sign the same for this to count."""

    key: str = ""
    """Which of the publisher's keys it counts as: an anchor with several keys of its own (OpenPGP) is one."""
