"""An attestation result as values (draft-ietf-rats-ear §3). Making one that breaks the draft's rules is refused.

A status must be "of no higher trust than" the worst it sums up (§3, §3.1). ``none`` makes no claim, and so none that is too good: the
draft's own examples have it beside affirming claims, and other implementations write it for an attester of which they say nothing. It
is taken where nothing worse than affirming would hide behind it; for all of a result always, since each submodule says its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from trueware.errors import MalformedInput
from trueware.model.verdict import tier_floor

NAME = "ear"
PROFILE = "tag:ietf.org,2026:rats/ear#04"
"""The one that is written. The draft's text of -04 was not at hand: profile, keys and the form of raw evidence are those of
https://github.com/veraison/rust-ear (``src/ear.rs``) and https://github.com/veraison/ear (``example_test.go``); the claims of
attester and verifier also stand in the draft's working copy of 18 May 2026 (branch ``claims-buckets``), the topology in its
``cddl/topology.cddl``.
"""

READ_PROFILES = frozenset(
    {
        PROFILE,
        "tag:ietf.org,2026:rats/ear#03",
        "tag:ietf.org,2025-07:ear",
        "tag:github.com,2023:veraison/ear",
        "tag:github.com,2024:confidential-containers/Trustee",
    }
)
"""Of drafts, and of verifiers whose results have the form of one: Trustee's (https://github.com/confidential-containers/trustee)."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | bytes | None"
"""What claims hold: as JSON has it, and the byte strings of CBOR."""

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

    @classmethod
    def worst(cls, among: Iterable["Status"]) -> "Status":
        """Return the one that all of them come to: where one says nothing, all of them are not affirmed. `NONE` of none at all."""
        found = set(among)
        graver = max(found, default=cls.NONE)
        return cls.NONE if graver is cls.AFFIRMING and cls.NONE in found else graver


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

    profile: str | bytes | None = None
    """Of its claims: a URI, or the bytes of an object identifier."""

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
        worst = Status(max(map(tier_floor, self.vector.values()), default=0))
        if self.status < worst and (self.status is not Status.NONE or worst > Status.AFFIRMING):
            raise MalformedInput(NAME, 0, f"a status of {self.status.word} is better than its worst claim")
        _require_nonce(self.nonce)


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

    raw_evidence: bytes | tuple[str | int, bytes] | None = field(default=None, repr=False)
    """The evidence; with its media type or CoAP content format, as -04 has it (a CMW record, RFC 9999; its third member, what kind
    of message it is, is not kept)."""

    topology: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which submodules stand in which (-04)."""

    profile: str = PROFILE
    others: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what breaks the rules of §3."""
        if not self.submods:
            raise MalformedInput(NAME, 0, "a result is about one submodule at least")
        if self.status and self.status < max(each.status for each in self.submods.values()):
            raise MalformedInput(NAME, 0, f"an overall status of {self.status.word} is better than that of a submodule")
        _require_nonce(self.nonce)
        if not all(self.topology.values()):
            raise MalformedInput(NAME, 0, "a topology names a submodule with nothing in it")
        for moment in (self.issued, self.expires or 0):
            if not -(1 << 63) <= moment < 1 << 63:
                raise MalformedInput(NAME, 0, "a time beyond 64 bits")

    @property
    def worst(self) -> Status:
        """What all of it comes to, whatever its own status says: the worst of that and of each submodule."""
        own = () if self.status is None else (self.status,)
        return Status.worst((*own, *(each.status for each in self.submods.values())))

    def require_current(self, now: int) -> None:
        """Return if it may be gone by at this time.

        Raises:
            MalformedInput: it ran out, and must not be accepted (§3); or it says that it is not yet to be (``nbf``, RFC 7519 §4.1.5).
        """
        if self.expires is not None and now >= self.expires:
            raise MalformedInput(NAME, 0, f"it ran out {now - self.expires} s ago")
        begins = self.others.get("nbf")
        if begins is not None and (not isinstance(begins, int) or now < begins):
            raise MalformedInput(NAME, 0, "it is not to be gone by yet")


def _require_nonce(nonce: bytes | str | None) -> None:
    """Refuse a nonce that is none: 8 to 64 bytes, in JSON 8 to 88 characters (RFC 9711 §4.1)."""
    if nonce is not None and not 8 <= len(nonce) <= (64 if isinstance(nonce, bytes) else 88):
        raise MalformedInput(NAME, 0, f"a nonce has 8 to 64 bytes, found {len(nonce)}")
