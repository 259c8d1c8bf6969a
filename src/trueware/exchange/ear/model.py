"""An attestation result as values (draft-ietf-rats-ear §3). Making one that breaks the draft's rules is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from trueware.appraisal.ar4si import tier_floor
from trueware.errors import MalformedInput

NAME = "ear"
PROFILE = "tag:ietf.org,2026:rats/ear#04"
"""The one that is written. Confirmed by implementations, not by the draft's own text, of which -03 was at hand."""

READ_PROFILES = frozenset(
    {
        PROFILE,
        "tag:ietf.org,2026:rats/ear#03",
        "tag:ietf.org,2025-07:ear",
        "tag:github.com,2023:veraison/ear",
    }
)

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

CLAIMS = {
    "instance-identity": 0,
    "configuration": 1,
    "executables": 2,
    "file-system": 3,
    "hardware": 4,
    "runtime-opaque": 5,
    "storage-opaque": 6,
    "sourced-data": 7,
}
"""The eight claims by their JSON names, with their CBOR keys (AR4SI §3.4)."""


class Status(IntEnum):
    """Trustworthiness tiers by their numbers (AR4SI §3.2); a larger one is worse."""

    NONE = 0
    AFFIRMING = 2
    WARNING = 32
    CONTRAINDICATED = 96

    @property
    def word(self) -> str:
        """As JSON has it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class VerifierId:
    """Who appraised (AR4SI §3.3); both are needed."""

    developer: str
    build: str

    def __post_init__(self) -> None:
        """Refuse one that says nothing."""
        if not self.developer or not self.build:
            raise MalformedInput(NAME, 0, "a verifier's id has developer and build")


@dataclass(frozen=True, slots=True)
class EarAppraisal:
    """What one attester, or one part of it, came to."""

    status: Status
    vector: Mapping[str, int] = field(default_factory=dict)
    """AR4SI claims by JSON name; empty: none, and then the vector is left out."""

    policy_ids: tuple[str, ...] = ()
    """In order of application."""

    profile: str | None = None
    nonce: bytes | str | None = None
    """Of the evidence."""

    attester_claims: Mapping[str, Json] = field(default_factory=dict)
    """What the attester said (-04)."""

    verifier_claims: Mapping[str, Json] = field(default_factory=dict)
    """What the verifier says beside it (-04)."""

    others: Mapping[str, Json] = field(default_factory=dict)
    """Claims that are not known here, kept as they came."""

    def __post_init__(self) -> None:
        """Refuse what breaks the rules of §3.1."""
        for name, value in self.vector.items():
            if name not in CLAIMS or isinstance(value, bool) or not -128 <= value <= 127:
                raise MalformedInput(NAME, 0, f"no trustworthiness claim {name!r} of {value}")
        worst = max(map(tier_floor, self.vector.values()), default=0)
        if self.status < worst:
            raise MalformedInput(NAME, 0, f"a status of {self.status.word} is better than its worst claim")


@dataclass(frozen=True, slots=True)
class Ear:
    """One attestation result."""

    issued: int
    """Seconds since 1970."""

    verifier: VerifierId
    submods: Mapping[str, EarAppraisal]
    status: Status | None = None
    """Of all of it; None: it has none."""

    expires: int | None = None
    nonce: bytes | str | None = None
    """Of the relying party; with JSON text, where it came so."""

    raw_evidence: bytes | tuple[str, bytes] | None = field(default=None, repr=False)
    """The evidence; with its media type, as -04 has it (a CMW record)."""

    topology: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which submodules stand in which (-04)."""

    profile: str = PROFILE
    others: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what breaks the rules of §3."""
        if not self.submods:
            raise MalformedInput(NAME, 0, "a result is about one submodule at least")
        if self.status is not None and self.status < max(each.status for each in self.submods.values()):
            raise MalformedInput(NAME, 0, f"an overall status of {self.status.word} is better than that of a submodule")

    def require_current(self, now: int) -> None:
        """Return if it has not run out.

        Raises:
            MalformedInput: it has; it must not be accepted then (§3).
        """
        if self.expires is not None and now >= self.expires:
            raise MalformedInput(NAME, 0, f"it ran out {now - self.expires} s ago")
