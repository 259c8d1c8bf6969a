"""What the devices of one fleet have in common, kept while a round through them is made.

Devices of one model boot the same software, so that their registers and logs are equal, or differ in few: what a log proves beside
given registers, and which releases account for them, is worked out once. A device that differs in anything is worked out by itself.
The object lives as long as one answer, or one round: what the registry says later is seen by the next.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeAlias

from trueware.appraisal.live.boot import BootPolicy, Judged, match_boot
from trueware.appraisal.live.checks import BOOT_DISTRUSTED, REFERENCES
from trueware.appraisal.live.conclude import Conclusions
from trueware.appraising.boots import differences, find_boots
from trueware.appraising.programs import Programs
from trueware.attestation.certificate_files import encodings
from trueware.attestation.contract import Endorsements
from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.verifying import VerifiedLog, verify_log
from trueware.attestation.recognise import Kind, Piece, recognise
from trueware.attestation.tpm.checks import ATTESTATION_KEY_BOUND as KEY_BOUND
from trueware.attestation.tpm.checks import ATTESTATION_KEY_CERTIFIED as KEY_CERTIFIED
from trueware.attestation.tpm.identity import Identified, identify
from trueware.attestation.tpm.public import Attributes, Public, parse_public
from trueware.model.anchor import Anchor
from trueware.model.check import Check, Outcome
from trueware.model.claim import BOOT_HASH, BOOT_KEY, Claim
from trueware.model.finding import Finding
from trueware.model.release import Release
from trueware.registry.lookup import Registry
from trueware.signatures.avb.structure import stored_key

Banks: TypeAlias = Mapping[str, Mapping[int, bytes]]
"""Registers by bank, as a quote proved them."""

_Key: TypeAlias = tuple[bytes, tuple[tuple[str, tuple[tuple[int, bytes], ...]], ...]]

_Identity: TypeAlias = tuple[bytes, bytes, str, tuple[bytes, ...], int, tuple[tuple[bytes, str], ...]]

_FEW = 8
_MOST_SENT = 64
"""Keys and certificates of one device that are looked at."""

_MOST = 4096
"""Boots that are kept; then all are forgotten, which costs time and nothing else."""


@dataclass(frozen=True, slots=True)
class BootKeys:
    """Keys of publishers, by SHA-256 of the AVB public key, as a phone's hardware names the one that verified its system."""

    known: Mapping[bytes, str]
    """Names of publishers."""

    revoked: Mapping[bytes, str]
    """Why keys that were a publisher's are not any more."""


class Fleet:
    """Devices that are appraised by the same registry and the same endorsements."""

    def __init__(
        self,
        registry: Registry,
        endorsements: Endorsements,
        excluded: Iterable[str] = (),
        policy: BootPolicy = BootPolicy(),  # noqa: B008 (frozen)
    ) -> None:
        """Know nothing yet.

        Args:
            registry: what is known to be genuine. Bound to one thread, as it is.
            endorsements: whom to believe.
            excluded: patterns of paths whose files may be anything, see `Programs`.
            policy: which registers are compared.

        Raises:
            ValueError: a key for files is none.
        """
        self.registry = registry
        self.conclusions = Conclusions()
        self.programs = Programs(registry, endorsements, excluded)
        self._endorsements = endorsements
        self._policy = policy
        self._barred: dict[str, tuple[Check, ...]] = {}
        self._boot_keys: BootKeys | None = None
        self._holding: dict[bytes, tuple[Release, ...]] = {}
        self._identities: dict[_Identity, Identified] = {}
        self._logs: dict[_Key, VerifiedLog] = {}
        self._boots: dict[_Key, tuple[Judged, tuple[Check, ...]]] = {}

    def verify_log(self, data: bytes, banks: Banks) -> VerifiedLog:
        """Return what a boot log proves beside registers."""
        key = _key(data, banks)
        found = self._logs.get(key)
        if found is None:
            if len(self._logs) >= _MOST:
                self._logs.clear()
            found = self._logs[key] = verify_log(read(data), banks)
        return found

    def match(self, data: bytes, banks: Banks, verified: VerifiedLog | None) -> tuple[Judged, tuple[Check, ...]]:
        """Return which releases account for registers, and what differs from the nearest.

        Args:
            data: the boot log that `verified` is of; empty where there is none.
            banks: the registers.
            verified: what the log proves.

        Raises:
            StoreError: the registry cannot be read.
        """
        key = _key(data, banks)
        found = self._boots.get(key)
        if found is None:
            if len(self._boots) >= _MOST:
                self._boots.clear()
            found = self._boots[key] = self._matched(banks, verified)
        return found

    def identify(
        self,
        public: Public | None,
        qualified_signer: bytes,
        device: str,
        sent: tuple[bytes, ...],
        now: int,
        endorsements: Endorsements,
    ) -> Identified:
        """Return whose key an attestation key is, and what certificates say of its TPM and its device.

        Args:
            public: the attestation key.
            qualified_signer: as the quote has it.
            device: who is said to answer; empty: nobody says.
            sent: keys and certificates that came with the quote, as files.
            now: seconds since 1970.
            endorsements: the fleet's, or the same with other enrolled keys.

        Raises:
            MalformedInput: one is not what it seems to be.
        """
        owners: tuple[tuple[bytes, str], ...] = ()
        if endorsements is not self._endorsements:
            enrolled = endorsements.enrolled
            own = {key: name for key, name in enrolled.items() if name == device}
            if public is not None and (keeper := enrolled.get(public.name)) is not None:
                own[public.name] = keeper
            owners, endorsements = tuple(sorted(own.items())), replace(endorsements, enrolled=own)
        key = (public.encoded if public is not None else b"", qualified_signer, device, sent, now, owners)
        found = self._identities.get(key)
        if found is None:
            if len(self._identities) >= _MOST:
                self._identities.clear()
            found = _identified(public, qualified_signer, device, sent, endorsements, now)
            self._identities[key] = found
        return found

    def boot_keys(self) -> BootKeys:
        """Return the keys of publishers that verify phones' systems.

        Raises:
            StoreError: the registry cannot be read.
        """
        if self._boot_keys is None:
            known: dict[bytes, str] = {}
            revoked: dict[bytes, str] = {}
            for anchor in self.registry.anchors():
                digest = _boot_key(anchor)
                if digest is not None and anchor.revoked is not None:
                    revoked[digest] = f"{anchor.publisher} took it back ({anchor.revoked})"
                elif digest is not None:
                    known[digest] = anchor.publisher
            self._boot_keys = BootKeys(known, revoked)
        return self._boot_keys

    def holding(self, digest: bytes) -> tuple[Release, ...]:
        """Return the releases that are, hold or state what has this SHA-256: a component, the vbmeta images of a phone.

        Raises:
            StoreError: the registry cannot be read.
        """
        found = self._holding.get(digest)
        if found is None:
            releases = (*self.registry.find_exact(digest).releases, *self.registry.find_holding({digest: 1}, _FEW, []))
            found = self._holding[digest] = tuple({each.id: each for each in releases}.values())
        return found

    def booted(self, key: bytes, digest: bytes) -> tuple[Release, ...]:
        """Return the releases whose vbmeta structures have this digest: those that state it with this key, those that hold it.

        Args:
            key: SHA-256 of the AVB public key as libavb stores it.
            digest: over the structures.

        Raises:
            StoreError: the registry cannot be read.
        """
        stated = (Claim(BOOT_KEY, key.hex(), "", ""), Claim(BOOT_HASH, digest.hex(), "", ""))
        found = (*self.registry.find_claiming(stated, []), *self.holding(digest))
        return tuple({each.id: each for each in found}.values())

    def barred(self, release: Release) -> tuple[Check, ...]:
        """Return why a release must not be trusted although it is registered; empty: it may be.

        Raises:
            StoreError: the registry cannot be read.
        """
        found = self._barred.get(release.id)
        if found is None:
            listed = self.registry.barred(release)
            found = ()
            if listed is not None:
                detail = f"{release.title} is on the never-trust list: {listed.reason}"
                found = (BOOT_DISTRUSTED.contradicts(detail, source=listed.source or "never-trust list"),)
            self._barred[release.id] = found
        return found

    def _matched(self, banks: Banks, verified: VerifiedLog | None) -> tuple[Judged, tuple[Check, ...]]:
        findings: list[Finding] = []
        references = find_boots(self.registry, banks, _event_digests(verified), findings)
        judged = match_boot(banks, references, self._policy)
        unproved = (REFERENCES.not_shown(each.detail, expected_gap=True) for each in findings)
        return judged, (*unproved, *judged.checks, *differences(judged, verified))


def _key(data: bytes, banks: Banks) -> _Key:
    values = tuple((bank, tuple(sorted(held.items()))) for bank, held in sorted(banks.items()))
    return sha256(data).digest(), values


def _event_digests(verified: VerifiedLog | None) -> list[bytes]:
    at = verified.log.bank("sha256") if verified is not None and verified.is_believed else None
    if verified is None or at is None:
        return []
    return [digest for event in verified.log.events if event.is_extended and (digest := event.digests[at]) is not None]


def _identified(
    public: Public | None,
    qualified_signer: bytes,
    device: str,
    sent: tuple[bytes, ...],
    endorsements: Endorsements,
    now: int,
) -> Identified:
    kinds = [(recognise(Piece("", data)), data) for data in sent[:_MOST_SENT]]
    shown = [parse_public(data) for kind, data in kinds if kind is Kind.TPM_PUBLIC]
    identified = identify(
        public,
        endorsements,
        now,
        qualified_signer=qualified_signer,
        device=device or None,
        endorsement_key=next((key for key in shown if not key.attributes & Attributes.SIGN), None),
        certificates=[each for kind, data in kinds if kind is not Kind.TPM_PUBLIC for each in encodings(data)],
    )
    if not any(each.rule == KEY_CERTIFIED.id and each.outcome is Outcome.SUPPORTS for each in identified.checks):
        return identified
    by_maker = KEY_BOUND.supports("its maker certified it as an attestation key, see there")
    return replace(
        identified,
        checks=tuple(
            by_maker if each.rule == KEY_BOUND.id and each.outcome is Outcome.NOT_SHOWN else each
            for each in identified.checks
        ),
    )


def _boot_key(anchor: Anchor) -> bytes | None:
    """Return the SHA-256 of a key as libavb stores it; None: it can be no key of Verified Boot."""
    blob = anchor.data if anchor.kind == "avb" else stored_key(anchor.data) if anchor.kind == "spki" else None
    return sha256(blob).digest() if blob is not None else None
